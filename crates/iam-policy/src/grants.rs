//! The access that policies give in any context: enough to warn of a setup that can't work.

use super::pattern::{Filling, resource_matches};
use super::request::Caller;
use super::statement::{Effect, Policy, Statement};

/// Returns true if the policies of a user or a role, conditions aside, allow the action on the
/// resource: some Allow matches, and no Deny does. Conditions of an Allow count as met, those of a
/// Deny as not met.
pub fn allows(policies: &[Policy], action: &str, resource: &str) -> bool {
    decide(policies, |statement| statement.acts(action) && may_cover(statement, resource))
}

/// Returns true if a trust policy, conditions aside, lets the service assume the role.
pub fn trusts(trust: &Policy, service: &str) -> bool {
    let service = Caller::service(service);
    let names = |statement: &Statement| {
        statement.principals.as_ref().is_some_and(|names| names.names(&service))
    };
    decide(std::slice::from_ref(trust), |statement| {
        statement.acts("sts:AssumeRole") && names(statement)
    })
}

impl Statement {
    /// Returns true if the resources of the statement include this ARN, whatever the values of
    /// variables are.
    pub fn reaches(&self, arn: &str) -> bool {
        let Some(resources) = &self.resources else { return true };
        let (may, must) = if self.variables {
            (Filling::Anything, Filling::Nothing)
        } else {
            (Filling::Literal, Filling::Literal)
        };
        let matches = |filling| {
            resources.patterns.iter().any(|pattern| resource_matches(pattern, arn, filling))
        };
        if resources.not { !matches(must) } else { matches(may) }
    }
}

fn decide(policies: &[Policy], matches: impl Fn(&Statement) -> bool) -> bool {
    let statements = || policies.iter().flat_map(|policy| &policy.statements);
    let denies =
        |it: &Statement| it.effect == Effect::Deny && it.conditions.is_empty() && matches(it);
    statements().any(|it| it.effect == Effect::Allow && matches(it)) && !statements().any(denies)
}

/// Tells if the statement may match the resource. Variables of an Allow count as filled in to
/// match, those of a Deny as not; NotResource reverses that.
fn may_cover(statement: &Statement, resource: &str) -> bool {
    let Some(clause) = &statement.resources else { return true };
    let filling = match (statement.variables, (statement.effect == Effect::Allow) != clause.not) {
        (false, _) => Filling::Literal,
        (true, true) => Filling::Anything,
        (true, false) => Filling::Nothing,
    };
    clause.patterns.iter().any(|pattern| resource_matches(pattern, resource, filling)) != clause.not
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Value;

    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/x-ZappaLambdaExecutionRole";

    fn policy(statements: &Value) -> Policy {
        Policy::compile("p", &json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    }

    fn allows(statements: &Value, action: &str, resource: &str) -> bool {
        super::allows(&[policy(statements)], action, resource)
    }

    #[test]
    fn an_allow_matches_and_a_deny_wins() {
        let allow = json!({"Effect": "Allow", "Action": ["IAM:pass*"], "Resource": "arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole"});
        let deny = json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"});
        assert!(allows(&allow, "iam:PassRole", ROLE));
        assert!(!allows(&allow, "iam:GetRole", ROLE));
        assert!(!allows(&allow, "iam:PassRole", "arn:aws:iam::123456789012:role/other"));
        assert!(!allows(&json!([allow, deny]), "iam:PassRole", ROLE));
    }

    #[test]
    fn conditions_of_an_allow_count_as_met_and_of_a_deny_as_not() {
        let condition = json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
        let allow =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        let deny =
            json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
        assert!(allows(&json!([allow, deny]), "iam:PassRole", ROLE));
    }

    #[test]
    fn not_action_and_not_resource_are_complements() {
        let document =
            json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret*"});
        assert!(allows(&document, "s3:PutObject", "arn:aws:s3:::open/key"));
        assert!(!allows(&document, "s3:PutObject", "arn:aws:s3:::secret/key"));
        assert!(!allows(&document, "iam:PassRole", ROLE));
    }

    #[test]
    fn a_deny_on_variables_can_not_be_relied_upon() {
        let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}"});
        assert!(allows(&json!([allow, deny]), "s3:GetObject", "arn:aws:s3:::home/bob"));
        let but = json!({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::home/${aws:username}"});
        assert!(allows(&json!([allow, but]), "s3:GetObject", "arn:aws:s3:::home/bob"));
        assert!(!allows(&json!([allow, but]), "s3:GetObject", "arn:aws:s3:::other/bob"));
    }

    #[test]
    fn several_policies_count_together() {
        let allow = policy(&json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}));
        let deny = policy(&json!([{"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}]));
        assert!(super::allows(std::slice::from_ref(&allow), "iam:PassRole", ROLE));
        assert!(!super::allows(&[allow, deny], "iam:PassRole", ROLE));
        assert!(!super::allows(&[], "iam:PassRole", ROLE));
    }

    #[test]
    fn a_trust_policy_names_its_services() {
        let trust = |principal: Value, action: &str| {
            policy(&json!({"Effect": "Allow", "Action": action, "Principal": principal}))
        };
        let both = json!({"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]});
        assert!(trusts(&trust(both.clone(), "sts:AssumeRole"), "lambda.amazonaws.com"));
        assert!(trusts(&trust(both.clone(), "sts:*"), "lambda.amazonaws.com"));
        assert!(!trusts(&trust(both, "sts:TagSession"), "lambda.amazonaws.com"));
        assert!(!trusts(
            &trust(json!({"AWS": "lambda.amazonaws.com"}), "sts:AssumeRole"),
            "lambda.amazonaws.com"
        ));
    }
}
