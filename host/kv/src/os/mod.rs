//! What differs between systems: private folders, and the socket by which the processes of one user find each other.
//!
//! Two files with one interface. Where there is no such socket, one process at a time uses the store of a package and the others wait
//! for their turn.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{Listener, Stop, Stream, connect, free_bytes, is_private, make_private};
#[cfg(unix)]
pub(crate) use unix::{Listener, Stop, Stream, connect, free_bytes, is_private, make_private};
