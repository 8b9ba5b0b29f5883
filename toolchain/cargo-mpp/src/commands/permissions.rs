//! The options that name permissions, shared by `grant`, `call` and `run`.

use clap::Args;
use mpp_ops::verb::grant::{FolderWish, Wishes};
use mpp_schema::{Ident, PackageName, permissions::Access};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "What to allow")]
pub struct Permissions {
    /// A folder for a slot; without :ro or :rw as far as the package asks
    #[arg(long = "folder", value_name = "SLOT=PATH[:ro|:rw]", value_parser = folder)]
    folders: Vec<FolderWish>,
    /// Requests to an origin such as https://example.com
    #[arg(long, value_name = "ORIGIN")]
    http: Vec<String>,
    /// A secret of this home, added to requests by the host
    #[arg(long = "secret", value_name = "NAME")]
    secrets: Vec<Ident>,
    /// A store of its own
    #[arg(long)]
    kv: bool,
    /// An environment variable
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// A setting and its value
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    config: Vec<(String, String)>,
    /// A precise clock
    #[arg(long)]
    clock: bool,
    /// A device for a slot
    #[arg(long = "device", value_name = "SLOT=PATH", value_parser = device)]
    devices: Vec<(Ident, PathBuf)>,
    /// The tools of another package
    #[arg(long, value_name = "NAMESPACE:NAME")]
    tools: Vec<PackageName>,
    /// Writing to the log
    #[arg(long)]
    logging: bool,
    /// Showing progress
    #[arg(long)]
    progress: bool,
    /// Everything that it asks for and that needs no choice
    #[arg(long)]
    all: bool,
    /// Leave out on purpose what is not named: the tool runs without it
    #[arg(long)]
    only: bool,
}

impl Permissions {
    /// What somebody wants to allow.
    pub fn wishes(self) -> Wishes {
        Wishes {
            folders: self.folders,
            http: self.http,
            secrets: self.secrets,
            kv: self.kv,
            env: self.env,
            config: self.config,
            clock: self.clock,
            devices: self.devices,
            logging: self.logging,
            progress: self.progress,
            tools: self.tools,
            all: self.all,
            only: self.only,
        }
    }
}

/// `notes=/home/ann/notes`, `notes=~/notes:ro`. A path that ends in `:ro` or `:rw` itself is followed by its own.
fn folder(word: &str) -> Result<FolderWish, String> {
    let (slot, path) = slot_and_path(word)?;
    let (path, access) = match path.rsplit_once(':') {
        Some((path, "ro")) => (path, Some(Access::ReadOnly)),
        Some((path, "rw")) => (path, Some(Access::ReadWrite)),
        _ => (path, None),
    };
    Ok(FolderWish { slot, path: path.into(), access })
}

fn device(word: &str) -> Result<(Ident, PathBuf), String> {
    slot_and_path(word).map(|(slot, path)| (slot, path.into()))
}

fn slot_and_path(word: &str) -> Result<(Ident, &str), String> {
    let (slot, path) = word.split_once('=').ok_or("expected SLOT=PATH")?;
    if path.is_empty() {
        return Err("expected a path after `=`".to_owned());
    }
    Ok((slot.parse().map_err(|error: mpp_schema::ParseNameError| error.to_string())?, path))
}

fn pair(word: &str) -> Result<(String, String), String> {
    let (key, value) = word.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::folder;
    use mpp_schema::permissions::Access;

    #[track_caller]
    fn check(word: &str, expected: Option<(&str, Option<Access>)>) {
        let found = folder(word).ok();
        let found = found.as_ref().map(|wish| (wish.path.to_str().expect("text"), wish.access));
        assert_eq!(found, expected, "{word}");
    }

    #[test]
    fn folders_as_people_type_them() {
        check("notes=/a", Some(("/a", None)));
        check("notes=/a:ro", Some(("/a", Some(Access::ReadOnly))));
        check("notes=/a=b:rw", Some(("/a=b", Some(Access::ReadWrite))));
        check("notes=C:\\a", Some(("C:\\a", None)));
        check("notes=/a:ro:rw", Some(("/a:ro", Some(Access::ReadWrite))));
        for wrong in ["notes", "=/a", "notes=", "No Tes=/a"] {
            check(wrong, None);
        }
    }
}
