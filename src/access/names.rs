//! Finds what a new name means for access. A user's or group's ARN changes with its name. IAM
//! follows in trust and resource policies, which name a user by its id, but not in the resources of
//! other policies, and `${aws:username}` has another value.

use super::access_change::{AccessChange, Aspect, EffectDoubt};
use super::doubts::doubts;
use super::effective::PolicyText;
use super::model::{AccessModel, PlanSide};
use crate::address::{Address, PrincipalKind};
use crate::diff::Reason;
use crate::policy::compare::Side;
use crate::value::Value;

/// A principal that gets another name.
struct ChangedName<'a> {
    address: &'a Address,
    old: &'a str,
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
        let Reason::Renamed(old) = &change.reason else { return None };
        let arn = |side| model.attribute(address, "arn", side).and_then(Value::as_str);
        let old_arn = arn(PlanSide::Before)?.to_owned();
        let new_arn = model.desired.resources.get(*address)?.attributes.get("arn")?;
        let new_arn = new_arn.as_str()?.to_owned();
        Some(Self { address, old: old.name(), old_arn, new_arn })
    }

    fn of_itself(&self) -> Vec<EffectDoubt> {
        let Self { address, old, old_arn, new_arn } = self;
        let reason = format!(
            "{address} was named {old}. Policies of others may name {old_arn} or {new_arn} as a \
                resource: they do not follow"
        );
        doubts(&[Side::Gained, Side::Lost], address, &address.to_string(), &reason)
    }

    /// Returns the doubts about a policy of a principal that names this one.
    fn in_policy(&self, holder: &Address, policy: &str, document: &Value) -> Vec<EffectDoubt> {
        let Self { address, old_arn, new_arn, .. } = self;
        let text = document.to_string();
        let names = |arn: &str| text.contains(&format!("\"{arn}\""));
        let about = |sides: &[Side], reason: String| doubts(sides, address, policy, &reason);
        let mut found = Vec::new();
        if names(old_arn) {
            let reason =
                format!("{policy} names {old_arn}, which is no longer the ARN of {address}");
            found.extend(about(&[Side::Lost], reason));
        }
        if names(new_arn) {
            let reason = format!("{policy} names {new_arn}, which becomes the ARN of {address}");
            found.extend(about(&[Side::Gained], reason));
        }
        let is_user = address.principal().is_some_and(|it| it.kind == PrincipalKind::User);
        if is_user && holder == *address && text.to_lowercase().contains("${aws:username}") {
            let reason = format!("{policy} uses ${{aws:username}}, which changes");
            found.extend(about(&[Side::Gained, Side::Lost], reason));
        }
        found
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
