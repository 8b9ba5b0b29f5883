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

/// `add` with a record and an enum, which the world declares.
pub(super) const ADD_PAIR: &str = r#"(component
  (type $pair-type (record (field "a" f64) (field "b" f64)))
  (import "pair" (type $pair (eq $pair-type)))
  (type $way-type (enum "up" "down"))
  (import "way" (type $way (eq $way-type)))
  (core module $code
    (func (export "add") (param f64 f64 i32) (result f64) (f64.add (local.get 0) (local.get 1))))
  (core instance $instance (instantiate $code))
  (func (export "add") (param "numbers" $pair) (param "rounding" $way) (result f64)
    (canon lift (core func $instance "add"))))"#;

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

/// The WIT that declares `add` with a record and an enum, explained wherever it can be.
pub(super) const WIT_PAIR: &str = "package acme:sum@1.0.0;

/// Sums.
world sum {
    /// Two numbers.
    record pair {
        /// The first number.
        a: f64,
        /// The second number.
        b: f64,
    }
    /// How to round.
    enum way {
        /// To the next larger number.
        up,
        down,
    }
    /// Adds two numbers.
    export add: func(numbers: pair, rounding: way) -> f64;
}
";

/// `tools.json`, as the specification derives it from that.
pub(super) const TOOLS_PAIR: &str = r#"{
  "mpp": "1.0",
  "tools": [
    {
      "name": "add",
      "description": "Adds two numbers.",
      "input": {
        "type": "object",
        "properties": {
          "numbers": {
            "type": "object",
            "description": "Two numbers.",
            "properties": {
              "a": { "type": "number", "description": "The first number." },
              "b": { "type": "number", "description": "The second number." }
            },
            "required": ["a", "b"],
            "additionalProperties": false
          },
          "rounding": {
            "type": "string",
            "description": "How to round.\nup: To the next larger number.",
            "enum": ["up", "down"]
          }
        },
        "required": ["numbers", "rounding"],
        "additionalProperties": false
      },
      "output": {
        "type": "object",
        "properties": {
          "result": {
            "anyOf": [{ "type": "number" }, { "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] }]
          }
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
