//! Clients that are slow, stay, or come in crowds: each is cut off, and nobody else waits for them for ever.

use mpp_registry::Registry;
use mpp_registry_web::{
    Catalog,
    server::{self, Limits, Site},
};
use mpp_schema::Instant;
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

/// A server of a registry that was never read: it has only problem documents to answer with, which is enough here. It ends with the tests.
fn server(limits: Limits) -> SocketAddr {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path().to_str().unwrap(), folder.path()).unwrap();
    let now = Box::new(|| Instant::from_unix_seconds(1_769_860_800).unwrap());
    let site = Arc::new(Site::new(Catalog::new("test", registry), Vec::new(), now));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || server::serve(listener, site, limits));
    address
}

/// A client that waits long, but not for ever.
fn client(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Reads until the server closes; a server that never does is an error after the client's patience.
fn rest(mut stream: TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        ended => drop(ended?),
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const QUESTION: &[u8] = b"GET /api/v1/log.json HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn impatient() -> Limits {
    Limits { head: Duration::from_secs(1), requests_per_second: None, ..Limits::default() }
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let address = server(impatient());
    for begun in [&b""[..], b"GET", b"GET / HTTP/1.1\r\nhost: localhost\r\n", b"GET / HTTP/1.1\r\nx: a\r\nx"] {
        let mut slow = client(address);
        slow.write_all(begun).unwrap();
        let said = rest(slow).expect("the server closes");
        assert!(!said.contains(" 200 "), "{said}");
    }
}

#[test]
fn a_connection_that_is_idle_after_its_answer_is_closed() {
    let mut idle = client(server(impatient()));
    idle.write_all(QUESTION).unwrap();
    let said = rest(idle).expect("the server closes");
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
}

#[test]
fn who_asks_and_never_reads_is_cut_off() {
    let address = server(Limits { connection: Duration::from_secs(2), requests_per_second: None, ..Limits::default() });
    let mut deaf = client(address);
    // More answers than the buffers of both ends hold, so the server is left with one that it cannot send.
    while deaf.write_all(QUESTION).is_ok() {}
    let mut other = client(address);
    other.write_all(QUESTION).unwrap();
    assert!(rest(other).expect("the server closes").starts_with("HTTP/1.1 503 "));
}

#[test]
fn a_full_house_lets_the_next_one_in_when_somebody_is_cut_off() {
    let address = server(Limits { connections: 2, ..impatient() });
    let silent: Vec<_> = (0..6).map(|_| client(address)).collect();
    let mut next = client(address);
    next.write_all(QUESTION).unwrap();
    assert!(rest(next).expect("the server closes").starts_with("HTTP/1.1 503 "));
    drop(silent);
}
