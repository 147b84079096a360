//! The parts of a sentence about one grant: its actions, resources, condition and cause.

use super::already::{already, part_text, withheld};
use super::fold::{Folded, actions, resources};
use super::{Detail, TextRun, code, condition, plain};
use crate::policy::compare::{Cause, Grant, Side};
use crate::render::text::quoted;

/// Returns `iam:PassRole on arn:…`, `every action but iam:* on *`.
pub fn grant_text(grant: &Grant) -> (Vec<TextRun>, Vec<Detail>) {
    let mut pieces = Vec::new();
    let mut details = Vec::new();
    let mut add = |label: &'static str, list: &[String], folded: Folded| {
        pieces.extend(folded.pieces);
        details.extend(folded.shortened.then(|| Detail {
            label,
            items: list.to_vec(),
            folded: true,
        }));
    };
    add("actions", &grant.actions, actions(&grant.actions));
    if !grant.except_actions.is_empty() {
        add("", &[], said(" but "));
        add("except actions", &grant.except_actions, actions(&grant.except_actions));
    }
    if !grant.resources.is_empty() {
        let all = grant.resources.iter().any(|it| it == "*") && !grant.except_resources.is_empty();
        add("", &[], said(if all { " on every resource" } else { " on " }));
        if !all {
            add("resources", &grant.resources, resources(&grant.resources));
        }
    }
    if !grant.except_resources.is_empty() {
        add(
            "",
            &[],
            said(if grant.resources.is_empty() { " on every resource but " } else { " but " }),
        );
        add("except resources", &grant.except_resources, resources(&grant.except_resources));
    }
    (pieces, details)
}

fn said(words: &str) -> Folded {
    Folded { pieces: vec![plain(words)], shortened: false }
}

/// Returns the remarks after the clause: the condition, the part that the other side allows as
/// well, and the cause if it is not an Allow.
pub fn remarks(side: Side, grant: &Grant) -> (Vec<Vec<TextRun>>, Vec<Detail>) {
    let mut remarks = Vec::new();
    let mut details = Vec::new();
    if let Some(condition) = &grant.condition {
        let said = condition::condition_phrase(condition);
        remarks.push(vec![plain("if "), code(said.short)]);
        details.extend(said.whole.map(|items| Detail { label: "if", items, folded: true }));
    }
    if !grant.withheld.is_empty() {
        let (remark, shortened) = withheld(side, grant);
        remarks.push(remark);
        let label = if side == Side::Gained { "but not" } else { "was denied" };
        let items = grant.withheld.iter().map(part_text).collect();
        details.extend(shortened.then_some(Detail { label, items, folded: true }));
    }
    if !grant.already.is_empty() {
        let (remark, shortened) = already(side, grant);
        remarks.push(remark);
        let label = if side == Side::Gained { "before only" } else { "keeps" };
        let items = grant.already.iter().map(part_text).collect();
        details.extend(shortened.then_some(Detail { label, items, folded: true }));
    }
    let (cause, folded) = cause(side, grant);
    remarks.extend(cause);
    details.extend(folded);
    (remarks, details)
}

fn cause(side: Side, grant: &Grant) -> (Option<Vec<TextRun>>, Option<Detail>) {
    let denied = grant.denied_if.as_ref().map(condition::condition_phrase);
    let text = match (grant.cause, side) {
        (Cause::Allow, _) => return (None, None),
        // The boundary may have been removed, or allow more than before.
        (Cause::Boundary, Side::Gained) => {
            format!("(no longer withheld by the boundary {}", grant.policy)
        }
        (Cause::Boundary, Side::Lost) => format!("(withheld by the boundary {}", grant.policy),
        (Cause::Deny, Side::Gained) => format!("(no longer denied by {}", source(grant)),
        (Cause::Deny, Side::Lost) => format!("(now denied by {}", source(grant)),
    };
    let mut pieces = vec![plain(text)];
    if let Some(denied) = &denied {
        pieces.extend([plain(" if "), code(denied.short.clone())]);
    }
    pieces.push(plain(")"));
    (
        Some(pieces),
        denied.and_then(|said| said.whole).map(|items| Detail {
            label: "denied if",
            items,
            folded: true,
        }),
    )
}

/// Returns `statement 3 "NoDelete" of policy.Deploy`.
pub fn source(grant: &Grant) -> String {
    let sid = grant.sid.as_ref().map(|sid| format!(" {}", quoted(sid))).unwrap_or_default();
    let of = if grant.policy.is_empty() { String::new() } else { format!(" of {}", grant.policy) };
    format!("statement {}{sid}{of}", grant.statement)
}

/// Returns the statement that allows it, and an example request that a person can check.
pub fn evidence(grant: &Grant) -> Vec<Detail> {
    let detail = |label, text| Detail { label, items: vec![text], folded: false };
    let mut details = Vec::new();
    if grant.cause == Cause::Allow {
        details.push(detail("by", source(grant)));
    }
    if !grant.example.action.is_empty() {
        details.push(detail("for example", example(grant)));
    }
    details
}

fn example(grant: &Grant) -> String {
    let request = &grant.example;
    let who =
        if grant.principals.is_empty() { String::new() } else { format!(" by {}", caller(grant)) };
    let with: Vec<String> = request
        .context
        .iter()
        .map(|(key, values)| format!("{} = {}", spelt(key, grant), listed(values)))
        .collect();
    let with =
        if with.is_empty() { String::new() } else { format!(" with {}", with.join(" and ")) };
    format!("{} on {}{who}{with}", request.action, request.resource)
}

/// Returns a request's key in the policy's spelling, which the reader knows. AWS ignores the case
/// of keys.
fn spelt<'a>(key: &'a str, grant: &'a Grant) -> &'a str {
    let already = grant.already.iter().filter_map(|part| part.condition.as_ref());
    let conditions = grant.condition.iter().chain(&grant.denied_if).chain(already);
    let mut keys = conditions.flat_map(condition::keys);
    keys.find(|other| other.eq_ignore_ascii_case(key)).unwrap_or(key)
}

fn listed(values: &[String]) -> String {
    let shown = |value: &String| if value.is_empty() { "\"\"".to_owned() } else { value.clone() };
    values.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn caller(grant: &Grant) -> &str {
    match grant.example.principal.name.as_str() {
        "*" => "somebody without credentials",
        other => other,
    }
}

/// Returns true if the grant is about assuming a role and nothing else.
pub fn assumes(grant: &Grant) -> bool {
    !grant.actions.is_empty()
        && grant.actions.iter().all(|action| action.to_lowercase().starts_with("sts:assumerole"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::access::tests::{grant, said};

    #[test]
    fn complements_are_said_as_such() {
        let not_action = json!({"actions": ["*"], "except_actions": ["iam:*"], "resources": ["*"]});
        assert_eq!(said(Side::Gained, &not_action), "every action but iam:* on *");
        let not_resource = json!({"resources": ["*"], "except_resources": ["arn:aws:s3:::b"]});
        assert_eq!(
            said(Side::Gained, &not_resource),
            "s3:GetObject on every resource but arn:aws:s3:::b"
        );
    }

    #[test]
    fn a_deny_and_a_boundary_are_named_as_the_cause() {
        let deny = json!({"cause": "deny", "sid": "NoDelete", "statement": 3});
        let text = "s3:GetObject on arn:aws:s3:::b/*";
        let by = "denied by statement 3 \"NoDelete\" of policy.P";
        assert_eq!(said(Side::Gained, &deny), format!("{text} (no longer {by})"));
        assert_eq!(said(Side::Lost, &deny), format!("{text} (now {by})"));
        let insecure = json!({"cause": "deny", "sid": "NoDelete", "statement": 3,
            "denied_if": {"Bool": {"aws:SecureTransport": "false"}}});
        assert_eq!(
            said(Side::Lost, &insecure),
            format!("{text} (now {by} if aws:SecureTransport is false)")
        );
        let boundary = json!({"cause": "boundary"});
        assert_eq!(
            said(Side::Gained, &boundary),
            format!("{text} (no longer withheld by the boundary policy.P)")
        );
        assert_eq!(
            said(Side::Lost, &boundary),
            format!("{text} (withheld by the boundary policy.P)")
        );
    }

    #[test]
    fn an_example_can_be_checked() {
        let example = json!({"principal": {"type": "*", "name": "*"}, "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/key", "context": {"aws:securetransport": ["true"]}});
        let details = evidence(&grant(&json!({"principals": ["*"], "example": example})));
        assert_eq!(details[0].items, ["statement 2 \"Read\" of policy.P"]);
        let text = "s3:GetObject on arn:aws:s3:::b/key by somebody without credentials with \
            aws:securetransport = true";
        assert_eq!(details[1].items, [text]);
        let tag = json!({"StringEquals": {"aws:PrincipalTag/Team": "x"}});
        let nobody = json!({"principal": {"type": "AWS", "name": "a"}, "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/key", "context": {"aws:principaltag/team": [""]}});
        let details = evidence(&grant(&json!({"condition": tag, "example": nobody})));
        let text = "s3:GetObject on arn:aws:s3:::b/key with aws:PrincipalTag/Team = \"\"";
        assert_eq!(
            details[1].items,
            [text],
            "keys are spelt as in the policy, and an empty value is seen"
        );
    }
}
