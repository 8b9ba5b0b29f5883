//! Agents that come in over HTTP: who is who by the token, a session for each, and the address that they use (MCP-40, MCP-43, MCP-49).

use super::{
    shelf::Shelf,
    shelves::{Shelves, lock},
};
use crate::{Around, Event, OpsError, Outside, Surroundings, Who};
use mpp_mcp::{Door, Entered, HttpOptions};
use mpp_schema::{Code, Coded, Digest, Ident, Instant, Problem, codes};
use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// A session in which nothing was asked for so long has ended: an hour.
const IDLE_SECONDS: i64 = 3_600;

/// Where agents are listened to.
#[derive(Debug)]
pub struct Http {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether other machines may reach it. What they send is not encrypted.
    pub allow_remote: bool,
    /// Whom to answer.
    pub callers: HttpOptions,
}

/// Nobody can be listened to.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Others can reach it.
    #[error("did not listen on {0}: other machines can reach it, and tokens would travel unencrypted")]
    Remote(SocketAddr),
    /// Somebody else listens there, or it is none of this machine's.
    #[error("could not listen on {address}")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl Coded for HttpError {
    fn code(&self) -> Code {
        match self {
            Self::Remote(_) => codes::USAGE,
            Self::Taken { .. } => codes::IO_FAILED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Remote(address) => {
                let port = address.port();
                vec![format!("mpp serve --http 127.0.0.1:{port}"), "with TLS in front of it: --allow-remote".to_owned()]
            }
            Self::Taken { .. } => vec!["mpp serve --http 127.0.0.1:0".to_owned()],
        }
    }
}

impl Http {
    pub(super) fn listen(&self) -> Result<TcpListener, HttpError> {
        let address = self.address;
        if !address.ip().is_loopback() && !self.allow_remote {
            return Err(HttpError::Remote(address));
        }
        TcpListener::bind(address).map_err(|source| HttpError::Taken { address, source })
    }
}

/// The agents that are here.
pub(super) struct Seats {
    shelves: Arc<Shelves>,
    outside: Outside,
    wait_seconds: u64,
    taken: Mutex<HashMap<Ident, Seat>>,
}

struct Seat {
    /// Of the token: a new one begins a new session.
    token: Digest,
    last: Instant,
    shelf: Arc<Shelf>,
}

impl Seats {
    pub(super) fn new(shelves: Arc<Shelves>, outside: Outside, wait_seconds: u64) -> Self {
        Self { shelves, outside, wait_seconds, taken: Mutex::default() }
    }

    fn seat(&self, agent: Ident, token: Digest, now: Instant) -> Result<Arc<Shelf>, OpsError> {
        let mut taken = lock(&self.taken);
        let is_here = |seat: &Seat| now.unix_seconds() - seat.last.unix_seconds() < IDLE_SECONDS;
        taken.retain(|_, seat| {
            let stays = is_here(seat);
            if !stays {
                seat.shelf.close();
            }
            stays
        });
        if let Some(seat) = taken.get_mut(&agent) {
            if seat.token == token {
                seat.last = now;
                return Ok(Arc::clone(&seat.shelf));
            }
            seat.shelf.close();
        }
        let session = format!("agent {agent} {token} since {now} of {}", self.outside.around.session());
        let around = Arc::new(Seated { around: Arc::clone(&self.outside.around), session });
        let outside = Outside { around, ..self.outside.clone() };
        let who = Who::Named(agent.to_string());
        let shelf = Arc::new(Shelf::open(Arc::clone(&self.shelves), outside, who, self.wait_seconds)?);
        taken.insert(agent, Seat { token, last: now, shelf: Arc::clone(&shelf) });
        Ok(shelf)
    }
}

impl Door for Seats {
    fn open(&self, token: &str) -> Result<Option<Entered>, Problem> {
        let (found, now) = self.outside.with(|context| (context.home.agent_of_token(token), context.now));
        let entered = found.and_then(|found| {
            let Some((agent, token)) = found else { return Ok(None) };
            let name = agent.to_string();
            let toolbox = self.seat(agent, token, now)?;
            Ok(Some(Entered { agent: name, toolbox }))
        });
        entered.map_err(|error| {
            self.outside.around.tell(Event::Note(format!("{}: {}", error.code(), error.message())));
            error.problem()
        })
    }
}

/// What a session of one agent knows of its surroundings: its own words for the session, and everything else as it is.
struct Seated {
    around: Arc<dyn Around>,
    session: String,
}

impl Surroundings for Seated {
    fn variable(&self, name: &str) -> Option<String> {
        self.around.variable(name)
    }
    fn user_home(&self) -> Option<PathBuf> {
        self.around.user_home()
    }
    fn session(&self) -> String {
        self.session.clone()
    }
    fn now(&self) -> Option<Instant> {
        self.around.now()
    }
}

impl Around for Seated {
    fn tell(&self, event: Event) {
        self.around.tell(event);
    }
}
