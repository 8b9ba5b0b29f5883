//! The owner of this home: a key that signs grants and nothing else, and the identity that grants name as their host. Both are made when they
//! are first needed.

use super::{Home, MalformedFile, keys::check_mode};
use crate::{
    OpsError,
    atomic_write::{self, Readable},
};
use mpp_package::dsse::{DsseError, MessageKey, MessagePublicKey};
use mpp_schema::HostId;
use std::path::PathBuf;

impl Home {
    fn owner_path(&self) -> PathBuf {
        self.data.join("owner").join("owner.pem")
    }

    fn host_path(&self) -> PathBuf {
        self.data.join("owner").join("host")
    }

    /// The public half of the owner key, if it was made.
    pub fn owner_public_key(&self) -> Result<Option<MessagePublicKey>, OpsError> {
        // The secret file is the only one: a public half beside it could be exchanged for another.
        Ok(self.read_owner_key()?.map(|key| *key.public()))
    }

    /// The owner key, made now if there was none; says whether it was made.
    pub fn owner_key(&self) -> Result<(MessageKey, bool), OpsError> {
        if let Some(key) = self.read_owner_key()? {
            return Ok((key, false));
        }
        let key = MessageKey::generate()?;
        let made = atomic_write::create(&self.owner_path(), key.to_pem().as_bytes(), Readable::ByOwner)?;
        match self.read_owner_key()? {
            // Another process may have been faster: its key is the home's.
            Some(key) => Ok((key, made)),
            None => Err(self.malformed_owner("it is gone again").into()),
        }
    }

    fn read_owner_key(&self) -> Result<Option<MessageKey>, OpsError> {
        let path = self.owner_path();
        let Some(text) = atomic_write::read_text_if_there(&path)? else { return Ok(None) };
        check_mode(&path)?;
        Ok(Some(MessageKey::from_pem(&text).map_err(|error| self.malformed_owner(&error.to_string()))?))
    }

    fn malformed_owner(&self, reason: &str) -> MalformedFile {
        MalformedFile { path: self.owner_path(), reason: reason.to_owned() }
    }

    /// The identity of this home, made now if there was none.
    pub fn host_id(&self) -> Result<HostId, OpsError> {
        let path = self.host_path();
        if let Some(text) = atomic_write::read_text_if_there(&path)? {
            return parse_host(path, &text);
        }
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| DsseError::Random(error.to_string()))?;
        let text = format!("{}\n", HostId::from_bytes(bytes));
        atomic_write::create(&path, text.as_bytes(), Readable::ByAll)?;
        let text = atomic_write::read_text_if_there(&path)?.unwrap_or_default();
        parse_host(path, &text)
    }
}

fn parse_host(path: PathBuf, text: &str) -> Result<HostId, OpsError> {
    let id = text.strip_suffix('\n').unwrap_or(text).parse::<HostId>();
    Ok(id.map_err(|error| MalformedFile { path, reason: error.to_string() })?)
}

#[cfg(test)]
mod tests {
    use crate::home::Home;
    use mpp_schema::codes;

    #[test]
    fn both_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        assert!(home.owner_public_key().unwrap().is_none());
        let (key, made) = home.owner_key().unwrap();
        let (again, made_again) = home.owner_key().unwrap();
        assert!(made && !made_again);
        assert_eq!(key.public(), again.public());
        assert_eq!(home.host_id().unwrap(), home.host_id().unwrap());
    }

    #[test]
    fn a_damaged_owner_key_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        home.owner_key().unwrap();
        std::fs::write(home.owner_path(), "nonsense").unwrap();
        assert_eq!(home.owner_key().unwrap_err().code(), codes::FORMAT_MALFORMED);
        assert_eq!(std::fs::read(home.owner_path()).unwrap(), b"nonsense");
    }

    #[cfg(unix)]
    #[test]
    fn an_owner_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        home.owner_key().unwrap();
        let mode = |mode| std::fs::set_permissions(home.owner_path(), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(std::fs::metadata(home.owner_path()).unwrap().permissions().mode() & 0o777, 0o600);
        mode(0o644);
        assert_eq!(home.owner_key().unwrap_err().code(), codes::KEY_PERMISSIONS);
    }
}
