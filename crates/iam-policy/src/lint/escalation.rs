//! The rules of the published escalation paths, one for each path.

use crate::diagnostic::Severity;
use crate::escalation::{Gain, Path, all};

use super::rule::Rule;

/// Returns the rules of the paths that [`escalations`](crate::escalations) finds.
pub fn escalation_rules() -> impl Iterator<Item = Rule> {
    all().map(of_path)
}

/// Returns the escalation path that a rule is about.
pub(super) fn path_of(rule: &Rule) -> Option<&'static Path> {
    all().find(|path| path.name == rule.name)
}

fn of_path(path: &Path) -> Rule {
    let (severity, why, remedy) = by_gain(path.gain);
    Rule::new(path.name, severity, path.gives, why, remedy)
}

/// Returns the severity, the reason and the remedy that paths with the same gain share.
fn by_gain(gain: Gain) -> (Severity, &'static str, &'static str) {
    match gain {
        Gain::Everything => (
            Severity::Error,
            "With these permissions together somebody has every other one. All that a user or \
                role holds counts, within its boundary and without what a Deny takes away.",
            "Take one of the permissions away; or demand iam:PermissionsBoundary in a condition \
                where roles are made and changed.",
        ),
        Gain::Permissions => (
            Severity::Error,
            "On itself, or on a pattern of names, it is an error; on others that are named a \
                warning. A condition on iam:PermissionsBoundary or iam:PolicyARN makes it a note, \
                unless an administrator's policy passes it, or one that it can write.",
            "Name the objects that it must change, without itself; or demand \
                iam:PermissionsBoundary or iam:PolicyARN in a condition.",
        ),
        Gain::Boundary => (
            Severity::Error,
            "A permissions boundary that its bearer can lift bounds nothing. It is an error for \
                one's own, else a warning, and a note for others that are named.",
            "Deny it on everything that carries the boundary, as AWS's guide to permissions \
                boundaries does.",
        ),
        Gain::Principal => (
            Severity::Error,
            "On a pattern of names it is an error, since one of them may be an administrator; on \
                those that are named it is a warning: it gives what they may do.",
            "Name the users or roles that are meant, none of which may do more; for iam:PassRole \
                demand iam:PassedToService too.",
        ),
        Gain::Service => (
            Severity::Warning,
            "It gives what others may do in some services only. On a pattern of names it is a \
                warning; on those that are named a note.",
            "Name the users or roles that are meant, or itself: ${aws:username}.",
        ),
        Gain::Deny => (
            Severity::Warning,
            "What its own policies deny, it may do once they are gone. It is told only where one \
                of the policies has a Deny on something that they allow.",
            "Deny it on itself, or have a permissions boundary deny the rest instead.",
        ),
        Gain::Existing => (
            Severity::Warning,
            "Whoever decides what something does can use the role it runs as. On a pattern of \
                names it is a warning; on one that is named a note, since that is what deploying \
                means.",
            "Name the resources that are meant.",
        ),
        Gain::AnyRole => (
            Severity::Warning,
            "Roles that trust the whole account leave it to such permissions who may assume them.",
            "Name the roles that are meant.",
        ),
    }
}
