//! One case as a person writes it down, and the files that it becomes.

use serde_json::{Map, Value as Json, json};

/// A case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// `<chapter>/<case>`.
    pub(super) name: String,
    /// One line: what the attack is, or what the good case shows.
    pub(super) why: String,
    /// The accepted case that differs only in the attacked point.
    pub(super) twin: Option<&'static str>,
    /// The right answer, from the specification.
    pub(super) expect: Expect,
    operation: &'static str,
    files: Vec<(&'static str, &'static str, Vec<u8>)>,
    values: Map<String, Json>,
}

/// The right answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expect {
    /// The input is good; with a fact that the answer must give, where there is one.
    Accepted(Option<(&'static str, String)>),
    /// The input is bad, for the reason with this code.
    Refused(&'static str),
}

/// Cases that are about this rule, except for those that name another one.
pub(super) fn under(rule: &str, cases: impl IntoIterator<Item = Case>) -> Vec<Case> {
    cases.into_iter().map(|case| case.under(rule)).collect()
}

impl Case {
    /// A case that is accepted.
    pub(super) fn good(name: &str, why: &'static str, operation: &'static str) -> Self {
        let (files, values, expect) = (Vec::new(), Map::new(), Expect::Accepted(None));
        Self { name: name.to_owned(), why: why.to_owned(), twin: None, expect, operation, files, values }
    }

    /// A case that is refused with `code`.
    pub(super) fn bad(
        name: &str,
        why: &'static str,
        operation: &'static str,
        twin: &'static str,
        code: &'static str,
    ) -> Self {
        Self { twin: Some(twin), expect: Expect::Refused(code), ..Self::good(name, why, operation) }
    }

    /// Adds an input file: `field` of the request names it.
    pub(super) fn file(mut self, field: &'static str, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((field, name, bytes.into()));
        self
    }

    /// Sets another field of the request.
    pub(super) fn value(mut self, field: &str, value: impl Into<Json>) -> Self {
        self.values.insert(field.to_owned(), value.into());
        self
    }

    /// The answer must give this fact.
    pub(super) fn giving(mut self, field: &'static str, value: String) -> Self {
        self.expect = Expect::Accepted(Some((field, value)));
        self
    }

    /// Says which rule the case is about, unless it says so already.
    pub(super) fn under(mut self, rule: &str) -> Self {
        if !self.why.ends_with(')') {
            self.why += &format!(" ({rule})");
        }
        self
    }

    /// `case.json` and the input files.
    pub(super) fn files(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let inputs = self.files.iter().map(|(_, name, bytes)| ((*name).to_owned(), bytes.clone()));
        let case = serde_json::to_string_pretty(&self.to_json())? + "\n";
        Ok(inputs.chain([("case.json".to_owned(), case.into_bytes())]).collect())
    }

    fn to_json(&self) -> Json {
        let mut case = json!({ "operation": self.operation, "why": self.why });
        if let Some(twin) = self.twin {
            case["twin"] = json!(twin);
        }
        case["files"] = self.files.iter().map(|(field, name, _)| ((*field).to_owned(), json!(name))).collect();
        case["values"] = Json::Object(self.values.clone());
        case["expect"] = match &self.expect {
            Expect::Accepted(None) => json!({ "outcome": "accepted" }),
            Expect::Accepted(Some((field, value))) => json!({ "outcome": "accepted", *field: value }),
            Expect::Refused(code) => json!({ "outcome": "refused", "code": code }),
        };
        case
    }
}
