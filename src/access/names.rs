//! Finds what a new name or path means for access. A user's or group's ARN changes with both. IAM
//! follows in trust and resource policies, which name a user by its id, but not in the resources of
//! other policies, and `${aws:username}` has another value.

use super::access_change::{AccessChange, Aspect, EffectDoubt};
use super::doubts::doubts;
use super::effective::PolicyText;
use super::model::{AccessModel, PlanSide};
use crate::address::Address;
use crate::diff::{ChangeAction, Reason};
use crate::policy::compare::Side;
use crate::policy::statement::{Effect, Policy};
use crate::value::Value;

/// A principal that gets another name or path.
struct ChangedName<'a> {
    address: &'a Address,
    /// The old name; `None` if only the path changes.
    old: Option<&'a str>,
    old_arn: String,
    new_arn: String,
}

/// Adds the doubts that new names raise, to the principals whose access they may change.
pub(super) fn add_doubts(model: &AccessModel<'_>, found: &mut Vec<AccessChange>) {
    let renamed: Vec<ChangedName<'_>> =
        model.changes.keys().filter_map(|address| ChangedName::of(model, address)).collect();
    if renamed.is_empty() {
        return;
    }
    for name in &renamed {
        add(model, found, name.address, name.of_itself());
    }
    for subject in model.principals().into_iter().filter(|it| !model.is_unknown(it)) {
        let policies = model.effective_policies(subject, PlanSide::After);
        let documents = policies.all().filter_map(|(policy, text)| match text {
            PolicyText::Document(document) => Some((policy.as_str(), *document)),
            PolicyText::Unread | PolicyText::Unlisted => None,
        });
        for (policy, document) in documents.collect::<Vec<_>>() {
            let doubts = renamed.iter().flat_map(|it| it.in_policy(subject, policy, document));
            add(model, found, subject, doubts.collect());
        }
    }
}

impl<'a> ChangedName<'a> {
    fn of(model: &AccessModel<'a>, address: &Address) -> Option<Self> {
        let (address, change) = model.changes.get_key_value(address)?;
        let old = if let Reason::Renamed(old) = &change.reason { Some(old.name()) } else { None };
        address.principal().filter(|_| old.is_some() || change.action == ChangeAction::Update)?;
        let arn = |side| model.attribute(address, "arn", side).and_then(Value::as_str);
        let old_arn = arn(PlanSide::Before)?.to_owned();
        let new_arn = model.desired.resources.get(*address)?.attributes.get("arn")?;
        let new_arn = new_arn.as_str()?.to_owned();
        (old.is_some() || old_arn != new_arn).then_some(Self { address, old, old_arn, new_arn })
    }

    /// Returns the doubts about policies of others. A new path is judged by its own fact.
    fn of_itself(&self) -> Vec<EffectDoubt> {
        let Self { address, old, old_arn, new_arn } = self;
        let Some(old) = old else { return Vec::new() };
        let reason = format!(
            "{address} was named {old}. Policies of others may name {old_arn} or {new_arn} as a \
                resource: they do not follow"
        );
        doubts(&[Side::Gained, Side::Lost], address, &address.to_string(), &reason)
    }

    /// Returns the doubts about a policy of a principal that names this one, or has a pattern for
    /// it.
    fn in_policy(&self, holder: &Address, policy: &str, document: &Value) -> Vec<EffectDoubt> {
        let Self { address, old, old_arn, new_arn } = self;
        let text = document.to_string();
        let about = |sides: &[Side], reason: String| doubts(sides, address, policy, &reason);
        let mut found = Vec::new();
        let sides = Self::sides(policy, document, &text, [old_arn, new_arn]);
        if !sides.is_empty() {
            let reason =
                format!("{policy} names {old_arn}, which is no longer the ARN of {address}");
            found.extend(about(&sides, reason));
        }
        let sides: Vec<Side> = Self::sides(policy, document, &text, [new_arn, old_arn]);
        if !sides.is_empty() {
            let reason = format!("{policy} names {new_arn}, which becomes the ARN of {address}");
            let sides: Vec<Side> = sides.into_iter().map(opposite).collect();
            found.extend(about(&sides, reason));
        }
        let is_user = address.principal().is_some_and(|it| it.kind.makes_requests());
        let is_itself = is_user && holder == *address && old.is_some();
        if is_itself && text.to_lowercase().contains("${aws:username}") {
            let reason = format!("{policy} uses ${{aws:username}}, which changes");
            found.extend(about(&[Side::Gained, Side::Lost], reason));
        }
        found
    }

    /// Returns the sides on which access may change because an ARN is no longer this principal's:
    /// of statements with patterns for it alone, and not for its other ARN. What an Allow no longer
    /// reaches is lost, and what a Deny no longer reaches is gained.
    fn sides(policy: &str, document: &Value, text: &str, [gone, other]: [&String; 2]) -> Vec<Side> {
        let Ok(compiled) = Policy::compile(policy, document) else {
            return vec![Side::Gained, Side::Lost];
        };
        let reached = compiled
            .statements
            .iter()
            .filter(|statement| statement.reaches(gone) && !statement.reaches(other));
        let side = |effect: Effect| match effect {
            Effect::Allow => Side::Lost,
            Effect::Deny => Side::Gained,
        };
        let reached = reached.map(|statement| side(statement.effect));
        // A condition may name it, too.
        let named = text.contains(&format!("\"{gone}\"")).then_some(Side::Lost);
        let mut sides: Vec<Side> = reached.chain(named).collect();
        sides.sort();
        sides.dedup();
        sides
    }
}

fn opposite(side: Side) -> Side {
    match side {
        Side::Gained => Side::Lost,
        Side::Lost => Side::Gained,
    }
}

/// Adds doubts to the report on a principal, which is made if there is none.
fn add(
    model: &AccessModel<'_>,
    found: &mut Vec<AccessChange>,
    subject: &Address,
    doubts: Vec<EffectDoubt>,
) {
    if doubts.is_empty() {
        return;
    }
    let is_its =
        |it: &&mut AccessChange| it.subject == *subject && it.aspect == Aspect::Permissions;
    if let Some(change) = found.iter_mut().find(is_its) {
        change.doubts.extend(doubts);
        change.relate();
        return;
    }
    let mut change = AccessChange::new(subject, model.arn(subject), Aspect::Permissions);
    change.doubts.extend(doubts);
    change.relate();
    found.push(change);
}
