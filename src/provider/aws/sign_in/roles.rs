//! Roles that are assumed: with other credentials, or with a token in a file.

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Credentials as StsCredentials;
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::failure::FailureCause;
use super::super::wiring::Wiring;
use super::problem::{SignInProblem, WAYS};
use super::source::{RoleToAssume, WebIdentity};
use crate::call::FailureKind;

/// Assumes a role with credentials that are from `place`.
pub(super) async fn assume(
    wiring: &Wiring,
    role: &RoleToAssume,
    code: Option<String>,
    credentials: Credentials,
    place: &str,
) -> Result<Credentials, SignInProblem> {
    let call = wiring
        .sts_client(Some(credentials))
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(role.session_name.clone().unwrap_or_else(session_name))
        .set_external_id(role.external_id.clone())
        .set_duration_seconds(role.duration_seconds)
        .set_serial_number(role.mfa_serial.clone())
        .set_token_code(code);
    let what = format!("{} cannot be assumed for profile `{}`", role.arn, role.profile);
    match call.send().await {
        Ok(answer) => from_sts(answer.credentials, &what),
        Err(error) => {
            let cause = FailureCause::from(error);
            let known = cause.remedy(&wiring.endpoints, "sts:AssumeRole");
            Err(refused(&what, place, role.mfa_serial.is_some(), &cause, known))
        }
    }
}

/// Assumes a role with a token in a file.
pub(super) async fn assume_by_token(
    wiring: &Wiring,
    identity: &WebIdentity,
    place: &str,
) -> Result<Credentials, SignInProblem> {
    let WebIdentity { role_arn, token_file, session_name: given } = identity;
    let what = format!("{role_arn} cannot be assumed");
    let token = tokio::fs::read_to_string(token_file).await.map_err(|error| {
        SignInProblem::new(
            format!("{what}: the token {token_file} ({place}) cannot be read: {error}"),
            "correct the path to the token, or have the token put there",
        )
    })?;
    let call = wiring
        .sts_client(None)
        .assume_role_with_web_identity()
        .role_arn(role_arn)
        .role_session_name(given.clone().unwrap_or_else(session_name))
        .web_identity_token(token.trim());
    let cause = match call.send().await {
        Ok(answer) => return from_sts(answer.credentials, &what),
        Err(error) => FailureCause::from(error),
    };
    let help = match cause.code.as_str() {
        "InvalidIdentityToken" | "IDPRejectedClaim" | "AccessDenied" => {
            "the role's trust policy must name the token's issuer, audience and subject"
        }
        _ => WAYS,
    };
    let known = match cause.code.as_str() {
        "ExpiredTokenException" => Some("have a new token put into the file".to_owned()),
        _ => cause.remedy(&wiring.endpoints, "sts:AssumeRoleWithWebIdentity"),
    };
    let message = format!("{what} with the token {token_file} ({place}): {}", describe(&cause));
    Err(SignInProblem {
        kind: cause.kind,
        ..SignInProblem::new(message, known.unwrap_or_else(|| help.to_owned()))
    })
}

/// Returns the problem of a role that STS doesn't give.
fn refused(
    what: &str,
    place: &str,
    with_mfa: bool,
    cause: &FailureCause,
    known: Option<String>,
) -> SignInProblem {
    let help = match (cause.kind, with_mfa) {
        (FailureKind::AccessDenied, true) => {
            "give a new code of the device; and the role's trust policy must name the caller, who \
                needs sts:AssumeRole on it"
        }
        (FailureKind::AccessDenied, false) => {
            "the role's trust policy must name the caller, who needs sts:AssumeRole on it; if it \
                demands MFA, add mfa_serial to the profile"
        }
        _ => WAYS,
    };
    let message = format!("{what} with the credentials of {place}: {}", describe(cause));
    SignInProblem {
        kind: cause.kind,
        ..SignInProblem::new(message, known.unwrap_or_else(|| help.to_owned()))
    }
}

/// Returns what AWS said, or why nothing came from there.
fn describe(cause: &FailureCause) -> String {
    if cause.unsent || cause.message.starts_with(&cause.code) {
        return cause.message.clone();
    }
    format!("{}: {}", cause.code, cause.message)
}

fn from_sts(answer: Option<StsCredentials>, what: &str) -> Result<Credentials, SignInProblem> {
    let answer = answer.ok_or_else(|| {
        SignInProblem::new(
            format!("{what}: the answer of STS holds no credentials"),
            "check --endpoint-url and AWS_ENDPOINT_URL: AWS itself always gives some",
        )
    })?;
    let end = SystemTime::try_from(answer.expiration).ok();
    let StsCredentials { access_key_id, secret_access_key, session_token, .. } = answer;
    Ok(Credentials::new(access_key_id, secret_access_key, Some(session_token), end, "sts"))
}

/// Returns the name of a session: CloudTrail shows it.
fn session_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("relayctl-{}", now.as_millis())
}
