//! Which changes of WIT callers can live with (TOOL-19 to TOOL-21), and how a change of tools is shown (PROJ-20).

use crate::made::{folder, tools_of};
use mpp_wit::{ToolSet, ToolsDifference, incompatibilities};
use serde_json::json;

/// What keeps an interface with `newer` from standing in for one with `older`, in words.
#[track_caller]
fn check(older: &str, newer: &str, expected: &[&str]) {
    let set = |body: &str| tools_of(body).expect("the WIT of the test declares tools");
    let found: Vec<_> = incompatibilities(&set(older), &set(newer)).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{older} → {newer}");
}

/// TOOL-19.
#[test]
fn what_callers_can_live_with() {
    check("f: func();", "f: func();", &[]);
    check("f: func();", "/// Said now.\n f: func(); g: func(a: u8) -> string;", &[]);
    check("g: func(); f: func();", "f: func(); g: func();", &[]);
    check("record r { a: u8 } f: func(r: r);", "record other { /// Said now.\n a: u8 } f: func(r: other);", &[]);
    check("type t = string; f: func(t: t);", "f: func(t: string);", &[]);
}

/// TOOL-20.
#[test]
fn what_callers_cannot_live_with() {
    let table: &[(&str, &str, &[&str])] = &[
        ("f: func(); g: func();", "g: func();", &["tool `f`: it is gone"]),
        ("f: func();", "f2: func();", &["tool `f`: it is gone"]),
        ("f: func(a: u8);", "f: func(a: u16);", &["tool `f`, `a`: it was `u8`, and is `u16`"]),
        ("f: func(a: u8);", "f: func(a: option<u8>);", &["tool `f`, `a`: it was `u8`, and is `option<u8>`"]),
        ("f: func(a: list<u8>);", "f: func(a: list<s8>);", &["tool `f`, `a`: it was `list<u8>`, and is `list<s8>`"]),
        (
            "f: func(a: list<list<u16>>);",
            "f: func(a: list<list<u32>>);",
            &["tool `f`, `a[][]`: it was `u16`, and is `u32`"],
        ),
        (
            "f: func(a: u8);",
            "f: func(b: u8);",
            &["tool `f`, `a`: it is gone", "tool `f`, `b`: it is new, and callers do not give or expect it"],
        ),
        (
            "f: func(a: u8);",
            "f: func(a: u8, b: option<u8>);",
            &["tool `f`, `b`: it is new, and callers do not give or expect it"],
        ),
        ("f: func(a: u8, b: u8);", "f: func(b: u8, a: u8);", &["tool `f`: its parts are in another order"]),
        ("f: func() -> u8;", "f: func();", &["tool `f`, `result`: it is gone"]),
        ("f: func();", "f: func() -> u8;", &["tool `f`, `result`: it is new, and callers do not give or expect it"]),
        (
            "f: func() -> result<u8>;",
            "f: func() -> result<u8, string>;",
            &["tool `f`, `result.err`: it was `nothing`, and is `string`"],
        ),
        (
            "f: func() -> result<u8, string>;",
            "f: func() -> u8;",
            &["tool `f`, `result`: it was `result<u8, string>`, and is `u8`"],
        ),
        (
            "f: func(t: tuple<u8, u8>);",
            "f: func(t: tuple<u8, string>);",
            &["tool `f`, `t.1`: it was `u8`, and is `string`"],
        ),
        (
            "f: func(t: tuple<u8, u8>);",
            "f: func(t: tuple<u8>);",
            &["tool `f`, `t`: it was `tuple<u8, u8>`, and is `tuple<u8>`"],
        ),
        (
            "record r { a: u8, b: list<string> } f: func(r: r);",
            "record r { a: u8, b: list<char>, c: bool } f: func(r: r);",
            &[
                "tool `f`, `r.b[]`: it was `string`, and is `char`",
                "tool `f`, `r.c`: it is new, and callers do not give or expect it",
            ],
        ),
        (
            "record r { a: u8, b: u8 } f: func(r: r);",
            "record r { b: u8, a: u8 } f: func(r: r);",
            &["tool `f`, `r`: its parts are in another order"],
        ),
        ("enum e { a, b } f: func(e: e);", "enum e { a } f: func(e: e);", &["tool `f`, `e.b`: it is gone"]),
        (
            "enum e { a } f: func() -> e;",
            "enum e { a, b } f: func() -> e;",
            &["tool `f`, `result.b`: it is new, and callers do not give or expect it"],
        ),
        (
            "flags e { a, b } f: func(e: e);",
            "flags e { b, a } f: func(e: e);",
            &["tool `f`, `e`: its parts are in another order"],
        ),
        (
            "enum e { a } f: func(e: e);",
            "flags e { a } f: func(e: e);",
            &["tool `f`, `e`: it was `enum`, and is `flags`"],
        ),
        (
            "variant v { a, b(u8) } f: func(v: v);",
            "variant v { a(u8), b(u16) } f: func(v: v);",
            &["tool `f`, `v.a`: it was `nothing`, and is `u8`", "tool `f`, `v.b`: it was `u8`, and is `u16`"],
        ),
    ];
    for (older, newer, expected) in table {
        check(older, newer, expected);
    }
}

/// TOOL-21.
#[test]
fn an_interface_keeps_its_name_and_not_its_version() {
    let set = |version: &str, interface: &str| {
        let text = format!(
            "package acme:notes@{version}; interface {interface} {{ f: func(); }} world w {{ export {interface}; }}"
        );
        ToolSet::from_wit(&folder(&text), None).unwrap()
    };
    assert_eq!(incompatibilities(&set("0.1.0", "api"), &set("0.1.1", "api")), []);
    let found = incompatibilities(&set("0.1.0", "api"), &set("0.1.0", "other"));
    assert_eq!(
        found[0].to_string(),
        "tool `f`: it was exported by interface `acme:notes/api@0.1.0`, and is by interface `acme:notes/other@0.1.0`"
    );
}

#[track_caller]
fn difference(older: &str, newer: &str) -> serde_json::Value {
    let file = |body: &str| tools_of(body).expect("the WIT of the test declares tools").tools_file();
    serde_json::to_value(ToolsDifference::between(&file(older), &file(newer))).unwrap()
}

/// PROJ-20.
#[test]
fn a_change_of_tools_is_told_in_full() {
    let none = json!({ "added": [], "removed": [], "renamed": [], "changed": [] });
    assert_eq!(difference("/// A.\n f: func();", "/// A.\n f: func();"), none);
    let two = difference("f: func(a: u8); g: func(b: string);", "f: func(a: u8); h: func(c: string);");
    assert_eq!((&two["added"], &two["removed"], &two["renamed"]), (&json!(["h"]), &json!(["g"]), &json!([])));
    let renamed = difference("/// A.\n f: func(a: u8);", "/// B.\n g: func(a: u8);");
    assert_eq!(renamed["renamed"], json!([{ "from": "f", "to": "g" }]));
    assert_eq!(renamed["changed"][0]["description"], json!({ "at": "", "was": "A.", "now": "B." }));
    assert_eq!((&renamed["added"], &renamed["removed"]), (&json!([]), &json!([])));
    // Two that could be meant are none.
    let unclear = difference("f: func(a: u8);", "g: func(a: u8); h: func(a: u8);");
    assert_eq!((&unclear["renamed"], &unclear["added"]), (&json!([]), &json!(["g", "h"])));
    let typed = difference("f: func(a: u8) -> string;", "f: func(a: u8, b: bool);");
    let places = |changes: &serde_json::Value| -> Vec<String> {
        changes.as_array().unwrap().iter().map(|change| change["at"].as_str().unwrap().to_owned()).collect()
    };
    let change = &typed["changed"][0];
    assert_eq!(places(&change["input"]), ["/properties/b", "/required"]);
    assert_eq!((places(&change["output"]), &change["output"][0]["now"]), (vec![String::new()], &json!(null)));
}
