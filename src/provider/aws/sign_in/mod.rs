//! Credentials, found as the AWS CLI finds them.
//!
//! The SDK finds credentials, too, but it asks for no MFA code, sends AssumeRole past an endpoint
//! that is given, and its errors name neither the profile nor the file. So the way to credentials
//! is found here ([`source`]), and the SDK does what is sent.

mod login;
mod machine;
mod moments;
mod problem;
mod process;
mod profiles;
mod roles;
mod source;
mod sso;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

pub(super) use problem::{SignInProblem, WAYS, in_one_line};
pub(super) use profiles::{ChosenBy, Profiles, variable};

use super::wiring::Wiring;
use moments::RENEWAL;
use source::{CredentialSource, CredentialsPath};

/// The one-time codes of MFA devices.
#[derive(Clone, Debug, Default)]
pub struct MfaCodes {
    /// The code that the command line gives, for one role.
    pub given: Option<String>,
    /// Asks a person for the code of a device, to assume a role. `None` if nobody is there.
    pub ask: Option<fn(&MfaQuestion) -> Option<String>>,
}

/// A question for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaQuestion {
    pub device: String,
    pub role: String,
}

/// The credentials of a run. All connections of the run share them, so that a code is asked for
/// once.
#[derive(Debug, Default)]
pub struct SignInSession {
    held: tokio::sync::Mutex<HeldCredentials>,
    /// The place that the credentials are from, for people.
    place: Mutex<String>,
}

#[derive(Debug, Default)]
struct HeldCredentials {
    credentials: Option<Credentials>,
    code_is_used: bool,
}

impl SignInSession {
    /// Returns the place that the credentials are from; `None` before there are some.
    pub(super) fn place(&self) -> Option<String> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        Some(place.clone()).filter(|place| !place.is_empty())
    }

    fn set_place(&self, place: String) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

/// The provider of credentials behind all clients of a connection.
#[derive(Debug)]
pub(super) struct SignIn {
    pub profiles: Profiles,
    pub wiring: Wiring,
    pub codes: MfaCodes,
    pub session: Arc<SignInSession>,
}

impl ProvideCredentials for SignIn {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.credentials().await.map_err(CredentialsError::provider_error)
        })
    }
}

impl SignIn {
    async fn credentials(&self) -> Result<Credentials, SignInProblem> {
        let mut held = self.session.held.lock().await;
        let valid =
            |it: &&Credentials| it.expiry().is_none_or(|end| end > SystemTime::now() + RENEWAL);
        if let Some(credentials) = held.credentials.as_ref().filter(valid) {
            return Ok(credentials.clone());
        }
        let path = self.find_path()?;
        tracing::debug!(place = path.place, roles = path.roles.len(), "found credentials");
        let mut credentials = self.first_credentials(&path).await?;
        let mut place = path.place.clone();
        for role in &path.roles {
            let code = match &role.mfa_serial {
                Some(device) => Some(self.mfa_code(role, device, &mut held.code_is_used).await?),
                None => None,
            };
            credentials = roles::assume(&self.wiring, role, code, credentials, &place).await?;
            place = format!("the role of profile `{}`", role.profile);
        }
        self.session.set_place(place);
        held.credentials = Some(credentials.clone());
        Ok(credentials)
    }

    /// Finds the way to credentials: the environment, the profile, the machine. A profile that the
    /// option names counts before keys in the environment, as in the AWS CLI: a plan for the wrong
    /// account would be the worse surprise.
    fn find_path(&self) -> Result<CredentialsPath, SignInProblem> {
        let by_option = self.profiles.chosen_by() == ChosenBy::Option;
        if !by_option && let Some(path) = source::find_in_environment(&variable)? {
            return Ok(path);
        }
        match source::find_path(&self.profiles, self.profiles.chosen_name())? {
            Some(path) => Ok(path),
            None => source::find_on_machine(&variable, !by_option),
        }
    }

    async fn first_credentials(
        &self,
        path: &CredentialsPath,
    ) -> Result<Credentials, SignInProblem> {
        let place = path.place.as_str();
        match &path.source {
            CredentialSource::Environment => {
                source::key_in_environment(&variable).map_err(|problem| {
                    if path.is_of_environment() {
                        return problem;
                    }
                    let message =
                        format!("{place} has credential_source = Environment, and {problem}");
                    SignInProblem { message, ..problem }
                })
            }
            CredentialSource::Key(key) => Ok(key.clone()),
            CredentialSource::Process(command) => process::run_process(command, place).await,
            CredentialSource::Sso(source) => sso::sign_in(&self.wiring, source, place).await,
            CredentialSource::WebIdentity(token) => {
                roles::assume_by_token(&self.wiring, token, place).await
            }
            CredentialSource::Login(session) => login::sign_in(&self.wiring, session, place).await,
            CredentialSource::Container => machine::of_container(&self.wiring, place).await,
            CredentialSource::Machine => {
                machine::of_machine(&self.wiring, place, || self.looked_at(path)).await
            }
        }
    }

    /// Returns where credentials were looked for in vain, before the machine was asked.
    fn looked_at(&self, path: &CredentialsPath) -> Option<String> {
        if !path.is_of_environment() {
            return None;
        }
        let name = self.profiles.chosen_name();
        let profile = match self.profiles.chosen() {
            Some(_) => format!("profile `{name}` has none"),
            None => format!("there is no profile `{name}`"),
        };
        let key = match self.profiles.chosen_by() {
            ChosenBy::Option => String::new(),
            ChosenBy::Variable(_) | ChosenBy::Default => {
                "AWS_ACCESS_KEY_ID is not set, ".to_owned()
            }
        };
        Some(format!("{key}{profile}"))
    }

    /// Returns the code of a device: the one that was given, else a person's answer.
    async fn mfa_code(
        &self,
        role: &source::RoleToAssume,
        device: &str,
        code_is_used: &mut bool,
    ) -> Result<String, SignInProblem> {
        if let Some(code) = self.codes.given.clone().filter(|_| !*code_is_used) {
            *code_is_used = true;
            return Ok(code);
        }
        let question = MfaQuestion { device: device.to_owned(), role: role.arn.clone() };
        let missing = || {
            SignInProblem::new(
                format!(
                    "profile `{}` assumes {} with a code of the MFA device {device}, and no new \
                        code was given",
                    role.profile, role.arn
                ),
                "add --mfa-code CODE, or run relayctl on a terminal, where it asks",
            )
        };
        let ask = self.codes.ask.ok_or_else(missing)?;
        // The question blocks in another thread, so that closed connections are noticed meanwhile.
        let answer = tokio::task::spawn_blocking(move || ask(&question)).await;
        answer.ok().flatten().filter(|code| !code.is_empty()).ok_or_else(missing)
    }
}
