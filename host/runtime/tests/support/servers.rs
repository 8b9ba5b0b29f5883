//! Servers for tests: each plays one part, on a port of its own of this machine, and keeps what it was asked.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};

/// What a server reads from and writes to.
pub(crate) trait Wire: Read + Write {}
impl<W: Read + Write> Wire for W {}

/// A request as it came: its head, and its body without the framing.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A server that runs until the tests end.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    closed: Mutex<Receiver<()>>,
}

type Part = Arc<dyn Fn(&Asked, &mut dyn Wire) -> std::io::Result<()> + Send + Sync>;

impl Server {
    /// Answers each connection once, as `part` says.
    pub(crate) fn plain(part: impl Fn(&Asked, &mut dyn Wire) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start(Arc::new(part), None)
    }

    /// The same over TLS.
    pub(crate) fn tls(identity: &Identity) -> Self {
        Self::start(Arc::new(hello), Some(Arc::clone(&identity.config)))
    }

    /// Does not listen, and says something else than TLS.
    pub(crate) fn deaf() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
            }
        });
        Self { address, asked: Arc::default(), closed: Mutex::new(channel().1) }
    }

    fn start(part: Part, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::default();
        let (closing, closed) = channel();
        let shared: Arc<Mutex<Vec<Asked>>> = Arc::clone(&asked);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (part, asked, tls, closing) =
                    (Arc::clone(&part), Arc::clone(&shared), tls.clone(), closing.clone());
                std::thread::spawn(move || serve(connection, tls, &part, &asked, &closing));
            }
        });
        Self { address, asked, closed: Mutex::new(closed) }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no server panics").clone()
    }

    /// Waits until one more connection was closed by the other side.
    #[track_caller]
    pub(crate) fn wait_until_closed(&self) {
        let closed = self.closed.lock().expect("one waits");
        closed.recv_timeout(Duration::from_secs(60)).expect("the other side closes the connection");
    }
}

/// A failure to write is the other side's decision, which the tests look at from there.
fn serve(
    mut connection: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    part: &Part,
    asked: &Mutex<Vec<Asked>>,
    closing: &Sender<()>,
) {
    let speak = |wire: &mut dyn Wire| -> std::io::Result<()> {
        let request = request(wire)?;
        asked.lock().expect("no server panics").push(request.clone());
        part(&request, wire)?;
        wire.flush()
    };
    match tls {
        None => drop(speak(&mut connection)),
        Some(config) => {
            let session = ServerConnection::new(config).expect("a session");
            let mut wire = StreamOwned::new(session, connection);
            drop(speak(&mut wire));
            wire.conn.send_close_notify();
            drop(wire.flush());
            connection = wire.sock;
        }
    }
    connection.shutdown(std::net::Shutdown::Write).ok();
    while connection.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
    closing.send(()).ok();
}

fn line(wire: &mut dyn Wire) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        wire.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(line)
}

fn request(wire: &mut dyn Wire) -> std::io::Result<Asked> {
    let mut head = Vec::new();
    loop {
        let line = line(wire)?;
        if line == b"\r\n" {
            break;
        }
        head.extend(line);
    }
    let head = String::from_utf8(head).expect("the host sends plain heads");
    let mut body = Vec::new();
    while head.contains("transfer-encoding: chunked") {
        let size = line(wire)?;
        let size = std::str::from_utf8(&size).expect("a size").trim();
        let mut piece = vec![0; usize::from_str_radix(size, 16).expect("a size")];
        wire.read_exact(&mut piece)?;
        line(wire)?;
        if piece.is_empty() {
            break;
        }
        body.extend(piece);
    }
    if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        body = vec![0; length.parse().expect("a size")];
        wire.read_exact(&mut body)?;
    }
    Ok(Asked { head, body })
}

/// A whole response with a body.
pub(crate) fn respond(wire: &mut dyn Wire, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    write!(wire, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

/// The part of a good server.
pub(crate) fn hello(_: &Asked, wire: &mut dyn Wire) -> std::io::Result<()> {
    respond(wire, "200 OK", "x-test: yes\r\n", "hello")
}

/// Says nothing until the other side has had enough.
pub(crate) fn silence(wire: &mut dyn Wire) -> std::io::Result<()> {
    while wire.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

/// Who a server of TLS is, and the root that says so.
pub(crate) struct Identity {
    config: Arc<ServerConfig>,
    /// The root's certificate.
    pub(crate) root: Vec<u8>,
}

impl Identity {
    /// A server of this name or address, by a root of its own.
    pub(crate) fn of(name: &str) -> Self {
        let root_key = KeyPair::generate().expect("a key");
        let mut root = CertificateParams::new(Vec::new()).expect("a root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_certificate = root.self_signed(&root_key).expect("a certificate");
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = server.signed_by(&key, &Issuer::new(root, root_key)).expect("a certificate");
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).expect("an identity");
        Self { config: Arc::new(config), root: root_certificate.der().to_vec() }
    }
}
