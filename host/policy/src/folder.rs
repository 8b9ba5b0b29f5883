//! Which folders may be granted (PERM-30 to PERM-33). The facts come as values: this looks at no file.

use mpp_schema::manifest::TrustLevel;
use std::path::{Path, PathBuf};

/// The places of one user and host that matter when a folder is granted.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The user's home folder, without links.
    pub home: Option<PathBuf>,
    /// Folders that hold our own state: keys, grants, packages, caches.
    pub own: Vec<PathBuf>,
}

/// What a folder is, as something to grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderClass {
    /// Like any project or collection of files.
    Ordinary,
    /// Wider than one project: only for publishers that were marked for it.
    Wide(&'static str),
    /// Never granted.
    Refused(&'static str),
}

/// Below the user's home: what holds keys, tokens and sessions of other programs.
const KEY_FOLDERS: [&str; 24] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".password-store",
    ".minisign",
    ".cargo",
    ".mozilla",
    ".thunderbird",
    ".config/gcloud",
    ".config/gh",
    ".config/op",
    ".config/rclone",
    ".config/google-chrome",
    ".config/chromium",
    ".config/sops",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    "Library/Keychains",
    "Library/Application Support",
    "AppData/Roaming",
    "AppData/Local",
];

/// What belongs to the system: keys, devices, processes, other people's data.
const SYSTEM_FOLDERS: [&str; 13] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var", "/root"];

impl FolderClass {
    /// Classifies a folder whose path is absolute and free of links. `holds_projects` says whether folders right inside it are projects.
    pub fn of(path: &Path, places: &Places, holds_projects: bool) -> Self {
        if !is_plain(path) {
            return Self::Refused("its path is not absolute and free of `.` and `..`");
        }
        if path.parent().is_none() {
            return Self::Refused("it is the root of the file system");
        }
        if places.own.iter().any(|own| overlap(path, own)) {
            return Self::Refused("it holds the state of mpp itself, or lies inside of it");
        }
        if let Some(home) = &places.home {
            if home.starts_with(path) && home.parent().is_some() {
                return Self::Refused("it is or holds your home folder");
            }
            if KEY_FOLDERS.iter().any(|keys| overlap(path, &home.join(keys))) {
                return Self::Refused("it is a place where programs keep keys, tokens or sessions");
            }
        }
        if let Some(system) = SYSTEM_FOLDERS.iter().find(|system| path.starts_with(system)) {
            return match *system {
                "/dev" | "/proc" | "/sys" | "/boot" => Self::Refused("it belongs to the system"),
                _ if !is_temporary(path) => Self::Wide("it belongs to the system"),
                _ => Self::Ordinary,
            };
        }
        if path.parent().is_some_and(|parent| parent.parent().is_none()) {
            return Self::Wide("it lies right below the root of the file system");
        }
        if holds_projects { Self::Wide("it holds several projects") } else { Self::Ordinary }
    }

    /// The trust level that it needs; nothing when it is never granted.
    pub fn level(&self) -> Option<TrustLevel> {
        match self {
            Self::Ordinary => Some(TrustLevel::Limited),
            Self::Wide(_) => Some(TrustLevel::Elevated),
            Self::Refused(_) => None,
        }
    }
}

/// Whether one of the two folders is or holds the other.
pub(crate) fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Absolute, and made of names only.
pub(crate) fn is_plain(path: &Path) -> bool {
    use std::path::Component;
    let names = path.components().all(|part| !matches!(part, Component::CurDir | Component::ParentDir));
    // `components` drops `.` in the middle and doubled slashes, so the text is compared as well.
    path.is_absolute() && names && path.components().collect::<PathBuf>().as_os_str() == path.as_os_str()
}

/// Where people's temporary folders are on systems that keep them below `/var`.
fn is_temporary(path: &Path) -> bool {
    ["/var/folders", "/var/tmp", "/run/user"].iter().any(|place| path.starts_with(place) && path != Path::new(place))
}

#[cfg(all(test, unix))]
mod tests {
    use super::{FolderClass, Places};
    use std::path::Path;

    fn class(path: &str, holds_projects: bool) -> FolderClass {
        let own = vec!["/home/ann/.local/share/mpp".into(), "/home/ann/.config/mpp".into()];
        FolderClass::of(Path::new(path), &Places { home: Some("/home/ann".into()), own }, holds_projects)
    }

    #[test]
    fn ordinary_folders() {
        for path in ["/home/ann/notes", "/home/ann/src/md", "/tmp/x/notes", "/srv/team/notes", "/home/ann/.notes"] {
            assert_eq!(class(path, false), FolderClass::Ordinary, "{path}");
        }
    }

    #[test]
    fn wide_folders_need_a_marked_publisher() {
        for path in ["/srv", "/tmp", "/mnt", "/etc/nginx", "/var/lib/x", "/usr/share"] {
            assert!(matches!(class(path, false), FolderClass::Wide(_)), "{path}");
        }
        assert!(matches!(class("/home/ann/src", true), FolderClass::Wide(_)));
    }

    #[test]
    fn some_folders_are_never_granted() {
        for path in [
            "/",
            "/home",
            "/home/ann",
            "/home/ann/.ssh",
            "/home/ann/.ssh/keys",
            "/home/ann/.gnupg",
            "/home/ann/.config",
            "/home/ann/.config/gh",
            "/home/ann/.config/mpp",
            "/home/ann/.local/share/mpp/keys",
            "/home/ann/.local/share",
            "/proc/self",
            "/dev",
            "/sys",
            "notes",
            "/home/ann/../ann/notes",
            "/home/ann/./notes",
            "/home/ann//notes",
            "/home/ann/notes/",
        ] {
            assert!(matches!(class(path, false), FolderClass::Refused(_)), "{path}: {:?}", class(path, false));
        }
    }
}
