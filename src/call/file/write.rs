//! The table of the writes of local files, and the writes that take a key out of its file again.

use super::{LocalFile, SecretSource, spelt};
use crate::call::Target;
use crate::call::table::writes;
use crate::value::SectionSettings;

writes! {
    FileWrite of "file" {
        /// Reads the secret of `key` from a file, for the later writes of the step. It changes
        /// nothing, but has its place among them. Refuses if the file holds another key.
        ReadSecret { user: String, key: String, from: SecretSource } => {
            verb: Fetch,
            object: from.to_string(),
            on: Target::Local,
        }
        /// Writes the carried key into the profile's section. Refuses if the section holds another
        /// key than `replaces`, unless `replace_profile` is set.
        StoreCredentials { profile: String, replaces: Option<String>, replace_profile: bool } as "file:WriteCredentials" => {
            verb: Deliver,
            object: in_credentials(profile),
            on: Target::Local,
        }
        /// Removes the key from the profile's section if the section holds `key`; removes the
        /// section if nothing else is in it.
        RemoveCredentials { profile: String, key: String } => {
            verb: Delete,
            object: in_credentials(profile),
            on: Target::Local,
        }
        /// Sets these settings in `[profile NAME]`, and leaves the others.
        SetProfile { profile: String, settings: SectionSettings } as "file:WriteProfile" => {
            verb: Update,
            object: in_config(profile),
            on: Target::Local,
        }
        /// Removes these settings, and the section if nothing is left in it.
        UnsetProfile { profile: String, settings: Vec<String> } as "file:RemoveProfile" => {
            verb: Delete,
            object: in_config(profile),
            on: Target::Local,
        }
        /// Writes the carried key as the file that the console's "Download .csv" gives. Refuses to
        /// overwrite a file that holds another key than `replaces`.
        StoreKeyCsv { file: LocalFile, replaces: Option<String> } as "file:WriteKeyCsv" => {
            verb: Deliver,
            object: file.to_string(),
            on: Target::Local,
        }
        /// Deletes the file if it holds `key`.
        RemoveKeyCsv { file: LocalFile, key: String } => {
            verb: Delete,
            object: file.to_string(),
            on: Target::Local,
        }
        /// Encrypts the carried key for these recipients. Refuses to overwrite a file that holds
        /// another key than `replaces`.
        StoreKeyAge { file: LocalFile, recipients: Vec<String>, replaces: Option<String> } as "file:WriteKeyAge" => {
            verb: Deliver,
            object: file.to_string(),
            on: Target::Local,
        }
        /// Deletes the file if it holds `key`.
        RemoveKeyAge { file: LocalFile, key: String } => {
            verb: Delete,
            object: file.to_string(),
            on: Target::Local,
        }
        /// Runs the command, in the manifest's folder and without a shell, with the carried key as
        /// JSON on its standard input.
        RunCommand { command: Vec<String> } as "command:Run" => {
            verb: Deliver,
            object: spelt(command),
            on: Target::Local,
        }
        /// Sets these keys in the stage, and leaves the others, their order and the file's layout.
        SetStage { file: LocalFile, stage: String, settings: SectionSettings } as "file:WriteStage" => {
            verb: Update,
            object: format!("{stage} in {file}"),
            on: Target::Local,
        }
        /// Removes these keys, the stage if nothing is left in it, and the file if no stage is left
        /// in it.
        UnsetStage { file: LocalFile, stage: String, settings: Vec<String> } as "file:RemoveStage" => {
            verb: Delete,
            object: format!("{stage} in {file}"),
            on: Target::Local,
        }
    }
}

impl FileWrite {
    /// Returns the file into which this write puts a key; `None` for a write that puts no key into
    /// a file.
    pub fn key_file(&self) -> Option<LocalFile> {
        match self {
            Self::StoreCredentials { .. } => Some(LocalFile::Credentials),
            Self::StoreKeyCsv { file, .. } | Self::StoreKeyAge { file, .. } => Some(file.clone()),
            Self::ReadSecret { .. }
            | Self::RunCommand { .. }
            | Self::RemoveCredentials { .. }
            | Self::SetProfile { .. }
            | Self::UnsetProfile { .. }
            | Self::RemoveKeyCsv { .. }
            | Self::RemoveKeyAge { .. }
            | Self::SetStage { .. }
            | Self::UnsetStage { .. } => None,
        }
    }

    /// Returns the write that takes the key out of the sink into which this write puts it; `None`
    /// if nothing can.
    pub fn undelivered(&self, key: &str) -> Option<Self> {
        let key = key.to_owned();
        match self {
            Self::StoreCredentials { profile, .. } => {
                Some(Self::RemoveCredentials { profile: profile.clone(), key })
            }
            Self::StoreKeyCsv { file, .. } => Some(Self::RemoveKeyCsv { file: file.clone(), key }),
            Self::StoreKeyAge { file, .. } => Some(Self::RemoveKeyAge { file: file.clone(), key }),
            Self::ReadSecret { .. }
            | Self::RunCommand { .. }
            | Self::RemoveCredentials { .. }
            | Self::SetProfile { .. }
            | Self::UnsetProfile { .. }
            | Self::RemoveKeyCsv { .. }
            | Self::RemoveKeyAge { .. }
            | Self::SetStage { .. }
            | Self::UnsetStage { .. } => None,
        }
    }

    /// Returns the write that takes the key with this id out of the file again.
    pub fn removal(source: &SecretSource, key: &str) -> Self {
        let key = key.to_owned();
        match source {
            SecretSource::Profile(profile) => {
                Self::RemoveCredentials { profile: profile.clone(), key }
            }
            SecretSource::Csv(file) => Self::RemoveKeyCsv { file: file.clone(), key },
        }
    }

    /// Returns the write that puts the carried key into the file, if no other key is in it.
    pub fn storage(source: &SecretSource) -> Self {
        match source.clone() {
            SecretSource::Profile(profile) => {
                Self::StoreCredentials { profile, replaces: None, replace_profile: false }
            }
            SecretSource::Csv(file) => Self::StoreKeyCsv { file, replaces: None },
        }
    }

    /// Returns the file into which this puts a key, if the secret can be read from there.
    pub fn target_source(&self) -> Option<SecretSource> {
        match self {
            Self::StoreCredentials { profile, .. } => Some(SecretSource::Profile(profile.clone())),
            Self::StoreKeyCsv { file, .. } => Some(SecretSource::Csv(file.clone())),
            Self::ReadSecret { .. }
            | Self::RemoveCredentials { .. }
            | Self::SetProfile { .. }
            | Self::UnsetProfile { .. }
            | Self::RemoveKeyCsv { .. }
            | Self::StoreKeyAge { .. }
            | Self::RemoveKeyAge { .. }
            | Self::RunCommand { .. }
            | Self::SetStage { .. }
            | Self::UnsetStage { .. } => None,
        }
    }

    /// Returns the write that puts the carried key into the same sink in place of the key with this
    /// id; `None` for a write that puts no key anywhere.
    pub fn delivered_again(&self, key: &str) -> Option<Self> {
        let replaces = Some(key.to_owned());
        match self {
            Self::StoreCredentials { profile, .. } => Some(Self::StoreCredentials {
                profile: profile.clone(),
                replaces,
                replace_profile: false,
            }),
            Self::StoreKeyCsv { file, .. } => {
                Some(Self::StoreKeyCsv { file: file.clone(), replaces })
            }
            Self::StoreKeyAge { file, recipients, .. } => Some(Self::StoreKeyAge {
                file: file.clone(),
                recipients: recipients.clone(),
                replaces,
            }),
            Self::RunCommand { .. } => Some(self.clone()),
            Self::ReadSecret { .. }
            | Self::RemoveCredentials { .. }
            | Self::SetProfile { .. }
            | Self::UnsetProfile { .. }
            | Self::RemoveKeyCsv { .. }
            | Self::RemoveKeyAge { .. }
            | Self::SetStage { .. }
            | Self::UnsetStage { .. } => None,
        }
    }
}

fn in_credentials(profile: &str) -> String {
    format!("[{profile}] in {}", LocalFile::Credentials)
}

fn in_config(profile: &str) -> String {
    let section =
        if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
    format!("[{section}] in {}", LocalFile::Config)
}
