//! The rule on actions that none of the statement's resources fits.

use crate::Budget;
use crate::Usage;
use crate::catalogue::{self, Action, ResourceUse};
use crate::diagnostic::Severity;
use crate::escalation::patterns_overlap;
use crate::pattern::action_matches;
use crate::statement::Effect;

use super::arn::Arn;
use super::finding::Finding;
use super::placeholder::find_placeholder;
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::wording::list_few;

pub(super) const ACTION_RESOURCE_MISMATCH: Rule = Rule::new(
    "action-resource-mismatch",
    Severity::Warning,
    "An action that applies to none of the statement's resources",
    "AWS compares the ARN of the object that the action is on with each resource. Where none has \
        the form of such an ARN, the statement says nothing about the action: s3:GetObject is on \
        objects, and s3:ListBucket on buckets. For an action for which AWS documents no resource \
        this is a note: few services compare a resource all the same.",
    "Name a resource of the form that the action takes, or move the action into a statement of \
        its own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data"}"#,
    r#"{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"],
 "Resource": ["arn:aws:s3:::relay-data", "arn:aws:s3:::relay-data/*"]}"#,
)
.with_source(RuleSource::ServiceAuthorization("reference_policies_actions-resources-contextkeys"));

/// An action pattern of which no action fits.
struct Misfit<'a> {
    index: usize,
    pattern: &'a str,
    /// The first action with resources of its own; `None` where AWS documents no resources.
    scoped: Option<&'static Action>,
}

pub(super) fn find_mismatch(site: &Site<'_>) -> Option<Finding> {
    let (actions, resources) = (&site.statement.actions, site.statement.resources.as_ref()?);
    if actions.not || resources.not {
        return None;
    }
    let unclear = |resource: &String| resource == "*" || find_placeholder(resource).is_some();
    if resources.patterns.is_empty() || resources.patterns.iter().any(unclear) {
        return None;
    }
    let budget = Budget::default();
    let arns: Vec<Arn<'_>> = resources.patterns.iter().map(|it| Arn::parse(it)).collect();
    let misfits: Vec<Misfit<'_>> = actions
        .patterns
        .iter()
        .enumerate()
        .filter_map(|(index, pattern)| misfit(index, pattern, &arns, &budget))
        .collect();
    // Where the budget is spent, nothing is known to fit.
    if budget.is_spent() { None } else { told(site, &misfits) }
}

fn misfit<'a>(
    index: usize,
    pattern: &'a str,
    arns: &[Arn<'_>],
    budget: &Budget,
) -> Option<Misfit<'a>> {
    if !pattern.contains(':') || pattern.starts_with('*') {
        return None;
    }
    let mut scoped = None;
    let mut any = false;
    for action in catalogue::matching(pattern) {
        any = true;
        if arns.iter().any(|arn| fits(action, arn, budget)) {
            return None;
        }
        scoped = scoped.or(action.takes_resource().then_some(action));
    }
    any.then_some(Misfit { index, pattern, scoped })
}

/// The actions for which AWS documents no resource, and which compare one all the same: IAM's lists
/// compare the path, and the list of log groups any of them.
const UNDOCUMENTED: &[(&str, &str)] = &[
    ("iam:List*", "arn:*:iam::*:*"),
    ("logs:DescribeLogGroups", "arn:*:logs:*:*:log-group:*"),
    ("ssmmessages:OpenDataChannel", "arn:*:ssm:*:*:session/*"),
];

/// Tells if an action may be on a resource. An action without resources of its own is on `*`; a
/// pattern of all resources of its service means the same to its author, and stands in AWS's
/// guides: `arn:aws:s3:::*` for s3:ListAllMyBuckets.
fn fits(action: &Action, arn: &Arn<'_>, budget: &Budget) -> bool {
    let overlaps = |form: &str| patterns_overlap(form, arn.text, budget);
    let own = arn.service() == action.service();
    if own && catalogue::UNLISTED_ARN_FORMATS.iter().any(|form| overlaps(form)) {
        return true;
    }
    if action.takes_resource() {
        return action.resources.iter().any(|of| is_of_type(of, arn, budget));
    }
    let undocumented =
        |(pattern, form): &(&str, &str)| action_matches(pattern, &action.name) && overlaps(form);
    own && arn.resource() == "*" || UNDOCUMENTED.iter().any(undocumented)
}

fn is_of_type(of: &ResourceUse, arn: &Arn<'_>, budget: &Budget) -> bool {
    arn.may_have_s3_form(of.format) && patterns_overlap(&of.arn, arn.text, budget)
}

fn told(site: &Site<'_>, misfits: &[Misfit<'_>]) -> Option<Finding> {
    let names = |scoped: bool| -> Vec<String> {
        let some = misfits.iter().filter(|misfit| misfit.scoped.is_some() == scoped);
        some.map(|misfit| misfit.pattern.to_owned()).collect()
    };
    let (scoped, unscoped) = (names(true), names(false));
    let alone = || {
        let is = if unscoped.len() == 1 { "it is" } else { "they are" };
        let effect = match site.statement.effect {
            Effect::Allow => "allowed",
            Effect::Deny => "denied",
        };
        format!(
            "AWS documents no resource for {}: {is} {effect} on \"*\" only",
            list_few(&unscoped)
        )
    };
    let Some(first) = misfits.iter().find(|misfit| misfit.scoped.is_some()) else {
        let first = misfits.first()?;
        let place = site.value("Action", first.index);
        let those = if unscoped.len() == 1 { "it" } else { "them" };
        let remedy = format!(
            "move {those} into a statement with \"Resource\": \"*\" (AWS's reference of {})",
            catalogue::catalogue_date()
        );
        let rule = &ACTION_RESOURCE_MISMATCH;
        return Some(Finding::new(rule, Severity::Note, place, alone(), remedy));
    };
    let action = first.scoped?;
    let mut forms: Vec<String> = Vec::new();
    for resource in &action.resources {
        if !forms.iter().any(|form| form == resource.format) {
            forms.push(resource.format.to_owned());
        }
    }
    let applies = if scoped.len() == 1 { "applies" } else { "apply" };
    let mut message = format!(
        "{} {applies} to none of the resources of the statement: {} takes {}",
        list_few(&scoped),
        action.name,
        list_few(&forms)
    );
    if !unscoped.is_empty() {
        message = format!("{message}. {}", alone());
    }
    let remedy = s3_remedy(site, action).unwrap_or_else(|| {
        format!(
            "name a resource of this form, or move {} into a statement with its resources",
            first.pattern
        )
    });
    let place = site.value("Action", first.index);
    Some(Finding::new(&ACTION_RESOURCE_MISMATCH, Severity::Warning, place, message, remedy))
}

/// Returns the remedy for objects in place of their bucket, and for a bucket in place of its
/// objects.
fn s3_remedy(site: &Site<'_>, action: &Action) -> Option<String> {
    let takes = |name: &str| action.resources.iter().any(|of| of.name == name);
    let mut buckets = site.resources().into_iter().filter_map(|(_, text)| {
        let name = Arn::parse(text).s3_bucket()?;
        Some((text.strip_suffix(text.split_once(name)?.1)?, name))
    });
    let (bucket, _) = buckets.next().filter(|_| action.service() == "s3")?;
    if takes("object") {
        Some(format!("write {bucket}/*"))
    } else if takes("bucket") {
        Some(format!("write {bucket}"))
    } else {
        None
    }
}
