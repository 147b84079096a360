//! The error of credentials and settings that were found here, before AWS was asked anything.

use crate::call::{Failure, FailureKind};

/// The help that fits wherever credentials are missing.
pub(in super::super) const WAYS: &str = "sign in (`aws sso login`), name a profile with --profile \
    or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an AWS account, \
    try --sandbox";

/// A problem with the credentials or the settings: what is wrong and where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(in super::super) struct SignInProblem {
    pub kind: FailureKind,
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

impl SignInProblem {
    /// Makes a problem of credentials.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Credentials,
            code: Failure::NO_CREDENTIALS,
            message: message.into(),
            help: help.into(),
        }
    }

    /// Makes a problem of a setting that has nothing to do with credentials.
    pub fn of_settings(message: impl Into<String>, help: impl Into<String>) -> Self {
        let (kind, code) = (FailureKind::Invalid, Failure::BAD_SETTINGS);
        Self { kind, code, ..Self::new(message, help) }
    }
}

impl From<SignInProblem> for Failure {
    fn from(problem: SignInProblem) -> Self {
        let SignInProblem { kind, code, message, help } = problem;
        Self { help: Some(help.into()), ..Self::new(kind, "sts:GetCallerIdentity", code, message) }
    }
}

/// Returns a text in one line, without control characters, and no longer than a line of a log.
pub(in super::super) fn in_one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
