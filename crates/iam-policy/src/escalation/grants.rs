//! Grants of an action to a holder: the resources on which it is allowed, and the statements that
//! allow it.

use crate::Budget;
use crate::pattern::action_matches;
use crate::statement::{Clause, ConditionTest, Effect, OperatorName, Policy, Statement};

use super::scope;

/// A user or role with all policies that decide on its requests.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The ARN of the user or role; `None` for a policy that is attached to nobody.
    pub arn: Option<&'a str>,
    /// The partition: `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// The id of its account.
    pub account: &'a str,
    /// All policies that it holds, attached and inline.
    pub policies: &'a [Policy],
    /// Its permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// The ARNs of the managed policies among `policies`.
    pub attached: &'a [String],
    /// The budget of the question. Where it is spent, paths may be missing.
    pub budget: &'a Budget,
}

/// A statement that grants an action on some resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantingStatement {
    /// The action that is allowed.
    pub action: &'static str,
    /// The resource pattern: the part of the statement's pattern that is of the requested kind and
    /// within the boundary.
    pub resource: String,
    /// The resource pattern as the statement has it.
    pub said: String,
    /// The name of the policy.
    pub policy: String,
    /// The number of the statement, from 1.
    pub statement: usize,
    /// The name of the statement in messages: `statement 2 "Deploy"`.
    pub title: String,
    /// The index of the statement's action pattern that matches; `None` for `NotAction`.
    pub pattern: Option<usize>,
    /// True if the statement has a Condition that may or may not hold.
    pub conditional: bool,
    /// The condition key that keeps the action harmless, if the Condition demands it.
    pub reined: Option<&'static str>,
}

/// The condition keys with which AWS's own guides delegate IAM safely: changed objects stay within
/// a boundary, or only chosen policies can be attached ("Permissions boundaries for IAM entities",
/// "Actions, resources, and condition keys for IAM").
const REINS: [&str; 2] = ["iam:PermissionsBoundary", "iam:PolicyARN"];

const PASSED_TO: &str = "iam:PassedToService";

impl Holder<'_> {
    /// Returns the statements that grant the action on resources within `target`. `service` is the
    /// service that a role is passed to. Conditions of an Allow count as met, and those of a Deny
    /// as not met, unless they are about the service.
    pub(super) fn ways(
        &self,
        action: &'static str,
        target: &str,
        service: Option<&str>,
    ) -> Vec<GrantingStatement> {
        let allowed =
            self.policies.iter().flat_map(|policy| self.allowed(policy, action, target, service));
        let bounded = allowed.flat_map(|way| match self.boundary {
            None => vec![way],
            Some(boundary) => self
                .allowed(boundary, action, &way.resource, service)
                .into_iter()
                .map(|bound| GrantingStatement { resource: bound.resource, ..way.clone() })
                .collect(),
        });
        bounded.filter(|way| !self.denied(action, &way.resource, service)).collect()
    }

    fn allowed(
        &self,
        policy: &Policy,
        action: &'static str,
        target: &str,
        service: Option<&str>,
    ) -> Vec<GrantingStatement> {
        let mut ways = Vec::new();
        for statement in
            policy.statements.iter().filter(|statement| statement.effect == Effect::Allow)
        {
            if !self.takes(statement) {
                break;
            }
            let Some(hit) = acts(&statement.actions, action) else { continue };
            let pattern = if let Hit::Named(index) = hit { Some(index) } else { None };
            let passes = |test: &ConditionTest| {
                service.is_none_or(|service| may_hold(test, service, self.budget) != Some(false))
            };
            if !statement.conditions.iter().all(passes) {
                continue;
            }
            let reined = statement.conditions.iter().find_map(rein);
            let decided = |test: &ConditionTest| {
                service.is_some_and(|service| may_hold(test, service, self.budget).is_some())
            };
            let conditional = statement.conditions.iter().any(|test| !decided(test));
            ways.extend(self.resources(statement, target).into_iter().map(|(said, resource)| {
                GrantingStatement {
                    action,
                    resource,
                    said,
                    policy: policy.name.clone(),
                    statement: statement.number,
                    title: statement.title(),
                    pattern,
                    conditional,
                    reined,
                }
            }));
        }
        ways
    }

    /// Returns the resource patterns of an Allow that meet the target: as the statement has them,
    /// and the part within the target.
    fn resources(&self, statement: &Statement, target: &str) -> Vec<(String, String)> {
        let Some(clause) = &statement.resources else { return Vec::new() };
        let patterns: Vec<String> =
            clause.patterns.iter().filter_map(|text| self.filled(statement, text)).collect();
        if clause.not {
            let spared = patterns.iter().any(|pattern| scope::holds(pattern, target, self.budget));
            let said = format!("everything but {}", clause.patterns.join(", "));
            return if spared { Vec::new() } else { vec![(said, target.to_owned())] };
        }
        let met = patterns
            .into_iter()
            .filter(|pattern| scope::patterns_overlap(pattern, target, self.budget));
        met.map(|pattern| (pattern.clone(), scope::common(&pattern, target, self.budget))).collect()
    }

    /// Tells if a Deny covers all of the resources.
    fn denied(&self, action: &str, resource: &str, service: Option<&str>) -> bool {
        let covers = |statement: &Statement| {
            let certain = |test: &ConditionTest| {
                service.and_then(|service| may_hold(test, service, self.budget)) == Some(true)
            };
            statement.effect == Effect::Deny
                && self.takes(statement)
                && acts(&statement.actions, action).is_some()
                && statement.conditions.iter().all(certain)
                && statement
                    .resources
                    .as_ref()
                    .is_some_and(|clause| self.spans(statement, clause, resource))
        };
        self.policies.iter().chain(self.boundary).flat_map(|policy| &policy.statements).any(covers)
    }

    /// Takes the steps for the actions and conditions of a statement; false where none are left.
    fn takes(&self, statement: &Statement) -> bool {
        self.budget.spend(4 * (1 + statement.actions.patterns.len() + statement.conditions.len()))
    }

    fn spans(&self, statement: &Statement, clause: &Clause, resource: &str) -> bool {
        let mut patterns = clause.patterns.iter().filter_map(|text| self.filled(statement, text));
        if clause.not {
            !patterns.any(|pattern| scope::patterns_overlap(&pattern, resource, self.budget))
        } else {
            patterns.any(|pattern| scope::holds(&pattern, resource, self.budget))
        }
    }

    /// Fills in `${aws:username}` with the user's name. A role has none, so a pattern with it never
    /// matches.
    fn filled(&self, statement: &Statement, pattern: &str) -> Option<String> {
        const NAME: &str = "${aws:username}";
        let Some(arn) = self.arn.filter(|_| statement.variables && pattern.contains(NAME)) else {
            return Some(pattern.to_owned());
        };
        let user = arn.splitn(6, ':').nth(5)?.strip_prefix("user/")?;
        Some(pattern.replace(NAME, user.rsplit('/').next().unwrap_or(user)))
    }
}

/// The match of a statement with an action.
enum Hit {
    /// A pattern of `Action` matches; this is its index.
    Named(usize),
    /// `NotAction` doesn't except the action.
    Left,
}

fn acts(clause: &Clause, action: &str) -> Option<Hit> {
    let found = clause.patterns.iter().position(|pattern| action_matches(pattern, action));
    match (clause.not, found) {
        (false, Some(index)) => Some(Hit::Named(index)),
        (true, None) => Some(Hit::Left),
        _ => None,
    }
}

/// Tells if a test about the service that a role is passed to holds for this service; `None` where
/// the test is about something else.
fn may_hold(test: &ConditionTest, service: &str, budget: &Budget) -> Option<bool> {
    if !test.key.eq_ignore_ascii_case(PASSED_TO) {
        return None;
    }
    let any = |matches: &dyn Fn(&str) -> bool| test.values.iter().any(|value| matches(value));
    match test.operator.comparison {
        OperatorName::StringEquals => Some(any(&|value| value == service)),
        OperatorName::StringEqualsIgnoreCase => {
            Some(any(&|value| value.eq_ignore_ascii_case(service)))
        }
        OperatorName::StringLike => Some(any(&|value| scope::holds_text(value, service, budget))),
        OperatorName::StringNotEquals => Some(!any(&|value| value == service)),
        OperatorName::StringNotEqualsIgnoreCase => {
            Some(!any(&|value| value.eq_ignore_ascii_case(service)))
        }
        OperatorName::StringNotLike => {
            Some(!any(&|value| scope::holds_text(value, service, budget)))
        }
        _ => None,
    }
}

fn rein(test: &ConditionTest) -> Option<&'static str> {
    let demands = matches!(
        test.operator.comparison,
        OperatorName::StringEquals
            | OperatorName::StringLike
            | OperatorName::ArnEquals
            | OperatorName::ArnLike
    );
    let weak = test.operator.if_exists || test.values.iter().any(|value| value == "*");
    REINS.into_iter().find(|key| demands && !weak && test.key.eq_ignore_ascii_case(key))
}
