//! The parts of a sentence about one grant: what, on what, under which condition, and why it comes or goes.

use std::collections::BTreeSet;

use super::fold::{Folded, actions, resources};
use super::{Detail, Piece, code, condition, plain};
use crate::policy::compare::{Cause, Grant, Part, Side};
use crate::render::text::quoted;
use crate::value::Value;

/// `iam:PassRole on arn:…`, `every action but iam:* on *`
pub fn what(grant: &Grant) -> (Vec<Piece>, Vec<Detail>) {
    let mut pieces = Vec::new();
    let mut details = Vec::new();
    let mut add = |label: &'static str, list: &[String], folded: Folded| {
        pieces.extend(folded.pieces);
        details.extend(folded.shortened.then(|| Detail { label, items: list.to_vec(), folded: true }));
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
        add("", &[], said(if grant.resources.is_empty() { " on every resource but " } else { " but " }));
        add("except resources", &grant.except_resources, resources(&grant.except_resources));
    }
    (pieces, details)
}

fn said(words: &str) -> Folded {
    Folded { pieces: vec![plain(words)], shortened: false }
}

/// Behind the clause: condition, what the other side has too, and the cause where it is no Allow.
pub fn remarks(side: Side, grant: &Grant) -> (Vec<Vec<Piece>>, Vec<Detail>) {
    let mut remarks = Vec::new();
    let mut details = Vec::new();
    if let Some(condition) = &grant.condition {
        let said = condition::said(condition);
        remarks.push(vec![plain("if "), code(said.short)]);
        details.extend(said.whole.map(|items| Detail { label: "if", items, folded: true }));
    }
    if !grant.already.is_empty() {
        let (remark, shortened) = already(side, grant);
        remarks.push(remark);
        let label = if side == Side::Gained { "before only" } else { "keeps" };
        let items = grant.already.iter().map(part).collect();
        details.extend(shortened.then_some(Detail { label, items, folded: true }));
    }
    remarks.extend(cause(side, grant));
    (remarks, details)
}

fn part(part: &Part) -> String {
    let condition = part.condition.as_ref().map(|it| condition::said(it).all().join(" and "));
    let condition = condition.map(|text| format!(" if {text}")).unwrap_or_default();
    format!("{} on {}{condition}", part.action, part.resource)
}

/// The part that the other side allows as well: `(before only on …)`, `(keeps it on …)`.
fn already(side: Side, grant: &Grant) -> (Vec<Piece>, bool) {
    let (opening, it) = match side {
        Side::Gained => ("(before only ", ""),
        Side::Lost => ("(keeps ", "it "),
    };
    let lower = |list: &[String]| list.iter().map(|text| text.to_lowercase()).collect::<BTreeSet<_>>();
    let (their_actions, their_resources) = product(&grant.already);
    let every_pair = their_actions.len() * their_resources.len() == grant.already.len();
    let same_actions = lower(&their_actions) == lower(&grant.actions);
    let same_resources = their_resources == grant.resources;
    let condition = common_condition(&grant.already);
    let conditional = condition.as_ref().is_some_and(|it| it.is_some()) && condition != Some(grant.condition.as_ref());
    let every_pair = every_pair && condition.is_some();
    let mut pieces = vec![plain(opening)];
    let mut shortened = false;
    let mut add = |folded: Folded| {
        pieces.extend(folded.pieces);
        shortened |= folded.shortened;
    };
    match (every_pair, same_actions, same_resources) {
        (false, ..) => {
            add(said("some of it"));
            shortened = true;
        }
        (true, true, true) if conditional => add(said(it.trim_end())),
        (true, true, true) => add(said(&format!("{it}under other conditions"))),
        (true, true, false) => {
            add(said(&format!("{it}on ")));
            add(on(&their_resources, grant));
        }
        (true, false, true) => add(actions(&their_actions)),
        (true, false, false) => {
            add(actions(&their_actions));
            add(said(" on "));
            add(on(&their_resources, grant));
        }
    }
    if let (true, true, Some(Some(theirs))) = (every_pair, conditional, condition) {
        let said = condition::said(theirs);
        shortened |= said.whole.is_some();
        let behind = pieces.last().is_some_and(|last| last.text.ends_with(' ') || last.text.is_empty());
        pieces.extend([plain(if behind { "if " } else { " if " }), code(said.short)]);
    }
    pieces.push(plain(")"));
    (pieces, shortened)
}

/// The condition that all of them have; none where they differ.
fn common_condition(parts: &[Part]) -> Option<Option<&Value>> {
    let first = parts.first()?.condition.as_ref();
    parts.iter().all(|part| part.condition.as_ref() == first).then_some(first)
}

/// Actions that are new altogether are a sentence of their own: together with those that only reach further now, they
/// would be overlooked.
pub fn apart(grant: &Grant) -> Vec<Grant> {
    let known: BTreeSet<String> = grant.already.iter().map(|part| part.action.to_lowercase()).collect();
    let is_known = |action: &String| known.contains(&action.to_lowercase());
    let (old, new): (Vec<String>, Vec<String>) = grant.actions.iter().cloned().partition(is_known);
    if old.len() != known.len() || new.is_empty() || old.is_empty() {
        return vec![grant.clone()];
    }
    let half = |actions: Vec<String>, already: Vec<Part>| {
        let mut half = Grant { actions, already, ..grant.clone() };
        if !half.actions.iter().any(|action| action.eq_ignore_ascii_case(&grant.example.action)) {
            half.example.action.clear();
        }
        half
    };
    vec![half(new, Vec::new()), half(old, grant.already.clone())]
}

/// Actions and resources, each once.
fn product(parts: &[Part]) -> (Vec<String>, Vec<String>) {
    let actions: BTreeSet<&String> = parts.iter().map(|part| &part.action).collect();
    let resources: BTreeSet<&String> = parts.iter().map(|part| &part.resource).collect();
    (actions.into_iter().cloned().collect(), resources.into_iter().cloned().collect())
}

/// An ARN right behind another of the same service, region and account only needs its end.
fn on(list: &[String], grant: &Grant) -> Folded {
    let head = |arn: &str| arn.match_indices(':').nth(4).map(|(colon, _)| arn[..=colon].to_owned());
    let here: BTreeSet<String> = grant.resources.iter().filter_map(|arn| head(arn)).collect();
    let known = (here.len() == 1).then_some(here).unwrap_or_default();
    let tail = |arn: &String| match head(arn) {
        Some(head) if known.contains(&head) && arn.len() > head.len() => format!("…{}", &arn[head.len()..]),
        _ => arn.clone(),
    };
    let mut folded = resources(&list.iter().map(tail).collect::<Vec<_>>());
    folded.shortened |= folded.pieces.iter().any(|piece| piece.text.starts_with('…'));
    folded
}

fn cause(side: Side, grant: &Grant) -> Option<Vec<Piece>> {
    let text = match (grant.cause, side) {
        (Cause::Allow, _) => return None,
        (Cause::Boundary, Side::Gained) => "(the boundary allows it now)".to_owned(),
        (Cause::Boundary, Side::Lost) => "(the boundary no longer allows it)".to_owned(),
        (Cause::Deny, Side::Gained) => format!("(no longer denied by {})", source(grant)),
        (Cause::Deny, Side::Lost) => format!("(now denied by {})", source(grant)),
    };
    Some(vec![plain(text)])
}

/// `statement 3 "NoDelete" of policy.Deploy`
pub fn source(grant: &Grant) -> String {
    let sid = grant.sid.as_ref().map(|sid| format!(" {}", quoted(sid))).unwrap_or_default();
    let of = if grant.policy.is_empty() { String::new() } else { format!(" of {}", grant.policy) };
    format!("statement {}{sid}{of}", grant.statement)
}

/// Where it stands, and a request that a person can check.
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
    let who = if grant.principals.is_empty() { String::new() } else { format!(" by {}", caller(grant)) };
    let with: Vec<String> =
        request.context.iter().map(|(key, values)| format!("{key} = {}", values.join(", "))).collect();
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(" and ")) };
    format!("{} on {}{who}{with}", request.action, request.resource)
}

fn caller(grant: &Grant) -> &str {
    match grant.example.principal.name.as_str() {
        "*" => "somebody without credentials",
        other => other,
    }
}

/// Whether it is about taking a role on, and about nothing else.
pub fn assumes(grant: &Grant) -> bool {
    !grant.actions.is_empty() && grant.actions.iter().all(|action| action.to_lowercase().starts_with("sts:assumerole"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::access::read;

    fn grant(fields: &serde_json::Value) -> Grant {
        let mut grant = json!({"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"], "cause": "allow",
            "policy": "policy.P", "statement": 2, "sid": "Read", "example": {"principal": {"type": "AWS", "name": "a"},
            "action": "s3:GetObject", "resource": "arn:aws:s3:::b/key"}});
        for (key, value) in fields.as_object().unwrap() {
            grant[key] = value.clone();
        }
        serde_json::from_value(grant).unwrap()
    }

    fn said(side: Side, fields: &serde_json::Value) -> String {
        let grant = grant(fields);
        let (clause, _) = what(&grant);
        let (remarks, _) = remarks(side, &grant);
        let rest: String = remarks.iter().map(|remark| format!(" {}", read(remark))).collect();
        read(&clause) + &rest
    }

    #[test]
    fn complements_are_said_as_such() {
        let not_action = json!({"actions": ["*"], "except_actions": ["iam:*"], "resources": ["*"]});
        assert_eq!(said(Side::Gained, &not_action), "every action but iam:* on *");
        let not_resource = json!({"resources": ["*"], "except_resources": ["arn:aws:s3:::b"]});
        assert_eq!(said(Side::Gained, &not_resource), "s3:GetObject on every resource but arn:aws:s3:::b");
    }

    #[test]
    fn what_the_other_side_has_too_is_said_in_the_shortest_true_way() {
        let pair = |action: &str, resource: &str| json!({"action": action, "resource": resource});
        let role = |text: &str| format!("arn:aws:iam::123456789012:role/{text}");
        let wider = json!({"actions": ["iam:PassRole"], "resources": [role("*Zappa")],
            "already": [pair("iam:PassRole", &role("*-Zappa"))]});
        let text = "iam:PassRole on arn:aws:iam::123456789012:role/*Zappa";
        assert_eq!(said(Side::Gained, &wider), format!("{text} (before only on …role/*-Zappa)"));
        assert_eq!(said(Side::Lost, &wider), format!("{text} (keeps it on …role/*-Zappa)"));
        let action = json!({"actions": ["s3:*"], "already": [pair("s3:GetObject", "arn:aws:s3:::b/*")]});
        assert_eq!(said(Side::Gained, &action), "s3:* on arn:aws:s3:::b/* (before only s3:GetObject)");
        assert_eq!(said(Side::Lost, &action), "s3:* on arn:aws:s3:::b/* (keeps s3:GetObject)");
        let both =
            json!({"actions": ["s3:*"], "resources": ["*"], "already": [pair("s3:GetObject", "arn:aws:s3:::b/*")]});
        assert_eq!(said(Side::Gained, &both), "s3:* on * (before only s3:GetObject on arn:aws:s3:::b/*)");
        let same = json!({"already": [pair("s3:getobject", "arn:aws:s3:::b/*")]});
        assert_eq!(said(Side::Gained, &same), "s3:GetObject on arn:aws:s3:::b/* (before only under other conditions)");
        let tls = json!({"Bool": {"aws:SecureTransport": "true"}});
        let loosened =
            json!({"already": [{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/*", "condition": tls}]});
        let text = "s3:GetObject on arn:aws:s3:::b/*";
        assert_eq!(said(Side::Gained, &loosened), format!("{text} (before only if aws:SecureTransport is true)"));
        assert_eq!(said(Side::Lost, &loosened), format!("{text} (keeps it if aws:SecureTransport is true)"));
        let both = json!({"resources": ["*"], "already": loosened["already"]});
        let text = "s3:GetObject on * (before only on arn:aws:s3:::b/* if aws:SecureTransport is true)";
        assert_eq!(said(Side::Gained, &both), text);
        let odd = json!({"already": [pair("s3:A", "x"), pair("s3:B", "y")]});
        assert_eq!(said(Side::Lost, &odd), "s3:GetObject on arn:aws:s3:::b/* (keeps some of it)");
    }

    #[test]
    fn what_is_new_altogether_is_told_apart_from_what_reaches_further() {
        let fields = json!({"actions": ["s3:GetObject", "s3:PutObject"], "resources": ["*"],
            "already": [{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/*"}]});
        let halves = apart(&grant(&fields));
        let told: Vec<_> = halves.iter().map(|half| (half.actions.join(" "), half.already.len())).collect();
        assert_eq!(told, [("s3:PutObject".to_owned(), 0), ("s3:GetObject".to_owned(), 1)]);
        let has_example = |half: &Grant| evidence(half).iter().any(|detail| detail.label == "for example");
        let examples: Vec<_> = halves.iter().map(has_example).collect();
        assert_eq!(examples, [false, true], "the example is of the one that it is an example of");
        let inside = json!({"actions": ["s3:*"], "already": [{"action": "s3:GetObject", "resource": "*"}]});
        assert_eq!(apart(&grant(&inside)), [grant(&inside)]);
    }

    #[test]
    fn a_deny_and_a_boundary_are_named_as_the_cause() {
        let deny = json!({"cause": "deny", "sid": "NoDelete", "statement": 3});
        let text = "s3:GetObject on arn:aws:s3:::b/*";
        let by = "denied by statement 3 \"NoDelete\" of policy.P";
        assert_eq!(said(Side::Gained, &deny), format!("{text} (no longer {by})"));
        assert_eq!(said(Side::Lost, &deny), format!("{text} (now {by})"));
        let boundary = json!({"cause": "boundary"});
        assert_eq!(said(Side::Gained, &boundary), format!("{text} (the boundary allows it now)"));
        assert_eq!(said(Side::Lost, &boundary), format!("{text} (the boundary no longer allows it)"));
    }

    #[test]
    fn an_example_can_be_checked() {
        let example = json!({"principal": {"type": "*", "name": "*"}, "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/key", "context": {"aws:securetransport": ["true"]}});
        let details = evidence(&grant(&json!({"principals": ["*"], "example": example})));
        assert_eq!(details[0].items, ["statement 2 \"Read\" of policy.P"]);
        let text = "s3:GetObject on arn:aws:s3:::b/key by somebody without credentials with aws:securetransport = true";
        assert_eq!(details[1].items, [text]);
    }
}
