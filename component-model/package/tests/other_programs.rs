//! Other people's programs read what we write, and we read what they write: minisign, rsign and tar.
//!
//! A program that is not installed is skipped with a line that says so; under CI that is a failure.

use mpp_package::{
    container,
    key::{PublicKey, SecretKey, Signer as _},
    pack::{Contents, Package, pack},
    sign::{add_signature, purpose},
    signature::{attach, verify},
    verify::{Trust, TrustedKey},
};
use mpp_schema::{Coded as _, codes};
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

const MESSAGE: &[u8] = b"what is signed";
const COMMENT: &str = "mpp1 kind=package name=acme:notes version=1.0.0";
const PASSWORD: &str = "correct horse";

/// Whether a program is there to be asked.
fn available(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed, and CI must ask it");
    if !found {
        skip(program);
    }
    found
}

#[expect(clippy::explicit_write, reason = "the test harness hides what `eprintln` writes")]
fn skip(program: &str) {
    writeln!(std::io::stderr(), "skipped: {program} is not installed").unwrap();
}

/// Runs a program in a folder and gives it lines to read; its words when it fails.
#[track_caller]
fn run(folder: &Path, program: &str, arguments: &[&str], input: &str) -> Result<(), String> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that needs no password closes its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&words).into_owned()) }
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A folder with the message and one of our keys.
fn folder(password: Option<&str>) -> (tempfile::TempDir, SecretKey) {
    let folder = tempfile::tempdir().unwrap();
    let key = SecretKey::generate().unwrap();
    fs::write(folder.path().join("message"), MESSAGE).unwrap();
    fs::write(folder.path().join("ours.key"), key.to_file_text(password).unwrap()).unwrap();
    fs::write(folder.path().join("ours.pub"), key.public_key().to_file_text()).unwrap();
    (folder, key)
}

/// Signs with our key file in another program, and brings the signature into our form.
#[track_caller]
fn check_signs_with_our_key(program: &str, arguments: &[&str], password: Option<&str>) {
    let (folder, key) = folder(password);
    let folder = folder.path();
    let input = password.map(|password| format!("{password}\n")).unwrap_or_default();
    run(folder, program, arguments, &input).unwrap();
    let signature = attach(&text(folder, "message.minisig"), key.public_key()).unwrap();
    verify(MESSAGE, &signature, key.public_key()).unwrap();
    assert_eq!(signature.trusted_comment(), COMMENT);
}

const MINISIGN_SIGNS: [&str; 7] = ["-S", "-s", "ours.key", "-m", "message", "-t", COMMENT];

#[test]
fn minisign_reads_our_key_files() {
    if available("minisign") {
        check_signs_with_our_key("minisign", &MINISIGN_SIGNS, None);
        check_signs_with_our_key("minisign", &MINISIGN_SIGNS, Some(PASSWORD));
    }
}

#[test]
fn minisign_verifies_our_signatures() {
    if !available("minisign") {
        return;
    }
    let (folder, key) = folder(None);
    let folder = folder.path();
    let signature = key.sign(MESSAGE, COMMENT).unwrap();
    fs::write(folder.join("message.minisig"), signature.as_str()).unwrap();
    run(folder, "minisign", &["-V", "-m", "message", "-p", "ours.pub"], "").unwrap();
    run(folder, "minisign", &["-V", "-m", "message", "-P", &key.public_key().to_base64()], "").unwrap();
    fs::write(folder.join("message"), b"something else").unwrap();
    run(folder, "minisign", &["-V", "-m", "message", "-p", "ours.pub"], "").unwrap_err();
}

/// Makes a key in another program; we read it and sign with it, and the program accepts our signature.
#[track_caller]
fn check_reads_their_key(program: &str, arguments: &[&str], verify_arguments: &[&str], password: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = password.map(|password| format!("{password}\n{password}\n")).unwrap_or_default();
    run(folder, program, arguments, &input).unwrap();
    let public = PublicKey::from_file_text(&text(folder, "theirs.pub")).unwrap();
    let key = SecretKey::from_file_text(&text(folder, "theirs.key"), password).unwrap();
    assert_eq!(*key.public_key(), public);
    if password.is_some() {
        let locked = text(folder, "theirs.key");
        assert_eq!(SecretKey::from_file_text(&locked, None).unwrap_err().code(), codes::KEY_PASSWORD);
    }
    fs::write(folder.join("message"), MESSAGE).unwrap();
    fs::write(folder.join("message.minisig"), key.sign(MESSAGE, COMMENT).unwrap().as_str()).unwrap();
    run(folder, program, verify_arguments, "").unwrap();
}

const MINISIGN_MAKES: [&str; 5] = ["-G", "-p", "theirs.pub", "-s", "theirs.key"];
const MINISIGN_VERIFIES: [&str; 5] = ["-V", "-m", "message", "-p", "theirs.pub"];

#[test]
fn we_read_the_keys_of_minisign() {
    if available("minisign") {
        let open = [MINISIGN_MAKES.as_slice(), &["-W"]].concat();
        check_reads_their_key("minisign", &open, &MINISIGN_VERIFIES, None);
        check_reads_their_key("minisign", &MINISIGN_MAKES, &MINISIGN_VERIFIES, Some(PASSWORD));
    }
}

#[test]
fn rsign_and_we_read_each_others_keys() {
    // Not asked for under CI: rsign reads passwords from the terminal, so only open keys can be tried, and the format is minisign's.
    if Command::new("rsign").arg("--version").output().is_err() {
        return skip("rsign");
    }
    let signs = ["sign", "-W", "-s", "ours.key", "-p", "ours.pub", "-t", COMMENT, "-x", "message.minisig", "message"];
    check_signs_with_our_key("rsign", &signs, None);
    let makes = ["generate", "-p", "theirs.pub", "-s", "theirs.key"];
    let verifies = ["verify", "-p", "theirs.pub", "-x", "message.minisig", "message"];
    check_reads_their_key("rsign", &[makes.as_slice(), &["--unencrypted"]].concat(), &verifies, None);
    // Its `-W` locks the file, with an empty password.
    check_reads_their_key("rsign", &[makes.as_slice(), &["-W"]].concat(), &verifies, Some(""));
}

fn package() -> Package {
    let manifest = serde_json::json!({
        "mpp": "1.0", "kind": "tool", "name": "acme:notes", "version": "1.0.0", "description": "Finds notes.",
        "world": "acme:notes/tools", "trust": "sandboxed", "source": { "builder": "cargo" }, "entries": []
    });
    let tools = serde_json::json!({ "mpp": "1.0", "tools": [] });
    pack(Contents {
        manifest: serde_json::from_value(manifest).unwrap(),
        component: b"\0asm\x0d\0\x01\0".to_vec(),
        tools: serde_json::from_value(tools).unwrap(),
        wit: BTreeMap::from([("deps/other/other.wit".to_owned(), "package acme:other;".to_owned())]),
        readme: None,
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    })
    .unwrap()
}

#[test]
fn a_package_can_be_audited_with_tar_and_minisign() {
    if !available("tar") || !available("minisign") {
        return;
    }
    let (folder, key) = folder(None);
    let folder = folder.path();
    let signed = package().sign(&[&key]).unwrap();
    fs::write(folder.join("a.mpp"), signed.bytes()).unwrap();
    run(folder, "tar", &["xf", "a.mpp"], "").unwrap();
    assert_eq!(text(folder, "wit/deps/other/other.wit"), "package acme:other;");
    let signature = container::signature_path(key.public_key().id());
    run(folder, "minisign", &["-V", "-m", "mpp.json", "-x", &signature, "-p", "ours.pub"], "").unwrap();
}

#[test]
fn a_package_is_cosigned_by_minisign() {
    if !available("minisign") {
        return;
    }
    let (folder, other) = folder(None);
    let folder = folder.path();
    let first = SecretKey::generate().unwrap();
    let package = package();
    fs::write(folder.join("message"), package.manifest_bytes()).unwrap();
    let comment = purpose(package.manifest()).to_comment();
    run(folder, "minisign", &["-S", "-s", "ours.key", "-m", "message", "-t", &comment], "").unwrap();
    let signature = attach(&text(folder, "message.minisig"), other.public_key()).unwrap();
    let file = add_signature(package.sign(&[&first]).unwrap().bytes(), signature, other.public_key()).unwrap();
    let publishers = [&first, &other].map(|key| TrustedKey { key: *key.public_key(), name: String::new() }).to_vec();
    let trust = Trust { publishers, development: None, threshold: 2 };
    assert_eq!(mpp_package::verify::verify(file.as_slice(), &trust).unwrap().signers.len(), 2);
}
