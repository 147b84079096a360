//! The `--sandbox-enforce` option: the policies under which the simulated account answers.

use std::path::Path;

use super::error::CommandError;
use relayctl::address::{Address, KindName, PrincipalKind};
use relayctl::allowed_files::{DEFAULT_MAX_SIZE, read_regular};
use relayctl::policy::statement::Policy;
use relayctl::policy::{self, Usage};
use relayctl::provider::sandbox::CallerPolicies;

/// Reads the values of the option: `user/NAME` or `role/NAME` of the sandbox, also written as an
/// address (`user.NAME`, `users.NAME`), else files with identity policies.
pub fn sandbox_principal(given: &[String]) -> Result<Option<CallerPolicies>, CommandError> {
    // An environment variable that is set to an empty value counts as not set.
    let given: Vec<&String> = given.iter().filter(|text| !text.is_empty()).collect();
    let principal = |text: &String| {
        let (kind, name) = text.split_once(['/', '.']).filter(|_| !Path::new(text).exists())?;
        let principal = Address::new(KindName::from_word(kind)?, name).principal()?;
        match principal.kind {
            PrincipalKind::User => Some(CallerPolicies::User(principal.name)),
            PrincipalKind::Role => Some(CallerPolicies::Role(principal.name)),
            // A group makes no calls.
            PrincipalKind::Group => None,
        }
    };
    match given.as_slice() {
        [] => Ok(None),
        [one] if principal(one).is_some() => Ok(principal(one)),
        many if many.iter().any(|text| principal(text).is_some()) => Err(CommandError::new(
            "--sandbox-enforce takes one user or role, or policy files, not both",
        )),
        files => files
            .iter()
            .map(|file| load(Path::new(file)))
            .collect::<Result<_, _>>()
            .map(CallerPolicies::Under)
            .map(Some),
    }
}

fn load(file: &Path) -> Result<Policy, CommandError> {
    let bytes = read_regular(file, DEFAULT_MAX_SIZE).map_err(|refusal| {
        CommandError::from(refusal).with_help(
            "--sandbox-enforce takes a file with an identity policy, such as `relayctl \
                permissions MANIFEST` prints, or user/NAME or role/NAME of the sandbox",
        )
    })?;
    let shown = file.display().to_string();
    let text = String::from_utf8(bytes)
        .map_err(|error| CommandError::because(format!("{shown} is not UTF-8 text"), error))?;
    let document = policy::parse(&text).map_err(|error| CommandError::because(&shown, error))?;
    if let Some(finding) = policy::validate(&document, Usage::Managed).first() {
        return Err(CommandError::new(format!(
            "{shown}: {} ({})",
            finding.message, finding.pointer
        )));
    }
    Policy::compile(&shown, &document)
        .map_err(|error| CommandError::new(error.to_string()).caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::render::command::RunOptions;

    #[test]
    fn a_principal_is_told_from_a_file() {
        let one = |text: &str| sandbox_principal(&[text.to_owned()]);
        assert!(matches!(one("user/ci"), Ok(Some(CallerPolicies::User(name))) if name == "ci"));
        for text in ["role/deploy", "role.deploy", "roles.deploy"] {
            let found = one(text);
            assert!(
                matches!(&found, Ok(Some(CallerPolicies::Role(name))) if name == "deploy"),
                "{text}"
            );
        }
        assert!(one("policy.json").is_err());
        assert!(matches!(sandbox_principal(&[]), Ok(None)) && matches!(one(""), Ok(None)));
        let both = sandbox_principal(&["user/ci".to_owned(), "plan.json".to_owned()]).unwrap_err();
        assert!(both.message.is_some_and(|message| message.contains("not both")));
    }

    #[test]
    fn a_file_must_be_a_valid_identity_policy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        let given = [file.display().to_string()];
        assert!(sandbox_principal(&given).unwrap_err().help_for(&RunOptions::default()).is_some());
        for text in ["{", "[]", r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}"#]
        {
            std::fs::write(&file, text).unwrap();
            let message = sandbox_principal(&given).unwrap_err().message.unwrap();
            assert!(message.starts_with(&given[0]), "{message}");
        }
        let allow = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}"#;
        std::fs::write(&file, allow).unwrap();
        assert!(
            matches!(sandbox_principal(&given), Ok(Some(CallerPolicies::Under(policies))) if policies.len() == 1)
        );
    }
}
