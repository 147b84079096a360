//! Servers and proxies that cannot be reached, and certificates that nobody trusts.

use super::{BASE, Home, caller, closed, sts};
use crate::support::tls::TlsServer;

const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "hush")];

fn with_key<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    KEY.iter().chain(more).copied().collect()
}

#[test]
fn a_server_that_cannot_be_reached_is_named_with_the_reason() {
    let mut home = Home::new();
    let nobody = closed();
    home.hide(&nobody, "http://CLOSED");
    home.note("refused", &with_key(&[("AWS_ENDPOINT_URL", &nobody)]), &[]);
    home.note("refused, by the option", &KEY, &["--endpoint-url", &nobody]);
    // No name server is asked for a label that is too long.
    let unknown = format!("http://{}.test", "a".repeat(70));
    home.note("unknown name", &with_key(&[("AWS_ENDPOINT_URL", &unknown)]), &[]);
    let plain = sts();
    let tls = plain.endpoint().replace("http://", "https://");
    home.hide(&tls, "https://PLAIN");
    home.note("no TLS", &with_key(&[("AWS_ENDPOINT_URL", &tls)]), &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_proxy_that_cannot_be_reached_is_named_with_its_variable() {
    let mut home = Home::new();
    let nobody = closed();
    let with_password = nobody.replace("http://", "http://ada:hush@");
    home.hide(&nobody, "http://CLOSED");
    home.note("to AWS", &with_key(&[("HTTPS_PROXY", &with_password)]), &[]);
    let server = sts();
    home.hide(server.endpoint(), "http://SERVER");
    let at = ("AWS_ENDPOINT_URL", server.endpoint());
    home.note("to a plain server", &with_key(&[at, ("http_proxy", &nobody)]), &[]);
    assert_eq!(server.requests().len(), 0);
    let past = [at, ("http_proxy", nobody.as_str()), ("NO_PROXY", "127.0.0.1")];
    home.run(&with_key(&past), &[]);
    assert!(!server.requests().is_empty(), "NO_PROXY counts");
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_certificate_of_an_authority_of_ones_own_is_trusted_if_its_file_is_named() {
    let mut home = Home::new();
    let server = TlsServer::start(caller());
    let url = format!("https://localhost:{}", server.port);
    let by_number = format!("https://127.0.0.1:{}", server.port);
    home.hide(&url, "https://SERVER");
    home.hide(&by_number, "https://NUMBER");
    home.project.write("ca.pem", &server.authority);
    home.project.write("none.pem", "nothing\n");
    let damaged = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
    home.project.write("damaged.pem", damaged);
    home.project.write("no-authority.pem", &damaged.replace("!!!!", "AAAA"));
    let path = |name: &str| home.project.path(name).display().to_string();
    let (good, none) = (path("ca.pem"), path("none.pem"));
    let (bad, worse) = (path("damaged.pem"), path("no-authority.pem"));
    let at = ("AWS_ENDPOINT_URL", url.as_str());
    home.note("not named", &with_key(&[at]), &[]);
    home.note("no such file", &with_key(&[at, ("AWS_CA_BUNDLE", "/no/ca.pem")]), &[]);
    home.note("no certificate", &with_key(&[at, ("AWS_CA_BUNDLE", &none)]), &[]);
    home.note("damaged", &with_key(&[at, ("AWS_CA_BUNDLE", &bad)]), &[]);
    home.note("no authority", &with_key(&[at, ("AWS_CA_BUNDLE", &worse)]), &[]);
    let other = ("AWS_ENDPOINT_URL", by_number.as_str());
    home.note("another name", &with_key(&[other, ("AWS_CA_BUNDLE", &good)]), &[]);
    let profile = format!("{}ca_bundle = /no/ca.pem\n", BASE.replace("base", "x"));
    home.note_profile("of a profile", &profile, &[at]);
    // The server answers every request with the caller, so the account is the first thing that is
    // right, and the next call is what fails.
    let trusted = home.run(&with_key(&[at, ("AWS_CA_BUNDLE", &good)]), &[]);
    assert!(!trusted.stderr.contains("certificate"), "{}", trusted.told());
    home.config(&profile.replace("/no/ca.pem", &good));
    let trusted = home.run(&[at], &["--profile", "x"]);
    assert!(!trusted.stderr.contains("certificate"), "{}", trusted.told());
    insta::assert_snapshot!(home.said);
}

#[test]
fn the_sdks_own_words_are_for_the_log() {
    let home = Home::new();
    let nobody = closed();
    let run = home.run(&with_key(&[("AWS_ENDPOINT_URL", &nobody)]), &["-v"]);
    assert!(run.stderr.contains("dispatch failure"), "{}", run.told());
}
