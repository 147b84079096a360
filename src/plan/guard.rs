//! Checks a plan against the safeguards that the manifest and relayctl set: `prevent_destroy`,
//! `limits` and lockout.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::call::iam::{aws_policy_name, suggest_managed_policy};
use crate::diagnostic::Diagnostic;
use crate::diff::ChangeAction;
use crate::model::{CountLimit, Desired, ForeignPolicyUse};
use crate::plan::{Plan, lockout};

/// The reason that a plan must not be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Objection {
    pub brake: Brake,
    pub diagnostic: Diagnostic,
}

/// The safeguard that objects, which decides how the objection can be overruled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Brake {
    /// `lifecycle: {prevent_destroy: true}`. Only a change of the manifest overrules it.
    PreventDestroy,
    /// The manifest's `limits:`, which `--override-limits` overrules.
    Limits,
    /// The caller who makes the plan would lose the permissions to undo it. `--allow-lockout`
    /// overrules it.
    Lockout,
    /// A policy that the plan attaches doesn't exist. Nothing overrules that.
    MissingPolicy,
}

/// Returns all objections to a plan. `desired` is the manifest as it is written, also for a
/// destroy; `recorded` is the number of resources in the state, and `protected` are those for which
/// the state remembers `prevent_destroy`.
pub fn objections(
    plan: &Plan,
    desired: &Desired,
    recorded: usize,
    protected: &BTreeSet<Address>,
) -> Vec<Objection> {
    let prevented = prevented(plan, desired).map(|diagnostic| (Brake::PreventDestroy, diagnostic));
    let remembered = remembered(plan, desired, protected);
    let remembered = remembered.map(|diagnostic| (Brake::PreventDestroy, diagnostic));
    let exceeded = exceeded(plan, desired, recorded).map(|diagnostic| (Brake::Limits, diagnostic));
    let lockout =
        lockout::diagnostics(plan).into_iter().map(|diagnostic| (Brake::Lockout, diagnostic));
    prevented
        .chain(remembered)
        .chain(exceeded)
        .chain(lockout)
        .map(|(brake, diagnostic)| Objection { brake, diagnostic })
        .collect()
}

/// Returns the objection to the use of a policy that doesn't exist.
pub fn missing_policy(used: &ForeignPolicyUse<'_>, partition: &str) -> Objection {
    let ForeignPolicyUse { arn, holder, place, .. } = used;
    let message = format!("{holder} gets the policy {arn}, which does not exist (NoSuchEntity)");
    let help = match aws_policy_name(arn) {
        Some(name) => suggest_managed_policy(partition, name),
        None => "declare it in `policies:` and name it there, or make it first".to_owned(),
    };
    let diagnostic = Diagnostic::error("no-such-policy", place.cloned(), message).help(help);
    Objection { brake: Brake::MissingPolicy, diagnostic }
}

fn prevented<'a>(plan: &'a Plan, desired: &'a Desired) -> impl Iterator<Item = Diagnostic> + 'a {
    plan.changes.iter().filter_map(|change| {
        let verb = match change.action {
            ChangeAction::Delete => "destroy",
            ChangeAction::Replace => "replace",
            ChangeAction::Nothing
            | ChangeAction::Create
            | ChangeAction::Update
            | ChangeAction::Adopt
            | ChangeAction::Forget
            | ChangeAction::Refuse
            | ChangeAction::Blocked => return None,
        };
        let place = desired.resources.get(&change.address)?.prevent_destroy.clone()?;
        let message = format!(
            "this plan would {verb} {}, which the manifest forbids: \
            prevent_destroy",
            change.address
        );
        let help = "keep it in the manifest, remove prevent_destroy, or select other resources \
            with --target";
        Some(Diagnostic::error("prevent-destroy", Some(place), message).help(help))
    })
}

/// Reports the removals of resources that were protected when they were last applied, and that have
/// left the manifest together with their protection.
fn remembered<'a>(
    plan: &'a Plan,
    desired: &'a Desired,
    protected: &'a BTreeSet<Address>,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let removed = plan.changes.iter().filter(|it| it.action == ChangeAction::Delete);
    let removed = removed.map(|it| &it.address);
    let lost = removed.filter(|it| protected.contains(*it) && !desired.resources.contains_key(*it));
    lost.map(|address| {
        let message = format!(
            "this plan would destroy {address}, which the state protects: it had prevent_destroy \
                when it was last applied"
        );
        let help = format!(
            "declare it again; to keep it in AWS without managing it, write `removed: [{{from: \
                {address}, destroy: false}}]`; to destroy it, apply it once without prevent_destroy"
        );
        Diagnostic::error("prevent-destroy", None, message).help(help)
    })
}

fn exceeded(plan: &Plan, desired: &Desired, recorded: usize) -> impl Iterator<Item = Diagnostic> {
    let over = |limit: &CountLimit, message: String| {
        Diagnostic::error("limit-exceeded", limit.place.clone(), message)
            .help("review each of them; to go on, add --override-limits")
    };
    let destroyed = plan.summary.destroy;
    let limit = desired.limits.max_destroy.as_ref().filter(|limit| destroyed > limit.value);
    let destroys = limit.map(|limit| {
        over(
            limit,
            format!(
                "this plan destroys {}, and the limit is {}",
                resources(destroyed),
                limit.value
            ),
        )
    });
    let touched = plan
        .changes
        .iter()
        .filter(|change| {
            matches!(
                change.action,
                ChangeAction::Update | ChangeAction::Replace | ChangeAction::Delete
            )
        })
        .count();
    let limit = desired.limits.max_change_percent.as_ref();
    // The comparison has no division: 1 of 3 is more than 33 percent.
    let limit = limit.filter(|limit| recorded > 0 && touched * 100 > limit.value * recorded);
    let changes = limit.map(|limit| {
        let percent = (touched * 100).div_ceil(recorded);
        let what = format!(
            "this plan changes, replaces or destroys {touched} of {} in the state",
            resources(recorded)
        );
        over(limit, format!("{what}, {percent} percent, and the limit is {} percent", limit.value))
    });
    destroys.into_iter().chain(changes)
}

fn resources(count: usize) -> String {
    format!("{count} {}", if count == 1 { "resource" } else { "resources" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;
    use crate::diagnostic::Place;
    use crate::diff::{Reason, ResourceChange};
    use crate::model::Resource;
    use crate::plan::{PlanHeader, PlanMode, StateStamp, Summary};

    fn place(line: usize) -> Place {
        Place { file: "dev.yaml".into(), line, column: 1, length: 4 }
    }

    fn user(number: usize) -> Address {
        Address::new(KindName::USER, format!("u{number}"))
    }

    fn plan(actions: &[ChangeAction]) -> Plan {
        let change = |(number, action): (usize, &ChangeAction)| {
            ResourceChange::new(user(number), *action, Reason::Differs)
        };
        let destroy = actions
            .iter()
            .filter(|action| matches!(action, ChangeAction::Delete | ChangeAction::Replace))
            .count();
        Plan {
            header: PlanHeader::new(
                &Desired { name: "dev".into(), ..Desired::default() },
                PlanMode::Apply,
            ),
            state: StateStamp::of(None),
            changes: actions.iter().enumerate().map(change).collect(),
            steps: Vec::new(),
            access: Vec::new(),
            notes: Vec::new(),
            summary: Summary { destroy, ..Summary::default() },
        }
    }

    fn said(plan: &Plan, desired: &Desired, recorded: usize) -> Vec<String> {
        objections(plan, desired, recorded, &BTreeSet::new())
            .into_iter()
            .map(|objection| objection.diagnostic.message)
            .collect()
    }

    fn limited(max_destroy: Option<usize>, max_change_percent: Option<usize>) -> Desired {
        let limit =
            |value: Option<usize>| value.map(|value| CountLimit { value, place: Some(place(2)) });
        let mut desired = Desired::default();
        desired.limits.max_destroy = limit(max_destroy);
        desired.limits.max_change_percent = limit(max_change_percent);
        desired
    }

    #[test]
    fn what_must_not_be_destroyed_is_neither_destroyed_nor_replaced() {
        let mut desired = Desired::default();
        for number in 0..4 {
            let prevent_destroy = (number != 2).then(|| place(number + 1));
            desired
                .resources
                .insert(user(number), Resource { prevent_destroy, ..Resource::default() });
        }
        let plan = plan(&[
            ChangeAction::Delete,
            ChangeAction::Replace,
            ChangeAction::Delete,
            ChangeAction::Update,
        ]);
        let objections = objections(&plan, &desired, 4, &BTreeSet::new());
        let found: Vec<_> = objections
            .iter()
            .map(|it| (it.diagnostic.message.as_str(), it.diagnostic.place.clone()))
            .collect();
        let text = |verb, name| {
            format!(
                "this plan would {verb} user.{name}, which the manifest forbids: prevent_destroy"
            )
        };
        assert_eq!(
            found,
            [
                (text("destroy", "u0").as_str(), Some(place(1))),
                (text("replace", "u1").as_str(), Some(place(2)))
            ]
        );
        assert!(objections.iter().all(|it| it.brake == Brake::PreventDestroy));
    }

    #[test]
    fn a_plan_may_destroy_as_many_as_the_limit_says_and_no_more() {
        let two = plan(&[ChangeAction::Delete, ChangeAction::Replace, ChangeAction::Create]);
        assert_eq!(said(&two, &limited(Some(2), None), 9), Vec::<String>::new());
        assert_eq!(
            said(&two, &limited(Some(1), None), 9),
            ["this plan destroys 2 resources, and the limit is 1"]
        );
        assert_eq!(
            said(&plan(&[ChangeAction::Delete]), &limited(Some(0), None), 9),
            ["this plan destroys 1 resource, and the limit is 0"]
        );
    }

    #[test]
    fn the_percentage_is_of_the_recorded_resources_and_creating_counts_for_nothing() {
        let one = plan(&[
            ChangeAction::Update,
            ChangeAction::Create,
            ChangeAction::Create,
            ChangeAction::Adopt,
            ChangeAction::Nothing,
        ]);
        assert_eq!(said(&one, &limited(None, Some(34)), 3), Vec::<String>::new());
        assert_eq!(
            said(&one, &limited(None, Some(33)), 3),
            ["this plan changes, replaces or destroys 1 of 3 resources in the state, 34 percent, \
                 and the limit is 33 percent"]
        );
        // The first plan has nothing recorded, and nothing to limit.
        assert_eq!(said(&one, &limited(None, Some(0)), 0), Vec::<String>::new());
    }
}
