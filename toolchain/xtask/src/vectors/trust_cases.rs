//! Chapter `trust`: whose signatures count, and how many are needed.

use super::{
    archive::{Archive, Entry},
    case::{Case, under},
    draft::{Asking, COMMENT, DEVELOPMENT_COMMENT, Draft, admission, good},
    keys::TestKey,
    minisig::Minisig,
};

const TWIN: &str = "package/valid";

/// The chapter.
pub(super) fn cases() -> Vec<Case> {
    [
        under("PKG-61", whose()),
        under("SIG-33", development()),
        under("SIG-32", bindings()),
        under("SIG-36", thresholds()),
        under("SIG-35", counts()),
        under("PKG-8", places()),
    ]
    .concat()
}

fn signed(keys: &[&TestKey]) -> Archive {
    Draft::new().signed(keys)
}

fn whose() -> Vec<Case> {
    let (acme, stranger) = (TestKey::acme(), TestKey::stranger());
    let both = signed(&[&acme, &stranger]);
    let manifest = Draft::new().manifest_text();
    let by_stranger = Minisig::new(&stranger, manifest.as_bytes(), COMMENT);
    let posing = Minisig { untrusted: format!("mpp {}", acme.id()), number: acme.number(), ..by_stranger };
    let posing = Draft::new().with_signatures(&manifest, vec![(acme.id(), posing.text())]);
    let none = Draft::new().with_signatures(&manifest, Vec::new());
    let mut crlf = both.clone();
    let place = format!("signatures/{}", stranger.id());
    let text = String::from_utf8_lossy(&crlf.entry(&place).content).replace('\n', "\r\n");
    *crlf.entry(&place) = Entry::new(crlf.entry(&place).name.clone(), text);
    let unknown = signed(&[&stranger]).to_bytes();
    vec![
        admission().accept(
            "trust/stranger-beside-publisher",
            "a signature by nobody we know does no harm (SIG-37)",
            &both,
        ),
        admission().refuse(
            "trust/unknown-key",
            "trust.unknown-key",
            "only a key that nobody trusts signed (PKG-61, PKG-64)",
            TWIN,
            unknown,
        ),
        admission().refuse(
            "trust/wrong-key",
            "sig.invalid",
            "a stranger signed under the publisher's number and id (SIG-11)",
            TWIN,
            posing.to_bytes(),
        ),
        admission().refuse(
            "trust/stranger-malformed",
            "sig.malformed",
            "a signature by nobody we know that is not in the accepted form (SIG-37)",
            "trust/stranger-beside-publisher",
            crlf.to_bytes(),
        ),
        admission().refuse("trust/unsigned", "sig.missing", "no signature at all (SIG-35)", TWIN, none.to_bytes()),
    ]
}

fn development() -> Vec<Case> {
    let home = TestKey::home();
    let local = Draft::new().sealed(&Draft::new().manifest_text(), &[&home], DEVELOPMENT_COMMENT);
    let published = Draft::new().signed(&[&home]).to_bytes();
    let dev_by_publisher = Draft::new().sealed(&Draft::new().manifest_text(), &[&TestKey::acme()], DEVELOPMENT_COMMENT);
    let at_home = Asking { development: Some(home), ..admission() };
    let elsewhere = Asking { development: Some(TestKey::second()), ..admission() };
    let twin = "trust/development-key";
    let code = "trust.dev-key";
    vec![
        at_home.accept(twin, "a local build, on the home that made it (PKG-63)", &local),
        at_home.refuse(
            "trust/development-key-publishes",
            "sig.binding",
            "the home's development key signed as a publisher (PKG-62)",
            twin,
            published,
        ),
        admission().refuse(
            "trust/publisher-signs-for-development",
            code,
            "a publisher signed for development",
            TWIN,
            dev_by_publisher.to_bytes(),
        ),
        elsewhere.refuse(
            "trust/development-key-of-another-home",
            code,
            "a local build of another home",
            twin,
            local.to_bytes(),
        ),
        admission().refuse(
            "trust/development-key-where-none-is",
            code,
            "a local build, on a home without such a key (PKG-64)",
            twin,
            local.to_bytes(),
        ),
    ]
}

fn bindings() -> Vec<Case> {
    let sealed = |comment: &str| Draft::new().sealed(&Draft::new().manifest_text(), &[&TestKey::acme()], comment);
    let refuse =
        |name: &str, why, comment: &str| admission().refuse(name, "sig.binding", why, TWIN, sealed(comment).to_bytes());
    vec![
        refuse(
            "trust/signed-for-other-package",
            "the comment names another package",
            "mpp1 kind=package name=acme:other version=1.0.0",
        ),
        refuse(
            "trust/signed-as-statement",
            "the comment is that of a statement in a registry",
            "mpp1 kind=statement registry=0123456789abcdef0123456789abcdef",
        ),
        refuse("trust/signed-for-nothing", "the comment names no purpose", "release 1.0.0"),
        refuse(
            "trust/signed-for-other-version",
            "the comment names another version",
            "mpp1 kind=package name=acme:sum version=2.0.0",
        ),
    ]
}

fn thresholds() -> Vec<Case> {
    let (acme, second) = (TestKey::acme(), TestKey::second());
    let twin = "trust/threshold-of-two";
    let of_two = |trust: Vec<TestKey>| Asking { threshold: 2, trust, ..admission() };
    let twice = of_two(vec![acme.clone(), acme.clone()]);
    let renumbered = of_two(vec![acme.clone(), acme.renumbered(*b"renumber")]);
    let known = of_two(vec![acme.clone(), second.clone()]);
    let once = signed(&[&acme]).to_bytes();
    let mut spoilt = signed(&[&acme, &second]);
    let place = format!("signatures/{}", second.id());
    let text = String::from_utf8_lossy(&spoilt.entry(&place).content).replace("1.0.0", "1.0.1");
    *spoilt.entry(&place) = Entry::new(spoilt.entry(&place).name.clone(), text);
    let code = "sig.threshold";
    vec![
        known.accept(twin, "two keys signed (PKG-63)", &signed(&[&acme, &second])),
        known.refuse(
            "trust/one-bad-of-two",
            "sig.invalid",
            "one of the signatures does not hold (SIG-38)",
            twin,
            spoilt.to_bytes(),
        ),
        known.refuse("trust/too-few", code, "one of two keys signed (PKG-65, SIG-36)", twin, once.clone()),
        known.refuse(
            "trust/stranger-does-not-count",
            code,
            "the second signature is by nobody we know",
            twin,
            signed(&[&acme, &TestKey::stranger()]).to_bytes(),
        ),
        twice.refuse("trust/one-key-listed-twice", code, "one key, trusted under two names", twin, once.clone()),
        renumbered.refuse(
            "trust/one-key-under-two-numbers",
            code,
            "one key, trusted under two key numbers",
            twin,
            once,
        ),
    ]
}

fn counts() -> Vec<Case> {
    let acme = TestKey::acme();
    let cosigners: Vec<TestKey> = (1..=16).map(TestKey::cosigner).collect();
    let many = |count: usize| signed(&[&acme].into_iter().chain(&cosigners[..count - 1]).collect::<Vec<_>>());
    let twin = "trust/sixteen-signatures";
    let code = "limit.signatures";
    let of_bytes = |count: usize| {
        let mut archive = good();
        let mut text = archive.entry("signatures/").content.clone();
        text.resize(count, b'x');
        *archive.entry("signatures/") = Entry::new(archive.entry("signatures/").name.clone(), text);
        archive.to_bytes()
    };
    let mut huge = good();
    let text = String::from_utf8_lossy(&huge.entry("signatures/").content).into_owned();
    *huge.entry("signatures/") =
        Entry::new(huge.entry("signatures/").name.clone(), text.replacen("mpp ", &"x".repeat(1 << 20), 1));
    vec![
        admission().accept(twin, "as many signatures as a package may have", &many(16)),
        admission().refuse("trust/seventeen-signatures", code, "one signature too many", twin, many(17).to_bytes()),
        admission().refuse(
            "trust/signature-of-more-than-16-kibibytes",
            code,
            "a signature text that is one byte too long to be read (PKG-32, SIG-8)",
            TWIN,
            of_bytes((16 << 10) + 1),
        ),
        admission().refuse(
            "trust/signature-of-16-kibibytes",
            "sig.malformed",
            "a signature text that is read and is longer than its form allows (PKG-32, SIG-8)",
            TWIN,
            of_bytes(16 << 10),
        ),
        admission().refuse(
            "trust/signature-of-one-mebibyte",
            code,
            "a signature text of one mebibyte (PKG-32)",
            TWIN,
            huge.to_bytes(),
        ),
    ]
}

/// Where signatures stand and what they are called.
fn places() -> Vec<Case> {
    let twin = "trust/threshold-of-two";
    let known = Asking { trust: vec![TestKey::acme(), TestKey::second()], threshold: 2, ..admission() };
    let two = signed(&[&TestKey::acme(), &TestKey::second()]);
    let change = |edit: &dyn Fn(&mut Archive)| {
        let mut archive = two.clone();
        edit(&mut archive);
        archive.to_bytes()
    };
    let renamed = |name: String| change(&|archive| archive.0[1].name = name.clone().into_bytes());
    let long_comment = change(&|archive| {
        let text = String::from_utf8_lossy(&archive.0[1].content).replacen(COMMENT, &"x".repeat(10_000), 1);
        archive.0[1] = Entry::new(archive.0[1].name.clone(), text);
    });
    let signer = String::from_utf8_lossy(&two.0[1].name[11..75]).into_owned();
    let unsorted = change(&|archive| archive.0.swap(1, 2));
    let twice = change(&|archive| archive.0.insert(1, archive.0[1].clone()));
    let other_id = renamed(format!("signatures/{}.minisig", "0".repeat(64)));
    vec![
        known.refuse(
            "trust/signature-under-other-id",
            "sig.malformed",
            "named by the id of another key (SIG-10)",
            twin,
            other_id,
        ),
        known.refuse(
            "trust/signature-under-a-name",
            "pkg.path",
            "named by something else than a key id",
            twin,
            renamed("signatures/acme.minisig".to_owned()),
        ),
        known.refuse(
            "trust/signature-under-an-id-in-capitals",
            "pkg.path",
            "named by the id in another spelling",
            twin,
            renamed(format!("signatures/{}.minisig", signer.to_uppercase())),
        ),
        known.refuse(
            "trust/signature-in-a-folder",
            "pkg.path",
            "a folder below the folder of the signatures",
            twin,
            renamed(format!("signatures/a/{}.minisig", &signer[..60])),
        ),
        known.refuse(
            "trust/signature-with-another-ending",
            "pkg.path",
            "a name that does not end as it should",
            twin,
            renamed(format!("signatures/{signer}.sig")),
        ),
        known.refuse("trust/signatures-not-sorted", "pkg.order", "signatures in another order", twin, unsorted),
        known.refuse("trust/signature-twice", "pkg.duplicate", "one signature twice", twin, twice),
        known.refuse(
            "trust/comment-of-10-kb",
            "sig.malformed",
            "a comment of ten thousand characters (SIG-6)",
            twin,
            long_comment,
        ),
    ]
}
