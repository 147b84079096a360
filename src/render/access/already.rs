//! Phrases for the part of a grant that the other side of a comparison allows as well, or that a
//! Deny withholds.

use std::collections::BTreeSet;

use super::fold::{Folded, actions, resources};
use super::{TextRun, code, condition, plain};
use crate::policy::compare::{Grant, GrantPart, Side};
use crate::value::Value;

/// Returns `s3:GetObject on arn:… if …`.
pub fn part_text(part: &GrantPart) -> String {
    let condition =
        part.condition.as_ref().map(|it| condition::condition_phrase(it).all().join(" and "));
    let condition = condition.map(|text| format!(" if {text}")).unwrap_or_default();
    // A trust policy names no resource: its resource is its role.
    let on =
        if part.resource.is_empty() { String::new() } else { format!(" on {}", part.resource) };
    format!("{}{on}{condition}", part.action)
}

/// Returns the part of a grant that the other side allows as well: `(before only on …)`, `(keeps it
/// on …)`; and true if the phrase leaves something out.
pub fn already(side: Side, grant: &Grant) -> (Vec<TextRun>, bool) {
    let (opening, it) = match side {
        Side::Gained => ("(before only", ""),
        Side::Lost => ("(keeps", " it"),
    };
    let mut pieces = vec![plain(opening)];
    let mut shortened = false;
    match Common::of(&grant.already) {
        None => {
            pieces.push(plain(" some of it"));
            shortened = true;
        }
        Some(common) => {
            let words = common.words(grant);
            if !words.names_actions {
                pieces.push(plain(it));
            }
            shortened |= words.shortened;
            pieces.extend(words.pieces);
        }
    }
    pieces.push(plain(")"));
    (pieces, shortened)
}

/// Returns the part of a grant that a Deny withholds: `(but not s3:Delete*)`, `(was denied on …)`;
/// and true if the phrase leaves something out.
pub fn withheld(side: Side, grant: &Grant) -> (Vec<TextRun>, bool) {
    let (opening, some) = match side {
        Side::Gained => ("(but not", " all of it"),
        Side::Lost => ("(was denied", " some of it"),
    };
    let words = Common::of(&grant.withheld).map(|common| common.words(grant));
    let (said, shortened) =
        words.map_or_else(|| (vec![plain(some)], true), |words| (words.pieces, words.shortened));
    (std::iter::once(plain(opening)).chain(said).chain([plain(")")]).collect(), shortened)
}

/// Actions and resources of which every pair is allowed, under one condition.
struct Common<'g> {
    actions: Vec<String>,
    resources: Vec<String>,
    condition: Option<&'g Value>,
}

struct Words {
    pieces: Vec<TextRun>,
    shortened: bool,
    names_actions: bool,
}

impl<'g> Common<'g> {
    fn of(parts: &'g [GrantPart]) -> Option<Self> {
        let condition = parts.first()?.condition.as_ref();
        let actions: BTreeSet<&String> = parts.iter().map(|part| &part.action).collect();
        let named = parts.iter().map(|part| &part.resource).filter(|resource| !resource.is_empty());
        let resources: BTreeSet<&String> = named.collect();
        let alike = parts.iter().all(|part| part.condition.as_ref() == condition);
        (alike && actions.len() * resources.len().max(1) == parts.len()).then(|| Self {
            actions: actions.into_iter().cloned().collect(),
            resources: resources.into_iter().cloned().collect(),
            condition,
        })
    }

    /// Returns only the words that differ from the grant's own.
    fn words(&self, grant: &Grant) -> Words {
        let lower =
            |list: &[String]| list.iter().map(|text| text.to_lowercase()).collect::<BTreeSet<_>>();
        let mut words = Words { pieces: Vec::new(), shortened: false, names_actions: false };
        if lower(&self.actions) != lower(&grant.actions) {
            words.names_actions = true;
            words.say(" ", actions(&self.actions));
        }
        if !self.resources.is_empty() && lower(&self.resources) != lower(&grant.resources) {
            words.say(" on ", tails(&self.resources, grant));
        }
        if let Some(theirs) =
            self.condition.filter(|theirs| grant.condition.as_ref() != Some(theirs))
        {
            let said = condition::condition_phrase(theirs);
            words.say(
                " if ",
                Folded { pieces: vec![code(said.short)], shortened: said.whole.is_some() },
            );
        }
        if words.pieces.is_empty() {
            words.pieces.push(plain(" under other conditions"));
        }
        words
    }
}

impl Words {
    fn say(&mut self, before: &str, folded: Folded) {
        self.pieces.push(plain(before));
        self.pieces.extend(folded.pieces);
        self.shortened |= folded.shortened;
    }
}

/// Shortens ARNs of the same service, region and account as the grant's to their ends.
fn tails(list: &[String], grant: &Grant) -> Folded {
    let head = |arn: &str| arn.match_indices(':').nth(4).map(|(colon, _)| arn[..=colon].to_owned());
    let here: BTreeSet<Option<String>> = grant.resources.iter().map(|arn| head(arn)).collect();
    let tail = |arn: &String| match head(arn) {
        Some(head)
            if here.len() == 1 && here.contains(&Some(head.clone())) && arn.len() > head.len() =>
        {
            format!("…{}", &arn[head.len()..])
        }
        _ => arn.clone(),
    };
    let mut folded = resources(&list.iter().map(tail).collect::<Vec<_>>());
    folded.shortened |= folded.pieces.iter().any(|piece| piece.text.starts_with('…'));
    folded
}

/// Splits off the actions that are altogether new into a sentence of their own: among actions that
/// only reach further than before, they would be overlooked.
pub fn apart(grant: &Grant) -> Vec<Grant> {
    let known: BTreeSet<String> =
        grant.already.iter().map(|part| part.action.to_lowercase()).collect();
    let is_known = |action: &String| known.contains(&action.to_lowercase());
    let (old, new): (Vec<String>, Vec<String>) = grant.actions.iter().cloned().partition(is_known);
    if old.len() != known.len() || new.is_empty() || old.is_empty() {
        return vec![grant.clone()];
    }
    let half = |actions: Vec<String>, already: Vec<GrantPart>| {
        let mut half = Grant { actions, already, ..grant.clone() };
        // The example is of an action in only one half.
        if !half.actions.iter().any(|action| action.eq_ignore_ascii_case(&grant.example.action)) {
            half.example.action.clear();
        }
        half
    };
    vec![half(new, Vec::new()), half(old, grant.already.clone())]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::access::grant::evidence;
    use crate::render::access::tests::{grant, said};

    #[test]
    fn what_the_other_side_has_too_is_said_in_the_shortest_true_way() {
        let pair = |action: &str, resource: &str| json!({"action": action, "resource": resource});
        let role = |text: &str| format!("arn:aws:iam::123456789012:role/{text}");
        let wider = json!({"actions": ["iam:PassRole"], "resources": [role("*Zappa")],
            "already": [pair("iam:PassRole", &role("*-Zappa"))]});
        let text = "iam:PassRole on arn:aws:iam::123456789012:role/*Zappa";
        assert_eq!(said(Side::Gained, &wider), format!("{text} (before only on …role/*-Zappa)"));
        assert_eq!(said(Side::Lost, &wider), format!("{text} (keeps it on …role/*-Zappa)"));
        let action =
            json!({"actions": ["s3:*"], "already": [pair("s3:GetObject", "arn:aws:s3:::b/*")]});
        assert_eq!(
            said(Side::Gained, &action),
            "s3:* on arn:aws:s3:::b/* (before only s3:GetObject)"
        );
        assert_eq!(said(Side::Lost, &action), "s3:* on arn:aws:s3:::b/* (keeps s3:GetObject)");
        let both = json!({"actions": ["s3:*"], "resources": ["*"], "already": [pair("s3:GetObject", "arn:aws:s3:::b/*")]});
        assert_eq!(
            said(Side::Gained, &both),
            "s3:* on * (before only s3:GetObject on arn:aws:s3:::b/*)"
        );
        let same = json!({"already": [pair("s3:getobject", "arn:aws:s3:::b/*")]});
        assert_eq!(
            said(Side::Gained, &same),
            "s3:GetObject on arn:aws:s3:::b/* (before only under other conditions)"
        );
        let tls = json!({"Bool": {"aws:SecureTransport": "true"}});
        let loosened = json!({"already": [{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/*", "condition": tls}]});
        let text = "s3:GetObject on arn:aws:s3:::b/*";
        assert_eq!(
            said(Side::Gained, &loosened),
            format!("{text} (before only if aws:SecureTransport is true)")
        );
        assert_eq!(
            said(Side::Lost, &loosened),
            format!("{text} (keeps it if aws:SecureTransport is true)")
        );
        let both = json!({"resources": ["*"], "already": loosened["already"]});
        let text =
            "s3:GetObject on * (before only on arn:aws:s3:::b/* if aws:SecureTransport is true)";
        assert_eq!(said(Side::Gained, &both), text);
        let odd = json!({"already": [pair("s3:A", "x"), pair("s3:B", "y")]});
        assert_eq!(said(Side::Lost, &odd), "s3:GetObject on arn:aws:s3:::b/* (keeps some of it)");
    }

    #[test]
    fn a_trust_policy_names_no_resource() {
        let external = json!({"StringEquals": {"sts:ExternalId": "x"}});
        let part = |condition: Option<&serde_json::Value>| {
            let mut part = json!({"action": "sts:AssumeRole", "resource": ""});
            if let Some(condition) = condition {
                part["condition"] = condition.clone();
            }
            json!({"actions": ["sts:AssumeRole"], "resources": [], "already": [part]})
        };
        let text = "sts:AssumeRole";
        let before = format!("{text} (before only if sts:ExternalId is x)");
        assert_eq!(said(Side::Gained, &part(Some(&external))), before);
        assert_eq!(
            said(Side::Lost, &part(None)),
            format!("{text} (keeps it under other conditions)")
        );
        assert_eq!(
            super::part_text(&grant(&part(Some(&external))).already[0]),
            "sts:AssumeRole if sts:ExternalId is x"
        );
    }

    #[test]
    fn what_a_deny_forbids_is_left_out() {
        let pair = |action: &str, resource: &str| json!({"action": action, "resource": resource});
        let without = |parts: serde_json::Value| json!({"actions": ["s3:*"], "withheld": parts});
        let text = "s3:* on arn:aws:s3:::b/*";
        let delete = without(json!([pair("s3:Delete*", "arn:aws:s3:::b/*")]));
        assert_eq!(said(Side::Gained, &delete), format!("{text} (but not s3:Delete*)"));
        assert_eq!(said(Side::Lost, &delete), format!("{text} (was denied s3:Delete*)"));
        let secret = without(json!([pair("s3:*", "arn:aws:s3:::b/secret/*")]));
        assert_eq!(said(Side::Gained, &secret), format!("{text} (but not on …b/secret/*)"));
        let odd = without(json!([pair("s3:A", "x"), pair("s3:B", "y")]));
        assert_eq!(said(Side::Gained, &odd), format!("{text} (but not all of it)"));
    }

    #[test]
    fn what_is_new_altogether_is_told_apart_from_what_reaches_further() {
        let fields = json!({"actions": ["s3:GetObject", "s3:PutObject"], "resources": ["*"],
            "already": [{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/*"}]});
        let halves = apart(&grant(&fields));
        let told: Vec<_> =
            halves.iter().map(|half| (half.actions.join(" "), half.already.len())).collect();
        assert_eq!(told, [("s3:PutObject".to_owned(), 0), ("s3:GetObject".to_owned(), 1)]);
        let has_example =
            |half: &Grant| evidence(half).iter().any(|detail| detail.label == "for example");
        let examples: Vec<_> = halves.iter().map(has_example).collect();
        assert_eq!(examples, [false, true], "the example is of the one that it is an example of");
        let inside =
            json!({"actions": ["s3:*"], "already": [{"action": "s3:GetObject", "resource": "*"}]});
        assert_eq!(apart(&grant(&inside)), [grant(&inside)]);
    }
}
