//! Filters as packages: what `"detect"` of theirs finds is masked in every form, and one that misbehaves lets nothing out (PRIV-60 and
//! following).

use crate::support::packages::{self, Verified};
use crate::support::{guests, outcome, small_limits};
use mpp_host::{
    CallOutcome, CompileError, CompileJob, CompiledCode, Compiler, Ending, FilterHost, FilterOptions, FolderCache,
    Host, HostOptions, InProcess, LoadError, LoadedPackage, Privacy,
};
use mpp_package::verify::Trust;
use mpp_privacy::{Filter, Kind};
use mpp_schema::manifest::{self, Manifest};
use mpp_schema::{Code, Coded, codes};
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const WORD: &str = "Blaumeise";

fn options() -> FilterOptions {
    let limits = mpp_host::Limits { time: Duration::from_millis(300), ..small_limits() };
    FilterOptions { limits, ..FilterOptions::default() }
}

fn filter_host() -> FilterHost {
    FilterHost::new(options()).expect("a host of filters starts")
}

fn as_it_is(_: &mut Manifest) {}

/// A host that asks this filter.
fn host_asking(filter: mpp_host::FilterPackage) -> Host {
    let filter = Filter::builder().detector(filter.named("PROJECT".to_owned())).expect("a name").build();
    let privacy = Privacy { filter: filter.expect("a filter"), ..Privacy::default() };
    let options = HostOptions { limits: small_limits(), privacy: Arc::new(privacy), ..HostOptions::default() };
    Host::new(options).expect("a host starts")
}

/// A tool that gives back what it is given, in a host that asks the guest.
fn echo() -> &'static LoadedPackage {
    static PACKAGE: OnceLock<LoadedPackage> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let filter = filter_host().load(&mut packages::verified_filter(guests::filter(), as_it_is)).expect("it loads");
        packages::load(&host_asking(filter), guests::base())
    })
}

fn said(text: &str) -> CallOutcome {
    outcome(echo(), "echo-text", json!({ "text": text }))
}

fn refusal(package: &mut Verified) -> Code {
    filter_host().load(package).expect_err("it is refused").code()
}

#[test]
fn what_a_filter_finds_is_masked_in_every_form() {
    // PRIV-60; each call starts the filter anew, which the guest itself insists on (PRIV-62).
    let CallOutcome { ending, found, .. } = said(&format!("a {WORD}, Ｂｌａｕｍｅｉｓｅ, {}", "426c61756d65697365"));
    let masked = "a [PROJECT#1], [PROJECT#1], [PROJECT#1]";
    assert_eq!(ending, Ending::Returned(Some(json!({ "result": masked }))));
    assert_eq!((found.masked.of(Kind::Custom), found.masked.total()), (3, 3));
    assert_eq!(said("a tit").ending, Ending::Returned(Some(json!({ "result": "a tit" }))));
}

#[test]
fn a_filter_that_fails_or_is_too_slow_blocks_and_what_it_says_stays_inside() {
    // PRIV-62, PRIV-63
    for wish in ["loop", "grow", "print", "fail", "lie", "turn around"] {
        let outcome = said(&format!("please {wish}"));
        let Ending::Limited { code, message } = outcome.ending else { panic!("{wish}: {:?}", outcome.ending) };
        assert_eq!(code, codes::PII_BLOCKED, "{wish}: {message}");
        assert!(message.contains("PROJECT") && !message.contains("the list of words"), "{wish}: {message}");
        assert!(outcome.found.blocked > 0, "{wish}");
    }
}

#[test]
fn a_filter_is_no_tool_and_a_tool_is_no_filter() {
    // PRIV-61
    assert_eq!(refusal(&mut packages::verified(guests::base())), codes::PKG_KIND);
    let host = Host::new(HostOptions::default()).expect("a host starts");
    let called = host.load(&mut packages::verified_filter(guests::filter(), as_it_is));
    assert!(matches!(called.expect_err("it is refused"), LoadError::Filter));
    assert_eq!(refusal(&mut packages::verified_filter(guests::base(), as_it_is)), codes::WASM_INTERFACE);
    let claimed = |manifest: &mut Manifest| manifest.world = "mpp:filter/filter@0.2.0".to_owned();
    assert_eq!(refusal(&mut packages::verified_filter(guests::filter(), claimed)), codes::WASM_INTERFACE);
}

#[test]
fn a_filter_that_imports_more_than_the_base_is_refused_even_where_it_asks_for_it() {
    // PRIV-61
    let asking = |permissions: Json| {
        move |manifest: &mut Manifest| {
            manifest.permissions = serde_json::from_value(permissions).expect("permissions");
            manifest.trust = manifest::TrustLevel::Elevated;
        }
    };
    let reaching = guests::filter_reaching_out();
    let permissions = json!({ "folders": { "notes": { "access": "read-only", "reason": "to look" } } });
    assert_eq!(refusal(&mut packages::verified_filter(&reaching, asking(permissions))), codes::CAP_DENIED);
}

/// Compiles, and counts.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Compiler for Counted {
    fn compile(&self, job: &CompileJob<'_>) -> Result<CompiledCode, CompileError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        InProcess.compile(job)
    }
}

#[test]
fn a_filter_comes_back_from_the_cache_and_as_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let cache = FolderCache::open(&folder.path().join("code"), &key, FolderCache::BYTES_MAX).expect("a cache");
    let (cache, compiler) = (Arc::new(cache), Arc::new(Counted::default()));
    let host = || {
        let options = FilterOptions { cache: Some(cache.clone()), compiler: compiler.clone(), ..options() };
        FilterHost::new(options).expect("a host of filters starts")
    };
    let mut package = packages::verified_filter(guests::filter(), as_it_is);
    let trust = Trust { publishers: Vec::new(), development: None, threshold: 1 };
    host().load(&mut package).expect("it loads");
    host().load(&mut package).expect("it loads");
    assert_eq!(compiler.0.load(Ordering::Relaxed), 1);
    assert!(host().load_cached(package.digest(), &trust).expect("nothing is wrong").is_none(), "nobody is trusted");
    let tools = HostOptions { cache: Some(cache), ..HostOptions::default() };
    let refused = Host::new(tools).expect("a host starts").load(&mut package).expect_err("it is refused");
    assert_eq!(refused.code(), codes::PKG_KIND);
}
