//! Examples that a person recognises, in place of the shortest ones.

use crate::pattern::{Filling, action_matches, arn_parts, filled_with, resource_matches};
use crate::request::Request;

use super::comparison::Grant;
use super::membership::allows;
use super::space::Space;

/// Replaces the example by one with whole words, if that shows the same difference.
pub(super) fn improve(space: &Space<'_>, after: bool, grant: &mut Grant) {
    let circumstances = grant.example.circumstances();
    let filling = Filling::of(&circumstances, space.rows.iter().any(|row| row.statement.variables));
    let steps = 20 * space.rows.len();
    let shows = |request: &Request| {
        space.budget().spend(steps)
            && is_about(grant, request, filling)
            && allows(space, space.rows.iter(), after, request)
            && !allows(space, space.rows.iter(), !after, request)
    };
    let resources = resources(grant, filling);
    let found = actions(grant).into_iter().find_map(|action| {
        let with = |resource: &String| Request {
            action: action.clone(),
            resource: resource.clone(),
            ..grant.example.clone()
        };
        resources.iter().map(with).find(|request| shows(request))
    });
    if let Some(found) = found {
        grant.example = found;
    }
}

fn is_about(grant: &Grant, request: &Request, filling: Filling<'_>) -> bool {
    let acts = |patterns: &[String]| {
        patterns.iter().any(|pattern| action_matches(pattern, &request.action))
    };
    let covers = |patterns: &[String]| {
        patterns.iter().any(|it| resource_matches(it, &request.resource, filling))
    };
    acts(&grant.actions)
        && !acts(&grant.except_actions)
        && (grant.resources.is_empty() || covers(&grant.resources))
        && !covers(&grant.except_resources)
}

/// Returns actions of the grant: first those that it spells out, then names in place of wildcards,
/// then the shortest.
fn actions(grant: &Grant) -> Vec<String> {
    let literal = grant.actions.iter().filter(|action| !action.contains(['*', '?'])).cloned();
    let mut actions: Vec<String> = literal.collect();
    for pattern in &grant.actions {
        for word in ["Example", ""] {
            let action = pattern.replace('*', word).replace('?', "x");
            if action.contains(':') && action_matches(pattern, &action) {
                actions.push(action);
            }
        }
    }
    actions.push(grant.example.action.clone());
    actions
}

/// Returns resources of the grant: first with words in place of wildcards, then the shortest.
fn resources(grant: &Grant, filling: Filling<'_>) -> Vec<String> {
    let mut resources = Vec::new();
    for pattern in &grant.resources {
        if pattern == "*" {
            resources.push("*".to_owned());
            continue;
        }
        resources
            .extend(["example", ""].into_iter().filter_map(|word| worded(pattern, filling, word)));
    }
    resources.push(grant.example.resource.clone());
    resources
}

/// The parts of an example ARN where a pattern has fewer than six: AWS completes a short ARN.
const REST: [&str; 6] = ["arn", ":aws", ":example", ":us-east-1", ":123456789012", ":example"];

fn worded(pattern: &str, filling: Filling<'_>, word: &str) -> Option<String> {
    let parts: Vec<String> = arn_parts(pattern, filling)
        .into_iter()
        .enumerate()
        .map(|(index, part)| match (index, part) {
            (1, "*") => Some("aws".to_owned()),
            (3, "*") => Some("us-east-1".to_owned()),
            (4, "*") => Some("123456789012".to_owned()),
            (_, part) => {
                filled_with(part, filling, |text| text.replace('*', word).replace('?', "x"))
            }
        })
        .collect::<Option<_>>()?;
    let missing = REST.len().saturating_sub(parts.len());
    Some(parts.join(":") + &REST[REST.len() - missing..].concat())
}
