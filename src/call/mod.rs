//! Every read and every write that relayctl can make, as data.
//!
//! Each call is one row of a table ([`iam`], [`s3`], [`mod@file`]), which holds all facts about the
//! call. A resource kind returns [`Write`]s, and `reads` finds the fewest [`Read`]s that answer the
//! kinds' facets; a provider sends them and answers with a [`Reply`] or a [`Failure`].

pub mod file;
pub mod iam;
mod partition;
pub mod permission;
pub mod s3;
mod table;

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use file::{FileRead, FileReply, FileWrite, LocalFile, SecretSource};
pub use iam::{IamRead, IamReply, IamWrite};
pub use partition::partition;
pub use permission::{ObjectPaths, Permission, Target};
pub use s3::{BucketRef, S3Read, S3Reply, S3Write};
pub use table::{LostAnswer, ReadFacts, WriteFacts, WriteVerb};

/// One request that changes nothing. A paged request stands for all of its pages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Read {
    /// sts:GetCallerIdentity
    CallerIdentity,
    /// The current time. It is read like everything else, so that a decision which depends on it
    /// can be tested for any time.
    Clock,
    Iam(IamRead),
    S3(S3Read),
    File(FileRead),
}

/// One request that changes something. It holds no secret: a key's secret travels in
/// [`StepOutput`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Write {
    Iam(IamWrite),
    S3(S3Write),
    File(FileWrite),
    /// sts:GetCallerIdentity with the carried key: it tells if AWS accepts the key, and for which
    /// user. It changes nothing, but has its place among the writes of a step.
    ProveKey {
        user: String,
    },
}

#[derive(Clone, Debug)]
pub enum Reply {
    /// The answer to a write that carries no information.
    Done,
    /// The answer to a StoreCredentials or StoreKeyCsv that took the place of this key.
    Replaced(NewKey),
    /// The answer to a ReadSecret.
    Secret(NewKey),
    Caller(CallerIdentity),
    Moment(Timestamp),
    Iam(IamReply),
    S3(S3Reply),
    File(FileReply),
}

/// The answer to sts:GetCallerIdentity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerIdentity {
    pub account: String,
    pub arn: String,
    pub user_id: String,
}

/// The key with its secret, which an earlier write of a step hands to the later ones that put it
/// into its sinks.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub user: String,
    pub id: String,
    pub secret: SecretString,
}

impl NewKey {
    /// Returns the key that held this one's place, if that was another key and its secret is known.
    /// Both keys are taken to be the same user's.
    pub fn in_place_of(&self, id: Option<&str>, secret: Option<SecretString>) -> Option<Self> {
        let id = id.filter(|id| !id.is_empty() && *id != self.id)?;
        Some(Self { user: self.user.clone(), id: id.to_owned(), secret: secret? })
    }
}

/// The output of a step's writes, which later writes of the same step use.
#[derive(Clone, Debug, Default)]
pub struct StepOutput {
    pub key: Option<NewKey>,
}

/// The observation of an object: absent, present, or unknown. Unknown is never treated as absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed<T> {
    Absent,
    Present(T),
    Unknown(Failure),
}

impl<T> Observed<T> {
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Absent => Observed::Absent,
            Self::Present(value) => Observed::Present(f(value)),
            Self::Unknown(failure) => Observed::Unknown(failure),
        }
    }

    pub fn and_then<U>(self, f: impl FnOnce(T) -> Observed<U>) -> Observed<U> {
        match self {
            Self::Absent => Observed::Absent,
            Self::Present(value) => f(value),
            Self::Unknown(failure) => Observed::Unknown(failure),
        }
    }

    pub fn present(self) -> Option<T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Returns the value, to be changed in place.
    pub fn as_present_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Returns the value without taking it.
    pub fn as_present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// The kind of a failure, by what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// NoSuchEntity, NoSuchBucket, 404 on HeadBucket, a missing file or section.
    NotFound,
    /// EntityAlreadyExists, BucketAlreadyExists, BucketAlreadyOwnedByYou.
    AlreadyExists,
    /// DeleteConflict, BucketNotEmpty: other objects depend on this one.
    Conflict,
    LimitExceeded,
    /// MalformedPolicyDocument, ValidationError, InvalidBucketName …
    Invalid,
    AccessDenied,
    /// The credentials are missing, expired or wrong.
    Credentials,
    Throttled,
    /// No answer, a cut answer, 5xx: the call may or may not have happened.
    Unavailable,
    /// The local side refuses: a profile that holds another key, an unreadable file.
    Refused,
    Other,
}

/// A failed call, with AWS's error, typed until it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Failure {
    pub kind: FailureKind,
    /// The operation, such as `iam:CreateUser`.
    pub call: String,
    /// AWS's error code, such as `NoSuchEntity`.
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    /// The remedy, if it is known better than from the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Box<str>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without credentials, or with a wrong setting, no call would be sent: it is not the call's
        // failure.
        if [Self::NO_CREDENTIALS, Self::BAD_SETTINGS].contains(&self.code.as_str()) {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}: {}", self.call, self.code, self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl Failure {
    /// The code of a call without credentials.
    pub const NO_CREDENTIALS: &str = "NoCredentials";
    /// The code of a call that the settings of the connection forbid.
    pub const BAD_SETTINGS: &str = "BadSettings";

    pub fn new(
        kind: FailureKind,
        call: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            call: call.into(),
            code: code.into(),
            message: message.into(),
            request_id: None,
            help: None,
        }
    }

    /// Makes the failure of a read whose answer is of another kind than the read.
    pub fn unexpected(read: &Read, reply: &Reply) -> Self {
        let message = format!("the answer is of another kind: {reply:?}");
        Self::new(FailureKind::Other, read.action(), "UnexpectedReply", message)
    }
}

impl Read {
    /// Returns the IAM action that allows this call, which is also the call's name in output. Calls
    /// on local files have no IAM action; their names begin with `file:`.
    pub fn action(&self) -> &'static str {
        self.facts().action
    }

    pub fn facts(&self) -> &'static ReadFacts {
        match self {
            Self::CallerIdentity => &CALLER_IDENTITY,
            Self::Clock => &CLOCK,
            Self::Iam(read) => read.facts(),
            Self::S3(read) => read.facts(),
            Self::File(read) => read.facts(),
        }
    }
}

const CALLER_IDENTITY: ReadFacts =
    ReadFacts { action: "sts:GetCallerIdentity", paged: false, why: "", why_after_sweep: "" };

const CLOCK: ReadFacts =
    ReadFacts { action: "local:ReadClock", paged: false, why: "", why_after_sweep: "" };

const PROVE_KEY: WriteFacts = WriteFacts {
    name: "ProveKey",
    action: "sts:GetCallerIdentity",
    verb: WriteVerb::Prove,
    undone_by: None,
    lost_answer: LostAnswer::Repeat,
    names_principals: false,
    gone_stays_gone: false,
};

impl Write {
    pub fn action(&self) -> &'static str {
        self.facts().action
    }

    pub fn facts(&self) -> &'static WriteFacts {
        match self {
            Self::Iam(write) => write.facts(),
            Self::S3(write) => write.facts(),
            Self::File(write) => write.facts(),
            Self::ProveKey { .. } => &PROVE_KEY,
        }
    }

    /// Returns the write's object, for people: a name, an ARN, a file.
    pub fn object(&self) -> String {
        match self {
            Self::Iam(write) => write.object(),
            Self::S3(write) => write.object(),
            Self::File(write) => write.object(),
            Self::ProveKey { user } => format!("the new key of {user}"),
        }
    }
}
