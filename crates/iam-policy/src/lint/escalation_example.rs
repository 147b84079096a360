//! The examples of an escalation path: statements that open it, and some that don't.

use std::cmp::Reverse;

use crate::Budget;
use crate::catalogue::{self, AccessLevel};
use crate::diagnostic::Severity;
use crate::escalation::{Gain, Holder, Need, On, Path, escalations};
use crate::statement::Policy;

use super::example_resource::{ACCOUNT, resources_of};

const PASS_ROLE: &str = "iam:PassRole";

/// The user who holds the policies of the examples.
const HOLDER: &str = "arn:aws:iam::123456789012:user/ada";

/// An example of a path that gives less than the bad one.
pub(super) struct BetterExample {
    pub statements: String,
    /// The action that is left out, if one is.
    pub without: Option<&'static str>,
    /// The severity of the path's own finding; `None` where the path isn't found.
    pub remaining: Option<Severity>,
}

impl BetterExample {
    fn of(path: &Path, statements: &[ExampleStatement], without: Option<&'static str>) -> Self {
        let statements = listed(statements);
        let of_path = |(name, _): &(&str, Severity)| *name == path.name;
        let remaining = open_paths(&statements).into_iter().find(of_path).map(|it| it.1);
        Self { statements, without, remaining }
    }
}

/// Returns statements that open the path to all objects.
pub(super) fn bad_example(path: &Path) -> String {
    let actions = path.needs.iter().filter_map(first_action).collect();
    listed(&with_denial(path, ExampleStatement::allow(actions, everything())))
}

/// Returns statements that a person writes who means no escalation, the best ones last. All
/// permissions are on named objects, under the conditions that AWS has for them, and of several
/// one is left out. Empty for a single permission that takes no object.
pub(super) fn better_examples(path: &Path) -> Vec<BetterExample> {
    let all: Vec<ExampleStatement> =
        path.needs.iter().filter_map(|need| limited(path, need)).collect();
    if let [only] = all.as_slice() {
        if only.resources == everything() {
            return Vec::new();
        }
        return vec![BetterExample::of(path, &with_denial(path, only.clone()), None)];
    }
    let order = order_of_omission(path);
    let without = |left_out: usize| {
        let kept = all.iter().enumerate().filter(|(index, _)| *index != left_out);
        let kept = merged(kept.map(|(_, statement)| statement.clone()));
        BetterExample::of(path, &kept, path.needs.get(left_out).and_then(first_action))
    };
    let harm = |example: &BetterExample| {
        // `Severity` puts the worst first. A note is no harm.
        let worst = open_paths(&example.statements).into_iter().map(|it| it.1).min();
        Reverse(worst.unwrap_or(Severity::Note))
    };
    let best = order.iter().copied().map(without).min_by_key(harm);
    // Most calls that take a role don't work without iam:PassRole.
    let needs_role = best.as_ref().is_some_and(|it| it.without == Some(PASS_ROLE));
    let whole = needs_role.then(|| BetterExample::of(path, &merged(all.iter().cloned()), None));
    whole.into_iter().chain(best).collect()
}

/// Returns the indexes of the needs, the one that is best left out first: the last one of the steps
/// that make something and use it; `iam:PassRole` where there is one step beside it.
fn order_of_omission(path: &Path) -> Vec<usize> {
    let action = |index: &usize| path.needs[*index].any.first().copied().unwrap_or_default();
    let is_pass = |index: &usize| action(index) == PASS_ROLE;
    let changes_role = |index: &usize| action(index) == "iam:PutRolePolicy";
    let reads = |index: &usize| {
        catalogue::action(action(index)).is_some_and(|it| it.access == AccessLevel::Read)
    };
    let mut order: Vec<usize> = (0..path.needs.len()).rev().collect();
    let is_alone = order.iter().filter(|index| !is_pass(index)).count() == 1;
    // `false` comes first.
    order.sort_by_key(|index| (!changes_role(index), is_pass(index) != is_alone, reads(index)));
    order
}

/// Returns name and severity of each path that is open to whoever holds the statements.
fn open_paths(statements: &str) -> Vec<(&'static str, Severity)> {
    let document = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
    let parsed = serde_json::from_str(&document).ok();
    let policy = parsed.and_then(|document| Policy::compile("policy", &document).ok());
    let policies: Vec<Policy> = policy.into_iter().collect();
    let holder = Holder {
        arn: Some(HOLDER),
        partition: "aws",
        account: ACCOUNT,
        policies: &policies,
        boundary: None,
        attached: &[],
        budget: &Budget::default(),
    };
    escalations(&holder).into_iter().map(|it| (it.path.name, it.severity)).collect()
}

/// A statement of an example.
#[derive(Clone, PartialEq, Eq)]
struct ExampleStatement {
    effect: &'static str,
    actions: Vec<&'static str>,
    resources: Vec<String>,
    condition: Option<ExampleCondition>,
}

/// A condition of one key with one value.
#[derive(Clone, PartialEq, Eq)]
struct ExampleCondition {
    operator: &'static str,
    key: &'static str,
    value: String,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

fn first_action(need: &Need) -> Option<&'static str> {
    need.any.first().copied()
}

/// Returns the statement that gives a need on named objects, under the condition that AWS has for
/// it.
fn limited(path: &Path, need: &Need) -> Option<ExampleStatement> {
    let action = first_action(need)?;
    let is_own = matches!(path.gain, Gain::Principal | Gain::Service) && need.on == On::User;
    // A variable stands for the caller's own user.
    let name = if is_own { "${aws:username}" } else { "relay" };
    let resources = match need.on {
        On::Policy => vec![iam_arn("policy", name)],
        On::User => vec![iam_arn("user", name)],
        On::Group => vec![iam_arn("group", name)],
        On::Role => vec![iam_arn("role", name)],
        On::Other => resources_of(action),
    };
    let allow = ExampleStatement::allow(vec![action], resources);
    Some(ExampleStatement { condition: condition_of(need), ..allow })
}

fn iam_arn(kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}")
}

/// Returns the condition that AWS's guides demand for a permission.
fn condition_of(need: &Need) -> Option<ExampleCondition> {
    let boundary = || iam_arn("policy", "boundary");
    let (operator, key, value) = match (first_action(need)?, need.to) {
        (PASS_ROLE, Some(service)) => ("StringEquals", "iam:PassedToService", service.to_owned()),
        ("iam:AttachGroupPolicy" | "iam:AttachRolePolicy" | "iam:AttachUserPolicy", _) => {
            ("ArnEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned())
        }
        (
            "iam:CreateRole"
            | "iam:PutRolePermissionsBoundary"
            | "iam:PutRolePolicy"
            | "iam:PutUserPermissionsBoundary"
            | "iam:PutUserPolicy",
            _,
        ) => ("StringEquals", "iam:PermissionsBoundary", boundary()),
        _ => return None,
    };
    Some(ExampleCondition { operator, key, value })
}

/// Joins the actions on the same objects.
fn merged(statements: impl Iterator<Item = ExampleStatement>) -> Vec<ExampleStatement> {
    let mut all: Vec<ExampleStatement> = Vec::new();
    for one in statements {
        let alike = |other: &&mut ExampleStatement| {
            other.resources == one.resources && other.condition == one.condition
        };
        match all.iter_mut().find(alike) {
            Some(other) => other.actions.extend(one.actions),
            None => all.push(one),
        }
    }
    all
}

/// Adds what the path needs beside it: to take a Deny away matters only where there is one.
fn with_denial(path: &Path, statement: ExampleStatement) -> Vec<ExampleStatement> {
    let mut all = vec![statement];
    if path.gain == Gain::Deny {
        let on_bucket = |effect: &'static str, action: &'static str| ExampleStatement {
            effect,
            ..ExampleStatement::allow(vec![action], vec!["arn:aws:s3:::relay-data".to_owned()])
        };
        all.extend([on_bucket("Allow", "s3:Delete*"), on_bucket("Deny", "s3:DeleteBucket")]);
    }
    all
}

/// Returns the text of the statements: a list, where there are several.
fn listed(statements: &[ExampleStatement]) -> String {
    let texts: Vec<String> = statements.iter().map(ExampleStatement::text).collect();
    match texts.as_slice() {
        [one] => one.clone(),
        all => format!("[{}]", all.join(",\n ").replace("\n  ", "\n   ")),
    }
}

impl ExampleStatement {
    fn allow(actions: Vec<&'static str>, resources: Vec<String>) -> Self {
        Self { effect: "Allow", actions, resources, condition: None }
    }

    fn text(&self) -> String {
        let actions: Vec<&str> = self.actions.clone();
        let resources: Vec<&str> = self.resources.iter().map(String::as_str).collect();
        let (actions, resources) = (quoted(&actions), quoted(&resources));
        let effect = self.effect;
        let mut text = format!(
            "{{\"Effect\": \"{effect}\", \"Action\": {actions},\n  \"Resource\": {resources}"
        );
        if let Some(ExampleCondition { operator, key, value }) = &self.condition {
            let condition = format!("{{\"{operator}\": {{\"{key}\": \"{value}\"}}}}");
            text.push_str(&[",\n  \"Condition\": ", &condition].concat());
        }
        text + "}"
    }
}

fn quoted(names: &[&str]) -> String {
    match names {
        [one] => format!("\"{one}\""),
        names => format!("[\n    \"{}\"]", names.join("\",\n    \"")),
    }
}
