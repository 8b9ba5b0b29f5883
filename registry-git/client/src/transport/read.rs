//! One conversation with an address, led by gix: which reference names what, and one commit with its tree.
//!
//! What may arrive is bounded in bytes, objects, single allocations and silence. Objects get their names from what they hold, so nothing
//! can be put under the name of another; SHA-1 is computed with its collision check.

use super::{budget::Budget, http, settings::Settings, spawned};
use crate::{RegistryError, repository};
use gix::{
    ObjectId, Repository,
    bstr::{BString, ByteSlice as _},
    progress::Discard,
    url::{Scheme, Url},
};
use gix_protocol::{
    Handshake, LsRefsCommand,
    fetch::{self, Arguments, Context, Negotiate, Response, Shallow, Tags, negotiate},
    handshake::Ref,
    ls_refs::RefPrefixes,
};
use gix_transport::{Protocol, Service, client::blocking_io::Transport as GixTransport};
use std::{
    io::{BufRead, Read as _},
    num::NonZeroU32,
    path::Path,
    sync::atomic::AtomicBool,
};

/// How much may arrive before a pack begins: names of references, mostly.
const TALK_BYTES_MAX: u64 = 64 << 20;
/// How many objects a pack may hold.
const OBJECTS_MAX: u32 = 8_000_000;
/// How large a pack may be that is to complete what is here: each entry of it is held while it is read.
const DIFFERENCE_BYTES_MAX: u64 = 256 << 20;
/// How large a pack may be that stands alone.
const WHOLE_BYTES_MAX: u64 = 4 << 30;
/// What packing and the protocol add to a package file.
const PACKAGE_EXTRA_BYTES: u64 = 1 << 20;

/// A commit to fetch.
pub(super) struct Wanted<'a> {
    /// Its id.
    pub(super) commit: ObjectId,
    /// A reference that it can be reached from.
    pub(super) reference: &'a str,
    /// A commit whose tree is here.
    pub(super) have: Option<ObjectId>,
    /// How large the pack may be.
    pub(super) bytes_max: u64,
}

impl<'a> Wanted<'a> {
    /// A commit of the index.
    pub(super) fn index(commit: ObjectId, have: Option<ObjectId>, reference: &'a str) -> Self {
        let bytes_max = have.map_or(WHOLE_BYTES_MAX, |_| DIFFERENCE_BYTES_MAX);
        Self { commit, reference, have, bytes_max }
    }

    /// A commit of a package file.
    pub(super) fn package(commit: ObjectId, reference: &'a str) -> Self {
        let bytes_max = mpp_package::limits::FILE_BYTES_MAX + PACKAGE_EXTRA_BYTES;
        Self { commit, reference, have: None, bytes_max }
    }
}

/// A conversation that has begun.
pub(super) struct Conversation {
    url: String,
    wire: Box<dyn GixTransport>,
    program: Option<spawned::Program>,
    budget: Budget,
    handshake: Handshake,
}

impl Conversation {
    /// Reaches an address and hears what it can do.
    pub(super) fn begin(text: &str, settings: &Settings) -> Result<Self, RegistryError> {
        let unreachable = |detail: String| RegistryError::Unreachable { location: text.to_owned(), detail };
        let url = gix::url::parse(text.as_bytes().as_bstr()).map_err(|error| unreachable(said(&error)))?;
        let budget = Budget::default();
        budget.set(TALK_BYTES_MAX);
        let (mut wire, mut program) = connect(url, settings, &budget)?;
        let handshake = gix_protocol::handshake(&mut wire, Service::UploadPack, |_| Ok(None), Vec::new(), &mut Discard);
        match handshake {
            Ok(handshake) => Ok(Self { url: text.to_owned(), wire, program, budget, handshake }),
            Err(error) => Err(unreachable(with_talk(said(&error), &mut program))),
        }
    }

    /// What a reference names.
    pub(super) fn reference(&mut self, name: &str) -> Result<Option<ObjectId>, RegistryError> {
        Ok(self.listed(name)?.iter().filter_map(direct).find_map(|(found, id)| (found == name).then_some(id)))
    }

    /// The references whose names begin with a prefix.
    pub(super) fn references(&mut self, prefix: &str) -> Result<Vec<(String, ObjectId)>, RegistryError> {
        let listed = self.listed(prefix)?;
        let named = listed.iter().filter_map(direct).filter(|(name, _)| name.starts_with(prefix.as_bytes()));
        Ok(named.filter_map(|(name, id)| Some((name.to_str().ok()?.to_owned(), id))).collect())
    }

    fn listed(&mut self, prefix: &str) -> Result<Vec<Ref>, RegistryError> {
        let listed = match self.handshake.refs.clone() {
            Some(refs) => Ok(refs),
            None => {
                let mut prefixes = RefPrefixes::new();
                prefixes.extend([BString::from(prefix)]);
                LsRefsCommand::new(Some(prefixes), &self.handshake.capabilities, agent()).invoke_blocking(
                    &mut self.wire,
                    &mut Discard,
                    false,
                )
            }
        };
        listed.map_err(|error| self.unreachable(said(&error)))
    }

    /// Brings a commit into a repository. References of the repository are left alone.
    pub(super) fn fetch(&mut self, into: &Path, action: &str, wanted: &Wanted<'_>) -> Result<(), RegistryError> {
        let repository = repository::open(into)?;
        let (want, shallow) = match self.handshake.server_protocol_version {
            Protocol::V2 => (wanted.commit, Shallow::DepthAtRemote(NonZeroU32::MIN)),
            // A server that speaks only the first protocol may refuse to send a commit by its id: then its history comes along.
            _ => match self.reference(wanted.reference)? {
                Some(tip) if tip == wanted.commit => (tip, Shallow::DepthAtRemote(NonZeroU32::MIN)),
                Some(tip) => (tip, Shallow::NoChange),
                None => return Err(self.unreachable(format!("there is no `{}`", wanted.reference))),
            },
        };
        let mut exactly = Exactly { want, have: wanted.have };
        let mut begun = false;
        let (budget, bytes_max) = (self.budget.clone(), wanted.bytes_max);
        self.budget.set(TALK_BYTES_MAX);
        let outcome = gix_protocol::fetch(
            &mut exactly,
            |pack, progress, interrupt| {
                begun = true;
                budget.set(bytes_max);
                index(pack, &repository, wanted, progress, interrupt)
            },
            Discard,
            &AtomicBool::new(false),
            Context {
                handshake: &mut self.handshake,
                transport: &mut self.wire,
                user_agent: agent(),
                trace_packetlines: false,
            },
            fetch::Options {
                shallow_file: into.join("shallow"),
                shallow: &shallow,
                tags: Tags::None,
                reject_shallow_remote: false,
            },
        );
        match outcome {
            Ok(_) => Ok(()),
            // An address that begins to send and then sends something else is broken; one that does not begin was not reached.
            Err(error) if begun => match RegistryError::gix(action, into, &error) {
                full @ RegistryError::Disk { .. } => Err(full),
                _ => Err(RegistryError::git(action, &self.url, with_talk(said(&error), &mut self.program))),
            },
            Err(error) => Err(self.unreachable(said(&error))),
        }
    }

    fn unreachable(&mut self, detail: String) -> RegistryError {
        RegistryError::Unreachable { location: self.url.clone(), detail: with_talk(detail, &mut self.program) }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = gix_protocol::indicate_end_of_interaction(&mut self.wire, false);
    }
}

type Connected = (Box<dyn GixTransport>, Option<spawned::Program>);

fn connect(url: Url, settings: &Settings, budget: &Budget) -> Result<Connected, RegistryError> {
    match url.scheme {
        Scheme::Http | Scheme::Https => {
            let client = http::Client::new(url.scheme == Scheme::Https, settings, budget.clone())?;
            let wire = gix_transport::client::blocking_io::http::connect_http(client, url, Protocol::V2, false);
            Ok((Box::new(wire), None))
        }
        _ => {
            let (program, wire) = spawned::start(&url, settings, budget.clone())?;
            Ok((Box::new(wire), Some(program)))
        }
    }
}

fn agent() -> gix_protocol::command::Feature {
    ("agent", Some(format!("mpp/{}", env!("CARGO_PKG_VERSION"))))
}

/// What a listed reference names, with its name.
fn direct(reference: &Ref) -> Option<(&BString, ObjectId)> {
    match reference {
        Ref::Direct { full_ref_name, object } | Ref::Symbolic { full_ref_name, object, .. } => {
            Some((full_ref_name, *object))
        }
        Ref::Peeled { full_ref_name, tag, .. } => Some((full_ref_name, *tag)),
        Ref::Unborn { .. } => None,
    }
}

/// Asks for one commit, and says which one is here. There is nothing to negotiate about.
struct Exactly {
    want: ObjectId,
    have: Option<ObjectId>,
}

impl Negotiate for Exactly {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<negotiate::Action> {
        Ok(negotiate::Action::MustNegotiate { remote_ref_target_known: vec![false] })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        arguments.want(self.want);
        true
    }

    fn one_round(
        &mut self,
        _state: &mut negotiate::one_round::State,
        arguments: &mut Arguments,
        _before: Option<&Response>,
    ) -> gix::Result<(negotiate::Round, bool)> {
        self.have.iter().for_each(|have| arguments.have(have));
        let haves = usize::from(self.have.is_some());
        let round = negotiate::Round {
            haves_sent: haves,
            in_vain: 0,
            haves_to_send: haves,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}

/// Checks a pack while it arrives, and keeps it with an index. A pack that builds on objects of the repository gets them added.
fn index(
    pack: &mut dyn BufRead,
    repository: &Repository,
    wanted: &Wanted<'_>,
    progress: &mut dyn gix::DynNestedProgress,
    interrupt: &AtomicBool,
) -> gix::Result<bool> {
    let mut header = [0; 12];
    pack.read_exact(&mut header).map_err(gix::Error::from_error)?;
    let (_, objects) = gix_pack::data::header::decode(&header)?;
    if objects > OBJECTS_MAX {
        let text = format!("expected a pack of at most {OBJECTS_MAX} objects, found {objects}");
        return Err(gix::Error::from_error(std::io::Error::other(text)));
    }
    let options = gix_pack::bundle::write::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(repository::OBJECT_BYTES_MAX),
        ..Default::default()
    };
    let folder = repository.objects.store_ref().path().join("pack");
    let bases = (wanted.bytes_max <= DIFFERENCE_BYTES_MAX).then(|| repository.objects.clone());
    let kind = repository.object_hash();
    let mut whole = (&header[..]).chain(pack);
    let written =
        gix_pack::Bundle::write_to_directory(&mut whole, Some(&folder), progress, interrupt, bases, kind, options)?;
    if let Some(keep) = written.keep_path {
        std::fs::remove_file(keep).map_err(gix::Error::from_error)?;
    }
    Ok(true)
}

/// What an error of gix says, with its causes, escaped: parts of it come from the other side.
fn said(error: &gix::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next.filter(|_| parts.len() < 8) {
        let part = error.to_string();
        if !parts.iter().any(|earlier| earlier.contains(&part)) {
            parts.push(part);
        }
        next = error.source();
    }
    let text: String = parts.join(": ").chars().take(1000).collect();
    mpp_schema::text::escaped(&text)
}

/// Adds what the program behind a connection said about errors.
fn with_talk(detail: String, program: &mut Option<spawned::Program>) -> String {
    let talk = program.as_mut().map(spawned::Program::end).unwrap_or_default();
    let lines: Vec<_> = talk.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect();
    match lines.is_empty() {
        true => detail,
        false => format!("{detail}; {}", mpp_schema::text::escaped(&lines.join("; "))),
    }
}
