//! Documents that do not have their shape, though a head is signed over them (IDX-5, IDX-6, IDX-15).

use super::{next, notes_path};
use crate::{
    MemoryFiles, document, layout,
    world::{KEYS, REGISTRY, head, key_set, reseal, world},
};
use mpp_package::{key::Signer as _, signature::Purpose};
use mpp_schema::{Code, Digest, codes, index::Shards};

/// An index whose head is signed as this text.
fn head_as(files: &MemoryFiles, change: impl Fn(&str) -> String) -> MemoryFiles {
    let mut files = files.clone();
    let text = change(&document::compact(&head(&files)));
    let purpose = Purpose::Head { registry: REGISTRY };
    let signed = mpp_package::signed::sign_text(text, &purpose, &[&KEYS.head]).unwrap();
    files.0.insert(layout::HEAD.to_owned(), document::line(&signed));
    files
}

#[test]
fn a_signed_text_has_exactly_its_fields() {
    let world = world();
    let next = next(&world);
    let check = |change: fn(&str) -> String, expected| world.check(&head_as(&next, change), expected);
    let malformed: Result<(), Code> = Err(codes::INDEX_MALFORMED);
    check(|text| text.to_owned(), Ok(()));
    check(|text| text.replacen('{', "{\"more\":1,", 1), malformed);
    check(|text| text.replacen('{', "{\"seq\":1,", 1), malformed);
    check(|text| text.replace("\"seq\":", "\"sequence\":"), malformed);
    check(|text| text.replace("\"seq\":", "\"seq\":-"), malformed);
    check(|text| text.replace("\"seq\":", "\"seq\":99999999999999999999"), malformed);
    check(|text| format!("{text}{text}"), malformed);
    check(|text| text[..text.len() - 1].to_owned(), malformed);
    check(|_| "[".repeat(100_000), malformed);
    check(|_| String::new(), malformed);
}

#[test]
fn an_envelope_is_one_line_with_its_fields() {
    let world = world();
    let next = next(&world);
    let check = |change: &dyn Fn(&str) -> Vec<u8>, expected| {
        let mut files = next.clone();
        let text = String::from_utf8(files.0[layout::HEAD].clone()).unwrap();
        files.0.insert(layout::HEAD.to_owned(), change(&text));
        world.check(&files, expected);
    };
    let malformed: Result<(), Code> = Err(codes::INDEX_MALFORMED);
    check(&|text| text.into(), Ok(()));
    check(&|text| text.trim_end().into(), malformed);
    check(&|text| format!("{text}{text}").into(), malformed);
    check(&|text| format!("{text}\n").into(), malformed);
    check(&|text| text.replacen('{', "{\"more\":1,", 1).into(), malformed);
    check(&|text| text.replacen('{', "{\"signed\":\"\",", 1).into(), malformed);
    check(&|_| b"\xff\xfe\n".to_vec(), malformed);
    check(&|_| Vec::new(), malformed);
    check(&|_| b"null\n".to_vec(), malformed);
    check(&|text| text.replace("\"signatures\":[", "\"signatures\":[],\"x\":[").into(), malformed);
}

/// An index with another content of one file of the shard table, and everything above it signed again.
fn shards_as(files: &MemoryFiles, change: impl Fn(&mut Vec<u8>, &mut Shards)) -> MemoryFiles {
    let mut files = files.clone();
    let shard = layout::shard_of_path(&notes_path());
    let mut table: Shards = serde_json::from_slice(&files.0[layout::SHARDS]).unwrap();
    let mut lines = files.0[&layout::shard_file(shard)].clone();
    let before = lines.clone();
    change(&mut lines, &mut table);
    if lines != before {
        table.shards[usize::from(shard.0)] = Some(Digest::of(&lines));
    }
    files.0.insert(layout::shard_file(shard), lines);
    files.0.insert(layout::SHARDS.to_owned(), document::line(&table));
    reseal(&files, |_| {})
}

#[test]
fn a_shard_file_is_sorted_lines_of_its_own_shard() {
    let world = world();
    let next = next(&world);
    let check = |change: &dyn Fn(&mut Vec<u8>, &mut Shards), expected| {
        world.check(&shards_as(&next, change), expected);
    };
    let malformed: Result<(), Code> = Err(codes::INDEX_MALFORMED);
    let line = |path: &str| format!("{path} {}\n", Digest::of(b"x"));
    let elsewhere =
        (0..).map(|i| format!("z{i}")).find(|path| layout::shard_of_path(path) != layout::shard_of_path(&notes_path()));
    let elsewhere = elsewhere.unwrap();
    check(&|_, _| {}, Ok(()));
    check(&|lines, _| lines.truncate(lines.len() - 1), malformed);
    check(&|lines, _| lines.extend(lines.clone()), malformed);
    check(&|lines, _| lines.extend(line(&elsewhere).bytes()), malformed);
    check(&|lines, _| lines.extend(b"../x 00\n"), malformed);
    check(&|lines, _| lines.extend(b"\n"), malformed);
    check(&|lines, _| lines.extend(b"\xff\n"), malformed);
    check(&|lines, _| *lines = String::from_utf8(lines.clone()).unwrap().replace(' ', "  ").into_bytes(), malformed);
    check(&|lines, _| lines.clear(), Err(codes::INDEX_REMOVED));
    check(&|_, table| table.shards.truncate(255), malformed);
    check(&|_, table| table.shards.push(None), malformed);
    let shard = usize::from(layout::shard_of_path(&notes_path()).0);
    check(&|_, table| table.shards[shard] = None, Err(codes::INDEX_REMOVED));
    check(&|_, table| table.shards[shard] = Some(Digest::of(b"other")), Err(codes::INDEX_MISMATCH));
}

/// IDX-7.
#[test]
fn a_key_set_is_sorted_and_can_be_satisfied() {
    use crate::keys::Keys;
    let good = key_set(&KEYS.head);
    let mut two = good.clone();
    two.keys.push(KEYS.root.public_key().to_base64());
    two.keys.sort();
    let check = |change: &dyn Fn(&mut mpp_schema::index::KeySet), expected: Result<(), Code>| {
        let mut set = two.clone();
        change(&mut set);
        let found = Keys::new("root/1.json", &set).map(drop).map_err(|error| mpp_schema::Coded::code(&error));
        assert_eq!(found, expected, "{set:?}");
    };
    let malformed = Err(codes::INDEX_MALFORMED);
    check(&|_| {}, Ok(()));
    check(&|set| set.threshold = 2, Ok(()));
    check(&|set| set.threshold = 3, malformed);
    check(&|set| set.threshold = 0, malformed);
    check(&|set| set.keys.reverse(), malformed);
    check(&|set| set.keys[1] = set.keys[0].clone(), malformed);
    check(&|set| set.keys.clear(), malformed);
    check(&|set| set.keys[0] = "RW".to_owned(), Err(codes::KEY_MALFORMED));
}

/// ERR-2.
#[test]
fn what_is_said_of_a_document_steers_no_terminal() {
    let world = world();
    let files = head_as(&next(&world), |text| text.replacen('{', r#"{"\u001b]0;x\u0007\n  help: type this":1,"#, 1));
    let message = world.offer(&files, crate::world::day(0)).unwrap_err().to_string();
    assert!(message.contains("help: type this"), "{message}");
    assert_eq!(mpp_schema::text::hidden_character(&message), None, "{message}");
    assert!(!message.contains('\n'), "{message}");
    let long = head_as(&next(&world), |text| text.replacen('{', &format!("{{\"{}\":1,", "x".repeat(100_000)), 1));
    assert!(world.offer(&long, crate::world::day(0)).unwrap_err().to_string().len() < 1000);
}
