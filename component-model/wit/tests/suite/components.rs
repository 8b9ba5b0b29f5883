//! What a component must be, and how it must fit its WIT.

use crate::made::{component, folder, world_around};
use mpp_schema::{Coded, permissions::Permissions};
use mpp_wit::{ToolSet, agree, uncovered, validate};

#[track_caller]
fn check_agree(declared: &str, built: &str, expected: Option<&str>) {
    let tools = ToolSet::from_wit(&folder(&world_around(declared)), None).unwrap();
    let found = agree(&tools, &component(&world_around(built)));
    match (found, expected) {
        (Ok(()), None) => {}
        (Err(error), Some(part)) => {
            assert_eq!(error.code().as_str(), "wasm.interface");
            assert!(error.to_string().contains(part), "`{error}` does not contain `{part}`");
        }
        (found, expected) => panic!("expected {expected:?}, found {found:?}"),
    }
}

#[test]
fn a_component_fits_its_own_wit() {
    let body = "/// Docs.\n record p { /// More.\n x: u8, y: list<u8> } enum e { a, b } flags g { r, w }
        variant v { none, one(p), many(list<p>) }
        f: func(p: p, e: e, g: g, o: option<option<string>>) -> result<v, tuple<char, f32>>; h: func();";
    check_agree(body, body, None);
    check_agree("f: func();", "f: func(); extra: func();", None);
    check_agree("/// Now with docs.\n f: func();", "f: func();", None);
}

#[test]
fn types_of_other_interfaces_and_packages_fit() {
    let text = "package acme:notes@0.1.0; interface types { record p { x: u8 } }
        interface api { use types.{p}; f: func(p: p) -> p; } world w { export api; export g: func(x: u8) -> u8; }";
    let tools = ToolSet::from_wit(&folder(text), None).unwrap();
    agree(&tools, &component(text)).unwrap();
}

#[test]
fn any_difference_in_a_tool_is_found() {
    check_agree("f: func(); g: func();", "f: func();", Some("does not export it"));
    check_agree("f: func(a: u8);", "f: func(a: u16);", Some("parameter `a`: the component's u16 is not the u8"));
    check_agree("f: func(a: u8);", "f: func(b: u8);", Some("expected the parameters (a), found (b)"));
    check_agree("f: func(a: u8);", "f: func();", Some("expected the parameters (a), found ()"));
    check_agree("f: func() -> u8;", "f: func();", Some("the component's nothing is not the u8"));
    check_agree("record p { x: u8 } f: func(p: p);", "record p { y: u8 } f: func(p: p);", Some("record"));
    check_agree("enum e { a, b } f: func(e: e);", "enum e { b, a } f: func(e: e);", Some("enum"));
    check_agree("f: func(a: u8);", "resource r; f: func(a: borrow<r>);", Some("a resource"));
}

#[test]
fn a_component_whose_types_are_a_long_chain_of_names_is_refused() {
    let aliases: String = (0..20_000).map(|n| format!(r#"(import "t{n}" (type $t{} (eq $t{n})))"#, n + 1)).collect();
    let text = format!(
        r#"(component (type $t0 (list u8)) {aliases}
            (import "g" (func $g (param "a" $t20000))) (export "f" (func $g)))"#
    );
    let bytes = wat::parse_str(text).unwrap();
    validate(&bytes).unwrap();
    let tools = ToolSet::from_wit(&folder("package a:b; world w { export f: func(a: list<u8>); }"), None).unwrap();
    let error = agree(&tools, &bytes).expect_err("too long");
    assert!(error.to_string().contains("the number of types, unfolded, exceeds"), "{error}");
}

#[track_caller]
fn check_invalid(bytes: &[u8]) {
    let error = validate(bytes).expect_err("expected a refusal");
    assert_eq!(error.code().as_str(), "wasm.invalid", "{error}");
}

#[test]
fn only_valid_components_are_accepted() {
    let good = component(&world_around("f: func(a: string) -> string;"));
    let info = validate(&good).unwrap();
    assert_eq!(info.exports, ["acme:notes/api@0.1.0"]);
    check_invalid(b"");
    check_invalid(b"\0asm\x01\0\0\0");
    check_invalid(b"#!/bin/sh\n");
    check_invalid(&good[..good.len() - 1]);
    check_invalid(&[&good[..], b"x"].concat());
}

#[track_caller]
fn check_core_feature(module: &str, accepted: bool) {
    let bytes = wat::parse_str(format!("(component (core module {module}))")).unwrap();
    assert_eq!(validate(&bytes).is_ok(), accepted, "{module}");
}

#[test]
fn features_that_are_off_are_refused() {
    check_core_feature("(memory 1) (memory 1)", true);
    check_core_feature("(func (result v128) (v128.const i64x2 0 0))", true);
    check_core_feature("(memory 1 2 shared)", false);
    check_core_feature("(memory i64 1)", false);
    check_core_feature("(type (struct (field i32)))", false);
    check_core_feature("(tag)", false);
    let relaxed = "(func (param v128 v128) (result v128)
        (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))";
    check_core_feature(relaxed, false);
}

#[test]
fn asynchronous_components_are_refused() {
    let text = "(component (type (stream u8)) (core func (canon stream.new 0)))";
    check_invalid(&wat::parse_str(text).unwrap());
}

#[test]
fn imports_are_listed_and_types_alone_need_no_provider() {
    let text = "package acme:notes; interface types { record p { x: u8 } }
        interface door { open: func(); } interface handle { resource key; }
        interface api { use types.{p}; f: func(p: p) -> p; }
        world w { import door; import handle; export api; }";
    let info = validate(&component(text)).unwrap();
    let types_only = |name: &str| info.imports.iter().find(|it| it.name == name).map(|it| it.types_only);
    assert_eq!(types_only("acme:notes/types"), Some(true));
    assert_eq!(types_only("acme:notes/door"), Some(false));
    assert_ne!(types_only("acme:notes/handle"), Some(true));
    let open: Vec<_> = uncovered(&info, &Permissions::default()).into_iter().map(|it| it.name).collect();
    assert!(open.contains(&"acme:notes/door".to_owned()) && !open.contains(&"acme:notes/types".to_owned()));
}
