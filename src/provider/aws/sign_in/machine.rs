//! Credentials of the machine or the container that relayctl runs on.

use std::error::Error;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;

use super::super::network;
use super::super::wiring::Wiring;
use super::problem::{SignInProblem, WAYS};
use super::profiles::variable;
use super::source::CONTAINER;

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";

/// Gets the credentials of a container's role.
pub(super) async fn of_container(
    wiring: &Wiring,
    place: &str,
) -> Result<Credentials, SignInProblem> {
    let address = CONTAINER.into_iter().find_map(|name| Some((name, variable(name)?)));
    let Some((name, address)) = address else {
        return Err(SignInProblem::new(
            format!(
                "{place} has credential_source = EcsContainer, and {} is not set",
                CONTAINER[0]
            ),
            "run in a container of ECS or EKS, or name another source of credentials",
        ));
    };
    let provider = EcsCredentialsProvider::builder().configure(&wiring.provider_config()).build();
    provider.provide_credentials().await.map_err(|error| {
        let trouble = network::explain(&error as &(dyn Error + 'static));
        SignInProblem::new(
            format!(
                "the container's credentials at {address} ({name}) cannot be had: {}",
                trouble.words
            ),
            format!("check {name}, and that the task or pod has a role; or unset {name}"),
        )
    })
}

/// Gets the credentials of a machine's role. `before` tells where else they were looked for, unless
/// the profile says that they are here.
pub(super) async fn of_machine(
    wiring: &Wiring,
    place: &str,
    before: impl Fn() -> Option<String>,
) -> Result<Credentials, SignInProblem> {
    let missing = |why: &str| match before() {
        Some(before) => SignInProblem::new(format!("no credentials: {before}, and {why}"), WAYS),
        None => SignInProblem::new(
            format!("{place} has credential_source = Ec2InstanceMetadata, and {why}"),
            "run on a machine of EC2 that has a role, or name another source of credentials",
        ),
    };
    if variable(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(missing(&format!("{DISABLED} is true")));
    }
    let provider = ImdsCredentialsProvider::builder().configure(&wiring.provider_config()).build();
    provider.provide_credentials().await.map_err(|error| {
        let trouble = network::explain(&error as &(dyn Error + 'static));
        let service = "EC2's metadata service";
        let absent = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        match trouble.words {
            words if absent && words.contains("404") => missing("this machine has no role"),
            words => missing(&format!("{service} gives none: {words}")),
        }
    })
}
