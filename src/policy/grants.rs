//! What a document lets somebody do, conditions aside: enough to warn of what can't work.

use serde_json::Map;

use crate::value::Value;

use super::canonical::canonical;
use super::document::{statements, texts};
use super::pattern::{Variables, action_matches, resource_matches};

type Statement = Map<String, Value>;

/// Whether an identity policy, conditions aside, allows the action on the resource: some Allow matches, no Deny does.
/// Conditions of an Allow count as met, those of a Deny as not met.
pub fn allows(document: &Value, action: &str, resource: &str) -> bool {
    decide(document, |statement, variables| acts(statement, action) && covers(statement, resource, variables))
}

/// Whether a trust policy, conditions aside, lets the service assume the role.
pub fn trusts(document: &Value, service: &str) -> bool {
    decide(document, |statement, _| acts(statement, "sts:AssumeRole") && names_service(statement, service))
}

/// One document with the statements of all: what they allow together, since any Allow suffices and any Deny wins.
pub fn together<'a>(documents: impl IntoIterator<Item = &'a Value>) -> Value {
    let all = documents.into_iter().filter_map(statements).flatten().cloned().map(Value::Object);
    Value::Object(Map::from_iter([("Statement".to_owned(), all.collect())]))
}

fn decide(document: &Value, matches: impl Fn(&Statement, Variables) -> bool) -> bool {
    // So that a Condition that tests nothing is none.
    let document = canonical(document);
    let statements = statements(&document).unwrap_or_default();
    let denied = |statement: &&Statement| {
        effect(statement) == "Deny" && !statement.contains_key("Condition") && matches(statement, Variables::Fail)
    };
    let allowed = |statement: &&Statement| effect(statement) == "Allow" && matches(statement, Variables::Match);
    statements.iter().any(allowed) && !statements.iter().any(denied)
}

fn effect(statement: &Statement) -> &str {
    statement.get("Effect").and_then(Value::as_str).unwrap_or_default()
}

fn acts(statement: &Statement, action: &str) -> bool {
    let any = |patterns: &Value| texts(Some(patterns)).iter().any(|pattern| action_matches(pattern, action));
    statement.get("Action").is_some_and(any) || statement.get("NotAction").is_some_and(|not| !any(not))
}

fn covers(statement: &Statement, resource: &str, variables: Variables) -> bool {
    let any = |patterns: &Value, variables| {
        texts(Some(patterns)).iter().any(|pattern| resource_matches(pattern, resource, variables))
    };
    // A complement turns the doubt about variables around.
    let opposite = if variables == Variables::Match { Variables::Fail } else { Variables::Match };
    statement.get("Resource").is_some_and(|patterns| any(patterns, variables))
        || statement.get("NotResource").is_some_and(|patterns| !any(patterns, opposite))
}

fn names_service(statement: &Statement, service: &str) -> bool {
    let named = |principal: &Value| principal == "*" || texts(principal.get("Service")).contains(&service);
    statement.get("Principal").is_some_and(named) || statement.get("NotPrincipal").is_some_and(|not| !named(not))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/x-ZappaLambdaExecutionRole";

    fn document(statements: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    #[test]
    fn an_allow_matches_and_a_deny_wins() {
        let allow = json!({"Effect": "Allow", "Action": ["IAM:pass*"], "Resource": "arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole"});
        let deny = json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"});
        assert!(allows(&document(&allow), "iam:PassRole", ROLE));
        assert!(!allows(&document(&allow), "iam:GetRole", ROLE));
        assert!(!allows(&document(&allow), "iam:PassRole", "arn:aws:iam::123456789012:role/other"));
        assert!(!allows(&document(&json!([allow, deny])), "iam:PassRole", ROLE));
    }

    #[test]
    fn conditions_of_an_allow_count_as_met_and_of_a_deny_as_not() {
        let condition = json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
        let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
        assert!(allows(&document(&json!([allow, deny])), "iam:PassRole", ROLE));
    }

    #[test]
    fn not_action_and_not_resource_are_complements() {
        let document =
            document(&json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret*"}));
        assert!(allows(&document, "s3:PutObject", "arn:aws:s3:::open/key"));
        assert!(!allows(&document, "s3:PutObject", "arn:aws:s3:::secret/key"));
        assert!(!allows(&document, "iam:PassRole", ROLE));
    }

    #[test]
    fn a_deny_on_variables_can_not_be_relied_upon() {
        let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}"});
        assert!(allows(&document(&json!([allow, deny])), "s3:GetObject", "arn:aws:s3:::home/bob"));
        let but = json!({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::home/${aws:username}"});
        assert!(allows(&document(&json!([allow, but])), "s3:GetObject", "arn:aws:s3:::home/bob"));
        assert!(!allows(&document(&json!([allow, but])), "s3:GetObject", "arn:aws:s3:::other/bob"));
    }

    #[test]
    fn several_documents_count_together() {
        let allow = document(&json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}));
        let deny = document(&json!([{"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}]));
        assert!(allows(&together([&allow]), "iam:PassRole", ROLE));
        assert!(!allows(&together([&allow, &deny]), "iam:PassRole", ROLE));
        assert!(!allows(&together([]), "iam:PassRole", ROLE));
    }

    #[test]
    fn a_trust_policy_names_its_services() {
        let trust = |principal: Value, action: &str| {
            document(&json!({"Effect": "Allow", "Action": action, "Principal": principal}))
        };
        let both = json!({"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]});
        assert!(trusts(&trust(both.clone(), "sts:AssumeRole"), "lambda.amazonaws.com"));
        assert!(trusts(&trust(both.clone(), "sts:*"), "lambda.amazonaws.com"));
        assert!(!trusts(&trust(both, "sts:TagSession"), "lambda.amazonaws.com"));
        assert!(!trusts(&trust(json!({"AWS": "lambda.amazonaws.com"}), "sts:AssumeRole"), "lambda.amazonaws.com"));
    }

    #[test]
    fn the_document_of_no_statement_grants_nothing() {
        for value in [json!(null), json!({}), json!({"Statement": []}), json!({"Statement": [1]})] {
            assert!(!allows(&value, "s3:GetObject", "arn:aws:s3:::b/k"));
        }
    }
}
