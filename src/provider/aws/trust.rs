//! The authorities whose certificates are trusted, where they are not the system's.

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::sign_in::{Profiles, SignInProblem, variable};

/// Reads the file that `AWS_CA_BUNDLE`, or `ca_bundle` of the profile, names.
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html>
pub(super) fn find_authorities(profiles: &Profiles) -> Result<Option<Vec<u8>>, SignInProblem> {
    let name = "AWS_CA_BUNDLE";
    let by_variable = variable(name).map(|path| (path, name.to_owned()));
    let by_profile = || {
        let path = profiles.setting("ca_bundle")?.to_owned();
        Some((path, format!("ca_bundle of profile `{}`", profiles.chosen_name())))
    };
    let Some((path, from)) = by_variable.or_else(by_profile) else { return Ok(None) };
    let help = format!("correct {from}, or take it away to trust the system's authorities");
    let problem =
        |why: &str| SignInProblem::of_settings(format!("{path}, which {from} names, {why}"), &help);
    let pem = std::fs::read(&path).map_err(|error| problem(&format!("cannot be read: {error}")))?;
    // The SDK panics at what it cannot read.
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|_| problem("holds a certificate that is damaged"))?;
    if certificates.is_empty() {
        return Err(problem("holds no certificate in PEM"));
    }
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let added = store.add(certificate);
        added.map_err(|_| problem("holds a certificate that is no authority's"))?;
    }
    Ok(Some(pem))
}
