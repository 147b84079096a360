//! Errors of the network in plain words.

use std::error::Error;
use std::io;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::CertificateError;

use super::sign_in::in_one_line;

/// The cause of a request that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NetworkTrouble {
    /// The cause, for people.
    pub words: String,
    pub help: Option<&'static str>,
    /// True if another try would end in the same way.
    pub lasting: bool,
}

const HELP_WITH_AUTHORITY: &str = "if an authority of your own issued it, name the file with the \
    authority's certificate: AWS_CA_BUNDLE, or ca_bundle in the profile";

const HELP_WITH_PLAIN: &str =
    "write http:// in place of https:// if the server there is meant to be without TLS";

/// Explains an error by the innermost of its causes that is known.
pub(super) fn explain(error: &(dyn Error + 'static)) -> NetworkTrouble {
    let mut words = error.to_string();
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(trouble) = explain_tls(cause).or_else(|| explain_io(cause)) {
            return trouble;
        }
        words = cause.to_string();
        if words.starts_with("dns error") {
            return NetworkTrouble {
                words: "the name of the host is not known".to_owned(),
                help: Some("check the name, --region and the network's DNS"),
                lasting: false,
            };
        }
        next = beneath(cause);
    }
    let help = None;
    for (said, meant) in
        [("timeout occurred", "no connection in time"), ("timed out", "no answer in time")]
    {
        if words.contains(said) {
            return NetworkTrouble { words: meant.to_owned(), help, lasting: false };
        }
    }
    NetworkTrouble { words: in_one_line(&words), help, lasting: false }
}

/// Returns the next cause. An error of the system leaves out the error that it is made of.
fn beneath<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source())
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the standard library may add kinds")]
fn explain_io(cause: &(dyn Error + 'static)) -> Option<NetworkTrouble> {
    let words = match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => "the connection is refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection was cut",
        io::ErrorKind::UnexpectedEof => "the connection was closed without an answer",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to this host"
        }
        io::ErrorKind::TimedOut => "no connection in time",
        _ => return None,
    };
    Some(NetworkTrouble { words: words.to_owned(), help: None, lasting: false })
}

fn explain_tls(cause: &(dyn Error + 'static)) -> Option<NetworkTrouble> {
    // What `tokio-rustls` says of a server that closes the connection when it is greeted.
    if cause.to_string() == "tls handshake eof" {
        let words = "the connection was closed when TLS began".to_owned();
        return Some(NetworkTrouble { words, help: Some(HELP_WITH_PLAIN), lasting: false });
    }
    let error = cause.downcast_ref::<rustls::Error>()?;
    #[allow(clippy::wildcard_enum_match_arm, reason = "rustls may add errors")]
    let (words, help) = match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => {
                ("its certificate is of an unknown authority".to_owned(), HELP_WITH_AUTHORITY)
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "its certificate has expired".to_owned(),
                "check the clock of this machine, or have the certificate renewed",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (
                    "its certificate is for another name".to_owned(),
                    "write the address with the name that the certificate has",
                )
            }
            _ => (
                format!("its certificate is refused: {}", in_one_line(&why.to_string())),
                HELP_WITH_AUTHORITY,
            ),
        },
        rustls::Error::InvalidMessage(_) => ("it does not speak TLS".to_owned(), HELP_WITH_PLAIN),
        other => (format!("TLS failed: {}", in_one_line(&other.to_string())), HELP_WITH_AUTHORITY),
    };
    Some(NetworkTrouble { words, help: Some(help), lasting: true })
}

/// Returns the address that a request goes to, without what only the request has; and the proxy
/// that it goes through.
pub(super) fn target(uri: &str) -> String {
    let Ok(uri) = uri.parse::<http::Uri>() else { return "an address that is no URL".to_owned() };
    let target = address(&uri);
    match Matcher::from_env().intercept(&uri) {
        Some(proxy) => {
            let variable = proxy_variable(uri.scheme_str() == Some("https"));
            format!("{target} through the proxy {} ({variable})", address(proxy.uri()))
        }
        None => target,
    }
}

/// Returns scheme, host and port. A name and a password are left out.
fn address(uri: &http::Uri) -> String {
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or("http");
    format!("{scheme}://{}{port}", uri.host().unwrap_or_default())
}

/// Returns the variable that names the proxy.
fn proxy_variable(tls: bool) -> &'static str {
    let own = if tls { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let all = ["ALL_PROXY", "all_proxy"];
    let mut names = own.into_iter().chain(all);
    names.find(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty())).unwrap_or(own[0])
}
