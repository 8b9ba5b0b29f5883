//! The approver key of this home: it signs approvals and nothing else. With a password it is locked, so that a program that runs as the user
//! cannot approve in the user's place (T15).
//!
//! One file, in one of two forms: the open key as PEM, or a document that holds the public half and the sealed secret one.

use super::{Home, MalformedFile, keys::check_mode};
use crate::{
    OpsError, Passwords,
    atomic_write::{self, Readable},
    sealed::{self, Sealed, Unopened},
};
use mpp_host::SecretValue;
use mpp_package::dsse::{MessageKey, MessagePublicKey};
use mpp_schema::{Code, Coded, codes};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The one version of the locked form.
const VERSION: u32 = 1;
const PURPOSE: &[u8] = b"mpp approver 1";
/// What the password is asked for as.
const NAME: &str = "approver";

/// What everybody may know about the approver key of a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approver {
    /// The public half.
    pub public: MessagePublicKey,
    /// Whether it needs a password.
    pub locked: bool,
}

/// The approver key is locked, and stays so.
#[derive(Debug, thiserror::Error)]
#[error("could not use the approver key of this home: it is locked, and its password is missing or wrong")]
pub struct ApproverLocked;

impl Coded for ApproverLocked {
    fn code(&self) -> Code {
        codes::KEY_PASSWORD
    }
    fn hints(&self) -> Vec<String> {
        vec!["approve on a terminal, where the password is asked for: mpp approve".to_owned()]
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Locked {
    #[serde(rename = "mpp-approver")]
    version: u32,
    public: String,
    sealed: Sealed,
}

enum Kept {
    Open(MessageKey),
    Locked(MessagePublicKey, Sealed),
}

impl Home {
    fn approver_path(&self) -> PathBuf {
        self.data.join("approver").join("approver.key")
    }

    /// The approver key as far as everybody may know it, if it was made.
    pub fn approver(&self) -> Result<Option<Approver>, OpsError> {
        Ok(self.read_approver()?.map(|kept| match kept {
            Kept::Open(key) => Approver { public: *key.public(), locked: false },
            Kept::Locked(public, _) => Approver { public, locked: true },
        }))
    }

    /// The approver key, made now if there was none, and whether it was locked.
    ///
    /// # Errors
    /// [`ApproverLocked`] without its password.
    pub fn approver_key(&self, passwords: &dyn Passwords) -> Result<(MessageKey, bool), OpsError> {
        if let Some(kept) = self.read_approver()? {
            return self.open_approver(kept, passwords);
        }
        let key = MessageKey::generate()?;
        atomic_write::create(&self.approver_path(), key.to_pem().as_bytes(), Readable::ByOwner)?;
        // Another process may have been faster: its key is the home's.
        let kept = self.read_approver()?.ok_or_else(|| self.malformed_approver("it is gone again"))?;
        self.open_approver(kept, passwords)
    }

    /// Locks the approver key with a password, or with another one than before; without one it is unlocked.
    pub fn lock_approver(&self, passwords: &dyn Passwords, new: Option<&SecretValue>) -> Result<Approver, OpsError> {
        let _lock = self.lock()?;
        let (key, _) = self.approver_key(passwords)?;
        let text = match new {
            None => key.to_pem(),
            Some(password) => {
                let sealed = sealed::seal(password, PURPOSE, key.to_pem().as_bytes());
                let sealed = sealed.map_err(|error| self.unopened_approver(error))?;
                let locked = Locked { version: VERSION, public: key.public().to_string(), sealed };
                serde_json::to_string(&locked).map_err(|error| self.malformed_approver(&error.to_string()))? + "\n"
            }
        };
        atomic_write::write(&self.approver_path(), text.as_bytes(), Readable::ByOwner)?;
        Ok(Approver { public: *key.public(), locked: new.is_some() })
    }

    fn read_approver(&self) -> Result<Option<Kept>, OpsError> {
        let path = self.approver_path();
        let Some(text) = atomic_write::read_text_if_there(&path)? else { return Ok(None) };
        check_mode(&path)?;
        let malformed = |error: String| OpsError::from(self.malformed_approver(&error));
        if text.starts_with("-----") {
            let key = MessageKey::from_pem(&text).map_err(|error| malformed(error.to_string()))?;
            return Ok(Some(Kept::Open(key)));
        }
        let locked: Locked = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if locked.version != VERSION {
            return Err(malformed("it has another form than version 1".to_owned()));
        }
        let public = locked.public.parse::<MessagePublicKey>().map_err(|error| malformed(error.to_string()))?;
        Ok(Some(Kept::Locked(public, locked.sealed)))
    }

    fn open_approver(&self, kept: Kept, passwords: &dyn Passwords) -> Result<(MessageKey, bool), OpsError> {
        let (public, sealed) = match kept {
            Kept::Open(key) => return Ok((key, false)),
            Kept::Locked(public, sealed) => (public, sealed),
        };
        let password = passwords.password(NAME).map(SecretValue::new).ok_or(ApproverLocked)?;
        let text = sealed::unseal(&password, PURPOSE, &sealed).map_err(|error| self.unopened_approver(error))?;
        let key = std::str::from_utf8(&text).ok().and_then(|text| MessageKey::from_pem(text).ok());
        match key {
            Some(key) if *key.public() == public => Ok((key, true)),
            _ => Err(self.malformed_approver("it seals another key than it names").into()),
        }
    }

    fn unopened_approver(&self, why: Unopened) -> OpsError {
        match why {
            Unopened::Password => ApproverLocked.into(),
            Unopened::Damaged(reason) => self.malformed_approver(reason).into(),
        }
    }

    fn malformed_approver(&self, reason: &str) -> MalformedFile {
        MalformedFile { path: self.approver_path(), reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Passwords, home::Home};
    use mpp_host::SecretValue;
    use mpp_schema::codes;

    /// Knows one password, or none.
    struct Knows(Option<&'static str>);

    impl Passwords for Knows {
        fn password(&self, _: &str) -> Option<String> {
            self.0.map(str::to_owned)
        }
        fn new_password(&self, _: &str) -> Option<String> {
            None
        }
        fn secret(&self, _: &str) -> Option<SecretValue> {
            None
        }
    }

    #[test]
    fn a_locked_key_stays_the_same_and_opens_with_its_password_only() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        assert_eq!(home.approver().unwrap(), None);
        let (key, locked) = home.approver_key(&Knows(None)).unwrap();
        assert!(!locked);
        let password = SecretValue::new("long enough".to_owned());
        let approver = home.lock_approver(&Knows(None), Some(&password)).unwrap();
        assert!(approver.locked && approver.public == *key.public());
        assert_eq!(home.approver().unwrap(), Some(approver));
        for wrong in [Knows(None), Knows(Some("another"))] {
            assert_eq!(home.approver_key(&wrong).unwrap_err().code(), codes::KEY_PASSWORD);
            assert_eq!(home.lock_approver(&wrong, None).unwrap_err().code(), codes::KEY_PASSWORD);
        }
        let (again, locked) = home.approver_key(&Knows(Some("long enough"))).unwrap();
        assert!(locked && again.public() == key.public());
        assert!(!home.lock_approver(&Knows(Some("long enough")), None).unwrap().locked);
        assert!(home.approver_key(&Knows(None)).is_ok());
    }

    #[test]
    fn a_damaged_key_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        home.approver_key(&Knows(None)).unwrap();
        std::fs::write(home.approver_path(), "nonsense").unwrap();
        assert_eq!(home.approver_key(&Knows(None)).unwrap_err().code(), codes::FORMAT_MALFORMED);
        assert_eq!(std::fs::read(home.approver_path()).unwrap(), b"nonsense");
    }
}
