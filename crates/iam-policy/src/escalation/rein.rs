//! Conditions that keep a permission on identities harmless.
//!
//! AWS's own guides delegate IAM with two condition keys: changed objects stay within a permissions
//! boundary, or only chosen policies can be attached ("Permissions boundaries for IAM entities",
//! "Actions, resources, and condition keys for IAM"). A condition does so only if its values let no
//! policy through that allows everything, or that the holder itself can write.

use crate::catalogue;
use crate::condition::holds;
use crate::request::Context;
use crate::statement::{ConditionTest, Effect, Statement};

use super::grants::{Granted, Holder};
use super::scope;

/// A condition key that can keep a permission harmless.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReinKey {
    /// The boundary of the object that is made or changed.
    Boundary,
    /// The policy that is attached.
    Attached,
}

/// The actions that take a boundary away. Their condition is about the boundary that goes.
const REMOVALS: [&str; 2] =
    ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"];

/// The actions that change what an existing policy allows.
const REWRITES: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];

impl ReinKey {
    fn name(self) -> &'static str {
        match self {
            Self::Boundary => "iam:PermissionsBoundary",
            Self::Attached => "iam:PolicyARN",
        }
    }

    /// Returns AWS's policies that limit nothing: as a boundary, or attached. With all actions of
    /// IAM somebody can do everything. PowerUserAccess has none of them, so it is a boundary.
    fn unlimited(self) -> &'static [&'static str] {
        match self {
            Self::Boundary => &["AdministratorAccess", "IAMFullAccess"],
            Self::Attached => &["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"],
        }
    }

    fn is_in(self, test: &ConditionTest) -> bool {
        test.key.eq_ignore_ascii_case(self.name())
    }

    /// Tells if requests for the action may lack the key. Not every object has a boundary.
    fn may_be_missing(self, action: &str) -> bool {
        match self {
            Self::Boundary => true,
            Self::Attached => {
                !catalogue::action(action).is_some_and(|action| action.takes_key(self.name()))
            }
        }
    }
}

/// Returns the condition key that keeps a granted action harmless; `None` where it may do harm.
pub(super) fn reining_key(
    holder: &Holder<'_>,
    grant: &Granted<'_>,
    action: &str,
) -> Option<&'static str> {
    let limits =
        |key: &ReinKey| Demand::of(holder, grant, action, *key).is_some_and(|it| it.limits());
    [ReinKey::Boundary, ReinKey::Attached].into_iter().find(limits).map(ReinKey::name)
}

/// The demand of a grant's condition, and of the Deny statements beside it, on a key.
struct Demand<'a> {
    holder: &'a Holder<'a>,
    action: &'a str,
    key: ReinKey,
    /// The Allow, that of the holder's boundary, and the Deny statements that have no other
    /// conditions.
    statements: Vec<&'a Statement>,
}

impl<'a> Demand<'a> {
    /// Returns the demand; `None` where there is none.
    fn of(
        holder: &'a Holder<'a>,
        grant: &'a Granted<'a>,
        action: &'a str,
        key: ReinKey,
    ) -> Option<Self> {
        let on_key = |statement: &Statement| statement.conditions.iter().any(|it| key.is_in(it));
        let only_on_key = |statement: &&Statement| {
            on_key(statement) && statement.conditions.iter().all(|it| key.is_in(it))
        };
        if key == ReinKey::Boundary && REMOVALS.contains(&action) {
            return None;
        }
        let all = holder.policies.iter().chain(holder.boundary);
        // Most policies have no such Deny, and a look at their conditions takes little.
        let mut suspects = all
            .flat_map(|policy| &policy.statements)
            .filter(|it| it.effect == Effect::Deny && on_key(it));
        let denials: Vec<&Statement> = match suspects.next() {
            Some(_) => holder.denials(action, &grant.resource).filter(only_on_key).collect(),
            None => Vec::new(),
        };
        let allowing = [grant.statement].into_iter().chain(grant.bound);
        let statements: Vec<&Statement> = allowing.chain(denials).collect();
        statements.iter().any(|it| on_key(it)).then_some(Self { holder, action, key, statements })
    }

    /// Tells if no policy passes that allows everything, or that the holder can write.
    fn limits(&self) -> bool {
        let Holder { partition, account, .. } = self.holder;
        let unlimited = self.key.unlimited().iter();
        let unlimited = unlimited.map(|name| format!("arn:{partition}:iam::aws:policy/{name}"));
        // A policy of any name stands for a pattern of all policies of the account.
        let any = format!("arn:{partition}:iam::{account}:policy/path/of-any-name");
        let missing_passes = self.key.may_be_missing(self.action) && self.admits(None);
        // A bare `*` is no ARN. AWS doesn't say what it matches as one.
        let mut passing = unlimited.chain([any]).filter(|arn| self.admits(Some(arn)));
        let mut weak = self.values().filter(|value| *value == "*" || self.is_writable(value));
        !missing_passes && passing.next().is_none() && weak.next().is_none()
    }

    /// Tells if the statements allow a request with this value of the key.
    fn admits(&self, value: Option<&str>) -> bool {
        let mut context = Context::default();
        context.set("aws:PrincipalAccount", vec![self.holder.account.to_owned()]);
        if let Some(value) = value {
            context.set(self.key.name(), vec![value.to_owned()]);
        }
        let applies = |statement: &Statement| {
            let mut tests = statement.conditions.iter().filter(|test| self.key.is_in(test));
            tests.all(|test| holds(test, &context, statement.variables))
        };
        self.statements.iter().all(|it| applies(it) == (it.effect == Effect::Allow))
    }

    /// Returns the values of the tests, those of other operators too: each may be let through.
    fn values(&self) -> impl Iterator<Item = &'a str> {
        let key = self.key;
        let tests = self.statements.iter().copied().flat_map(|it| &it.conditions);
        tests.filter(move |test| key.is_in(test)).flat_map(|it| &it.values).map(String::as_str)
    }

    /// Tells if the value lets a policy through that the holder can make or change.
    fn is_writable(&self, value: &str) -> bool {
        let Holder { partition, account, budget, .. } = self.holder;
        let policies = format!("arn:{partition}:iam::{account}:policy/*");
        let value = value.replace("${aws:PrincipalAccount}", account);
        let is_pattern = scope::is_open(&value);
        // A text that matches the pattern. A variable may stand for any text.
        let example = value.replace(['*', '?'], "x");
        if !value.contains("${") && !self.admits(Some(&example)) {
            return false;
        }
        let target = if scope::patterns_overlap(&value, &policies, budget) {
            scope::common(&value, &policies, budget)
        } else if value.starts_with('*') {
            policies
        } else {
            return false;
        };
        let may = |action: &&str| !self.holder.granted(action, &target, None).is_empty();
        REWRITES.iter().any(&may) || (is_pattern && may(&"iam:CreatePolicy"))
    }
}
