//! A keyring for tests: the part of the Secret Service that stores items, on a bus that the test starts. It speaks the protocol of
//! <https://specifications.freedesktop.org/secret-service/> with the session `plain`.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use zbus::blocking::{Connection, connection};
use zbus::object_server::ObjectServer;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{fdo, interface};

/// A private bus. It ends with the test.
pub(super) struct Bus {
    daemon: Child,
    _folder: tempfile::TempDir,
    pub(super) address: String,
}

impl Bus {
    /// Nothing, and a line that says so, where there is no `dbus-daemon`.
    #[allow(clippy::print_stderr, reason = "a test that was skipped says so")]
    pub(super) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let configuration = folder.path().join("bus.conf");
        std::fs::write(&configuration, CONFIGURATION).expect("it is written");
        let mut command = Command::new("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--print-address=1", "--config-file"]).arg(&configuration);
        let Ok(mut daemon) = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            eprintln!(
                "SKIPPED: a test of the keyring, because `dbus-daemon` is not there: apt-get install dbus-daemon"
            );
            return None;
        };
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("a pipe"))
            .read_line(&mut address)
            .expect("the bus says where it is");
        Some(Self { daemon, _folder: folder, address: address.trim().to_owned() })
    }
}

/// A bus of nobody's session: it starts no service of this machine.
const CONFIGURATION: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"#;

impl Drop for Bus {
    fn drop(&mut self) {
        self.daemon.kill().ok();
        self.daemon.wait().ok();
    }
}

const SERVICE: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";

/// A secret on the bus: session, parameters, value, type of content.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

#[derive(Default)]
struct Kept {
    items: BTreeMap<u32, (HashMap<String, String>, Vec<u8>)>,
    made: u32,
    locked: bool,
    unlocks: bool,
}

impl Kept {
    fn found(&self, wanted: &HashMap<String, String>) -> Vec<OwnedObjectPath> {
        let fits = |found: &HashMap<String, String>| wanted.iter().all(|(key, value)| found.get(key) == Some(value));
        self.items.iter().filter(|(_, (found, _))| fits(found)).map(|(number, _)| item_path(*number)).collect()
    }
}

type Shared = Arc<Mutex<Kept>>;

fn path(text: &str) -> OwnedObjectPath {
    ObjectPath::try_from(text.to_owned()).expect("a path").into()
}

fn item_path(number: u32) -> OwnedObjectPath {
    path(&format!("{COLLECTION}/{number}"))
}

/// The keyring; it leaves the bus when it is dropped.
pub(super) struct MockKeyring {
    kept: Shared,
    connection: Option<Connection>,
}

impl MockKeyring {
    pub(super) fn on(bus: &Bus) -> Self {
        let kept = Shared::default();
        let served = connection::Builder::address(bus.address.as_str())
            .and_then(|builder| builder.serve_at(SERVICE, Service(Arc::clone(&kept))))
            .and_then(|builder| builder.serve_at(COLLECTION, Collection(Arc::clone(&kept))))
            .and_then(|builder| builder.name("org.freedesktop.secrets"))
            .and_then(connection::Builder::build);
        Self { kept, connection: Some(served.expect("the keyring is on the bus")) }
    }

    /// Locks it; `unlocks` says whether it opens when somebody asks.
    pub(super) fn lock(&self, unlocks: bool) {
        let mut kept = self.kept.lock().expect("nobody panics");
        (kept.locked, kept.unlocks) = (true, unlocks);
    }
}

impl Drop for MockKeyring {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().ok();
        }
    }
}

struct Service(Shared);

#[interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    fn open_session(&self, algorithm: &str, _input: Value<'_>) -> fdo::Result<(OwnedValue, OwnedObjectPath)> {
        if algorithm != "plain" {
            return Err(fdo::Error::NotSupported("only plain".to_owned()));
        }
        let output = Value::from("").try_into_owned().expect("a text");
        Ok((output, path("/org/freedesktop/secrets/session/1")))
    }

    fn read_alias(&self, _name: &str) -> OwnedObjectPath {
        path(COLLECTION)
    }

    fn search_items(&self, attributes: HashMap<String, String>) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let kept = self.0.lock().expect("nobody panics");
        let found = kept.found(&attributes);
        if kept.locked { (Vec::new(), found) } else { (found, Vec::new()) }
    }

    fn unlock(&self, objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        let mut kept = self.0.lock().expect("nobody panics");
        kept.locked = !kept.unlocks;
        (if kept.locked { Vec::new() } else { objects }, path("/"))
    }
}

struct Collection(Shared);

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    async fn create_item(
        &self,
        properties: HashMap<String, OwnedValue>,
        secret: Secret,
        replace: bool,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        let attributes = properties.get("org.freedesktop.Secret.Item.Attributes").expect("attributes").clone();
        let attributes = HashMap::<String, String>::try_from(attributes).expect("texts");
        let (number, is_new) = {
            let mut kept = self.0.lock().expect("nobody panics");
            let same =
                kept.items.iter().find(|(_, (found, _))| replace && *found == attributes).map(|(number, _)| *number);
            let number = same.unwrap_or(kept.made);
            kept.made += u32::from(same.is_none());
            kept.items.insert(number, (attributes, secret.2));
            (number, same.is_none())
        };
        if is_new {
            server.at(item_path(number), Item(Arc::clone(&self.0), number)).await?;
        }
        Ok((item_path(number), path("/")))
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        self.0.lock().expect("nobody panics").locked
    }
}

struct Item(Shared, u32);

#[interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    fn get_secret(&self, session: OwnedObjectPath) -> fdo::Result<(Secret,)> {
        let kept = self.0.lock().expect("nobody panics");
        match kept.items.get(&self.1).filter(|_| !kept.locked) {
            Some((_, value)) => Ok(((session, Vec::new(), value.clone(), "text/plain".to_owned()),)),
            None => Err(fdo::Error::AccessDenied("it is locked".to_owned())),
        }
    }

    fn delete(&self) -> OwnedObjectPath {
        self.0.lock().expect("nobody panics").items.remove(&self.1);
        path("/")
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        self.0.lock().expect("nobody panics").locked
    }

    #[zbus(property)]
    fn attributes(&self) -> HashMap<String, String> {
        let kept = self.0.lock().expect("nobody panics");
        kept.items.get(&self.1).map(|(attributes, _)| attributes.clone()).unwrap_or_default()
    }
}
