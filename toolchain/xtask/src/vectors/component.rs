//! The components in the cases: as small as a component can be that still does something.

/// `add`, which adds two numbers.
pub(super) const ADD: &str = r#"(component
  (core module $code
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $instance (instantiate $code))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $instance "add"))))"#;

/// The same under another name.
pub(super) const SUM: &str = r#"(component
  (core module $code
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $instance (instantiate $code))
  (func (export "sum") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $instance "add"))))"#;

/// The same name with other types.
pub(super) const ADD_SIGNED: &str = r#"(component
  (core module $code
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $instance (instantiate $code))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $instance "add"))))"#;

/// `add`, and an import that only a granted folder covers.
pub(super) const ADD_WITH_FOLDERS: &str = r#"(component
  (import "wasi:filesystem/preopens@0.2.6" (instance (export "count" (func (result u32)))))
  (core module $code
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $instance (instantiate $code))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $instance "add"))))"#;

/// A module that is no component.
pub(super) const CORE_MODULE: &str =
    r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#;

/// The WIT that declares `add`.
pub(super) const WIT: &str = "package acme:sum@1.0.0;\n\n/// Sums.\nworld sum {\n    /// Adds two numbers.\n    \
                              export add: func(a: u32, b: u32) -> u32;\n}\n";

/// `tools.json`, as the specification derives it from the WIT.
pub(super) const TOOLS: &str = r#"{
  "mpp": "1.0",
  "tools": [
    {
      "name": "add",
      "description": "Adds two numbers.",
      "input": {
        "type": "object",
        "properties": {
          "a": { "type": "integer", "minimum": 0, "maximum": 4294967295 },
          "b": { "type": "integer", "minimum": 0, "maximum": 4294967295 }
        },
        "required": ["a", "b"],
        "additionalProperties": false
      },
      "output": {
        "type": "object",
        "properties": {
          "result": { "type": "integer", "minimum": 0, "maximum": 4294967295 }
        },
        "required": ["result"],
        "additionalProperties": false
      }
    }
  ]
}
"#;

/// The bytes of a component or module.
pub(super) fn assemble(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(wat::parse_str(text)?)
}
