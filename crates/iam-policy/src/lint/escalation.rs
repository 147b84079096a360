//! The rules of the published escalation paths, one for each path.

use crate::catalogue;
use crate::diagnostic::Severity;
use crate::escalation::{Gain, Need, On, Path, all};

use super::rule::Rule;

/// Returns the rules of the paths that [`escalations`](crate::escalations) finds.
pub fn escalation_rules() -> impl Iterator<Item = Rule> {
    all().map(of_path)
}

/// Returns the escalation path that a rule is about.
pub(super) fn path_of(rule: &Rule) -> Option<&'static Path> {
    all().find(|path| path.name == rule.name)
}

/// Returns statements that open the path to all objects, and some that open it to none, or only to
/// objects that are named; `None` where the first action takes no resources.
pub(super) fn path_example(path: &Path) -> (String, Option<String>) {
    let needs: Vec<(&str, String)> =
        path.needs.iter().filter_map(|need| Some((*need.any.first()?, named(need)))).collect();
    let everything = |actions: &[&str]| statement(actions, &["*"]);
    let actions: Vec<&str> = needs.iter().map(|(action, _)| *action).collect();
    let bad = everything(&actions);
    if path.gain == Gain::Deny {
        // It matters only beside a Deny.
        let with = |allow: &str| {
            let deny = r#"{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}"#;
            format!("[{allow},\n {},\n {deny}]", everything(&["s3:*"]))
        };
        let other = needs.iter().map(|(_, resource)| resource.as_str()).collect::<Vec<_>>();
        return (with(&bad), Some(with(&statement(&actions, &other))));
    }
    if path.gain == Gain::Everything {
        // Everything that the path needs gives everything; less of it gives nothing.
        return (bad, Some(everything(&actions[1..])));
    }
    let (free, named): (Vec<_>, Vec<_>) = needs.iter().partition(|(_, named)| named == "*");
    // The resources of the first action decide.
    if free.first().map(|(action, _)| action) == actions.first() {
        return (bad, None);
    }
    let mut resources: Vec<&str> = Vec::new();
    for (_, resource) in &named {
        if !resources.contains(&resource.as_str()) {
            resources.push(resource);
        }
    }
    let on_named = statement(&actions_of(&named), &resources);
    if free.is_empty() {
        return (bad, Some(on_named));
    }
    (bad, Some(format!("[{on_named},\n {}]", everything(&actions_of(&free)))))
}

fn actions_of<'n>(needs: &[&(&'n str, String)]) -> Vec<&'n str> {
    needs.iter().map(|(action, _)| *action).collect()
}

fn statement(actions: &[&str], resources: &[&str]) -> String {
    let list = |names: &[&str]| match names {
        [one] => format!("\"{one}\""),
        names => format!("[\n    \"{}\"]", names.join("\",\n    \"")),
    };
    let (actions, resources) = (list(actions), list(resources));
    format!("{{\"Effect\": \"Allow\", \"Action\": {actions},\n  \"Resource\": {resources}}}")
}

/// Returns an object of a need by its name; `*` where its action takes no resource.
fn named(need: &Need) -> String {
    let kind = match need.on {
        On::Policy => "policy",
        On::User => "user",
        On::Group => "group",
        On::Role => "role",
        On::Other => return resource_of(need),
    };
    format!("arn:aws:iam::123456789012:{kind}/relay")
}

/// Returns a resource of a need: the first form of its action that the path is about, with examples
/// for the variables.
fn resource_of(need: &Need) -> String {
    let action = need.any.first().and_then(|action| catalogue::action(action));
    let forms = action.map(|it| it.resources.as_slice()).unwrap_or_default();
    let kind =
        |arn: &str| arn.rsplit(':').next().and_then(|it| it.split('/').next()).map(str::to_owned);
    let is_meant = |arn: &str| need.resource.is_none_or(|meant| kind(meant) == kind(arn));
    let meant = forms.iter().find(|form| is_meant(form.format));
    let Some(form) = meant.map(|it| it.format) else {
        // A bucket of a service is named by its pattern.
        return need.resource.unwrap_or("*").replace("${Partition}", "aws");
    };
    let filled = form
        .replace("${Partition}", "aws")
        .replace("${Region}", "eu-west-1")
        .replace("${Account}", "123456789012");
    let mut named = String::new();
    let mut rest = filled.as_str();
    while let Some((before, (_, after))) =
        rest.split_once("${").and_then(|(before, it)| Some((before, it.split_once('}')?)))
    {
        named += before;
        named += "relay";
        rest = after;
    }
    named + rest
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
