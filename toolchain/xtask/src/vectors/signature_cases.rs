//! Chapter `signature`: the one accepted form of a signature text, and what it must hold for.

use super::{
    case::{Case, under},
    keys::TestKey,
    minisig::{Minisig, add_group_order},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b512, Digest as _};

const VERIFY: &str = "signature.verify";
const PARSE: &str = "signature.parse";
const TWIN: &str = "signature/valid";
const MESSAGE: &[u8] = b"the bytes that were signed\n";
const PURPOSE: &str = "mpp1 kind=package name=acme:sum version=1.0.0";
const OTHER_VERSION: &str = "mpp1 kind=package name=acme:sum version=1.0.1";

/// The chapter.
pub(super) fn cases() -> Vec<Case> {
    [
        under("SIG-1", accepted()),
        under("SIG-1", lines()),
        under("SIG-7", base64()),
        under("SIG-6", comments()),
        under("SIG-2", unsigned_parts()),
        under("SIG-8", algorithms()),
        under("SIG-11", forgeries()),
        under("SIG-32", purposes()),
    ]
    .concat()
}

fn good() -> Minisig {
    Minisig::new(&TestKey::acme(), MESSAGE, PURPOSE)
}

/// Asks whether `text` is a signature by `acme` over the message, for this purpose.
fn ask(case: Case, text: impl Into<Vec<u8>>, purpose: &str) -> Case {
    case.file("message", "message.txt", MESSAGE)
        .file("signature", "message.minisig", text)
        .value("key", TestKey::acme().public())
        .value("purpose", purpose)
}

fn bad(name: &str, code: &'static str, why: &'static str, text: impl Into<Vec<u8>>) -> Case {
    ask(Case::bad(&format!("signature/{name}"), why, VERIFY, TWIN, code), text, PURPOSE)
}

fn malformed(name: &str, why: &'static str, text: impl Into<Vec<u8>>) -> Case {
    bad(name, "sig.malformed", why, text)
}

fn accepted() -> Vec<Case> {
    let stranger = Minisig::new(&TestKey::stranger(), MESSAGE, PURPOSE).text();
    let parse = |case: Case, text: String| case.file("signature", "message.minisig", text);
    let parse_name = "signature/parse-valid";
    vec![
        ask(Case::good(TWIN, "the one accepted form (SIG-10)", VERIFY), good().text(), PURPOSE),
        parse(Case::good(parse_name, "the form is right, whoever signed", PARSE), stranger.clone()),
        parse(
            Case::bad("signature/parse-fifth-line", "a fifth line (SIG-8)", PARSE, parse_name, "sig.malformed"),
            format!("{stranger}\n"),
        ),
    ]
}

fn lines() -> Vec<Case> {
    let text = good().text();
    let three: String = text.split_inclusive('\n').take(3).collect();
    let without = |prefix: &str| text.replacen(prefix, "", 1);
    vec![
        malformed("extra-empty-line", "an empty fifth line", format!("{text}\n")),
        malformed("extra-line", "a fifth line that nobody signed", format!("{text}approved by everybody\n")),
        malformed("extra-line-before", "an empty line before the four", format!("\n{text}")),
        malformed("crlf", "lines that end as on Windows", text.replace('\n', "\r\n")),
        malformed("missing-final-newline", "the last line is not ended", text.trim_end()),
        malformed(
            "missing-untrusted-prefix",
            "the first line without its prefix (SIG-2)",
            without("untrusted comment: "),
        ),
        malformed(
            "missing-trusted-prefix",
            "the third line without its prefix (SIG-4)",
            without("\ntrusted comment: ").replacen("mpp1", "\nmpp1", 1),
        ),
        malformed("nul-after", "a NUL after the fourth line", format!("{text}\0")),
        malformed("byte-order-mark", "a byte order mark before the first line", format!("\u{feff}{text}")),
        malformed("not-utf8", "a byte that is no text", [text.as_bytes(), b"\xff"].concat()),
        malformed("carriage-returns", "lines that end as on old Macs", text.replace('\n', "\r")),
        malformed("empty", "an empty file", ""),
        malformed("three-lines", "the signature of the comment is missing", three),
    ]
}

fn base64() -> Vec<Case> {
    let good = good();
    let (second, fourth) = (good.signature_line(), good.global_line());
    let with_second = |line: &str| good.text_with(line, &fourth);
    let with_fourth = |line: &str| good.text_with(&second, line);
    let bytes = |line: &str| STANDARD.decode(line).expect("the line was just encoded");
    let longer = |line: &str| STANDARD.encode([bytes(line), vec![0]].concat());
    let shorter = |line: &str, length: usize| STANDARD.encode(&bytes(line)[..length]);
    vec![
        malformed("line-2-surplus-byte", "75 bytes on line 2 (SIG-3)", with_second(&longer(&second))),
        malformed("line-2-surplus-text", "text after the base64 of line 2", with_second(&format!("{second} x"))),
        malformed("line-2-truncated", "73 bytes on line 2 (SIG-3)", with_second(&shorter(&second, 73))),
        malformed(
            "line-2-spare-bits",
            "bits of line 2 that no byte holds are not zero",
            with_second(&spare_bits(&second)),
        ),
        malformed("line-2-unpadded", "base64 of line 2 without its padding", with_second(second.trim_end_matches('='))),
        malformed("line-2-empty", "0 bytes on line 2 (SIG-3)", with_second("")),
        malformed("line-2-url-safe", "digits of another base64", with_second(&second.replace(['+', '/'], "-"))),
        malformed("line-2-space-before", "a space before the base64", with_second(&format!(" {second}"))),
        malformed("line-2-tab-after", "a tab after the base64", with_second(&format!("{second}\t"))),
        malformed("line-4-surplus-text", "text after the base64 of line 4", with_fourth(&format!("{fourth} x"))),
        malformed("line-4-surplus-byte", "65 bytes on line 4 (SIG-5)", with_fourth(&longer(&fourth))),
        malformed("line-4-truncated", "63 bytes on line 4 (SIG-5)", with_fourth(&shorter(&fourth, 63))),
        malformed("line-4-empty", "0 bytes on line 4 (SIG-5)", with_fourth("")),
        malformed(
            "line-4-spare-bits",
            "bits of line 4 that no byte holds are not zero",
            with_fourth(&spare_bits(&fourth)),
        ),
        malformed("line-4-unpadded", "base64 of line 4 without its padding", with_fourth(fourth.trim_end_matches('='))),
    ]
}

/// Sets the lowest bit of the last digit before the padding: the same bytes for a careless decoder.
fn spare_bits(line: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let end = line.trim_end_matches('=').len() - 1;
    let value = DIGITS.iter().position(|digit| *digit == line.as_bytes()[end]).expect("a base64 digit");
    format!("{}{}{}", &line[..end], DIGITS[value | 1] as char, &line[end + 1..])
}

/// Each of these is rightly signed with its comment, so only the comment can be the reason.
fn comments() -> Vec<Case> {
    let signed = |comment: &str| Minisig::new(&TestKey::acme(), MESSAGE, comment).text();
    let spoilt = |name: &str, why, comment: String| {
        let case = Case::bad(&format!("signature/{name}"), why, VERIFY, TWIN, "sig.malformed");
        ask(case, signed(&comment), &comment)
    };
    let longest = "signature/comment-of-512";
    let around = |text: &str| good().text().replacen(PURPOSE, text, 1);
    vec![
        malformed("space-before-comment", "a space before the trusted comment", around(&format!(" {PURPOSE}"))),
        malformed("space-after-comment", "a space after the trusted comment", around(&format!("{PURPOSE} "))),
        spoilt("escape-in-comment", "a control character that a terminal obeys", format!("{PURPOSE}\u{1b}[2K")),
        spoilt("nul-in-comment", "a NUL, where some readers stop", format!("{PURPOSE}\0 version=9.9.9")),
        spoilt("bidi-in-comment", "a character that turns the reading direction", format!("{PURPOSE}\u{202e}")),
        spoilt("comment-of-10-kb", "a comment of ten thousand characters", format!("{PURPOSE}{}", "x".repeat(10_000))),
        spoilt("tab-in-comment", "a tab, which minisign's own comments hold", format!("{PURPOSE}\tfile:x")),
        spoilt("delete-in-comment", "a delete character", format!("{PURPOSE}\u{7f}")),
        malformed("empty-comment", "a comment of no characters", around("")),
        ask(Case::good(longest, "a comment as long as it may be", VERIFY), signed(&"x".repeat(512)), &"x".repeat(512)),
        ask(
            Case::bad("signature/comment-of-513", "a comment one character longer", VERIFY, longest, "sig.malformed"),
            signed(&"x".repeat(513)),
            &"x".repeat(513),
        ),
    ]
}

/// Minisign does not sign these, so they are fixed.
fn unsigned_parts() -> Vec<Case> {
    let untrusted = |text: String| Minisig { untrusted: text, ..good() }.text();
    let other_id = format!("mpp {}", TestKey::second().id());
    let upper_id = format!("mpp {}", TestKey::acme().id().to_uppercase());
    let number = Minisig { number: TestKey::second().number(), ..good() }.text();
    vec![
        malformed(
            "untrusted-comment-of-minisign",
            "the comment that minisign writes",
            untrusted("signature from minisign secret key".to_owned()),
        ),
        malformed(
            "untrusted-comment-that-claims",
            "a comment that claims what nobody signed",
            untrusted("mpp verified by acme".to_owned()),
        ),
        malformed("untrusted-comment-of-other-key", "the id of another key (SIG-10)", untrusted(other_id)),
        malformed("untrusted-comment-upper-case", "the id in another spelling", untrusted(upper_id)),
        malformed("other-key-number", "the number of another key (SIG-10)", number),
    ]
}

fn algorithms() -> Vec<Case> {
    let acme = TestKey::acme();
    let legacy = Minisig::legacy(&acme, MESSAGE, PURPOSE).text();
    // Somebody once signed a file that holds the hash of our message, the old way. Renamed, that is a signature of the message.
    let of_hash = Minisig::legacy(&acme, &Blake2b512::digest(MESSAGE), "a list of hashes");
    let flipped = Minisig { algorithm: *b"ED", ..of_hash }.text();
    vec![
        bad("legacy", "sig.legacy", "signed without prehashing", legacy),
        bad(
            "legacy-flipped",
            "sig.binding",
            "a legacy signature of a hash, renamed to a signature of what was hashed (SIG-32)",
            flipped,
        ),
        malformed(
            "other-algorithm",
            "an algorithm that does not exist (SIG-3)",
            Minisig { algorithm: *b"EX", ..good() }.text(),
        ),
    ]
}

fn forgeries() -> Vec<Case> {
    let invalid = |name: &str, why, change: &dyn Fn(&mut Minisig)| {
        let mut signature = good();
        change(&mut signature);
        bad(name, "sig.invalid", why, signature.text())
    };
    let edited = Minisig { trusted: OTHER_VERSION.to_owned(), ..good() }.text();
    let case = Case::bad("signature/edited-comment", "the trusted comment was edited", VERIFY, TWIN, "sig.invalid");
    let stranger = Minisig::new(&TestKey::stranger(), MESSAGE, PURPOSE);
    let posing = Minisig { untrusted: good().untrusted, number: good().number, ..stranger };
    vec![
        ask(case, edited, OTHER_VERSION),
        bad("wrong-key", "sig.invalid", "another key signed under the number and id of the right one", posing.text()),
        bad(
            "other-message",
            "sig.invalid",
            "a signature of other bytes (SIG-13)",
            Minisig::new(&TestKey::acme(), b"other bytes", PURPOSE).text(),
        ),
        invalid("s-not-reduced", "the group order added to S (SIG-12)", &|s| {
            s.signature = add_group_order(s.signature)
        }),
        invalid("global-s-not-reduced", "the group order added to S of the second signature (SIG-12)", &|s| {
            s.global = add_group_order(s.global)
        }),
        invalid("s-truncated", "S is zero", &|s| s.signature[32..].fill(0)),
        invalid("r-and-s-swapped", "the halves of the signature swapped", &|s| s.signature.rotate_left(32)),
        invalid("signatures-swapped", "the two signatures swapped", &|s| {
            (s.signature, s.global) = (s.global, s.signature)
        }),
        invalid("all-zeros", "a signature of zeros (SIG-12)", &|s| s.signature = [0; 64]),
        invalid("flipped-bit", "one bit of the signature", &|s| s.signature[7] ^= 1),
        invalid("global-flipped-bit", "one bit of the second signature", &|s| s.global[7] ^= 1),
    ]
}

/// Rightly signed, for something else.
fn purposes() -> Vec<Case> {
    let other = |name: &str, why, comment: &str| {
        bad(name, "sig.binding", why, Minisig::new(&TestKey::acme(), MESSAGE, comment).text())
    };
    let registry = "0123456789abcdef0123456789abcdef";
    vec![
        other("other-version", "made for another version", OTHER_VERSION),
        other("other-package", "made for another package", "mpp1 kind=package name=acme:other version=1.0.0"),
        other("other-kind", "made for a statement in a registry", &format!("mpp1 kind=statement registry={registry}")),
        other("development", "made for development", "mpp1 kind=dev-package name=acme:sum version=1.0.0"),
        other("no-purpose", "a comment that says nothing of a purpose (SIG-30)", "release"),
        other("double-space", "two spaces between the fields (SIG-30)", &PURPOSE.replace(" version", "  version")),
        other("upper-case-kind", "a kind in another spelling (SIG-30)", &PURPOSE.replace("package", "Package")),
        other("other-build", "made for another build of the version (SIG-31)", &format!("{PURPOSE}+build.1")),
        other("surplus-field", "a field that no purpose has (SIG-30)", &format!("{PURPOSE} approved=yes")),
    ]
}
