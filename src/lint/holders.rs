//! Finds the escalations that users and roles can reach with all of their policies together.

use std::collections::BTreeSet;

use super::rules::{ADMINISTRATOR_POLICY, named, phrase};
use super::undecided::UndecidedParts;
use super::{LintSubject, ManifestFinding};
use crate::access::DeclaredPolicies;
use crate::address::Address;
use crate::diagnostic::{Place, Severity};
use crate::kind::AccessRole;
use crate::policy::escalation::{self, Escalation, Gain, Holder, On};
use crate::policy::statement::{Clause, Effect, Policy, Statement};
use crate::value::text_of;

/// AWS's own policies that make further checks pointless.
const ADMINISTRATORS: [&str; 2] = ["AdministratorAccess", "IAMFullAccess"];

pub(super) fn all(
    subject: &LintSubject<'_>,
    undecided: &mut UndecidedParts,
) -> Vec<ManifestFinding> {
    let mut found = Vec::new();
    let mut judge = |address: &Address| {
        let open = escalations(subject, address);
        if subject.comparer.budget().is_spent() {
            undecided.escalation(address);
        }
        open
    };
    for (address, _) in subject.principals() {
        found.extend(administrator(subject, address));
        found.extend(judge(address));
    }
    for address in unattached(subject) {
        found.extend(judge(&address));
    }
    found
}

/// Returns the policies that the manifest attaches to nobody and uses as nobody's boundary:
/// somebody will attach them.
pub(super) fn unattached(subject: &LintSubject<'_>) -> Vec<Address> {
    let bounding = subject.bounding();
    let used: BTreeSet<&str> = subject
        .attachments()
        .map(|(_, attachment)| text_of(&attachment.attributes, "policy_arn"))
        .collect();
    let free = |arn: &str| !used.contains(arn) && !bounding.contains(arn);
    let policies = subject
        .in_role(|role| role == AccessRole::Policy)
        .filter(|(_, policy)| free(text_of(&policy.attributes, "arn")));
    policies.map(|(address, _)| address.clone()).collect()
}

/// Returns the policies that decide together on the requests of a principal, or a policy alone if
/// it is attached to nobody.
pub(super) fn held_policies(subject: &LintSubject<'_>, address: &Address) -> DeclaredPolicies {
    if !LintSubject::is_policy(address) {
        return DeclaredPolicies::of(&subject.desired, address);
    }
    let compiled = subject
        .document(address)
        .and_then(|(_, document)| Policy::compile(&address.to_string(), document).ok());
    DeclaredPolicies { policies: compiled.into_iter().collect(), ..DeclaredPolicies::default() }
}

fn administrator(subject: &LintSubject<'_>, address: &Address) -> Vec<ManifestFinding> {
    let mut found = Vec::new();
    for attachment in subject.attachments_of(address) {
        let arn = text_of(&attachment.attributes, "policy_arn");
        let Some(name) = arn.rsplit_once(":aws:policy/").map(|(_, name)| name) else { continue };
        if ADMINISTRATORS.contains(&name) {
            found.push(ManifestFinding {
                rule: ADMINISTRATOR_POLICY.name,
                severity: ADMINISTRATOR_POLICY.severity,
                on: address.to_string(),
                place: attachment.place.clone(),
                message: format!("{address} is an administrator, by AWS's policy {name}"),
                remedy: "attach what is needed, or limit it with a permissions boundary".to_owned(),
                related: Vec::new(),
                accepted: None,
            });
        }
    }
    found
}

fn escalations(subject: &LintSubject<'_>, address: &Address) -> Vec<ManifestFinding> {
    let held = held_policies(subject, address);
    if may_everything(&held) {
        return Vec::new();
    }
    let own = subject
        .desired
        .resources
        .get(address)
        .map(|it| text_of(&it.attributes, "arn"))
        .unwrap_or_default();
    let of_holder = subject.attachments_of(address);
    let attached: Vec<String> =
        of_holder.map(|it| text_of(&it.attributes, "policy_arn").to_owned()).collect();
    let is_policy = LintSubject::is_policy(address);
    let holder = Holder {
        arn: (!is_policy).then_some(own),
        partition: &subject.desired.partition,
        account: &subject.desired.account,
        policies: &held.policies,
        boundary: held.boundary.as_ref(),
        attached: &attached,
        budget: subject.comparer.budget(),
    };
    escalation::escalations(&holder).iter().map(|one| told(subject, address, one)).collect()
}

/// Returns true if the holder may do everything already. Then there is nothing to escalate to, and
/// `action-wildcard` reports it.
fn may_everything(held: &DeclaredPolicies) -> bool {
    let all = |clause: &Clause| !clause.not && clause.patterns.iter().any(|pattern| pattern == "*");
    let statements = || held.policies.iter().flat_map(|policy| &policy.statements);
    let everything = |it: &Statement| {
        it.conditions.is_empty() && all(&it.actions) && it.resources.as_ref().is_some_and(all)
    };
    let allowed = statements().any(|it| it.effect == Effect::Allow && everything(it));
    allowed && held.boundary.is_none() && statements().all(|it| it.effect == Effect::Allow)
}

fn told(subject: &LintSubject<'_>, address: &Address, one: &Escalation) -> ManifestFinding {
    let mut places: Vec<Place> = Vec::new();
    for way in &one.ways {
        let policy = way.policy.parse::<Address>().ok();
        let place =
            policy.and_then(|policy| subject.statement(&policy, way.statement, way.pattern));
        places.extend(place.filter(|place| !places.contains(place)));
    }
    let related = if places.is_empty() { Vec::new() } else { places.split_off(1) };
    let who = if LintSubject::is_policy(address) {
        format!("whoever holds {address}")
    } else {
        address.to_string()
    };
    ManifestFinding {
        rule: one.path.name,
        severity: one.severity,
        on: address.to_string(),
        place: places.pop().or_else(|| subject.place(address, "")),
        message: format!(
            "{who} {}, {}: {}{}",
            one.path.gives,
            reach(one),
            statements(one),
            circumstances(one)
        ),
        remedy: remedy(one),
        related,
        accepted: None,
    }
}

fn remedy(one: &Escalation) -> String {
    if one.path.gain == Gain::Existing && one.severity == Severity::Note {
        // The roles are named already.
        return "nothing, if what runs there may do no more than whoever changes it".to_owned();
    }
    named(one.path.name).map(|rule| phrase(rule.remedy)).unwrap_or_default()
}

/// Returns the resources of the escalation by name, since a narrow enough scope makes it harmless.
fn reach(one: &Escalation) -> String {
    let resources = one.resources.join(", ");
    // Which groups and permission sets it is in, isn't known.
    let first = one.path.needs.first();
    let tells_own = first.is_some_and(|need| matches!(need.on, On::User | On::Role | On::Policy));
    let others = one.path.gain == Gain::Permissions && tells_own && !one.own;
    if others {
        format!("for {resources}, which isn't its own")
    } else {
        format!("for {resources}")
    }
}

/// Returns the actions, grouped by the statements that allow them.
fn statements(one: &Escalation) -> String {
    let mut groups: Vec<((&str, &str), Vec<&str>)> = Vec::new();
    for way in &one.ways {
        let key = (way.policy.as_str(), way.title.as_str());
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, actions)) if !actions.contains(&way.action) => actions.push(way.action),
            Some(_) => {}
            None => groups.push((key, vec![way.action])),
        }
    }
    let group = |((policy, title), actions): &((&str, &str), Vec<&str>)| {
        format!("{} by {policy}, {title}", actions.join(", "))
    };
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}

fn circumstances(one: &Escalation) -> String {
    match one.reined() {
        Some(key) => format!(" (a condition on {key} limits it)"),
        None if one.conditional() => " (where a condition is met)".to_owned(),
        None => String::new(),
    }
}
