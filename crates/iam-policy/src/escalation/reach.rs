//! Where somebody may use an action: on which resources, and by which statements.

use crate::pattern::action_matches;
use crate::statement::{Clause, ConditionTest, Effect, OperatorName, Policy, Statement};

use super::scope;

/// Whose policies they are, and all that has a say on its requests.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// Of the user or role; none where a policy is looked at that hangs on nobody.
    pub arn: Option<&'a str>,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// The id of its account.
    pub account: &'a str,
    /// All that it holds, attached and inline.
    pub policies: &'a [Policy],
    /// Its permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// The ARNs of the managed policies among them.
    pub attached: &'a [String],
}

/// A statement that allows an action, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantingStatement {
    /// The action that is allowed.
    pub action: &'static str,
    /// The resources, as far as they are of the kind that is asked for and the boundary reaches
    /// too.
    pub resource: String,
    /// The resources as the statement names them.
    pub said: String,
    /// The name of the policy.
    pub policy: String,
    /// Number, from 1, and title of the statement.
    pub statement: usize,
    /// As answers name the statement: `statement 2 "Deploy"`.
    pub title: String,
    /// Which of the statement's action patterns it is; none for `NotAction`.
    pub pattern: Option<usize>,
    /// It has a Condition that may or may not hold.
    pub conditional: bool,
    /// What the condition demands that keeps the action harmless.
    pub reined: Option<&'static str>,
}

/// Conditions with which AWS's own guides delegate IAM safely: what is changed stays within a
/// boundary, or only chosen policies can be attached ("Permissions boundaries for IAM entities",
/// "Actions, resources, and condition keys for IAM").
const REINS: [&str; 2] = ["iam:PermissionsBoundary", "iam:PolicyARN"];

const PASSED_TO: &str = "iam:PassedToService";

impl Holder<'_> {
    /// By which statements, and on which of the resources that `target` describes, the action is
    /// allowed. `service` is the one that a role is passed to. Conditions of an Allow count as met,
    /// those of a Deny as not met, unless they are about the service.
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
            let Some(hit) = acts(&statement.actions, action) else { continue };
            let pattern = if let Hit::Named(index) = hit { Some(index) } else { None };
            let passes = |test: &ConditionTest| {
                service.is_none_or(|service| may_hold(test, service) != Some(false))
            };
            if !statement.conditions.iter().all(passes) {
                continue;
            }
            let reined = statement.conditions.iter().find_map(rein);
            let decided = |test: &ConditionTest| {
                service.is_some_and(|service| may_hold(test, service).is_some())
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

    /// What an Allow names of the target: as it says it, and the part that is meant.
    fn resources(&self, statement: &Statement, target: &str) -> Vec<(String, String)> {
        let Some(clause) = &statement.resources else { return Vec::new() };
        let patterns: Vec<String> =
            clause.patterns.iter().filter_map(|text| self.filled(statement, text)).collect();
        if clause.not {
            let spared = patterns.iter().any(|pattern| scope::holds(pattern, target));
            let said = format!("everything but {}", clause.patterns.join(", "));
            return if spared { Vec::new() } else { vec![(said, target.to_owned())] };
        }
        let met = patterns.into_iter().filter(|pattern| scope::meet(pattern, target));
        met.map(|pattern| (pattern.clone(), scope::common(&pattern, target))).collect()
    }

    /// Whether some Deny covers all of the resources.
    fn denied(&self, action: &str, resource: &str, service: Option<&str>) -> bool {
        let covers = |statement: &Statement| {
            let certain = |test: &ConditionTest| {
                service.and_then(|service| may_hold(test, service)) == Some(true)
            };
            statement.effect == Effect::Deny
                && acts(&statement.actions, action).is_some()
                && statement.conditions.iter().all(certain)
                && statement
                    .resources
                    .as_ref()
                    .is_some_and(|clause| self.spans(statement, clause, resource))
        };
        self.policies.iter().chain(self.boundary).flat_map(|policy| &policy.statements).any(covers)
    }

    fn spans(&self, statement: &Statement, clause: &Clause, resource: &str) -> bool {
        let mut patterns = clause.patterns.iter().filter_map(|text| self.filled(statement, text));
        if clause.not {
            !patterns.any(|pattern| scope::meet(&pattern, resource))
        } else {
            patterns.any(|pattern| scope::holds(&pattern, resource))
        }
    }

    /// `${aws:username}` is the user's name; a role has none, so a pattern with it never matches.
    fn filled(&self, statement: &Statement, pattern: &str) -> Option<String> {
        const NAME: &str = "${aws:username}";
        let Some(arn) = self.arn.filter(|_| statement.variables && pattern.contains(NAME)) else {
            return Some(pattern.to_owned());
        };
        let user = arn.splitn(6, ':').nth(5)?.strip_prefix("user/")?;
        Some(pattern.replace(NAME, user.rsplit('/').next().unwrap_or(user)))
    }
}

/// How a statement comes to be about an action.
enum Hit {
    /// By this pattern of `Action`.
    Named(usize),
    /// `NotAction` doesn't except it.
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

/// Whether a test about the service that a role is passed to holds for this one; none where it is
/// about something else.
fn may_hold(test: &ConditionTest, service: &str) -> Option<bool> {
    if !test.key.eq_ignore_ascii_case(PASSED_TO) {
        return None;
    }
    let any = |matches: &dyn Fn(&str) -> bool| test.values.iter().any(|value| matches(value));
    match test.operator.comparison {
        OperatorName::StringEquals => Some(any(&|value| value == service)),
        OperatorName::StringEqualsIgnoreCase => {
            Some(any(&|value| value.eq_ignore_ascii_case(service)))
        }
        OperatorName::StringLike => Some(any(&|value| scope::holds_text(value, service))),
        OperatorName::StringNotEquals => Some(!any(&|value| value == service)),
        OperatorName::StringNotEqualsIgnoreCase => {
            Some(!any(&|value| value.eq_ignore_ascii_case(service)))
        }
        OperatorName::StringNotLike => Some(!any(&|value| scope::holds_text(value, service))),
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
