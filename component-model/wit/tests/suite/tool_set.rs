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
fn a_chain_of_aliases_costs_no_stack() {
    let chain = |length: usize| {
        let aliases: String = (1..=length).map(|n| format!("type a{n} = a{};\n", n - 1)).collect();
        format!(
            "/// The first.\n type a0 = list<u8>;\n{aliases} record r {{ x: a{length} }} f: func(it: a{length}, r: r);"
        )
    };
    let short = tools_of(&chain(2000)).unwrap();
    assert_eq!((&short.tools[0].params[0].ty, &*short.tools[0].params[0].docs), (&Type::Bytes, "The first."));
    check_refused(&chain(30_000), "wit.unsupported", "the number of types, unfolded, exceeds the limit of 4096");
}

#[test]
fn short_text_does_not_become_much_work() {
    // Each of these made the linker climb or copy without end.
    let interfaces: String = (1..400).map(|n| format!("interface i{n} {{ use i{}.{{t}}; }}\n", n - 1)).collect();
    let climbing = format!("package a:b; interface i0 {{ type t = u8; }} {interfaces} world w {{ export i399; }}");
    let worlds: String = (1..100).map(|n| format!("world w{n} {{ include w{}; }}\n", n - 1)).collect();
    let copying = format!("package a:b; world w0 {{ export f: func(); }} {worlds}");
    let exports: String = (0..5000).map(|n| format!("export g{n}: func();\n")).collect();
    let many = format!("package a:b; world w {{ {exports} }}");
    for (text, world, part) in [
        (climbing, "w", "400 interfaces, expected at most 256"),
        (copying, "w99", "100 worlds, expected at most 64"),
        (many, "w", "5000 functions and items of worlds, expected at most 4096"),
    ] {
        let error = ToolSet::from_wit(&folder(&text), Some(world)).expect_err(part);
        assert_eq!(error.code().as_str(), "wit.invalid");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn what_is_just_within_the_limits_is_read() {
    let interfaces: String = (1..255).map(|n| format!("interface i{n} {{ use i{}.{{t}}; }}\n", n - 1)).collect();
    let text = format!(
        "package a:b; interface i0 {{ type t = u8; }} {interfaces}
         interface api {{ use i254.{{t}}; f: func(it: t); }} world w {{ export api; }}"
    );
    check_world(&text, None, Ok(&["f"]));
    let exports: String = (0..4096).map(|n| format!("export g{n}: func();\n")).collect();
    let set = ToolSet::from_wit(&folder(&format!("package a:b; world w {{ {exports} }}")), None).unwrap();
    assert_eq!(set.tools.len(), 4096);
}

#[test]
fn tools_that_share_a_large_type_are_bounded_together() {
    let fields: String = (0..200).map(|n| format!("field{n}: u32,")).collect();
    let functions: String = (0..200).map(|n| format!("g{n}: func(r: r);")).collect();
    check_refused(&format!("record r {{ {fields} }} {functions}"), "wit.invalid", "bytes of tool definitions");
}

#[test]
fn a_name_is_given_once_in_a_type_and_no_type_is_empty() {
    check_refused("record r { a: u8, a: string } f: func(r: r);", "wit.unsupported", "`a` is given twice");
    check_refused("variant r { a, a(u8) } f: func(r: r);", "wit.unsupported", "`a` is given twice");
    check_refused("enum r { a, b, a } f: func(r: r);", "wit.unsupported", "`a` is given twice");
    check_refused("flags r { a, a } f: func(r: r);", "wit.unsupported", "`a` is given twice");
    check_refused("record r {} f: func(r: r);", "wit.unsupported", "a record without fields");
    check_refused("flags r {} f: func(r: r);", "wit.unsupported", "an empty set of flags");
    check_refused("f: func(r: tuple<>);", "wit.unsupported", "an empty tuple");
}

#[test]
fn what_is_not_stable_is_no_tool() {
    let text = "package a:b@0.1.0; world w { export f: func(); @unstable(feature = later) export g: func(); }";
    check_world(text, None, Ok(&["f"]));
}

#[test]
fn an_error_repeats_no_hidden_character() {
    for text in [
        "package a:b; world w { /* \u{200b} */ export f: func(x: nothing); }",
        "package a:b; world w { import c:d/e; /* \u{e0041} */ export f: func(); }",
        "package a:b; world w { include v; /* \u{200b} */ export f: func(); }",
    ] {
        check_world(text, None, Err("manifest.text"));
    }
}

#[test]
fn deep_types_are_a_warning() {
    let nested = |depth: usize| format!("f: func(it: {}string{});", "list<".repeat(depth), ">".repeat(depth));
    assert!(tools_of(&nested(8)).unwrap().warnings().is_empty());
    assert!(tools_of(&nested(10)).unwrap().warnings()[0].contains("12 levels"));
}
