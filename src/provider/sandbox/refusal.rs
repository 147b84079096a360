//! The refusals of the simulated services.

use uuid::Uuid;

use crate::call::{Failure, FailureKind};

/// A refusal whose call is not known yet.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    kind: FailureKind,
    code: &'static str,
    message: String,
}

pub(super) type SandboxResult<T> = Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(kind: FailureKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into() }
    }

    pub(super) fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(FailureKind::NotFound, "NoSuchEntity", message)
    }

    pub(super) fn already_exists(message: impl Into<String>) -> Self {
        Self::new(FailureKind::AlreadyExists, "EntityAlreadyExists", message)
    }

    pub(super) fn delete_conflict(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Conflict, "DeleteConflict", message)
    }

    pub(super) fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(FailureKind::LimitExceeded, "LimitExceeded", message)
    }

    pub(super) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, code, message)
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(FailureKind::AccessDenied, "AccessDenied", message)
    }

    /// Makes the refusal for a setting that a bucket doesn't have.
    pub(super) fn unset(code: &'static str, message: &str) -> Self {
        Self::new(FailureKind::NotFound, code, message)
    }

    pub(super) fn malformed_xml() -> Self {
        Self::invalid(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published \
                schema",
        )
    }

    /// Returns the answer to `call`; AWS gives every answer a request id.
    pub(super) fn answer(self, call: &str) -> Failure {
        let mut failure = Failure::new(self.kind, call, self.code, self.message);
        failure.request_id = Some(Uuid::new_v4().to_string());
        failure
    }
}
