//! The statements that grant a permission of a path, as a finding names them.

use super::grants::{Granted, Holder};
use super::rein::reining_key;

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
    /// The condition key that keeps the action harmless, if conditions demand it.
    pub reined: Option<&'static str>,
}

impl Holder<'_> {
    /// Returns the statements that grant the action on resources within `target`. `service` is the
    /// service that a role is passed to.
    pub(super) fn granting_statements(
        &self,
        action: &'static str,
        target: &str,
        service: Option<&str>,
    ) -> Vec<GrantingStatement> {
        let way = |grant: Granted<'_>| GrantingStatement {
            action,
            reined: reining_key(self, &grant, action),
            policy: grant.policy.name.clone(),
            statement: grant.statement.number,
            title: grant.statement.title(),
            pattern: grant.pattern,
            conditional: grant.conditional,
            said: grant.said,
            resource: grant.resource,
        };
        self.granted(action, target, service).into_iter().map(way).collect()
    }
}
