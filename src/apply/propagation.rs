//! The waits for IAM, which is eventually consistent. An object that was just created may not be
//! found yet, and an object that was just removed may still be in the way. Only the pairs of call
//! and error listed here are waited for, and only when this run made the change that has yet to
//! propagate. Everything else fails at once.

use std::time::Duration;

use crate::call::{Failure, FailureKind, Write};

/// The changes of this run that other parts of AWS may not have noticed yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentCreations {
    pub made: bool,
    pub removed: bool,
}

/// A wait for AWS to notice its own change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropagationWait {
    pub why: String,
    pub limit: Duration,
}

/// The timeout after a create. AWS says "usually within seconds". Terraform's provider also waits
/// two minutes.
const MADE: Duration = Duration::from_mins(2);

/// The timeout after a removal. A conflict may also be caused by somebody else, and no wait
/// resolves that.
const REMOVED: Duration = Duration::from_secs(15);

/// The time after which a recorded key that is not visible counts as gone. IAM shows a new key
/// within a second or two. If the key counted as gone earlier, a second key would be created beside
/// it.
pub const UNSEEN: Duration = Duration::from_secs(5);

/// Returns the wait after this failure, if it is one that passes.
pub fn find_wait(
    write: &Write,
    failure: &Failure,
    recent: RecentCreations,
) -> Option<PropagationWait> {
    let object = write.object();
    let says = |text: &str| failure.message.contains(text);
    match (write, failure.kind) {
        // STS does not know a key yet that IAM has just created.
        (Write::ProveKey { .. }, FailureKind::Credentials)
            if failure.code == "InvalidClientTokenId" =>
        {
            Some(PropagationWait { why: format!("IAM has not propagated {object}"), limit: MADE })
        }
        (_, FailureKind::NotFound) if write.facts().gone_stays_gone => None,
        // Creates have no NoSuchEntity except for a boundary, whose policy this run may have
        // created.
        (Write::Iam(_), FailureKind::NotFound)
            if recent.made && failure.code.starts_with("NoSuchEntity") =>
        {
            Some(PropagationWait { why: format!("IAM has not propagated {object}"), limit: MADE })
        }
        // A trust policy or a bucket policy names a role that was created a moment ago.
        (_, FailureKind::Invalid)
            if write.facts().names_principals
                && recent.made
                && says("Invalid principal in policy") =>
        {
            Some(PropagationWait {
                why: format!("IAM has not propagated a principal of the policy of {object}"),
                limit: MADE,
            })
        }
        (Write::S3(_), FailureKind::NotFound) if recent.made && failure.code == "NoSuchBucket" => {
            Some(PropagationWait { why: format!("S3 has not propagated {object}"), limit: MADE })
        }
        // S3 answers 409 OperationAborted while a bucket of this name is still being created or
        // removed.
        (Write::S3(_), _) if failure.code == "OperationAborted" => {
            Some(PropagationWait { why: format!("S3 is still busy with {object}"), limit: MADE })
        }
        (Write::Iam(_), FailureKind::Conflict)
            if recent.removed && failure.code.starts_with("DeleteConflict") =>
        {
            Some(PropagationWait {
                why: format!("IAM still sees something on {object} that was just removed"),
                limit: REMOVED,
            })
        }
        // ConcurrentModification: IAM is working on another change of the same entity.
        (Write::Iam(_), _) if failure.code.starts_with("ConcurrentModification") => {
            Some(PropagationWait {
                why: format!("IAM is still busy with {object}"),
                limit: REMOVED,
            })
        }
        _ => None,
    }
}

/// Returns the time until the next try: 1, 2, 4, then 5 seconds.
pub fn pause(tries: u32) -> Duration {
    Duration::from_secs(1_u64.checked_shl(tries).unwrap_or(u64::MAX).min(5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::IamWrite;

    fn attach() -> Write {
        Write::Iam(IamWrite::AttachUserPolicy {
            user: "u".into(),
            arn: "arn:aws:iam::123456789012:policy/p".into(),
        })
    }

    fn failure(kind: FailureKind, code: &str, message: &str) -> Failure {
        Failure::new(kind, "iam:AttachUserPolicy", code, message)
    }

    #[test]
    fn a_missing_entity_is_waited_for_only_after_this_run_made_something() {
        let missing =
            failure(FailureKind::NotFound, "NoSuchEntity", "The user with name u cannot be found.");
        assert!(
            find_wait(&attach(), &missing, RecentCreations { made: true, removed: false })
                .is_some()
        );
        assert_eq!(find_wait(&attach(), &missing, RecentCreations::default()), None);
    }

    #[test]
    fn a_new_key_is_waited_for_until_sts_knows_it_and_a_wrong_one_is_not() {
        let prove = Write::ProveKey { user: "u".into() };
        let unknown = failure(
            FailureKind::Credentials,
            "InvalidClientTokenId",
            "The security token is invalid.",
        );
        let wait_for = |failure: &Failure| {
            find_wait(&prove, failure, RecentCreations { made: true, removed: false })
        };
        assert_eq!(wait_for(&unknown).unwrap().why, "IAM has not propagated the new key of u");
        assert_eq!(
            wait_for(&failure(FailureKind::Credentials, "SignatureDoesNotMatch", "no")),
            None
        );
    }

    #[test]
    fn refusals_are_not_waited_out() {
        let everything = RecentCreations { made: true, removed: true };
        for kind in
            [FailureKind::AccessDenied, FailureKind::LimitExceeded, FailureKind::AlreadyExists]
        {
            assert_eq!(find_wait(&attach(), &failure(kind, "X", "no"), everything), None);
        }
        let malformed =
            failure(FailureKind::Invalid, "MalformedPolicyDocument", "Syntax errors in policy.");
        assert_eq!(find_wait(&attach(), &malformed, everything), None);
    }

    #[test]
    fn pauses_grow_to_five_seconds() {
        let seconds: Vec<u64> = (0..5).map(|tries| pause(tries).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 5, 5]);
        assert_eq!(pause(99).as_secs(), 5);
    }
}
