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

/// A grant of an action: the statement that allows it, and where.
#[derive(Clone, Debug)]
pub(super) struct Granted<'a> {
    pub policy: &'a Policy,
    pub statement: &'a Statement,
    /// The index of the statement's action pattern that matches; `None` for `NotAction`.
    pub pattern: Option<usize>,
    /// The resource pattern as the statement has it.
    pub said: String,
    /// The part of it that is of the requested kind and within the boundary.
    pub resource: String,
    /// True if the statement has a Condition that may or may not hold.
    pub conditional: bool,
    /// The statement of the permissions boundary that allows it, too.
    pub bound: Option<&'a Statement>,
}

const PASSED_TO: &str = "iam:PassedToService";

impl Holder<'_> {
    /// Returns the grants of the action on resources within `target`. `service` is the service that
    /// a role is passed to. Conditions of an Allow count as met, and those of a Deny as not met,
    /// unless they are about the service.
    pub(super) fn granted(
        &self,
        action: &str,
        target: &str,
        service: Option<&str>,
    ) -> Vec<Granted<'_>> {
        let allowed =
            self.policies.iter().flat_map(|policy| self.allowed(policy, action, target, service));
        let bounded = allowed.flat_map(|grant| match self.boundary {
            None => vec![grant],
            Some(boundary) => self
                .allowed(boundary, action, &grant.resource, service)
                .into_iter()
                .map(|it| Granted {
                    resource: it.resource,
                    bound: Some(it.statement),
                    ..grant.clone()
                })
                .collect(),
        });
        bounded.filter(|grant| !self.denied(action, &grant.resource, service)).collect()
    }

    fn allowed<'p>(
        &self,
        policy: &'p Policy,
        action: &str,
        target: &str,
        service: Option<&str>,
    ) -> Vec<Granted<'p>> {
        let mut grants = Vec::new();
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
            let decided = |test: &ConditionTest| {
                service.is_some_and(|service| may_hold(test, service, self.budget).is_some())
            };
            let conditional = statement.conditions.iter().any(|test| !decided(test));
            let here = self.resources(statement, target).into_iter();
            grants.extend(here.map(|(said, resource)| Granted {
                policy,
                statement,
                pattern,
                said,
                resource,
                conditional,
                bound: None,
            }));
        }
        grants
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
        let certain = |test: &ConditionTest| {
            service.and_then(|service| may_hold(test, service, self.budget)) == Some(true)
        };
        self.denials(action, resource).any(|statement| statement.conditions.iter().all(certain))
    }

    /// Returns the statements that deny the action on all of the resources, each under its
    /// conditions.
    pub(super) fn denials<'s>(
        &'s self,
        action: &'s str,
        resource: &'s str,
    ) -> impl Iterator<Item = &'s Statement> {
        let covers = move |statement: &&Statement| {
            statement.effect == Effect::Deny
                && self.takes(statement)
                && acts(&statement.actions, action).is_some()
                && statement
                    .resources
                    .as_ref()
                    .is_some_and(|clause| self.spans(statement, clause, resource))
        };
        let all = self.policies.iter().chain(self.boundary);
        all.flat_map(|policy| &policy.statements).filter(covers)
    }

    /// Tells if a Deny of the policies may take away something that they allow.
    pub(super) fn is_denied_something(&self) -> bool {
        let of = |effect: Effect| {
            let all = self.policies.iter().flat_map(|policy| &policy.statements);
            all.filter(move |statement| statement.effect == effect)
        };
        of(Effect::Deny).any(|deny| {
            of(Effect::Allow)
                .any(|allow| self.takes(deny) && self.may_meet(&deny.actions, &allow.actions))
        })
    }

    /// Tells if two clauses of actions may have an action in common.
    fn may_meet(&self, one: &Clause, other: &Clause) -> bool {
        let overlap = |one: &String, other: &String| {
            let (one, other) = (one.to_lowercase(), other.to_lowercase());
            scope::texts_overlap(&one, &other, self.budget)
        };
        one.not
            || other.not
            || one.patterns.iter().any(|one| other.patterns.iter().any(|it| overlap(one, it)))
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
