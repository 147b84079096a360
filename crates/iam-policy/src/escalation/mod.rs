//! Privilege escalation: combinations of permissions by which a principal can give itself more.
//!
//! Everything that a user or role holds counts together, within its boundary and without the access
//! that a Deny takes away. A finding names the resources on which it works, since they decide if it
//! matters.

mod allowed;
mod grants;
mod path;
mod publication;
mod rein;
mod scope;
mod table;
mod ways;

use std::collections::BTreeSet;

pub use grants::Holder;
pub use path::{Gain, Need, On, Path};
pub use publication::{ListEdition, Publication, PublishedList};
pub use scope::{covers, holds_text, patterns_overlap};
pub use table::{all, lists};
pub use ways::GrantingStatement;

use allowed::AllowedActions;

use crate::Budget;
use crate::diagnostic::Severity;

/// An escalation path that is open to a user or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// The published path.
    pub path: &'static Path,
    /// The severity on these resources.
    pub severity: Severity,
    /// The resources on which it works, as patterns, of the kind that the path is about.
    pub resources: Vec<String>,
    /// True if the holder itself, or a policy attached to it, is among them.
    pub own: bool,
    /// The statements that grant the permissions, in the order of the path's needs.
    pub ways: Vec<GrantingStatement>,
}

/// Returns the escalation paths that are open to a user or role, the worst first. A path that is
/// part of a worse one is left out.
///
/// ```
/// use iam_policy::{Budget, Holder, Severity, escalations, parse};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*"}}"#,
/// )?;
/// let policies = [document.compile("policy.json")?];
/// let holder = Holder {
///     arn: Some("arn:aws:iam::123456789012:user/ada"),
///     partition: "aws",
///     account: "123456789012",
///     policies: &policies,
///     boundary: None,
///     attached: &[],
///     budget: &Budget::default(),
/// };
///
/// let open = escalations(&holder);
/// assert_eq!(open[0].path.name, "escalation-attach-user-policy");
/// assert_eq!(open[0].severity, Severity::Error);
/// assert!(open[0].own);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn escalations(holder: &Holder<'_>) -> Vec<Escalation> {
    let allowed = AllowedActions::from_holder(holder);
    let within_reach = all().filter(|path| allowed.has_all(path));
    let found: Vec<Escalation> = within_reach.filter_map(|path| open(holder, path)).collect();
    let told = |one: &&Escalation| !found.iter().any(|other| other.tells(one, holder.budget));
    let mut kept: Vec<Escalation> = found.iter().filter(told).cloned().collect();
    kept.sort_by_key(|one| (one.severity, one.path.gain != Gain::Everything));
    kept
}

impl Escalation {
    /// Tells if the other escalation is only a part of this one.
    fn tells(&self, other: &Self, budget: &Budget) -> bool {
        let actions = |one: &Self| one.ways.iter().map(|way| way.action).collect::<BTreeSet<_>>();
        let (ours, theirs) = (actions(self), actions(other));
        let covered =
            |theirs: &String| self.resources.iter().any(|ours| scope::holds(ours, theirs, budget));
        self.severity <= other.severity
            && ours != theirs
            && ours.is_superset(&theirs)
            && (self.path.subject() != other.path.subject() || other.resources.iter().all(covered))
    }

    /// Tells if a condition may prevent the escalation.
    pub fn conditional(&self) -> bool {
        self.ways.iter().any(|way| way.conditional)
    }

    /// Returns the condition key that keeps the escalation harmless, if a condition demands it.
    pub fn reined(&self) -> Option<&'static str> {
        reined(self.path, &self.ways)
    }
}

impl Path {
    /// Returns the kind of object that the path is about: that of its first need.
    fn subject(&self) -> On {
        self.needs.first().map_or(On::Other, |need| need.on)
    }
}

/// An object of the path's kind, with the statements that grant the permissions on it.
struct EscalationMatch {
    resource: String,
    ways: Vec<GrantingStatement>,
}

fn open(holder: &Holder<'_>, path: &'static Path) -> Option<Escalation> {
    let found = together(holder, path, None);
    if found.is_empty() {
        return None;
    }
    let itself = own(holder, path.subject());
    let own = itself.iter().any(|arn| !together(holder, path, Some(arn)).is_empty());
    let mut ways: Vec<GrantingStatement> = Vec::new();
    for way in found.iter().flat_map(|found| &found.ways) {
        if holder.budget.spend(1 + ways.len() / 4) && !ways.contains(way) {
            ways.push(way.clone());
        }
    }
    let resources = match (path.subject(), path.needs.first()) {
        // The resources as the statements name them: `*` says more than `arn:aws:lambda:*:*:*`.
        (On::Other, Some(need)) if holder.boundary.is_none() => ways
            .iter()
            .filter(|way| need.any.contains(&way.action))
            .map(|way| way.said.clone())
            .collect(),
        _ => found.into_iter().map(|found| found.resource).collect(),
    };
    let resources = widest(resources, holder.budget);
    let others = resources.iter().any(|resource| !itself.contains(resource));
    let reach = EscalationReach {
        own: match (own, itself.is_empty()) {
            (true, _) => Own::Reached,
            (false, false) => Own::Spared,
            (false, true) => Own::Unknown,
        },
        others,
        open: resources.iter().any(|one| scope::is_open(one)),
    };
    let mut severity = reach.severity(path.gain, holder)?;
    if reined(path, &ways).is_some() {
        severity = Severity::Note;
    }
    Some(Escalation { path, severity, resources, own, ways })
}

/// The objects that an escalation reaches.
#[derive(Clone, Copy)]
struct EscalationReach {
    own: Own,
    others: bool,
    /// True if it reaches more objects than those that are named.
    open: bool,
}

/// The reach to the holder's own objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Reached,
    Spared,
    /// The own object isn't known: a user's groups are in no manifest.
    Unknown,
}

impl EscalationReach {
    /// Returns the severity; `None` where the escalation gives nothing that its holder doesn't
    /// have.
    fn severity(self, gain: Gain, holder: &Holder<'_>) -> Option<Severity> {
        let pattern = |open, named| Some(if self.open { open } else { named });
        let own = self.own == Own::Reached;
        let bounded = holder.boundary.is_some();
        match gain {
            Gain::Everything => Some(Severity::Error),
            Gain::Permissions if own => Some(Severity::Error),
            // Another principal then gets the permissions.
            Gain::Permissions if self.own == Own::Spared => Some(Severity::Warning),
            Gain::Boundary if own && bounded => Some(Severity::Error),
            // A policy that nobody holds yet may come to be held by one of them.
            Gain::Deny if own || (holder.arn.is_none() && self.open) => {
                holder.is_denied_something().then_some(Severity::Warning)
            }
            Gain::Deny => None,
            Gain::Principal | Gain::Service | Gain::Existing | Gain::Boundary if !self.others => {
                None
            }
            Gain::Permissions | Gain::Principal => pattern(Severity::Error, Severity::Warning),
            Gain::Service | Gain::Existing | Gain::Boundary => {
                pattern(Severity::Warning, Severity::Note)
            }
            Gain::AnyRole => self.open.then_some(Severity::Warning),
        }
    }
}

/// Returns the objects on which everything that the path needs is allowed; only those within
/// `only`, if it is given.
fn together(holder: &Holder<'_>, path: &Path, only: Option<&str>) -> Vec<EscalationMatch> {
    let subject = path.subject();
    let mut found: Option<Vec<EscalationMatch>> = None;
    let mut besides: Vec<GrantingStatement> = Vec::new();
    for need in &path.needs {
        let about = need.on == subject && (subject != On::Other || found.is_none());
        let targets = match only.filter(|_| about) {
            Some(only) => vec![only.to_owned()],
            None => targets(holder, need),
        };
        let all =
            need.any.iter().flat_map(|action| targets.iter().map(move |target| (*action, target)));
        let ways: Vec<GrantingStatement> = all
            .flat_map(|(action, target)| holder.granting_statements(action, target, need.to))
            .collect();
        if ways.is_empty() {
            return Vec::new();
        }
        if !about {
            besides.extend(ways);
            continue;
        }
        let of = |way: GrantingStatement| EscalationMatch {
            resource: way.resource.clone(),
            ways: vec![way],
        };
        found = Some(match found {
            None => gathered(ways.into_iter().map(of), holder.budget),
            Some(found) => {
                let both = found.iter().flat_map(|one| one.with(&ways, holder.budget));
                gathered(both, holder.budget)
            }
        });
    }
    let mut found = found.unwrap_or_default();
    for one in &mut found {
        one.ways.extend(besides.iter().cloned());
    }
    found
}

impl EscalationMatch {
    /// Returns the parts of the object on which these statements grant their permission, too.
    fn with(&self, ways: &[GrantingStatement], budget: &Budget) -> Vec<EscalationMatch> {
        let meeting = ways.iter().filter(|way| {
            // Those of the match are copied.
            budget.spend(4 * (1 + self.ways.len()))
                && scope::patterns_overlap(&self.resource, &way.resource, budget)
        });
        meeting
            .map(|way| {
                let mut both = self.ways.clone();
                both.push(way.clone());
                EscalationMatch {
                    resource: scope::common(&self.resource, &way.resource, budget),
                    ways: both,
                }
            })
            .collect()
    }
}

/// Merges the matches with the same pattern.
fn gathered(found: impl Iterator<Item = EscalationMatch>, budget: &Budget) -> Vec<EscalationMatch> {
    let mut all: Vec<EscalationMatch> = Vec::new();
    for one in found {
        if !budget.spend(1 + all.len() / 2) {
            break;
        }
        match all.iter_mut().find(|other| other.resource == one.resource) {
            Some(other) => {
                let new: Vec<GrantingStatement> =
                    one.ways.into_iter().filter(|way| !other.ways.contains(way)).collect();
                other.ways.extend(new);
            }
            None => all.push(one),
        }
    }
    all
}

/// Removes the patterns that another one contains.
fn widest(mut resources: Vec<String>, budget: &Budget) -> Vec<String> {
    resources.sort();
    resources.dedup();
    let all = resources.clone();
    resources
        .retain(|one| !all.iter().any(|other| other != one && scope::holds(other, one, budget)));
    resources
}

fn reined(path: &Path, ways: &[GrantingStatement]) -> Option<&'static str> {
    let need = path.needs.iter().find(|need| {
        ways.iter().filter(|way| need.any.contains(&way.action)).all(|way| way.reined.is_some())
    })?;
    ways.iter().find(|way| need.any.contains(&way.action)).and_then(|way| way.reined)
}

/// Returns the ARN patterns of the objects of a need.
fn targets(holder: &Holder<'_>, need: &Need) -> Vec<String> {
    let (partition, account) = (holder.partition, holder.account);
    if let Some(resource) = need.resource {
        return vec![resource.replace("${Partition}", partition).replace("${Account}", account)];
    }
    let iam = |kind: &str| vec![format!("arn:{partition}:iam::{account}:{kind}/*")];
    match need.on {
        On::Policy => iam("policy"),
        On::User => iam("user"),
        On::Group => iam("group"),
        On::Role => iam("role"),
        On::Other => {
            let of = |service: &str| format!("arn:{partition}:{service}:*:*:*");
            match need.service() {
                // The actions of these services are about EC2's instances.
                "ec2-instance-connect" => vec![of("ec2")],
                "ssm" => vec![of("ec2"), of("ssm")],
                own => vec![of(own)],
            }
        }
    }
}

/// Returns the objects of a kind that are the holder's own.
fn own(holder: &Holder<'_>, on: On) -> Vec<String> {
    let is = |kind: &str| {
        holder
            .arn
            .filter(|arn| arn.splitn(6, ':').nth(5).is_some_and(|rest| rest.starts_with(kind)))
    };
    match on {
        On::User => is("user/").into_iter().map(str::to_owned).collect(),
        On::Role => is("role/").into_iter().map(str::to_owned).collect(),
        // Nobody can change AWS's managed policies.
        On::Policy => {
            let account = format!(":iam::{}:policy/", holder.account);
            holder.attached.iter().filter(|arn| arn.contains(&account)).cloned().collect()
        }
        On::Group | On::Other => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
