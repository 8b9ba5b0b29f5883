//! TLS in front of a server on the loopback address, with certificates that only an authority of these tests vouches for.

use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::pem::PemObject as _};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
};

/// A certificate that a server shows. All are of one key, and the authority signed all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shows {
    /// One for 127.0.0.1.
    ItsOwn,
    /// One for example.com.
    AnothersName,
    /// One for 127.0.0.1 that has expired.
    AnExpiredOne,
}

impl Shows {
    fn file(self) -> PathBuf {
        in_folder(match self {
            Self::ItsOwn => "server.pem",
            Self::AnothersName => "elsewhere.pem",
            Self::AnExpiredOne => "expired.pem",
        })
    }
}

/// The certificate of who vouches for the servers.
pub(crate) fn authority() -> PathBuf {
    in_folder("authority.pem")
}

fn in_folder(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls")).join(file)
}

/// Passes on what arrives at a new port to the plain server at `address`; gives the port. Serves until the test ends.
pub(crate) fn in_front_of(address: String) -> u16 {
    showing(Shows::ItsOwn, address)
}

/// The same with any of the certificates.
pub(crate) fn showing(shows: Shows, address: String) -> u16 {
    let chain = rustls::pki_types::CertificateDer::pem_file_iter(shows.file()).unwrap();
    let chain: Vec<_> = chain.map(Result::unwrap).collect();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(in_folder("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, config, address) = (client.unwrap(), Arc::clone(&config), address.clone());
            // A client that does not trust the certificate goes away, which is no failure of the server.
            std::thread::spawn(move || drop(serve(client, config, &address)));
        }
    });
    port
}

/// One request at a time: read it whole, pass it on, and send the answer back.
fn serve(client: TcpStream, config: Arc<ServerConfig>, address: &str) -> io::Result<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).map_err(io::Error::other)?, client);
    let request = message(&mut client)?;
    let mut server = TcpStream::connect(address)?;
    server.write_all(&request)?;
    server.shutdown(Shutdown::Write)?;
    client.write_all(&head(&mut server)?)?;
    io::copy(&mut server, &mut client)?;
    client.conn.send_close_notify();
    client.flush()
}

/// A request, whole.
fn message(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = head(client)?;
    let text = String::from_utf8_lossy(&message).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    client.read_exact(&mut body)?;
    message.extend(body);
    Ok(message)
}

/// The head of a request or of an answer, made the last on its connection.
fn head(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    head.truncate(head.len() - 2);
    head.extend_from_slice(b"connection: close\r\n\r\n");
    Ok(head)
}
