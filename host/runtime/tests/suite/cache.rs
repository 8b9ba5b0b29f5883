//! The second door: what was compiled once runs again without being compiled, and nothing else that lies in its place ever does.

use crate::support::guests::{self, Guest};
use crate::support::packages::verified_and_trust;
use crate::support::{packages, result};
use mpp_host::{
    Allocation, CompileError, CompileJob, CompiledCode, Compiler, FolderCache, Host, HostOptions, InProcess,
    compile_alone,
};
use mpp_package::verify::Trust;
use mpp_schema::Digest;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// A guest that is compiled in no time.
fn small() -> Guest {
    crate::load::written("", r#"(func (export "run"))"#)
}

/// Compiles here, and counts.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Compiler for Counting {
    fn compile(&self, job: &CompileJob<'_>) -> Result<CompiledCode, CompileError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        InProcess.compile(job)
    }
}

/// A user with a cache.
struct User {
    folder: TempDir,
    compiler: Arc<Counting>,
}

impl User {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), compiler: Arc::default() }
    }

    fn code(&self) -> PathBuf {
        self.folder.path().join("code")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    fn cache(&self) -> FolderCache {
        FolderCache::open(&self.code(), &self.key(), FolderCache::BYTES_MAX).expect("a cache")
    }

    /// A host as a new process would start it.
    fn host(&self, allocation: Allocation) -> (Host, Arc<FolderCache>) {
        let cache = Arc::new(self.cache());
        let options = HostOptions {
            allocation,
            compiler: self.compiler.clone(),
            cache: Some(cache.clone()),
            ..HostOptions::default()
        };
        (Host::new(options).expect("a host starts"), cache)
    }

    fn compiled(&self) -> usize {
        self.compiler.0.load(Ordering::SeqCst)
    }

    /// The only record.
    fn record(&self) -> PathBuf {
        let files: Vec<_> =
            fs::read_dir(self.code()).expect("a folder").map(|file| file.expect("a file").path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// Keeps the code of the small guest.
    fn keep(&self) -> (Digest, Trust) {
        let (mut package, trust) = verified_and_trust(&small());
        self.host(Allocation::OnDemand).0.load(&mut package).expect("it loads");
        (package.digest(), trust)
    }
}

#[test]
fn kept_code_runs_without_being_compiled_again() {
    let user = User::new();
    let (mut package, trust) = verified_and_trust(guests::bytes());
    let name = package.manifest().name.clone();
    user.host(Allocation::OnDemand).0.load(&mut package).expect("it loads");
    let (host, cache) = user.host(Allocation::OnDemand);
    let cached = host.load_cached(package.digest(), &trust).expect("no error").expect("it was kept");
    assert_eq!((cached.name(), cached.digest()), (&name, package.digest()));
    assert_eq!(cached.definitions(), &package.tools().expect("tools"));
    assert_eq!(cached.definitions(), &cached.tools().tools_file());
    let bytes = json!({ "data": { "data": "AQID" } });
    let direct = |package| result(package, "direct", bytes["data"].clone());
    assert_eq!(direct(&cached), direct(&host.load(&mut package).expect("it loads by the first door too")));
    assert_eq!(user.compiled(), 1);
    assert!(cache.faults().is_empty());
}

#[test]
fn every_kind_of_host_uses_the_same_code() {
    /// The other half of a compiling process, without the process.
    struct Alone;
    impl Compiler for Alone {
        #[allow(unsafe_code, reason = "the code is made in this line")]
        fn compile(&self, job: &CompileJob<'_>) -> Result<CompiledCode, CompileError> {
            let code = compile_alone(job.component(), job.engine().as_bytes())?;
            // SAFETY: nobody had the bytes in between.
            Ok(unsafe { CompiledCode::from_child(code) })
        }
    }
    for allocation in [Allocation::OnDemand, Allocation::Pooled { calls: 1 }] {
        let options = HostOptions { allocation, compiler: Arc::new(Alone), ..HostOptions::default() };
        let host = Host::new(options).expect("a host starts");
        let package = packages::load(&host, guests::base());
        assert_eq!(package.tools().tools.len(), package.definitions().tools.len());
    }
    assert!(matches!(compile_alone(b"\0asm", &[0; 32]), Err(CompileError::Unavailable(_))));
}

#[test]
fn who_is_not_trusted_any_more_does_not_come_in() {
    let user = User::new();
    let (digest, trust) = user.keep();
    let (host, cache) = user.host(Allocation::OnDemand);
    let nobody = Trust { publishers: Vec::new(), ..trust.clone() };
    assert!(host.load_cached(digest, &nobody).expect("no error").is_none());
    assert!(host.load_cached(Digest::of(b"another"), &trust).expect("no error").is_none());
    assert!(host.load_cached(digest, &trust).expect("no error").is_some());
    assert!(cache.faults().is_empty());
}

/// Spoils what is kept. It is never used, it goes, somebody is told, and the next load compiles and keeps anew.
#[track_caller]
fn check(spoil: impl FnOnce(&User, &Path)) {
    let user = User::new();
    let (digest, trust) = user.keep();
    let record = user.record();
    let good = fs::read(&record).expect("a record");
    spoil(&user, &record);
    let (host, cache) = user.host(Allocation::OnDemand);
    assert!(host.load_cached(digest, &trust).expect("no error").is_none());
    assert_eq!(cache.faults().len(), 1);
    assert!(fs::symlink_metadata(&record).is_err(), "it was removed");
    let (mut package, _) = verified_and_trust(&small());
    host.load(&mut package).expect("it loads");
    assert_eq!(user.compiled(), 2);
    assert_eq!(fs::read(&record).expect("kept again").len(), good.len());
    assert!(host.load_cached(digest, &trust).expect("no error").is_none(), "another key signed it this time");
}

#[test]
fn a_changed_record_is_never_used() {
    for at in [0, 8, 40, 1_000] {
        check(|_, record| {
            let mut bytes = fs::read(record).expect("a record");
            bytes[at] ^= 1;
            fs::write(record, bytes).expect("written");
        });
    }
    check(|_, record| {
        let mut bytes = fs::read(record).expect("a record");
        let last = bytes.len() - 1_000;
        bytes[last] ^= 1;
        fs::write(record, bytes).expect("written");
    });
    for bytes in [0, 31, 4_096] {
        check(|_, record| {
            let file = fs::OpenOptions::new().write(true).open(record).expect("a record");
            file.set_len(bytes).expect("cut");
        });
    }
}

#[test]
fn a_record_of_another_package_is_never_used() {
    check(|user, record| {
        let other = User { folder: tempfile::tempdir().expect("a folder"), compiler: Arc::default() };
        fs::copy(user.key(), other.key()).expect("the same key");
        let (mut package, _) = verified_and_trust(guests::bytes());
        other.host(Allocation::OnDemand).0.load(&mut package).expect("it loads");
        fs::copy(other.record(), record).expect("swapped");
    });
}

#[test]
fn a_record_under_another_key_is_never_used() {
    check(|user, _| fs::write(user.key(), [7; 32]).expect("written"));
}

#[cfg(unix)]
mod unix {
    use super::{User, check};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("modes can be set");
    }

    #[test]
    fn what_others_could_have_written_is_never_used() {
        check(|_, record| chmod(record, 0o644));
        check(|_, record| chmod(record, 0o602));
        check(|user, _| chmod(&user.code(), 0o777));
        check(|user, _| chmod(&user.code(), 0o770));
    }

    #[test]
    fn links_are_never_followed() {
        let aside = |user: &User, record: &Path| {
            let aside = user.folder.path().join("aside");
            fs::rename(record, &aside).expect("moved");
            aside
        };
        check(|user, record| symlink(aside(user, record), record).expect("a link"));
        check(|user, record| fs::hard_link(record, user.folder.path().join("second")).expect("a second name"));
    }

    #[test]
    fn a_pipe_in_place_of_a_record_does_not_wait() {
        check(|_, record| {
            fs::remove_file(record).expect("removed");
            let status = std::process::Command::new("mkfifo").arg("-m600").arg(record).status().expect("mkfifo starts");
            assert!(status.success());
        });
    }

    #[test]
    fn a_linked_folder_is_not_used_at_all() {
        let user = User::new();
        user.keep();
        let aside = user.folder.path().join("aside");
        fs::rename(user.code(), &aside).expect("moved");
        symlink(&aside, user.code()).expect("a link");
        let error = mpp_host::FolderCache::open(&user.code(), &user.key(), 1 << 20).expect_err("refused");
        assert!(std::error::Error::source(&error).expect("a cause").to_string().contains("link"), "{error}");
    }

    #[test]
    fn a_key_that_others_could_read_is_replaced() {
        let user = User::new();
        let _ = user.cache();
        let old = fs::read(user.key()).expect("a key");
        chmod(&user.key(), 0o644);
        assert_eq!(user.cache().faults().len(), 1);
        assert_ne!(fs::read(user.key()).expect("a key"), old);
        assert!(user.cache().faults().is_empty());
        assert_eq!(fs::metadata(user.key()).expect("a key").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(user.code()).expect("a folder").permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn the_folder_stays_within_its_size() {
    let user = User::new();
    user.keep();
    let old = user.record();
    let file = fs::File::options().write(true).open(&old).expect("a record");
    file.set_modified(std::time::UNIX_EPOCH).expect("times can be set");
    let (larger, room) = (guests::bytes(), 1 << 20);
    file.set_len(room).expect("made as large as the room");
    let cache = Arc::new(FolderCache::open(&user.code(), &user.key(), room).expect("a cache"));
    let host = Host::new(HostOptions { cache: Some(cache.clone()), ..HostOptions::default() }).expect("a host starts");
    let (mut package, trust) = verified_and_trust(larger);
    host.load(&mut package).expect("it loads");
    assert!(!old.exists(), "the one that was not used for longest went");
    assert!(host.load_cached(package.digest(), &trust).expect("no error").is_some());
    let tiny = FolderCache::open(&user.code(), &user.key(), 10).expect("a cache");
    let host = Host::new(HostOptions { cache: Some(Arc::new(tiny)), ..HostOptions::default() }).expect("a host starts");
    host.load(&mut verified_and_trust(&small()).0).expect("it loads, and is too large to be kept");
    assert_eq!(cache.records().expect("a list").len(), 1);
    cache.clear().expect("cleared");
    assert!(cache.records().expect("a list").is_empty());
}

#[test]
fn several_at_once_use_one_folder() {
    let user = User::new();
    let work = || {
        for _ in 0..5 {
            let cache = Arc::new(user.cache());
            let options = HostOptions { cache: Some(cache.clone()), ..HostOptions::default() };
            let host = Host::new(options).expect("a host starts");
            let (mut package, trust) = verified_and_trust(&small());
            assert!(host.load(&mut package).is_ok());
            assert!(host.load_cached(package.digest(), &trust).is_ok());
            assert_eq!(cache.faults(), Vec::<String>::new());
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
}
