//! What one call may use, and how far a package or an embedder may raise it.
//!
//! Numbers only; they are enforced by [`crate::meter`] (memory and tables), the ticker (time), the engine (stack) and the capabilities
//! (output, host data). The defaults and caps are those of the host chapter of the specification.

use mpp_schema::manifest;
use std::time::Duration;

const MIB: usize = 1 << 20;

/// What one call may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all linear memories of a call together.
    pub memory_bytes: usize,
    /// Linear memories in a call.
    pub memories: usize,
    /// Tables in a call.
    pub tables: usize,
    /// Core instances in a call.
    pub instances: usize,
    /// Elements of all tables of a call together.
    pub table_elements: usize,
    /// Bytes of data that one call from the tool to the host may carry.
    pub host_data_bytes: usize,
    /// Handles that the tool may hold at one time, of the host's resources and of its own.
    pub handles: usize,
    /// Random bytes that one request may ask for.
    pub random_bytes: usize,
    /// Wall time of a whole call, waiting in the host included.
    pub time: Duration,
    /// Bytes of stdout, and of stderr.
    pub output_bytes: usize,
    /// Bytes of a result: its texts and bytes, and eight for each other value.
    pub result_bytes: usize,
    /// Bytes of a component.
    pub component_bytes: usize,
    /// What it may use of HTTP.
    pub http: HttpLimits,
}

/// What one call may use of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Requests.
    pub requests: usize,
    /// Requests that are under way at one time; more wait for their turn, as long as for a connection.
    pub at_once: usize,
    /// Bytes of all requests together.
    pub up_bytes: u64,
    /// Bytes of all responses together.
    pub down_bytes: u64,
    /// Headers of one request or response.
    pub headers: usize,
    /// Bytes of these headers, at least 8 KiB for a response.
    pub header_bytes: usize,
    /// Time for looking up the name, connecting and TLS.
    pub connect: Duration,
    /// Time from there to the whole head of the response.
    pub first_byte: Duration,
    /// Time from one piece of the response to the next.
    pub between_bytes: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            requests: 64,
            at_once: 8,
            up_bytes: 8 << 20,
            down_bytes: 32 << 20,
            headers: 128,
            header_bytes: 32 << 10,
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            between_bytes: Duration::from_secs(15),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            memories: 4,
            tables: 16,
            instances: 64,
            table_elements: 20_000,
            host_data_bytes: 8 * MIB,
            handles: 1_024,
            random_bytes: 64 << 10,
            time: Duration::from_secs(30),
            output_bytes: MIB,
            result_bytes: 4 * MIB,
            component_bytes: 32 * MIB,
            http: HttpLimits::default(),
        }
    }
}

impl Limits {
    /// The most linear memory that a package may ask for.
    pub const MEMORY_BYTES_CAP: usize = 512 * MIB;
    /// The most time that a package may ask for.
    pub const TIME_CAP: Duration = Duration::from_secs(300);

    /// These limits with what a package asks for, up to `caps`. A package can also ask for less.
    pub fn asked(&self, asked: Option<&manifest::Limits>, caps: &Caps) -> Self {
        let mut limits = self.clone();
        let Some(asked) = asked else { return limits };
        if let Some(memory) = asked.memory {
            limits.memory_bytes = usize::try_from(memory.0).unwrap_or(usize::MAX).min(caps.memory_bytes);
        }
        if let Some(time_ms) = asked.time_ms {
            limits.time = Duration::from_millis(time_ms).min(caps.time);
        }
        limits
    }

    /// These limits where they are the smaller ones, and `ceilings` elsewhere.
    pub fn under(&self, ceilings: &Ceilings) -> Self {
        fn lower<T: Ord + Copy>(limit: &mut T, ceiling: Option<T>) {
            *limit = ceiling.map_or(*limit, |ceiling| ceiling.min(*limit));
        }
        let mut limits = self.clone();
        lower(&mut limits.memory_bytes, ceilings.memory_bytes);
        lower(&mut limits.time, ceilings.time);
        lower(&mut limits.output_bytes, ceilings.output_bytes);
        lower(&mut limits.result_bytes, ceilings.result_bytes);
        lower(&mut limits.http.requests, ceilings.http_requests);
        lower(&mut limits.http.up_bytes, ceilings.http_up_bytes);
        lower(&mut limits.http.down_bytes, ceilings.http_down_bytes);
        limits
    }
}

/// What a call does not go beyond, whatever the package was allowed otherwise. It only lowers: nothing leaves a limit as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// Bytes of all linear memories of the call together.
    pub memory_bytes: Option<usize>,
    /// Wall time of the whole call.
    pub time: Option<Duration>,
    /// Bytes of stdout, of stderr, and of the log.
    pub output_bytes: Option<usize>,
    /// Bytes of the result.
    pub result_bytes: Option<usize>,
    /// Requests over HTTP.
    pub http_requests: Option<usize>,
    /// Bytes of all requests together.
    pub http_up_bytes: Option<u64>,
    /// Bytes of all responses together.
    pub http_down_bytes: Option<u64>,
}

/// How far a package may raise its limits by asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of all linear memories of a call together.
    pub memory_bytes: usize,
    /// Wall time of a whole call.
    pub time: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self { memory_bytes: Limits::MEMORY_BYTES_CAP, time: Limits::TIME_CAP }
    }
}

#[cfg(test)]
mod tests {
    use super::{Caps, Ceilings, HttpLimits, Limits, MIB};
    use mpp_schema::{ByteSize, manifest};
    use std::time::Duration;

    #[track_caller]
    fn check(memory: Option<u64>, time_ms: Option<u64>, expected: (usize, Duration)) {
        let asked = manifest::Limits { memory: memory.map(ByteSize), time_ms };
        let limits = Limits::default().asked(Some(&asked), &Caps::default());
        assert_eq!((limits.memory_bytes, limits.time), expected);
    }

    #[test]
    fn a_package_gets_what_it_asks_for_up_to_the_cap() {
        check(None, None, (64 * MIB, Duration::from_secs(30)));
        check(Some(1 << 20), Some(5), (MIB, Duration::from_millis(5)));
        check(Some(100 << 20), Some(60_000), (100 * MIB, Duration::from_secs(60)));
        check(Some(u64::MAX), Some(u64::MAX), (512 * MIB, Duration::from_secs(300)));
    }

    #[test]
    fn ceilings_lower_and_never_raise() {
        let limits = Limits::default();
        assert_eq!(limits.under(&Ceilings::default()), limits);
        let high = Ceilings {
            memory_bytes: Some(usize::MAX),
            time: Some(Duration::MAX),
            output_bytes: Some(usize::MAX),
            result_bytes: Some(usize::MAX),
            http_requests: Some(usize::MAX),
            http_up_bytes: Some(u64::MAX),
            http_down_bytes: Some(u64::MAX),
        };
        assert_eq!(limits.under(&high), limits);
        let low = Ceilings {
            memory_bytes: Some(1),
            time: Some(Duration::from_millis(2)),
            output_bytes: Some(3),
            result_bytes: Some(4),
            http_requests: Some(5),
            http_up_bytes: Some(6),
            http_down_bytes: Some(7),
        };
        let http = HttpLimits { requests: 5, up_bytes: 6, down_bytes: 7, ..HttpLimits::default() };
        let time = Duration::from_millis(2);
        let expected = Limits { memory_bytes: 1, time, output_bytes: 3, result_bytes: 4, http, ..Limits::default() };
        assert_eq!(limits.under(&low), expected);
    }
}
