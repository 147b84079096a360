//! The table of the reads of local files.

use super::LocalFile;
use crate::call::Target;
use crate::call::table::reads;

reads! {
    FileRead of "file" {
        /// The access key id that a profile of the credentials file holds.
        Credentials { profile: String } as "file:ReadCredentials" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
        /// The settings of `[profile NAME]` (`[default]` for default) in the config file.
        Profile { profile: String } as "file:ReadProfile" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
        /// The settings of a profile, in both files, that the AWS CLI and boto3 use before its key:
        /// a role, IAM Identity Center. The value of each is the file in which it stands.
        CredentialSource { profile: String } as "file:ReadCredentialSource" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
        /// The access key id in a key's CSV file.
        KeyCsv { file: LocalFile } as "file:ReadKeyCsv" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
        /// The access key id in a file that is encrypted with age.
        KeyAge { file: LocalFile } as "file:ReadKeyAge" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
        /// One stage of Zappa's settings file.
        Stage { file: LocalFile, stage: String } as "file:ReadStage" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
        /// Tells if the file can be made or replaced here.
        Writable { file: LocalFile } as "file:CheckWritable" => {
            on: Target::Local,
            paged: false,
            why: "",
        }
    }
}
