//! Which functions become tools, which WIT is refused, and with which code.

use crate::made::{folder, tools_of};
use mpp_schema::Coded;
use mpp_wit::{ToolSet, Type, WitFolder};

#[track_caller]
fn check_refused(body: &str, code: &str, message_part: &str) {
    let error = tools_of(body).expect_err("expected a refusal");
    assert_eq!(error.code().as_str(), code, "{error}");
    assert!(error.to_string().contains(message_part), "`{error}` does not contain `{message_part}`");
}

#[track_caller]
fn check_world(text: &str, world: Option<&str>, expected: Result<&[&str], &str>) {
    let found = ToolSet::from_wit(&folder(text), world);
    let names = found.as_ref().map(|set| set.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>());
    match (names, expected) {
        (Ok(names), Ok(expected)) => assert_eq!(names, expected),
        (Err(error), Err(code)) => assert_eq!(error.code().as_str(), code, "{error}"),
        (names, expected) => panic!("expected {expected:?}, found {names:?}"),
    }
}

#[test]
fn functions_of_interfaces_and_of_the_world_are_tools() {
    let text = "package acme:notes@0.1.0;
        interface api { /// Adds a note.
          add: func(text: string) -> u32; }
        world notes { export api; export ping: func(); import log: func(line: string); }";
    let set = ToolSet::from_wit(&folder(text), None).unwrap();
    assert_eq!(set.world(), "acme:notes/notes@0.1.0");
    let summary: Vec<_> = set.tools.iter().map(|it| (it.name.as_str(), it.interface.as_deref(), &*it.docs)).collect();
    assert_eq!(summary, [("ping", None, ""), ("add", Some("acme:notes/api@0.1.0"), "Adds a note.")]);
    assert_eq!(set.tool("add").unwrap().params[0].ty, Type::String);
}

#[test]
fn the_world_is_named_or_the_only_one() {
    let one = "package a:b; world w { export f: func(); }";
    let two = "package a:b; world w { export f: func(); } world v { export g: func(); }";
    check_world(one, None, Ok(&["f"]));
    check_world(two, Some("v"), Ok(&["g"]));
    check_world(two, Some("a:b/w"), Ok(&["f"]));
    check_world(two, None, Err("wit.invalid"));
    check_world(one, Some("v"), Err("wit.invalid"));
    check_world("package a:b; world w { import f: func(); }", None, Err("wit.invalid"));
    check_world("package a:b; world w { export f: fun(); }", None, Err("wit.invalid"));
}

#[test]
fn dependencies_are_found_in_folders_and_in_single_files() {
    let main = "package a:b; interface api { use c:d/types.{point}; use e:f/more.{name};
        draw: func(at: point, label: name); } world w { export api; }";
    let files = [
        ("world.wit", main),
        ("deps/d/types.wit", "package c:d; interface types { record point { x: s32, y: s32 } }"),
        ("deps/f.wit", "package e:f; interface more { /// Shown above the point.\n type name = string; }"),
        ("deps.toml", "not wit at all"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let set = ToolSet::from_wit(&WitFolder { files: files.into() }, None).unwrap();
    let draw = set.tool("draw").unwrap();
    assert_eq!(draw.params[0].ty.kind(), "record");
    assert_eq!((&draw.params[1].ty, &*draw.params[1].docs), (&Type::String, "Shown above the point."));
}

#[test]
fn types_that_a_tool_cannot_have() {
    check_refused("resource r { go: func(); }", "wit.unsupported", "a function of a resource");
    check_refused("resource r; f: func(it: borrow<r>);", "wit.unsupported", "`it` is a resource");
    check_refused("f: func(it: list<option<future<u8>>>);", "wit.unsupported", "`it` is a future");
    check_refused("f: func() -> stream<u8>;", "wit.unsupported", "`result` is a stream");
    check_refused("record p { e: error-context } f: func(p: p);", "wit.unsupported", "`e` is an error context");
    check_refused("f: func(it: list<u8, 4>);", "wit.unsupported", "`it` is a fixed-length list");
    check_refused("f: func(it: map<string, u8>);", "wit.unsupported", "`it` is a map");
    let flags: String = (0..33).map(|n| format!("w{n},")).collect();
    check_refused(&format!("flags g {{ {flags} }} f: func(g: g);"), "wit.unsupported", "more than 32 flags");
    check_refused("f: async func();", "wit.unsupported", "an async function");
}

#[test]
fn names_are_lower_case_and_unique() {
    check_refused("DO-it: func();", "wit.unsupported", "`DO-it`");
    check_refused("f: func(A: u8);", "wit.unsupported", "`A`");
    check_refused("record p { B: u8 } f: func(p: p);", "wit.unsupported", "`B`");
    check_refused("enum e { C } f: func(e: e);", "wit.unsupported", "`C`");
    check_refused(&format!("{}: func();", "a".repeat(65)), "wit.unsupported", "at most 64 bytes");
    let twice = "package a:b; interface x { f: func(); } interface y { f: func(); } world w { export x; export y; }";
    check_world(twice, None, Err("wit.unsupported"));
}

#[test]
fn hidden_and_long_texts_are_refused_everywhere() {
    for hidden in ['\u{200b}', '\u{e0041}', '\u{202e}', '\u{7}'] {
        for body in [
            "/// a?b\n f: func();",
            "record p { /// a?b\n x: u8 } f: func(p: p);",
            "/// a?b\n record p { x: u8 } f: func(p: list<p>);",
            "variant v { /// a?b\n x } f: func() -> v;",
            "enum v { /// a?b\n x } f: func() -> v;",
            "flags v { /// a?b\n x } f: func() -> v;",
            "/// a?b\n type v = string; f: func(v: v);",
        ] {
            check_refused(&body.replace('?', &hidden.to_string()), "manifest.text", "hidden character");
        }
    }
    check_refused(&format!("/// {}\n f: func();", "long ".repeat(210)), "manifest.text", "at most 1024");
    let many: String = (0..300).map(|n| format!("field-with-a-long-name-{n}: u8,")).collect();
    check_refused(&format!("record p {{ {many} }} f: func(p: p);"), "manifest.text", "at most 16384");
}

#[test]
fn windows_line_ends_are_no_hidden_characters() {
    let set = tools_of("/// One.\r\n/// Two.\r\n f: func();").unwrap();
    assert_eq!(set.tools[0].docs, "One.\nTwo.");
}

#[test]
fn sharing_cannot_unfold_without_end() {
    let levels = (1..40).map(|n| format!("record r{n} {{ a: r{}, b: r{} }}\n", n - 1, n - 1)).collect::<String>();
    let body = format!("record r0 {{ a: u8 }}\n{levels} f: func(it: r39);");
    check_refused(&body, "wit.unsupported", "exceeds the limit");
    let lists = format!("f: func(it: {}u8{});", "list<".repeat(50), ">".repeat(50));
    check_refused(&lists, "wit.unsupported", "depth");
    let too_long = format!("/* {} */", "x".repeat(1 << 20));
    check_world(&too_long, None, Err("wit.invalid"));
}

#[test]
fn deep_types_are_a_warning() {
    let nested = |depth: usize| format!("f: func(it: {}string{});", "list<".repeat(depth), ">".repeat(depth));
    assert!(tools_of(&nested(8)).unwrap().warnings().is_empty());
    assert!(tools_of(&nested(10)).unwrap().warnings()[0].contains("12 levels"));
}
