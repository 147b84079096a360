//! Finds the escalations that users and roles can reach with all of their policies together.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{ADMINISTRATOR_POLICY, named, phrase};
use super::undecided::UndecidedParts;
use super::{LintSubject, ManifestFinding};
use crate::access::DeclaredPolicies;
use crate::address::Address;
use crate::diagnostic::{Place, Severity};
use crate::kind::AccessRole;
use crate::policy::escalation::{self, Escalation, Gain, GrantingStatement, Holder, On};
use crate::policy::lint::pointer;
use crate::policy::statement::{Clause, Effect, Policy, Statement};
use crate::value::text_of;

/// AWS's own policies that make further checks pointless.
const ADMINISTRATORS: [&str; 2] = ["AdministratorAccess", "IAMFullAccess"];

/// Returns the escalations. `documents` are the findings of the documents: one of a NotAction that
/// leaves escalations open says so, in place of a finding for each of them.
pub(super) fn all(
    subject: &LintSubject<'_>,
    documents: &mut [ManifestFinding],
    undecided: &mut UndecidedParts,
) -> Vec<ManifestFinding> {
    let mut found = Vec::new();
    let mut left = LeftOpen::new(documents);
    let mut judge = |address: &Address| {
        let open = escalations(subject, address);
        if subject.comparer.budget().is_spent() {
            undecided.escalation(address);
        }
        let kept = open.into_iter().filter(|one| !left.takes(subject, one));
        kept.map(|one| told(subject, address, &one)).collect::<Vec<_>>()
    };
    for (address, _) in subject.principals() {
        found.extend(administrator(subject, address));
        found.extend(judge(address));
    }
    for address in unattached(subject) {
        found.extend(judge(&address));
    }
    left.tell(documents);
    found
}

/// The escalations that statements with NotAction leave open.
struct LeftOpen {
    /// The indices of the findings on NotAction, by policy and place.
    findings: BTreeMap<(String, Option<Place>), usize>,
    /// The escalations, by the index of the finding on the statement.
    escalations: BTreeMap<usize, Vec<Escalation>>,
}

impl LeftOpen {
    fn new(documents: &[ManifestFinding]) -> Self {
        let all = documents.iter().enumerate().filter(|(_, one)| one.rule == "not-action");
        let findings = all.map(|(index, one)| ((one.on.clone(), one.place.clone()), index));
        Self { findings: findings.collect(), escalations: BTreeMap::new() }
    }

    /// Takes an escalation if all of its permissions come from NotAction.
    fn takes(&mut self, subject: &LintSubject<'_>, one: &Escalation) -> bool {
        if one.ways.iter().any(|way| way.pattern.is_some()) {
            return false;
        }
        let told: Option<BTreeSet<usize>> =
            one.ways.iter().map(|way| self.not_action(subject, way)).collect();
        let Some(told) = told else { return false };
        for index in told {
            let of_statement = self.escalations.entry(index).or_default();
            if of_statement.iter().all(|other| other.path.name != one.path.name) {
                of_statement.push(one.clone());
            }
        }
        true
    }

    fn tell(self, documents: &mut [ManifestFinding]) {
        for (index, open) in self.escalations {
            let Some(finding) = documents.get_mut(index) else { continue };
            let Some(worst) = open.iter().min_by_key(|one| one.severity) else { continue };
            finding.severity = finding.severity.min(worst.severity);
            let ways = if open.len() == 1 { "1 way" } else { &format!("{} ways", open.len()) };
            let action = worst.ways.first().map_or("", |way| way.action);
            let message = &finding.message;
            finding.message =
                format!("{message}; this leaves {ways} to more permissions, such as {action}");
        }
    }

    /// Returns the index of the finding on the statement's NotAction.
    fn not_action(&self, subject: &LintSubject<'_>, way: &GrantingStatement) -> Option<usize> {
        let policy = way.policy.parse::<Address>().ok()?;
        let (_, document) = subject.document(&policy)?;
        let statement = pointer(document, way.statement, None)?;
        let place = subject.place(&policy, &format!("{statement}/NotAction"));
        self.findings.get(&(way.policy.clone(), place)).copied()
    }
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
                also_on: Vec::new(),
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

fn escalations(subject: &LintSubject<'_>, address: &Address) -> Vec<Escalation> {
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
    let open = escalation::escalations(&holder).into_iter();
    if is_policy { open.filter_map(of_nobody).collect() } else { open.collect() }
}

/// Returns the escalation as one of a policy that nobody holds: `user/${aws:username}` is whoever
/// holds it, who is that user already. What it gives besides is not given to anybody yet.
fn of_nobody(mut one: Escalation) -> Option<Escalation> {
    let is_own = one.resources.iter().all(|resource| is_own_user(resource));
    if is_own && one.path.gain == Gain::Principal {
        return None;
    }
    if !is_own && one.severity == Severity::Error {
        one.severity = Severity::Warning;
    }
    Some(one)
}

/// Tells if a resource is the user that asks, by its name.
fn is_own_user(resource: &str) -> bool {
    let name = resource.split_once(":user/").and_then(|(_, path)| path.rsplit('/').next());
    name.is_some_and(|name| name.eq_ignore_ascii_case("${aws:username}"))
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
        also_on: Vec::new(),
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
