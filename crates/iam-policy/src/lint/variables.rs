//! The rule on `${…}` that AWS doesn't read as a variable.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::layout::texts;
use crate::pattern::has_variables;

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};

pub(super) const VARIABLE_SYNTAX: Rule = Rule::new(
    "variable-syntax",
    Severity::Warning,
    "A policy variable that AWS doesn't fill in",
    "AWS reads variables in documents of version 2012-10-17, in resources and in values under \
        String and Arn operators. Elsewhere, and with a slip in it, ${…} is text that nothing \
        matches.",
    "Write ${aws:username}, or ${aws:PrincipalTag/team, 'none'} with a default.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/${aws:PrincipalTag/team, none}/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/${aws:PrincipalTag/team, 'none'}/*"}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_variables"));

/// Finds variables in a document of a version without variables: one finding.
pub(super) fn find_old_version(sites: &[Site<'_>]) -> Option<Finding> {
    let of = |site: &Site<'_>| {
        let in_resources = site.resources().into_iter().find(|(_, text)| has_variables(text));
        let found = in_resources.map(|(pointer, text)| (pointer, text.to_owned()));
        found.or_else(|| site.tests().iter().find_map(in_values))
    };
    let old = sites.iter().filter(|site| !site.statement.variables);
    let (pointer, text) = old.into_iter().find_map(of)?;
    let message = format!("`{text}` is plain text: version 2008-10-17 has no variables");
    let remedy = "write \"Version\": \"2012-10-17\"";
    Some(Finding::new(&VARIABLE_SYNTAX, Severity::Warning, pointer, message, remedy))
}

fn in_values(test: &TestSite<'_>) -> Option<(String, String)> {
    let values = &test.test.values;
    let index = values.iter().position(|value| has_variables(value))?;
    Some((test.value(index), values[index].clone()))
}

/// Finds slips in the variables of a statement.
pub(super) fn find_slips(site: &Site<'_>, tests: &[TestSite<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |pointer: String, (message, remedy): (String, String)| {
        let rule = &VARIABLE_SYNTAX;
        findings.push(Finding::new(rule, Severity::Warning, pointer, message, remedy));
    };
    for element in ["Action", "NotAction"] {
        let listed = site.elements.get(element);
        for (index, text) in
            texts(listed).into_iter().enumerate().filter(|(_, it)| it.contains("${"))
        {
            add(site.value("Action", index), misplaced(text));
        }
    }
    for test in tests.iter().filter(|test| test.test.key.contains("${")) {
        add(test.pointer.clone(), misplaced(&test.test.key));
    }
    // In the old version `${` is text: one finding tells it for the whole document.
    if !site.statement.variables {
        return findings;
    }
    for (pointer, text) in site.resources() {
        if let Some(slip) = slip(text) {
            add(pointer, slip);
        }
    }
    for test in tests {
        let operator = test.test.operator;
        for (index, value) in test.test.values.iter().enumerate() {
            if operator.comparison.variable_form().is_none() && has_variables(value) {
                let message = format!("{operator} takes no variables: `{value}` is plain text");
                let remedy = "write a value, or test the key with a String or Arn operator";
                add(test.value(index), (message, remedy.to_owned()));
            } else if let Some(slip) = slip(value) {
                add(test.value(index), slip);
            }
        }
    }
    findings
}

fn misplaced(text: &str) -> (String, String) {
    let message =
        format!("`{text}` is plain text: AWS fills in variables in resources and condition values");
    (message, "write the name that is meant".to_owned())
}

/// Returns the first slip in the variables of a text, and the remedy.
fn slip(text: &str) -> Option<(String, String)> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else {
            return Some((
                format!("`${{{after}` lacks its closing brace"),
                "close it with }".to_owned(),
            ));
        };
        rest = behind;
        if matches!(inside, "*" | "?" | "$") {
            continue;
        }
        if let Some(found) = slip_inside(inside) {
            return Some(found);
        }
    }
    None
}

fn slip_inside(inside: &str) -> Option<(String, String)> {
    if inside.contains("${") {
        return Some((
            format!("`${{{inside}}}` lacks a closing brace"),
            "close the first variable with }".to_owned(),
        ));
    }
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => (name, Some(default.trim())),
        None => (inside, None),
    };
    let key = name.trim();
    if key.is_empty() {
        let remedy = "name a condition key, such as ${aws:username}".to_owned();
        return Some((format!("`${{{inside}}}` names no condition key"), remedy));
    }
    // The name of a tag may have spaces within.
    let before_tag = key.split('/').next().unwrap_or_default();
    if key != name || before_tag.contains(char::is_whitespace) {
        let plain: String = before_tag.split_whitespace().collect();
        let tag = key.split_once('/').map_or(String::new(), |(_, tag)| format!("/{tag}"));
        let default = default.map_or(String::new(), |default| format!(", {default}"));
        let message = format!("`${{{inside}}}` has a space in the name of its key");
        return Some((message, format!("write ${{{plain}{tag}{default}}}")));
    }
    let is_quoted = |text: &str| text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
    let default = default.filter(|text| !is_quoted(text))?;
    let plain = default.trim_matches(['\'', '"']);
    let message = format!("the default of `${{{inside}}}` isn't in single quotes");
    Some((message, format!("write ${{{name}, '{plain}'}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_in_variables_are_told_and_right_ones_are_not() {
        for right in [
            "arn:aws:s3:::b/${aws:username}/*",
            "${*}${?}${$}",
            "${aws:PrincipalTag/cost centre}",
            "${aws:PrincipalTag/team, 'none'}",
            "${aws:PrincipalTag/team,''}",
            "$ {x} $",
        ] {
            assert_eq!(slip(right), None, "{right}");
        }
        for (wrong, remedy) in [
            ("a/${aws:username", "close it with }"),
            ("a/${aws:username/${aws:userid}", "close the first variable with }"),
            ("a/${}", "name a condition key, such as ${aws:username}"),
            ("a/${ aws:username }", "write ${aws:username}"),
            ("a/${aws: username}", "write ${aws:username}"),
            ("a/${ aws:PrincipalTag/a b, 'x'}", "write ${aws:PrincipalTag/a b, 'x'}"),
            ("a/${aws:username, none}", "write ${aws:username, 'none'}"),
            ("a/${aws:username, 'none}", "write ${aws:username, 'none'}"),
        ] {
            assert_eq!(slip(wrong).map(|(_, remedy)| remedy).as_deref(), Some(remedy), "{wrong}");
        }
    }
}
