//! Requests that a person recognises, in place of the shortest ones.

use crate::policy::pattern::action_matches;
use crate::policy::request::Request;

use super::Grant;
use super::circumstances::with_examples;
use super::space::Space;
use super::verdict::allows;

/// Puts in place of the example one with whole words, if it shows the same.
pub(super) fn improve(space: &Space<'_>, after: bool, grant: &mut Grant) {
    let rows: Vec<_> = space.rows.iter().collect();
    let shows = |request: &Request| allows(space, &rows, after, request) && !allows(space, &rows, !after, request);
    let mut best = grant.example.clone();
    let found = actions(grant).into_iter().find_map(|action| {
        resources(grant).into_iter().find_map(|resource| {
            let request = Request { action: action.clone(), resource, ..best.clone() };
            shows(&request).then_some(request)
        })
    });
    if let Some(found) = found {
        best = found;
    }
    grant.example = best;
}

/// Actions of the grant: those that it spells out, then names in place of wildcards, then the shortest.
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

/// Resources of the grant with words in place of wildcards and variables, then the shortest.
fn resources(grant: &Grant) -> Vec<String> {
    let mut resources = Vec::new();
    for pattern in &grant.resources {
        if pattern == "*" {
            resources.push("*".to_owned());
            continue;
        }
        for word in ["example", ""] {
            resources.push(worded(pattern, word));
        }
    }
    resources.push(grant.example.resource.clone());
    resources
}

/// What an ARN of which nothing is said might be: AWS completes a short one.
const REST: [&str; 6] = ["arn", ":aws", ":example", ":us-east-1", ":123456789012", ":example"];

fn worded(text: &str, word: &str) -> String {
    let parts: Vec<String> = with_examples(text)
        .splitn(6, ':')
        .enumerate()
        .map(|(index, part)| match (index, part) {
            (1, "*") => "aws".to_owned(),
            (3, "*") => "us-east-1".to_owned(),
            (4, "*") => "123456789012".to_owned(),
            (_, part) => part.replace('*', word).replace('?', "x"),
        })
        .collect();
    let missing = REST.len().saturating_sub(parts.len());
    let missing_parts = REST[REST.len() - missing..].concat();
    parts.join(":") + &missing_parts
}
