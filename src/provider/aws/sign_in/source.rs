//! The way to credentials that a profile describes: where the first ones come from, and which roles
//! are assumed with them.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>

use aws_config::profile::Profile;
use aws_credential_types::Credentials;

use super::problem::{SignInProblem, WAYS};
use super::profiles::{Profiles, setting};

/// The origin of the first credentials.
#[derive(Clone, Debug)]
pub(super) enum CredentialSource {
    /// The variables `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    Environment,
    Key(Credentials),
    Process(String),
    Sso(SsoSource),
    WebIdentity(WebIdentity),
    /// A session of `aws login`.
    Login(String),
    /// The role of a container in ECS or EKS.
    Container,
    /// The role of a machine in EC2.
    Machine,
}

/// A role that is given to a person who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SsoSource {
    /// The `sso-session` section; `None` for a profile of the older form.
    pub session: Option<String>,
    pub start_url: String,
    pub region: String,
    pub account: String,
    pub role: String,
}

/// A role that is assumed with a token in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebIdentity {
    pub role_arn: String,
    pub token_file: String,
    pub session_name: Option<String>,
}

/// A role that is assumed with the credentials before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleToAssume {
    /// The profile that has the role.
    pub profile: String,
    pub arn: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub mfa_serial: Option<String>,
    pub duration_seconds: Option<i32>,
}

/// A whole way to credentials.
#[derive(Clone, Debug)]
pub(super) struct CredentialsPath {
    pub source: CredentialSource,
    /// The place of the first credentials, for people: a profile or a variable.
    pub place: String,
    /// The roles, in the order in which they are assumed.
    pub roles: Vec<RoleToAssume>,
    of_environment: bool,
}

impl CredentialsPath {
    /// Returns true if no profile names the source.
    pub fn is_of_environment(&self) -> bool {
        self.of_environment
    }
}

/// Returns a profile's name as texts have it.
pub(super) fn named(profile: &str) -> String {
    format!("profile `{profile}`")
}

/// Finds the way to the credentials of a profile. `None` means that the profile says nothing about
/// credentials.
pub(super) fn find_path(
    profiles: &Profiles,
    first: &str,
) -> Result<Option<CredentialsPath>, SignInProblem> {
    let (mut roles, mut seen) = (Vec::new(), Vec::<&str>::new());
    let mut name = first;
    let source = loop {
        let Some(profile) = profiles.find_profile(name) else {
            return match seen.last() {
                None => Ok(None),
                Some(before) => Err(SignInProblem::new(
                    format!(
                        "{} has source_profile = {name}, and there is no such profile",
                        named(before)
                    ),
                    profiles.list_names(),
                )),
            };
        };
        if seen.contains(&name) {
            return Err(looping(&seen, name));
        }
        seen.push(name);
        // A profile that another one names as its source gives its keys, even if it has a role.
        if seen.len() > 1
            && let Some(key) = key_of(profile)?
        {
            break Some(CredentialSource::Key(key));
        }
        let Some(role) = role_of(profile)? else { break base_of(profiles, profile)? };
        roles.push(role);
        match source_of_role(profile)? {
            RoleSource::Profile(source) if source == name => break base_of(profiles, profile)?,
            RoleSource::Profile(source) => name = source,
            RoleSource::Environment(source) => break Some(source),
        }
    };
    roles.reverse();
    match source {
        Some(source) => {
            let (place, of_environment) = (named(name), false);
            Ok(Some(CredentialsPath { source, place, roles, of_environment }))
        }
        None if roles.is_empty() => Ok(None),
        None => Err(SignInProblem::new(
            format!(
                "{} has no credentials, and {} takes its own from there",
                named(name),
                named(&roles[0].profile)
            ),
            format!("add aws_access_key_id and aws_secret_access_key, or another way, to `{name}`"),
        )),
    }
}

fn looping(seen: &[&str], name: &str) -> SignInProblem {
    let around = seen.iter().skip_while(|it| **it != name).copied().chain([name]);
    SignInProblem::new(
        format!("source_profile leads in a circle: {}", around.collect::<Vec<_>>().join(" -> ")),
        "let one of them name a profile with keys, or have a credential_source",
    )
}

/// Returns the profile's key. Half a key is an error, as in the AWS CLI.
fn key_of(profile: &Profile) -> Result<Option<Credentials>, SignInProblem> {
    let names = ["aws_access_key_id", "aws_secret_access_key"];
    let [id, secret] = names.map(|name| setting(profile, name));
    let half = |present: &str, missing: &str| {
        SignInProblem::new(
            format!("{} has {present}, but no {missing}", named(profile.name())),
            format!("add {missing} to it, or take {present} out"),
        )
    };
    match (id, secret) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(names[0], names[1])),
        (None, Some(_)) => Err(half(names[1], names[0])),
        (Some(id), Some(secret)) => {
            let token = setting(profile, "aws_session_token").map(str::to_owned);
            Ok(Some(Credentials::new(id, secret, token, None, "profile")))
        }
    }
}

/// Returns the role that the profile assumes with other credentials. With a token file the role is
/// a source of its own.
fn role_of(profile: &Profile) -> Result<Option<RoleToAssume>, SignInProblem> {
    let of = |name| setting(profile, name).map(str::to_owned);
    let Some(arn) = of("role_arn").filter(|_| of("web_identity_token_file").is_none()) else {
        return Ok(None);
    };
    let name = named(profile.name());
    if !arn.starts_with("arn:") {
        return Err(SignInProblem::new(
            format!("{name} has role_arn = {arn}, which is no ARN of a role"),
            "write it as arn:aws:iam::ACCOUNT:role/NAME",
        ));
    }
    let duration_seconds = of("duration_seconds").map(|said| {
        said.parse().map_err(|_| {
            let message = format!("{name} has duration_seconds = {said}, which is no number");
            SignInProblem::new(message, "write a number of seconds from 900 to 43200")
        })
    });
    Ok(Some(RoleToAssume {
        profile: profile.name().to_owned(),
        arn,
        external_id: of("external_id"),
        session_name: of("role_session_name"),
        mfa_serial: of("mfa_serial"),
        duration_seconds: duration_seconds.transpose()?,
    }))
}

enum RoleSource<'a> {
    Profile(&'a str),
    Environment(CredentialSource),
}

fn source_of_role(profile: &Profile) -> Result<RoleSource<'_>, SignInProblem> {
    let name = named(profile.name());
    match (setting(profile, "source_profile"), setting(profile, "credential_source")) {
        (Some(source), None) => Ok(RoleSource::Profile(source)),
        (None, Some(source)) => credential_source(&name, source).map(RoleSource::Environment),
        (Some(_), Some(_)) => Err(SignInProblem::new(
            format!("{name} has source_profile and credential_source"),
            "take one of them out: AWS accepts only one",
        )),
        (None, None) => Err(SignInProblem::new(
            format!("{name} has role_arn, but no source_profile and no credential_source"),
            "add source_profile = NAME: the profile whose credentials assume the role",
        )),
    }
}

fn credential_source(name: &str, source: &str) -> Result<CredentialSource, SignInProblem> {
    match source {
        "Environment" => Ok(CredentialSource::Environment),
        "Ec2InstanceMetadata" => Ok(CredentialSource::Machine),
        "EcsContainer" => Ok(CredentialSource::Container),
        other => Err(SignInProblem::new(
            format!("{name} has credential_source = {other}, which AWS doesn't know"),
            "write Environment, Ec2InstanceMetadata or EcsContainer",
        )),
    }
}

/// Returns what the profile itself says of credentials, in the order of AWS's SDKs.
fn base_of(
    profiles: &Profiles,
    profile: &Profile,
) -> Result<Option<CredentialSource>, SignInProblem> {
    let of = |name| setting(profile, name).map(str::to_owned);
    let name = named(profile.name());
    match (of("web_identity_token_file"), of("role_arn")) {
        (Some(token_file), Some(role_arn)) => {
            let session_name = of("role_session_name");
            return Ok(Some(CredentialSource::WebIdentity(WebIdentity {
                role_arn,
                token_file,
                session_name,
            })));
        }
        (Some(_), None) => {
            return Err(SignInProblem::new(
                format!("{name} has web_identity_token_file, but no role_arn"),
                "add role_arn: the role that the token is for",
            ));
        }
        (None, _) => {}
    }
    if let Some(source) = sso_of(profiles, profile)? {
        return Ok(Some(CredentialSource::Sso(source)));
    }
    if let Some(session) = of("login_session") {
        return Ok(Some(CredentialSource::Login(session)));
    }
    if let Some(command) = of("credential_process") {
        return Ok(Some(CredentialSource::Process(command)));
    }
    Ok(key_of(profile)?.map(CredentialSource::Key))
}

fn sso_of(profiles: &Profiles, profile: &Profile) -> Result<Option<SsoSource>, SignInProblem> {
    let own = |name: &str| setting(profile, name).map(str::to_owned);
    let named = named(profile.name());
    // With neither, the profile is for tools that only need the token.
    let (account, role) = (own("sso_account_id"), own("sso_role_name"));
    if account.is_none() && role.is_none() {
        return Ok(None);
    }
    let missing = |place: &str, name: &str| {
        SignInProblem::new(
            format!("{place} has no {name}"),
            format!("add {name}, or run `aws configure sso --profile {}`", profile.name()),
        )
    };
    let required = |name: &str, value: Option<String>| value.ok_or_else(|| missing(&named, name));
    let (account, role) = (required("sso_account_id", account)?, required("sso_role_name", role)?);
    let Some(session) = own("sso_session") else {
        let region = required("sso_region", own("sso_region"))?;
        let start_url = required("sso_start_url", own("sso_start_url"))?;
        return Ok(Some(SsoSource { session: None, start_url, region, account, role }));
    };
    if !profiles.has_sso_session(&session) {
        return Err(SignInProblem::new(
            format!("{named} has sso_session = {session}, and there is no such section"),
            format!("add [sso-session {session}] to the config file, or run `aws configure sso`"),
        ));
    }
    let of_session = |name| match (profiles.sso_setting(&session, name), own(name)) {
        (Some(there), Some(here)) if there != here => Err(SignInProblem::new(
            format!("{named} and its sso_session have different values of {name}"),
            format!("take {name} out of the profile"),
        )),
        (Some(there), _) => Ok(there.to_owned()),
        (None, _) => Err(missing(&format!("the sso-session `{session}`"), name)),
    };
    let (start_url, region) = (of_session("sso_start_url")?, of_session("sso_region")?);
    Ok(Some(SsoSource { session: Some(session), start_url, region, account, role }))
}

/// Finds the way to credentials that the environment describes: keys first, unless a profile is
/// asked for by an option.
pub(super) fn find_in_environment(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<CredentialsPath>, SignInProblem> {
    let Some(_) = variable("AWS_ACCESS_KEY_ID") else { return Ok(None) };
    key_in_environment(variable)?;
    Ok(Some(from_environment(CredentialSource::Environment, "AWS_ACCESS_KEY_ID")))
}

fn from_environment(source: CredentialSource, place: &str) -> CredentialsPath {
    CredentialsPath { source, place: place.to_owned(), roles: Vec::new(), of_environment: true }
}

/// Returns the key in the environment.
pub(super) fn key_in_environment(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Credentials, SignInProblem> {
    let of = |name: &str, other: &str| {
        variable(name).ok_or_else(|| match variable(other) {
            Some(_) => SignInProblem::new(
                format!("{other} is set, but {name} is not"),
                format!("set {name}, or unset {other}"),
            ),
            None => SignInProblem::new(format!("{name} is not set"), WAYS),
        })
    };
    let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
    let (id, secret) = (of(id, secret)?, of(secret, id)?);
    Ok(Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"))
}

/// Finds what the machine gives to its programs: a token, the role of the container, the role of
/// the machine. A profile that is asked for by an option keeps the token out, as in the AWS CLI.
pub(super) fn find_on_machine(
    variable: &dyn Fn(&str) -> Option<String>,
    with_token: bool,
) -> Result<CredentialsPath, SignInProblem> {
    let token = "AWS_WEB_IDENTITY_TOKEN_FILE";
    if let Some(token_file) = variable(token).filter(|_| with_token) {
        let role_arn = variable("AWS_ROLE_ARN").ok_or_else(|| {
            SignInProblem::new(
                format!("{token} is set, but AWS_ROLE_ARN is not"),
                "set AWS_ROLE_ARN to the role that the token is for",
            )
        })?;
        let session_name = variable("AWS_ROLE_SESSION_NAME");
        let source =
            CredentialSource::WebIdentity(WebIdentity { role_arn, token_file, session_name });
        return Ok(from_environment(source, token));
    }
    for container in CONTAINER {
        if variable(container).is_some() {
            return Ok(from_environment(CredentialSource::Container, container));
        }
    }
    Ok(from_environment(CredentialSource::Machine, "the role of this machine"))
}

/// The variables that tell where a container's credentials are.
pub(super) const CONTAINER: [&str; 2] =
    ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
