//! The profiles in the two files of the AWS CLI.

use std::error::Error;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::property::PropertiesKey;

use super::problem::{SignInProblem, in_one_line};

/// The variables that choose a profile, in the order of the AWS CLI.
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html>
const VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];

/// All profiles, and the one that is chosen.
#[derive(Clone, Debug)]
pub(in super::super) struct Profiles {
    sections: ProfileSet,
    name: String,
    by: ChosenBy,
}

/// The way in which the profile was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ChosenBy {
    /// The option `--profile`, before which keys in the environment don't count.
    Option,
    Variable(&'static str),
    Default,
}

/// Returns the value of an environment variable. Set to nothing counts as not set.
pub(in super::super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Profiles {
    /// Reads the two files, and chooses the profile: the option, else the environment, else
    /// `default`.
    pub async fn load_files(option: Option<&str>) -> Result<Self, SignInProblem> {
        let by_variable =
            || VARIABLES.into_iter().find_map(|it| Some((variable(it)?, ChosenBy::Variable(it))));
        let (name, by) = match option {
            Some(name) => (name.to_owned(), ChosenBy::Option),
            None => by_variable().unwrap_or_else(|| ("default".to_owned(), ChosenBy::Default)),
        };
        Self::read_files(&EnvConfigFiles::default(), name, by).await
    }

    #[allow(clippy::default_trait_access, reason = "the SDK hides these two types")]
    async fn read_files(
        files: &EnvConfigFiles,
        name: String,
        by: ChosenBy,
    ) -> Result<Self, SignInProblem> {
        let (system, environment) = (Default::default(), Default::default());
        let chosen = Some(name.clone().into());
        let sections = aws_config::profile::load(&system, &environment, files, chosen).await;
        let sections = sections.map_err(|error| {
            let detail = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            SignInProblem::of_settings(
                format!("the profiles cannot be read: {}", in_one_line(&detail)),
                "correct that line: AWS's tools don't read the file either",
            )
        })?;
        let profiles = Self { sections, name, by };
        if profiles.chosen().is_none() && by != ChosenBy::Default {
            let asked = match by {
                ChosenBy::Variable(variable) => format!(", which {variable} names"),
                ChosenBy::Option | ChosenBy::Default => String::new(),
            };
            return Err(SignInProblem::new(
                format!("there is no profile `{}`{asked}", profiles.name),
                profiles.list_names(),
            ));
        }
        Ok(profiles)
    }

    /// Returns the chosen profile. Only the profile `default` may be missing.
    pub fn chosen(&self) -> Option<&Profile> {
        self.find_profile(&self.name)
    }

    /// Returns the name of the chosen profile.
    pub fn chosen_name(&self) -> &str {
        &self.name
    }

    pub fn chosen_by(&self) -> ChosenBy {
        self.by
    }

    pub fn find_profile(&self, name: &str) -> Option<&Profile> {
        self.sections.get_profile(name)
    }

    /// Returns a setting of the chosen profile.
    pub fn setting(&self, name: &str) -> Option<&str> {
        setting(self.chosen()?, name)
    }

    /// Returns a setting of the `services` section that the chosen profile names.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>
    pub fn service_setting(&self, service: &str, name: &str) -> Option<&str> {
        let key = PropertiesKey::builder()
            .section_key("services")
            .section_name(self.setting("services")?)
            .property_name(service)
            .sub_property_name(name);
        let value = self.sections.other_sections().get(&key.build().ok()?)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns true if there is such an `sso-session` section.
    pub fn has_sso_session(&self, session: &str) -> bool {
        self.sections.sso_session(session).is_some()
    }

    /// Returns a setting of an `sso-session` section.
    pub fn sso_setting(&self, session: &str, name: &str) -> Option<&str> {
        self.sections.sso_session(session)?.get(name).filter(|value| !value.is_empty())
    }

    /// Returns a sentence with the names of all profiles.
    pub fn list_names(&self) -> String {
        let mut names: Vec<&str> = self.sections.profiles().collect();
        names.sort_unstable();
        match names.as_slice() {
            [] => "there are no profiles at all; `aws configure sso` makes one".to_owned(),
            [name] => format!("the only profile is {name}"),
            names => format!("the profiles are {}", names.join(", ")),
        }
    }
}

/// Returns a setting of a profile. Set to nothing counts as not set.
pub(super) fn setting<'a>(profile: &'a Profile, name: &str) -> Option<&'a str> {
    profile.get(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use aws_runtime::env_config::file::EnvConfigFileKind;

    /// Returns the profiles of a config file with this text.
    pub async fn profiles(config: &str, name: &str) -> Result<Profiles, SignInProblem> {
        let files =
            EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, config).build();
        Profiles::read_files(&files, name.to_owned(), ChosenBy::Option).await
    }

    #[tokio::test]
    async fn a_profile_that_is_not_there_comes_with_those_that_are() {
        let text = "[profile ada]\nregion = x\n[profile grace]\nregion = y\n";
        let refused = profiles(text, "alan").await.unwrap_err();
        assert_eq!(refused.message, "there is no profile `alan`");
        assert_eq!(refused.help, "the profiles are ada, grace");
        assert!(profiles("", "alan").await.unwrap_err().help.contains("no profiles at all"));
    }

    #[tokio::test]
    async fn the_settings_of_one_service_are_in_the_section_that_the_profile_names() {
        let text = "[profile a]\nservices = here\n[services here]\ns3 =\n  endpoint_url = \
            http://localhost:9000\niam =\n  endpoint_url = http://localhost:9001\n";
        let profiles = profiles(text, "a").await.unwrap();
        let of = |service| profiles.service_setting(service, "endpoint_url");
        assert_eq!(of("s3"), Some("http://localhost:9000"));
        assert_eq!(of("iam"), Some("http://localhost:9001"));
        assert_eq!(of("sts"), None);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_told_in_one_line() {
        let refused = profiles("[profile a\n", "a").await.unwrap_err();
        assert!(refused.message.starts_with("the profiles cannot be read: "), "{refused}");
        assert!(refused.message.contains("line 1"), "{refused}");
        assert!(!refused.message.contains('\n'), "{refused}");
    }
}
