//! The rules by name, and what each is about.

use crate::diagnostic::Severity;
use crate::policy::escalation::{self, Gain, Path};

/// What a kind of finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: &'static str,
    /// The worst that its findings are; where less is at stake they are less.
    pub severity: Severity,
    /// One line.
    pub summary: &'static str,
    pub why: &'static str,
    pub remedy: &'static str,
}

const fn rule(
    name: &'static str,
    severity: Severity,
    summary: &'static str,
    why: &'static str,
    remedy: &'static str,
) -> Rule {
    Rule { name, severity, summary, why, remedy }
}

const RULES: &[Rule] = &[
    rule(
        "action-wildcard",
        Severity::Error,
        "Action \"*\" allows everything that AWS can do",
        "Whoever holds it is an administrator, also of services that nobody here has heard of, and of those that AWS adds \
         tomorrow.",
        "Name the actions that are needed. Where an administrator is meant, attach AWS's own AdministratorAccess, which \
         every reviewer knows.",
    ),
    rule(
        "service-wildcard",
        Severity::Note,
        "All actions of one service are allowed",
        "Most services have actions that delete and actions that manage permissions besides those that are needed.",
        "Name the actions that are needed, or at least their kind, such as Get* and Put*.",
    ),
    rule(
        "not-action",
        Severity::Warning,
        "NotAction with Allow allows everything but a few actions",
        "What isn't named is allowed, also what AWS adds tomorrow. It is easily read as a Deny, which it isn't.",
        "Name the actions in Action, and deny the exceptions in a statement of their own.",
    ),
    rule(
        "unknown-action",
        Severity::Warning,
        "An action that AWS doesn't have",
        "IAM accepts any name, so a slip of the pen allows, or denies, nothing. The list of actions is the one that \
         `relayctl --version --verbose` gives the date of.",
        "Correct the name, or take it out.",
    ),
    rule(
        "unknown-service",
        Severity::Warning,
        "A service that AWS doesn't have",
        "As with unknown-action: the statement says nothing by it.",
        "Correct the prefix, or take the action out.",
    ),
    rule(
        "unknown-condition-key",
        Severity::Note,
        "A condition key that requests for these actions don't carry",
        "A test for equality then never holds, and a negated one always does.",
        "Correct the key, or put the actions that carry it into a statement of their own.",
    ),
    rule(
        "resource-wildcard",
        Severity::Warning,
        "Resource \"*\" for actions that can be limited to resources",
        "What reads is a note, what writes a warning. Actions that take no resource need \"*\", and are not told.",
        "Name the resources: by ARN, by a prefix of their names, or by ARN and a condition on tags.",
    ),
    rule(
        "not-resource",
        Severity::Warning,
        "NotResource with Allow allows everything but a few resources",
        "What isn't named is allowed, also what is made tomorrow.",
        "Name the resources in Resource, and deny the exceptions in a statement of their own.",
    ),
    rule(
        "pass-role-wildcard",
        Severity::Error,
        "iam:PassRole on every role",
        "Whoever passes a role to a service of their own gets what the role may do; one of them is an administrator's.",
        "Name the roles that are meant, or give them a path of their own.",
    ),
    rule(
        "pass-role-any-service",
        Severity::Note,
        "iam:PassRole without the condition iam:PassedToService",
        "The role can be passed to every service that it trusts, also to those that are added to its trust later.",
        "Demand iam:PassedToService in a condition.",
    ),
    rule(
        "trust-anyone",
        Severity::Error,
        "A role that anybody can assume",
        "A trust policy that names \"*\" without a condition lets in every AWS account. It takes only the role's ARN.",
        "Name accounts, users or roles, or demand aws:PrincipalOrgID in a condition.",
    ),
    rule(
        "trust-other-account",
        Severity::Warning,
        "A role that another account may assume without a condition",
        "If the account is a company's that works for many customers, another customer can have it use this role: the \
         confused deputy.",
        "Demand sts:ExternalId in a condition; between accounts of one organisation aws:PrincipalOrgID.",
    ),
    rule(
        "oidc-without-subject",
        Severity::Error,
        "Trust in an OIDC provider for all its users",
        "A public provider such as GitHub's signs tokens for everybody; without a condition on the subject, any repository \
         of the world can assume the role. A condition on another claim makes it a note.",
        "Demand <provider>:sub in a condition.",
    ),
    rule(
        "oidc-wide-subject",
        Severity::Error,
        "Trust in an OIDC provider for more subjects than one project's",
        "A wildcard before the owner's name is complete lets in strangers; one in place of the repository lets in every \
         repository of the owner, which is a warning.",
        "Name the repository, and the branch or environment.",
    ),
    rule(
        "public-access",
        Severity::Error,
        "A bucket that is open to everybody",
        "A bucket policy that names \"*\" without a condition on who asks, or from where, is public.",
        "Name accounts, users or roles, or demand aws:PrincipalOrgID, aws:SourceVpce or the like in a condition.",
    ),
    rule(
        "principal-wildcard",
        Severity::Error,
        "A wildcard in a principal",
        "For a part of a name or ARN, IAM takes none: that is an error. \"*\" with a condition that narrows it is a note.",
        "Name who is meant, or the account, with a condition on aws:PrincipalArn.",
    ),
    rule(
        "not-principal",
        Severity::Error,
        "NotPrincipal with Allow lets in everybody but a few",
        "What isn't named is let in, also people without an AWS account. AWS itself advises against it.",
        "Name who is meant in Principal, and deny the exceptions in a statement of their own.",
    ),
    rule(
        "redundant-statement",
        Severity::Warning,
        "A statement that others say already",
        "Without it nobody who holds it could do less. Whoever takes the other one away thinks that the permission is gone.",
        "Take it out.",
    ),
    rule(
        "shadowed-action",
        Severity::Warning,
        "An action that is allowed and always denied",
        "A Deny wins wherever the Allow matches, so it allows nothing.",
        "Take out the action, or narrow the Deny.",
    ),
    rule(
        "policy-size",
        Severity::Warning,
        "A policy that is nearly full",
        "From nine tenths of what AWS takes, the next permission may not fit in.",
        "Divide it, or use wildcards where they say the same.",
    ),
    rule(
        "administrator-policy",
        Severity::Warning,
        "An AWS managed policy with the power of an administrator",
        "AdministratorAccess and IAMFullAccess let their holder do everything, or give themselves everything.",
        "Attach what is needed, or limit it with a permissions boundary.",
    ),
    rule(
        "unused-silence",
        Severity::Note,
        "A finding is accepted in `lint: allow:` that isn't there",
        "What it accepted has been mended, or was spelt differently; it would hide the next such finding.",
        "Take it out of the manifest.",
    ),
];

/// All of them.
pub fn rules() -> impl Iterator<Item = Rule> {
    RULES.iter().copied().chain(escalation::all().map(of_path))
}

pub fn named(name: &str) -> Option<Rule> {
    rules().find(|rule| rule.name == name)
}

/// All that there is to say of a rule.
pub fn explain(rule: &Rule) -> String {
    let Some(path) = escalation::all().find(|path| path.name == rule.name) else {
        return format!("{}\n\n{}\n\nRemedy: {}", rule.summary, rule.why, rule.remedy);
    };
    let needs: Vec<String> = path.needs.iter().map(|need| format!("  {}\n", need.any.join(" or "))).collect();
    format!(
        "{}\n\n{}\n\nIt takes\n{}\nRemedy: {}\n\nPublished: {}",
        rule.summary,
        rule.why,
        needs.concat(),
        rule.remedy,
        path.source
    )
}

fn of_path(path: &Path) -> Rule {
    let (severity, why, remedy) = by_gain(path.gain);
    rule(path.name, severity, path.gives, why, remedy)
}

/// What the ways to more permissions have in common, by what is gained.
fn by_gain(gain: Gain) -> (Severity, &'static str, &'static str) {
    match gain {
        Gain::Everything => (
            Severity::Error,
            "With these permissions together somebody has every other one. All that a user or role holds counts, within \
             its boundary and without what a Deny takes away.",
            "Take one of the permissions away; or demand iam:PermissionsBoundary in a condition where roles are made and \
             changed.",
        ),
        Gain::Permissions => (
            Severity::Error,
            "On itself, or on a pattern of names, it is an error; on others that are named a warning. A condition on \
             iam:PermissionsBoundary or iam:PolicyARN makes it a note.",
            "Name the objects that it must change, without itself; or demand iam:PermissionsBoundary or iam:PolicyARN in a \
             condition.",
        ),
        Gain::Boundary => (
            Severity::Error,
            "A permissions boundary that its bearer can lift bounds nothing. It is an error for one's own, else a warning, \
             and a note for others that are named.",
            "Deny it on everything that carries the boundary, as AWS's guide to permissions boundaries does.",
        ),
        Gain::Principal => (
            Severity::Error,
            "On a pattern of names it is an error, since one of them may be an administrator; on those that are named it is \
             a warning: it gives what they may do.",
            "Name the users or roles that are meant, none of which may do more; for iam:PassRole demand \
             iam:PassedToService too.",
        ),
        Gain::Existing => (
            Severity::Warning,
            "Whoever decides what something does can use the role it runs as. On a pattern of names it is a warning; on one \
             that is named a note, since that is what deploying means.",
            "Name the resources that are meant.",
        ),
        Gain::AnyRole => (
            Severity::Warning,
            "Roles that trust the whole account leave it to such permissions who may assume them.",
            "Name the roles that are meant.",
        ),
    }
}

/// The first few of a list.
pub(super) fn few(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        1 => format!("{shown} and one more"),
        more => format!("{shown} and {more} more"),
    }
}
