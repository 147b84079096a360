//! The statements of some policies, by their effect on one request.

use crate::condition::holds;
use crate::pattern::{Filling, action_matches, resource_matches};
use crate::principal::Naming;
use crate::request::{Context, Request};
use crate::statement::{Clause, ConditionTest, Effect, Policy, Statement};

/// The first element of a statement that doesn't match a request. A later variant is nearer to a
/// match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Miss<'a> {
    Action,
    Principal,
    Resource,
    Condition(&'a ConditionTest),
}

/// A statement with its policy, and how it names the caller or where it misses the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeighedStatement<'a, T> {
    pub policy: &'a Policy,
    pub statement: &'a Statement,
    pub how: T,
}

/// The statements that match one request, of policies that are evaluated together.
#[derive(Debug, Default)]
pub(super) struct Weighing<'a> {
    pub denies: Vec<WeighedStatement<'a, Naming>>,
    pub allows: Vec<WeighedStatement<'a, Naming>>,
    /// The Allow that came nearest, of those that don't match.
    pub near: Option<WeighedStatement<'a, Miss<'a>>>,
}

/// The point that a policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttachmentPoint {
    /// The caller: the statements name no other principal.
    Caller,
    Resource {
        /// True if the caller has a permissions boundary.
        bounded: bool,
    },
}

impl<'a> Weighing<'a> {
    pub fn of(
        policies: impl IntoIterator<Item = &'a Policy>,
        place: AttachmentPoint,
        request: &Request,
        context: &Context,
    ) -> Self {
        let mut weighing = Self::default();
        for policy in policies {
            for statement in &policy.statements {
                weighing.add(policy, statement, statement.says(place, request, context));
            }
        }
        weighing
    }

    fn add(
        &mut self,
        policy: &'a Policy,
        statement: &'a Statement,
        says: Result<Naming, Miss<'a>>,
    ) {
        match (says, statement.effect) {
            (Ok(how), Effect::Deny) => {
                self.denies.push(WeighedStatement { policy, statement, how });
            }
            (Ok(how), Effect::Allow) => {
                self.allows.push(WeighedStatement { policy, statement, how });
            }
            (Err(how), Effect::Allow)
                if self.near.is_none_or(|near| near.how.stage() < how.stage()) =>
            {
                self.near = Some(WeighedStatement { policy, statement, how });
            }
            (Err(_), _) => {}
        }
    }

    /// Returns the Allow that names the caller most directly.
    pub fn nearest_allow(&self) -> Option<WeighedStatement<'a, Naming>> {
        self.allows.iter().rev().max_by_key(|said| said.how).copied()
    }
}

impl Miss<'_> {
    pub fn stage(&self) -> u8 {
        match self {
            Self::Action => 0,
            Self::Principal => 1,
            Self::Resource => 2,
            Self::Condition(_) => 3,
        }
    }
}

impl Statement {
    /// Tells if the statement matches the request, with the keys that follow from the caller.
    pub fn applies(&self, request: &Request) -> bool {
        self.concerns(request) && self.holds_in(request, &request.circumstances_for(self))
    }

    /// Tells the same of many statements: `circumstances` is the request's context with the keys
    /// that follow from the caller.
    pub(crate) fn applies_in(&self, request: &Request, circumstances: &Context) -> bool {
        self.concerns(request) && self.holds_in(request, circumstances)
    }

    fn holds_in(&self, request: &Request, context: &Context) -> bool {
        self.covers(&request.resource, context) && self.unmet(context).is_none()
    }

    /// Tells if the statement matches the caller and the action.
    pub(crate) fn concerns(&self, request: &Request) -> bool {
        let named =
            self.principals.as_ref().is_none_or(|principals| principals.names(&request.principal));
        named && self.acts(&request.action)
    }

    fn says(
        &self,
        place: AttachmentPoint,
        request: &Request,
        context: &Context,
    ) -> Result<Naming, Miss<'_>> {
        if !self.acts(&request.action) {
            return Err(Miss::Action);
        }
        let naming = self.naming(place, request).ok_or(Miss::Principal)?;
        if !self.covers(&request.resource, context) {
            return Err(Miss::Resource);
        }
        self.unmet(context).map_or(Ok(naming), |test| Err(Miss::Condition(test)))
    }

    fn naming(&self, place: AttachmentPoint, request: &Request) -> Option<Naming> {
        let caller = &request.principal;
        match (&self.principals, place) {
            (None, AttachmentPoint::Caller) => Some(Naming::Direct),
            // In a resource's policy a statement without principals matches nobody.
            (None, AttachmentPoint::Resource { .. }) => None,
            // "The NotPrincipal element with a Deny effect will always deny any IAM principal that
            // has a permissions boundary policy attached, regardless of the values" (IAM User
            // Guide, "Permissions boundaries").
            (Some(principals), AttachmentPoint::Resource { bounded: true })
                if principals.not && self.effect == Effect::Deny =>
            {
                Some(Naming::Direct)
            }
            (Some(principals), _) => principals.naming(caller),
        }
    }

    pub(crate) fn acts(&self, action: &str) -> bool {
        one_of(&self.actions, |pattern| action_matches(pattern, action))
    }

    pub(crate) fn covers(&self, resource: &str, context: &Context) -> bool {
        let filling = Filling::of(context, self.variables);
        let covers =
            |clause| one_of(clause, |pattern| resource_matches(pattern, resource, filling));
        self.resources.as_ref().is_none_or(covers)
    }

    fn unmet(&self, context: &Context) -> Option<&ConditionTest> {
        self.conditions.iter().find(|test| !holds(test, context, self.variables))
    }
}

fn one_of(clause: &Clause, matches: impl Fn(&str) -> bool) -> bool {
    clause.patterns.iter().any(|pattern| matches(pattern)) != clause.not
}
