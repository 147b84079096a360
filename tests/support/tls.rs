//! A server that speaks TLS, with a certificate of an authority that no system trusts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server whose every answer is the one that it is given.
pub struct TlsServer {
    pub port: u16,
    /// The authority's certificate, in PEM.
    pub authority: String,
}

impl TlsServer {
    /// Answers every request so, for the name `localhost`.
    pub fn start(answer: String) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned()];
        let params = CertificateParams::new(names).expect("a name");
        let certificate = params.signed_by(&key, &authority).expect("a certificate");
        let secret = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .expect("a certificate with its key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, answer) = (Arc::clone(&config), answer.clone());
                thread::spawn(move || serve(config, stream, &answer));
            }
        });
        Self { port, authority: authority.pem() }
    }
}

/// Answers one request. A client that trusts nobody ends the connection before it sends one.
fn serve(config: Arc<ServerConfig>, stream: TcpStream, answer: &str) {
    let connection = ServerConnection::new(config).expect("a configuration");
    let mut stream = StreamOwned::new(connection, stream);
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => seen.extend_from_slice(&buffer[..read]),
            Ok(0) | Err(_) => return,
        }
    }
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
}
