//! Describes failed checks, with the places of the statements that break them.

use serde_json::Map;

use super::{CheckFailure, CheckRefusal, FailureReason, Stopper, failures};
use crate::access::roles::document_field;
use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::manifest::Documents;
use crate::model::{Check, Desired};
use crate::policy::compare::Grant;
use crate::policy::decision::Deciding;
use crate::policy::request::Request;
use crate::value::Value;

/// The number of items of one kind that are listed; more are counted.
const LISTED: usize = 5;

/// Returns an error for each check that fails, and a warning for each that can't be proven.
pub fn diagnostics(desired: &Desired, documents: &Documents) -> Vec<Diagnostic> {
    failures(desired).iter().map(|failure| diagnostic(failure, documents)).collect()
}

fn diagnostic(failure: &CheckFailure<'_>, documents: &Documents) -> Diagnostic {
    let check = failure.check;
    let message = message(failure);
    let place = check.place.clone();
    let help = lines(failure, documents).join("\n");
    if failure.why.is_certain() {
        Diagnostic::error("failed-check", place, message).help(help)
    } else {
        Diagnostic::warning("unproven-check", place, message).help(help)
    }
}

fn message(failure: &CheckFailure<'_>) -> String {
    let check = failure.check;
    let subject = &check.subject;
    let (can, cannot) = if check.can { ("can", "cannot") } else { ("cannot", "can") };
    match &failure.why {
        FailureReason::Allowed { grants, .. } => grants.first().map_or_else(String::new, |grant| {
            let condition = grant.condition.as_ref();
            format!(
                "{subject} {cannot} {}, but the check says that it {can}",
                request(&grant.example, check, condition)
            )
        }),
        FailureReason::Refused { refusals, .. } => {
            refusals.first().map_or_else(String::new, |refusal| {
                let condition = if let Stopper::Condition(_, condition) = &refusal.by {
                    Some(condition)
                } else {
                    None
                };
                format!(
                    "{subject} {cannot} {}, but the check says that it {can}",
                    request(&refusal.example, check, condition)
                )
            })
        }
        FailureReason::Doubtful(_) => {
            format!("whether {subject} {can} {} can't be told", asked(check))
        }
        FailureReason::Unread(_) => format!("that {subject} {can} {} isn't proven", asked(check)),
    }
}

fn asked(check: &Check) -> String {
    format!("{} on {}", check.actions.join(", "), check.resources.join(", "))
}

fn request(request: &Request, check: &Check, condition: Option<&Value>) -> String {
    // AWS ignores the case of keys, but a reader knows them by the policy's spelling.
    let spelt: Vec<&String> =
        condition.and_then(Value::as_object).into_iter().flat_map(keys).collect();
    let said = |(key, values): (&str, &[String])| {
        let key = spelt
            .iter()
            .find(|other| other.eq_ignore_ascii_case(key))
            .map_or(key, |spelt| spelt.as_str());
        let values: Vec<&str> =
            values.iter().map(|it| if it.is_empty() { "\"\"" } else { it.as_str() }).collect();
        format!("{key} = {}", values.join(", "))
    };
    let context: Vec<String> = request.context.iter().map(said).collect();
    let with =
        if context.is_empty() { String::new() } else { format!(" with {}", context.join(" and ")) };
    format!("{}{with}", action_on(request, check))
}

fn keys(operators: &Map<String, Value>) -> impl Iterator<Item = &String> {
    operators.values().filter_map(Value::as_object).flat_map(Map::keys)
}

/// Returns the action in the check's spelling. AWS ignores the case of actions, and an example has
/// lower case where no pattern spells it; the check may spell it.
fn action_on(request: &Request, check: &Check) -> String {
    let spelt = check.actions.iter().find(|action| action.eq_ignore_ascii_case(&request.action));
    format!("{} on {}", spelt.unwrap_or(&request.action), request.resource)
}

fn lines(failure: &CheckFailure<'_>, documents: &Documents) -> Vec<String> {
    match &failure.why {
        FailureReason::Allowed { grants, boundary } => {
            let mut lines = listed(grants, |grant| allowed(grant, documents));
            lines.extend(boundary.iter().map(|arn| {
                format!(
                    "its permissions boundary {arn} isn't declared here, and what it forbids \
                    doesn't count"
                )
            }));
            lines.push("narrow what allows it, add a Deny, or correct the check".to_owned());
            lines
        }
        FailureReason::Refused { refusals, unread } => {
            let mut lines = listed(refusals, |refusal| refused(refusal, failure.check, documents));
            lines.extend(unread.iter().map(|arn| {
                format!(
                    "{arn} is attached to it too, but what it allows isn't declared here and \
                    doesn't count"
                )
            }));
            lines
        }
        FailureReason::Doubtful(reasons) => {
            let mut lines = listed(reasons, Clone::clone);
            lines.push(
                "say with `with:` what the condition keys are, or state the policy more simply"
                    .to_owned(),
            );
            lines
        }
        FailureReason::Unread(arns) => {
            let mut lines = listed(arns, |arn| {
                format!("{arn} is attached to it, and the manifest doesn't declare what it says")
            });
            lines.push("declare the policy in this manifest to have it judged".to_owned());
            lines
        }
    }
}

fn listed<T>(items: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for one in items.iter().map(line) {
        if !lines.contains(&one) {
            lines.push(one);
        }
    }
    let more = lines.len().saturating_sub(LISTED);
    lines.truncate(LISTED);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines
}

fn allowed(grant: &Grant, documents: &Documents) -> String {
    let by = Deciding {
        policy: grant.policy.clone(),
        statement: grant.statement,
        sid: grant.sid.clone(),
    };
    let statement = statement(&by, documents);
    match &grant.condition {
        None => format!("{statement} allows it"),
        Some(condition) => format!("{statement} allows it under the condition {condition}"),
    }
}

fn refused(refusal: &CheckRefusal, check: &Check, documents: &Documents) -> String {
    let what = action_on(&refusal.example, check);
    match &refusal.by {
        Stopper::Deny(deny) => format!("{} denies {what}", statement(deny, documents)),
        Stopper::Condition(allow, condition) => format!(
            "{} allows {what} only under the condition {condition}; if that is meant, say so with \
                `with:` in the check",
            statement(allow, documents)
        ),
        Stopper::Boundary(policy) => {
            format!("the permissions boundary {policy} doesn't allow {what}")
        }
        Stopper::Nothing => {
            format!(
                "nothing allows {what}: add it to a policy of {}, or correct the check",
                check.subject
            )
        }
    }
}

/// Returns `policies/x.json:12:5: statement 3 "Deploy" of policy.X`.
fn statement(by: &Deciding, documents: &Documents) -> String {
    let source = by.policy.parse::<Address>().ok().and_then(|address| {
        let field = document_field(address.kind())?;
        documents.get(&(address, field))
    });
    // Policies are compared in canonical form, where statements are sorted.
    let number = source.and_then(|source| source.written(by.statement)).unwrap_or(by.statement);
    let place =
        source.and_then(|source| source.statement(number)).map_or_else(String::new, |place| {
            format!("{}:{}:{}: ", place.file.display(), place.line, place.column)
        });
    let sid = by.sid.as_ref().map_or_else(String::new, |sid| format!(" \"{sid}\""));
    format!("{place}statement {number}{sid} of {}", by.policy)
}
