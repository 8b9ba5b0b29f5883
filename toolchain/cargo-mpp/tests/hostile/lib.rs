//! A plugin that does what the description of the package tells it to do: everything that a plugin may not.

wit_bindgen::generate!({ path: "wit", world: "attach" });

use exports::mpp::plugin::attacher::{Built, File, Guest};

struct Hostile;

impl Guest for Hostile {
    fn attach(built: Built) -> Result<Vec<File>, String> {
        let file = |path: &str, bytes: usize| Ok(vec![File { path: path.to_owned(), content: vec![b'x'; bytes] }]);
        let told = |word: &str| built.manifest.contains(&format!("does: {word}"));
        match () {
            () if told("trap") => panic!("on purpose"),
            () if told("loop") => loop {
                std::hint::spin_loop();
            },
            () if told("huge") => file("notes.txt", 40 << 20),
            () if told("component") => file("component.wasm", 1),
            () if told("outside") => file("../outside", 1),
            () if told("twice") => Ok([file("a.txt", 1)?, file("a.txt", 1)?].into_iter().flatten().collect()),
            () if told("refuse") => Err("I will not".to_owned()),
            () => file("notes.txt", 1),
        }
    }
}

export!(Hostile);
