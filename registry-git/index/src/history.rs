//! What the lines of a package's file say together: its versions, and how each of them stands (spec/index.md IDX-21, IDX-60 to IDX-65).

use crate::{
    IndexError,
    package::{Said, SignedRelease, Standing},
};
use mpp_package::key::PublicKey;
use mpp_schema::{
    KeyId, PackageName, Version,
    index::{Notice, Says, Statement},
};
use std::collections::{BTreeMap, btree_map::Entry};

/// The versions so far, in the order in which they were released.
#[derive(Default)]
pub(crate) struct History {
    releases: Vec<SignedRelease>,
    places: BTreeMap<(u64, u64, u64, String), usize>,
}

impl History {
    /// Adds what one more line says.
    pub(crate) fn add(
        &mut self,
        at: &str,
        name: &PackageName,
        statement: Statement,
        signers: Vec<KeyId>,
        owners: &[PublicKey],
    ) -> Result<(), IndexError> {
        let Statement { issued, says, root, .. } = statement;
        let said = |notice: &Notice| Said { reason: notice.reason.clone(), issued, by_registry: root.is_some() };
        match says {
            Says::Release(release) => match self.places.entry(place(&release.version)) {
                Entry::Vacant(free) => {
                    free.insert(self.releases.len());
                    let standing = Standing::default();
                    self.releases.push(SignedRelease { release, issued, signers, owners: owners.to_vec(), standing });
                }
                Entry::Occupied(existing) => {
                    let existing = self.releases[*existing.get()].release.version.clone();
                    let (name, version) = (name.clone(), Box::new(release.version));
                    return Err(IndexError::DuplicateVersion { name, version, existing: Box::new(existing) });
                }
            },
            Says::Yank(notice) => self.standing(at, &notice.version)?.yanked = Some(said(&notice)),
            Says::Unyank(notice) => self.standing(at, &notice.version)?.yanked = None,
            Says::Deprecate(notice) => self.standing(at, &notice.version)?.deprecated = Some(said(&notice)),
            Says::Block(notice) => {
                self.standing(at, &notice.version)?.blocked.get_or_insert(said(&notice));
            }
            Says::CoSign(co) => {
                let release = &self.release(at, &co.version)?.release;
                if (release.package, release.file) != (co.package, co.file) {
                    let found = format!("the package {} in the file {}", co.package, co.file);
                    return Err(IndexError::malformed(at, "the package and the file of the release", found));
                }
                let standing = self.standing(at, &co.version)?;
                let new = signers.into_iter().filter(|key| !standing.co_signers.contains(key));
                let new: Vec<_> = new.collect();
                standing.co_signers.extend(new);
            }
            Says::Newer => {}
        }
        Ok(())
    }

    fn standing(&mut self, at: &str, version: &Version) -> Result<&mut Standing, IndexError> {
        self.release(at, version).map(|release| &mut release.standing)
    }

    /// The release of exactly this version.
    fn release(&mut self, at: &str, version: &Version) -> Result<&mut SignedRelease, IndexError> {
        let found = self.places.get(&place(version)).map(|place| &mut self.releases[*place]);
        found.filter(|found| found.release.version == *version).ok_or_else(|| {
            IndexError::malformed(at, "a version that was released before", format!("version {version}"))
        })
    }

    pub(crate) fn into_releases(self) -> Vec<SignedRelease> {
        self.releases
    }
}

/// What makes a version another one: build metadata does not.
fn place(version: &Version) -> (u64, u64, u64, String) {
    (version.major, version.minor, version.patch, version.pre.to_string())
}

/// Whether two versions are one.
pub(crate) fn same_version(a: &Version, b: &Version) -> bool {
    (a.major, a.minor, a.patch, &a.pre) == (b.major, b.minor, b.patch, &b.pre)
}
