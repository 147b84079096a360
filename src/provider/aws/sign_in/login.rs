//! Credentials of people who signed in with `aws login`.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html>

use std::error::Error;
use std::path::PathBuf;

use aws_config::login::LoginCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::super::network;
use super::super::wiring::Wiring;
use super::problem::SignInProblem;
use super::profiles::variable;

/// Takes the credentials that `aws login` left, and renews them if they have expired.
pub(super) async fn sign_in(
    wiring: &Wiring,
    session: &str,
    place: &str,
) -> Result<Credentials, SignInProblem> {
    let profile = place.split('`').nth(1).unwrap_or("default");
    let anew = format!("run `aws login --profile {profile}`");
    let file = cache_file(session)
        .ok_or_else(|| SignInProblem::new("the home directory is not known", "set HOME"))?;
    if !file.exists() {
        return Err(SignInProblem::new(
            format!("{place} is not signed in: there is no {}", file.display()),
            anew,
        ));
    }
    let provider =
        LoginCredentialsProvider::builder(session).configure(&wiring.provider_config()).build();
    provider.provide_credentials().await.map_err(|error| {
        let trouble = network::explain(&error as &(dyn Error + 'static));
        SignInProblem::new(
            format!("the sign-in of {place} ({session}) cannot be used: {}", trouble.words),
            anew,
        )
    })
}

/// Returns the file that `aws login` writes for a session.
fn cache_file(session: &str) -> Option<PathBuf> {
    let folder = variable("AWS_LOGIN_CACHE_DIRECTORY").map(PathBuf::from);
    let folder = folder.or_else(|| Some(home::home_dir()?.join(".aws/login/cache")))?;
    let name = HEXLOWER.encode(&Sha256::digest(session.trim().as_bytes()));
    Some(folder.join(name).with_extension("json"))
}
