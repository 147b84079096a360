//! Credentials of people who signed in with `aws sso login`.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html>

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::Region;
use aws_config::sso::SsoTokenProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::token::ProvideToken;
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha1::{Digest, Sha1};

use super::super::failure::FailureCause;
use super::super::network;
use super::super::wiring::Wiring;
use super::moments::{RENEWAL, parse_time};
use super::problem::SignInProblem;
use super::source::SsoSource;

/// The file that `aws sso login` writes. `Debug` is left out: it would print the token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CachedToken {
    access_token: String,
    expires_at: String,
    refresh_token: Option<String>,
    registration_expires_at: Option<String>,
}

/// Gets the credentials of a role with the token that `aws sso login` left.
pub(super) async fn sign_in(
    wiring: &Wiring,
    source: &SsoSource,
    place: &str,
) -> Result<Credentials, SignInProblem> {
    let anew = anew(source, place);
    let token = token(wiring, source, place).await?;
    let call = wiring
        .sso_client(Region::new(source.region.clone()))
        .get_role_credentials()
        .account_id(&source.account)
        .role_name(&source.role)
        .access_token(token.expose_secret());
    let what = format!("SSO at {}", source.start_url);
    let cause = match call.send().await {
        Ok(answer) => {
            let Some(role) = answer.role_credentials else {
                let message = format!("{what} gives {place} no credentials");
                return Err(SignInProblem::new(message, anew));
            };
            let (Some(id), Some(secret)) = (role.access_key_id, role.secret_access_key) else {
                let message = format!("{what} gives {place} half a key");
                return Err(SignInProblem::new(message, anew));
            };
            let end = u64::try_from(role.expiration).ok();
            let end = end.map(|at| UNIX_EPOCH + Duration::from_millis(at));
            return Ok(Credentials::new(id, secret, role.session_token, end, "sso"));
        }
        Err(error) => FailureCause::from(error),
    };
    let problem = match (cause.unsent, cause.code.as_str()) {
        (false, "UnauthorizedException") => SignInProblem::new(
            format!("{what} no longer accepts the sign-in of {place}: {}", cause.message),
            anew,
        ),
        (false, "ForbiddenException" | "ResourceNotFoundException") => SignInProblem::new(
            format!(
                "{what} does not give {place} the role {} in account {}: {}",
                source.role, source.account, cause.message
            ),
            "correct sso_account_id and sso_role_name, or have the role assigned to you",
        ),
        _ => SignInProblem {
            kind: cause.kind,
            ..SignInProblem::new(
                format!("{what} gives {place} no credentials: {}", cause.message),
                cause.remedy(&wiring.endpoints, "sso:GetRoleCredentials").unwrap_or(anew),
            )
        },
    };
    Err(problem)
}

fn anew(source: &SsoSource, place: &str) -> String {
    match (&source.session, place.split('`').nth(1)) {
        (_, Some(profile)) => format!("run `aws sso login --profile {profile}`"),
        (Some(session), None) => format!("run `aws sso login --sso-session {session}`"),
        (None, None) => "run `aws sso login`".to_owned(),
    }
}

/// Returns the place of the token: `aws sso login` names it after the session, or after the address
/// in profiles of the older form.
fn token_file(source: &SsoSource) -> Option<PathBuf> {
    let name = source.session.as_ref().unwrap_or(&source.start_url);
    let name = HEXLOWER.encode(&Sha1::digest(name.as_bytes()));
    Some(home::home_dir()?.join(".aws/sso/cache").join(name).with_extension("json"))
}

async fn token(
    wiring: &Wiring,
    source: &SsoSource,
    place: &str,
) -> Result<SecretString, SignInProblem> {
    let anew = anew(source, place);
    let problem = |message: String| SignInProblem::new(message, anew.as_str());
    let file = token_file(source)
        .ok_or_else(|| SignInProblem::new("the home directory is not known", "set HOME"))?;
    let shown = file.display();
    let text = match tokio::fs::read(&file).await {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(problem(format!("{place} is not signed in: there is no {shown}")));
        }
        Err(error) => return Err(problem(format!("{shown} of {place} cannot be read: {error}"))),
    };
    let cached: CachedToken = serde_json::from_slice(&text)
        .map_err(|_| problem(format!("{shown} of {place} holds no sign-in")))?;
    let end = parse_time(&cached.expires_at)
        .ok_or_else(|| problem(format!("{shown} of {place} holds no sign-in")))?;
    let now = SystemTime::now();
    if end > now + RENEWAL {
        return Ok(SecretString::from(cached.access_token));
    }
    let renewable = cached.registration_expires_at.as_deref().and_then(parse_time);
    let renewable = cached.refresh_token.is_some() && renewable.is_some_and(|end| end > now);
    if let Some(session) = source.session.as_deref().filter(|_| renewable) {
        return renew(wiring, source, session, place).await;
    }
    Err(problem(format!("the sign-in of {place} expired at {}", cached.expires_at)))
}

/// Gets a new token for the old one. The SDK writes it where `aws sso login` would.
async fn renew(
    wiring: &Wiring,
    source: &SsoSource,
    session: &str,
    place: &str,
) -> Result<SecretString, SignInProblem> {
    let provider = SsoTokenProvider::builder()
        .configure(&wiring.config)
        .start_url(&source.start_url)
        .session_name(session)
        .region(Region::new(source.region.clone()))
        .build()
        .await;
    match provider.provide_token().await {
        Ok(token) => Ok(SecretString::from(token.token().to_owned())),
        Err(error) => {
            let trouble = network::explain(&error as &(dyn Error + 'static));
            let what = format!("the sign-in of {place} expired and cannot be renewed");
            Err(SignInProblem::new(format!("{what}: {}", trouble.words), anew(source, place)))
        }
    }
}
