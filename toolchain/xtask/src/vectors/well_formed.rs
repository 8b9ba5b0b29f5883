//! Is the table of cases sound: names unique, codes known, every refusal beside an accepted twin?

use super::case::{Case, Expect};
use crate::findings::{Finding, Findings};
use mpp_schema::CODES;

/// What is wrong with the table.
pub(super) fn check(cases: &[Case]) -> Findings {
    cases.iter().flat_map(|case| check_case(case, cases)).collect()
}

fn check_case(case: &Case, cases: &[Case]) -> Findings {
    let mut findings = Findings::new();
    let mut wrong = |what: String, help: &str| findings.push(Finding::new(format!("case `{}`", case.name), what, help));
    if cases.iter().filter(|other| other.name == case.name).count() > 1 {
        wrong("has the name of another case".to_owned(), "one name, one case");
    }
    if case.why.is_empty() || case.why.contains('\n') {
        wrong("does not say why in one line".to_owned(), "say what the attack is");
    }
    if let Expect::Refused(code) = &case.expect {
        if !CODES.iter().any(|entry| entry.code.as_str() == *code) {
            wrong(
                format!("expects `{code}`, which is no code"),
                "add it to `mpp_schema::CODES`, or name one that is there",
            );
        }
        let twin = cases.iter().find(|other| Some(other.name.as_str()) == case.twin);
        if !twin.is_some_and(|twin| matches!(twin.expect, Expect::Accepted(_))) {
            wrong("has no accepted twin".to_owned(), "name the accepted case that differs only in the attacked point");
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{Case, check};

    #[track_caller]
    fn check_count(cases: &[Case], expected: usize) {
        assert_eq!(check(cases).len(), expected);
    }

    #[test]
    fn what_is_wrong_is_found() {
        let good = Case::good("a/good", "fine", "x");
        let bad = |twin, code| Case::bad("a/bad", "broken", "x", twin, code);
        check_count(&[good.clone(), bad("a/good", "sig.invalid")], 0);
        check_count(&[good.clone(), bad("a/good", "sig.made-up")], 1);
        check_count(&[good.clone(), bad("a/other", "sig.invalid")], 1);
        check_count(&[good.clone(), bad("a/bad", "sig.invalid")], 1);
        check_count(&[good.clone(), good], 2);
    }
}
