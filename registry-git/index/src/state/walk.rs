//! Going through the new records of the log in their order: who may say what depends on what was logged before (spec/index.md IDX-38,
//! IDX-61, IDX-67, IDX-68).

use super::changes::{End, Touched};
use crate::{
    Files, IndexError, advisories,
    authority::{self, Authority, Roots},
    document,
    keys::Keys,
    layout::{self, Covered},
    namespace::Namespace,
    package::Proof,
    shards, statements, texts,
};
use mpp_package::{key::PublicKey, signature::Purpose};
use mpp_schema::{
    Coded as _, Digest, Ident, KeyId, PackageName, RegistryId, codes,
    index::{Head, LogRecord, Revocation},
};
use std::collections::BTreeMap;

/// The walk, at one place in the log.
pub(super) struct Walk<'a> {
    registry: RegistryId,
    roots: Roots<'a>,
    read: &'a BTreeMap<String, Touched>,
    /// How often each file was met so far.
    met: BTreeMap<String, usize>,
    /// The root in force.
    root: u32,
    namespaces: BTreeMap<Ident, Known>,
    revoked: BTreeMap<KeyId, bool>,
}

/// Checks one line about a package, under the owners in force and with where it stands.
type CheckLine<'a> = fn(&mut Walk<'a>, &PackageName, Authority<'_>, usize, &str, &[u8]) -> Result<(), IndexError>;

/// A namespace, and how many of its records are in force at the place in the log that is looked at.
struct Known {
    namespace: Option<Namespace>,
    in_force: usize,
}

impl<'a> Walk<'a> {
    /// A walk from the place where `root` was in force. `head` is verified, and every root up to the one it names.
    pub(super) fn new(
        files: &'a dyn Files,
        table: &'a [Option<Digest>],
        head: &Head,
        root: u32,
        read: &'a BTreeMap<String, Touched>,
    ) -> Self {
        let roots = Roots { files, table, newest: head.root };
        let (namespaces, revoked) = (BTreeMap::new(), BTreeMap::new());
        Self { registry: head.registry, roots, read, met: BTreeMap::new(), root, namespaces, revoked }
    }

    /// Goes on over one record.
    pub(super) fn record(&mut self, record: &LogRecord) -> Result<(), IndexError> {
        let nth = *self.met.entry(record.path.clone()).and_modify(|nth| *nth += 1).or_insert(0);
        let file = &self.read[&record.path];
        match Covered::of(&record.path) {
            Covered::Root(version) => self.new_root(version)?,
            Covered::Revocation(key) => {
                self.revocation(key, &record.path, &file.file)?;
                self.revoked.insert(key, true);
            }
            Covered::Namespace(name) => self.owners(&name, file.ends[nth + 1].lines)?,
            Covered::Package(name) => self.lines(&name, &record.path, file, nth, Self::statement)?,
            Covered::Advisories(name) => self.lines(&name, &record.path, file, nth, Self::advisory)?,
            Covered::Config | Covered::Other => {}
        }
        Ok(())
    }

    /// Checks what files of statements say as a whole.
    pub(super) fn finish(&self) -> Result<(), IndexError> {
        for (path, file) in self.read {
            if let Covered::Package(name) = Covered::of(path) {
                statements::unproven(&name, &file.file)?;
            }
        }
        Ok(())
    }

    /// A file of a root that does not follow from those before could never be replaced, and every client would refuse it once its turn came.
    fn new_root(&mut self, version: u32) -> Result<(), IndexError> {
        if version == 0 || version > self.roots.newest {
            let reason = format!("it was logged while root {} was in force", self.roots.newest);
            return Err(IndexError::RootInvalid { version, reason });
        }
        self.root = self.root.max(version);
        Ok(())
    }

    fn revocation(&self, key: KeyId, path: &str, file: &[u8]) -> Result<(), IndexError> {
        let signed = document::envelope(path, file)?;
        let claimed: Revocation = document::parse(path, signed.signed.as_bytes())?;
        let public =
            PublicKey::from_base64(&claimed.key).map_err(|source| IndexError::Key { path: path.to_owned(), source })?;
        let keys = match claimed.root {
            None => Keys::alone(public),
            Some(root) => {
                self.check_root(path, root)?;
                self.roots.keys(path, root)?
            }
        };
        let purpose = Purpose::Revocation { registry: self.registry };
        document::open::<Revocation>(path, &signed, &purpose, &keys).map_err(|error| {
            match claimed.root.is_some() && error.code() != codes::SIG_BINDING {
                true => authority::not_root(path, error),
                false => error,
            }
        })?;
        if claimed.registry != self.registry {
            let (expected, found) = (self.registry, claimed.registry);
            return Err(IndexError::OtherRegistry { path: path.into(), expected, found });
        }
        if public.id() != key {
            return Err(IndexError::malformed(path, "the key of its path", public.id().to_string()));
        }
        texts::check_reason(path, &claimed.reason)
    }

    /// Puts the records of a namespace up to this number in force.
    fn owners(&mut self, name: &Ident, in_force: usize) -> Result<(), IndexError> {
        let mut known = self.take(name)?;
        if let Some(namespace) = &known.namespace {
            for version in known.in_force + 1..=in_force {
                let root = self.root;
                namespace.check_place(version, root, |key| self.is_revoked(key))?;
            }
        }
        known.in_force = in_force;
        self.namespaces.insert(name.clone(), known);
        Ok(())
    }

    /// Checks the lines that a record added to a file about a package.
    fn lines(
        &mut self,
        name: &PackageName,
        path: &str,
        file: &Touched,
        nth: usize,
        check: CheckLine<'a>,
    ) -> Result<(), IndexError> {
        let (from, to): (End, End) = (file.ends[nth], file.ends[nth + 1]);
        let known = self.take(name.namespace())?;
        let (Some(namespace), 1..) = (&known.namespace, known.in_force) else {
            let (path, namespace) = (path.to_owned(), name.namespace().clone());
            return Err(IndexError::NotOwner { path, namespace, reason: "nobody owned it then".to_owned() });
        };
        let authority = Authority { registry: self.registry, namespace, roots: self.roots, proof: Proof::Signatures };
        for (i, line) in document::lines(path, &file.file[from.bytes..to.bytes])?.into_iter().enumerate() {
            let at = format!("{path}:{}", from.lines + i + 1);
            check(self, name, authority, known.in_force, &at, line)?;
        }
        self.namespaces.insert(name.namespace().clone(), known);
        Ok(())
    }

    fn statement(
        &mut self,
        name: &PackageName,
        authority: Authority<'_>,
        in_force: usize,
        at: &str,
        line: &[u8],
    ) -> Result<(), IndexError> {
        let verified = statements::statement(name, authority, at, line)?;
        let said = &verified.statement;
        self.check_speaker(authority, in_force, at, (said.owners, said.root), (&verified.signers, verified.threshold))
    }

    fn advisory(
        &mut self,
        name: &PackageName,
        authority: Authority<'_>,
        in_force: usize,
        at: &str,
        line: &[u8],
    ) -> Result<(), IndexError> {
        let verified = advisories::advisory(name, authority, at, line)?;
        let said = &verified.advisory;
        self.check_speaker(authority, in_force, at, (said.owners, said.root), (&verified.signers, verified.threshold))
    }

    /// Checks that a speaker was in force, and that enough of the signers were not revoked.
    fn check_speaker(
        &mut self,
        authority: Authority<'_>,
        in_force: usize,
        at: &str,
        (owners, root): (u32, Option<u32>),
        (signers, threshold): (&[KeyId], usize),
    ) -> Result<(), IndexError> {
        if owners as usize != in_force {
            let reason = format!("it is by version {owners} of the owners, and version {in_force} was in force");
            return Err(authority.not_owner(at, reason));
        }
        match root {
            Some(root) => self.check_root(at, root),
            None => authority::enough_are_left(at, signers, threshold, |key| self.is_revoked(key)),
        }
    }

    fn check_root(&self, at: &str, named: u32) -> Result<(), IndexError> {
        match named == self.root {
            true => Ok(()),
            false => {
                let reason = format!("it names root {named}, and root {} was in force", self.root);
                Err(IndexError::NotRoot { path: at.to_owned(), reason })
            }
        }
    }

    /// Whether a key was revoked before this place.
    fn is_revoked(&mut self, key: KeyId) -> Result<bool, IndexError> {
        if let Some(revoked) = self.revoked.get(&key) {
            return Ok(*revoked);
        }
        let path = layout::revocation(key);
        let revoked = match self.read.get(&path) {
            Some(touched) => !touched.is_new,
            None => shards::digest_of(self.roots.files, self.roots.table, &path)?.is_some(),
        };
        self.revoked.insert(key, revoked);
        Ok(revoked)
    }

    /// Takes what is known of a namespace out of the map; whoever is done with it puts it back.
    fn take(&mut self, name: &Ident) -> Result<Known, IndexError> {
        match self.namespaces.remove(name) {
            Some(known) => Ok(known),
            None => self.load(name),
        }
    }

    fn load(&self, name: &Ident) -> Result<Known, IndexError> {
        let path = layout::namespace(name);
        let read = |file: &[u8]| Namespace::read(self.registry, name, file, self.roots, Proof::Signatures);
        if let Some(touched) = self.read.get(&path) {
            return Ok(Known { namespace: Some(read(&touched.file)?), in_force: touched.ends[0].lines });
        }
        let Some(digest) = shards::digest_of(self.roots.files, self.roots.table, &path)? else {
            return Ok(Known { namespace: None, in_force: 0 });
        };
        let namespace = read(&shards::read_exact(self.roots.files, &path, digest)?)?;
        Ok(Known { in_force: namespace.version() as usize, namespace: Some(namespace) })
    }
}
