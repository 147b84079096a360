//! Making a plan: read what exists, compare, order, and report the changes of access.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use futures::future::try_join;

use super::access::access_changes;
use super::error::EngineError;
use super::missing_policies::missing_policies;
use super::notes;
use super::recover::{recover, state_tags as state_tags_of, tag_for};
use super::replace::replace_resources;
use super::workspace::Workspace;
use crate::address::{Address, AddressQuery};
use crate::call::{CallerIdentity, Failure};
use crate::diff::{self, ChangeAction, DiffOptions, Renames};
use crate::model::{Desired, Live, PREVENT_DESTROY, Recorded, RecordedObject, Resource};
use crate::plan::guard::{self, Brake, Objection};
use crate::plan::{Plan, PlanHeader, PlanMode, StateStamp, build, consistency};
use crate::reads::{Explanation, Snapshot};
use crate::resolve::recovery::RecoveredObjects;
use crate::resolve::{ALL_READS, Resolver};
use crate::state::State;
use crate::value::flag_of;

/// The options for making a plan.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    pub mode: PlanMode,
    /// The resources to plan, with what they depend on. An empty list means all.
    pub targets: Vec<AddressQuery>,
    /// Removes, together with an object, what others attached to it: keys, passwords, devices,
    /// attachments.
    pub delete_foreign: bool,
    /// The declared resources to make anew although nothing else requires it.
    pub replace: Vec<AddressQuery>,
    /// Takes over the objects that carry the manifest's tag although no state, or another state,
    /// records them; without a state also those that the manifest no longer declares.
    pub recover: bool,
    pub origin: PlanOrigin,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            mode: PlanMode::Apply,
            targets: Vec::new(),
            delete_foreign: false,
            replace: Vec::new(),
            recover: false,
            origin: PlanOrigin::default(),
        }
    }
}

/// The places that a saved plan names, so that it can be applied later and elsewhere.
#[derive(Clone, Debug, Default)]
pub struct PlanOrigin {
    pub manifest_file: String,
    /// The place of the state. `None` means the default place.
    pub store: Option<String>,
    /// Marks a simulated account.
    pub sandbox: bool,
    /// The name of another manifest whose state was last applied for the same file, if this one has
    /// no state.
    pub name_beside: Option<String>,
    /// The variables and the region that the manifest was loaded with.
    pub variables: BTreeMap<String, String>,
    pub region: Option<String>,
}

/// A plan that was just made, with the objections to it and the data that was read for it.
pub struct PreparedPlan {
    pub plan: Plan,
    /// The reasons why the plan must not be applied.
    pub objections: Vec<Objection>,
    /// The account as it was read, for an apply that follows at once.
    pub seen: Snapshot,
    /// The calls that read the account, with their reasons.
    pub reads: Explanation,
}

/// The overridden brakes on a plan. `prevent_destroy` cannot be overridden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrakeOverrides {
    /// The `limits:` of the manifest.
    pub limits: bool,
    /// The brake on a plan that takes from the caller what is needed to undo it.
    pub lockout: bool,
}

impl BrakeOverrides {
    /// Returns true for a brake that is overridden.
    pub fn overrides(self, brake: Brake) -> bool {
        match brake {
            Brake::PreventDestroy | Brake::MissingPolicy => false,
            Brake::Limits => self.limits,
            Brake::Lockout => self.lockout,
        }
    }
}

impl PreparedPlan {
    /// Makes sure that every objection to the plan is overridden.
    pub fn check_brakes(&self, overrides: BrakeOverrides) -> Result<(), EngineError> {
        let objections = standing_objections(&self.objections, overrides);
        if objections.is_empty() { Ok(()) } else { Err(EngineError::Objected { objections }) }
    }
}

/// Returns the objections that are not overridden.
pub fn standing_objections(objections: &[Objection], overrides: BrakeOverrides) -> Vec<Objection> {
    objections.iter().filter(|it| !overrides.overrides(it.brake)).cloned().collect()
}

/// Makes the plan for a manifest: loads its state, reads what exists, compares. Changes nothing.
pub async fn make_plan(
    workspace: &Workspace<'_>,
    options: &PlanOptions,
) -> Result<PreparedPlan, EngineError> {
    let state = workspace.load_state().await?;
    plan_from_state(workspace, state, options).await
}

/// Makes the plan for a manifest with a loaded state. `None` means that no state exists yet, or
/// that it is lost.
pub async fn plan_from_state(
    workspace: &Workspace<'_>,
    state: Option<State>,
    options: &PlanOptions,
) -> Result<PreparedPlan, EngineError> {
    if options.mode == PlanMode::RefreshOnly {
        return plan_refresh(workspace, state, options).await;
    }
    let file = state.as_ref().and_then(|state| state.manifest_file.clone());
    let stamp = StateStamp::of(state.as_ref());
    // The account id is read together with everything else. Nothing that was read is used before
    // the account is known to be the right one.
    let mut declared = Cow::Borrowed(workspace.desired);
    if !options.replace.is_empty() {
        replace_resources(declared.to_mut(), &options.replace)?;
    }
    let reading = read_account(workspace, declared, state, options);
    let (caller, mut reading) = try_join(workspace.verify_account(), reading.map(Ok)).await?;
    reading.report(workspace);
    let AccountReading { resolver, desired, recorded, live, renames, state_tag, unclaimed, .. } =
        &mut reading;
    let targets = find_targets(&options.targets, workspace.desired, recorded)?;

    let comparison = DiffOptions {
        everything: options.mode == PlanMode::Destroy,
        foreign: options.delete_foreign,
        recover: options.recover,
        state_tag: Some(state_tag),
        renames: Some(renames),
    };
    let decisions = diff::diff(desired, recorded, live, comparison);
    let mut header = header(workspace.desired, &caller, targets, options);
    header.new_state_tag = stamp.lineage.is_none().then(|| state_tag.clone());
    let mut plan = build::build(header, stamp, decisions, desired, recorded)?;
    debug_assert_eq!(consistency::check(&plan), Ok(()), "a saved plan must be accepted again");
    plan.notes.extend(notes::without_state(&plan, unclaimed));
    plan.notes.extend(notes::other_name(&plan, options.origin.name_beside.as_deref()));
    plan.notes.extend(notes::outside_files(workspace.desired, options.mode));
    plan.notes.extend(notes::other_file(&plan.header, file.as_deref()));
    plan.access = access_changes(resolver, &plan, live, desired, renames).await;
    let mut objections = guard::objections(
        &plan,
        workspace.desired,
        count_known(&plan, recorded),
        &protected(recorded),
    );
    objections.extend(missing_policies(resolver, &plan, desired).await);
    let reads = resolver.explain();
    let seen = reading.resolver.into_known();
    Ok(PreparedPlan { plan, objections, seen, reads })
}

/// Makes the plan that takes the live values into the state. It needs a state: there is nothing
/// else to compare the account with.
async fn plan_refresh(
    workspace: &Workspace<'_>,
    state: Option<State>,
    options: &PlanOptions,
) -> Result<PreparedPlan, EngineError> {
    let missing = || EngineError::NoState { location: workspace.store.location() };
    let state = state.ok_or_else(missing)?;
    let stamp = StateStamp::of(Some(&state));
    let state_tag = state.tag_value().to_owned();
    let recorded = state.resources;
    let desired = as_recorded(workspace.desired, &recorded);
    let mut resolver = Resolver::new(workspace.provider, ALL_READS);
    let reading = resolver.objects(&desired, &recorded, false);
    let (caller, live) = try_join(workspace.verify_account(), reading.map(Ok)).await?;
    workspace.observer.account_was_read();
    if let Some(failure) = resolver.sweep_failure() {
        workspace.observer.sweep_failed(failure);
    }
    let targets = find_targets(&options.targets, &desired, &recorded)?;
    let comparison = DiffOptions { state_tag: Some(&state_tag), ..DiffOptions::default() };
    let decisions = diff::refresh(&desired, &recorded, &live, comparison);
    let header = header(workspace.desired, &caller, targets, options);
    let plan = build::build(header, stamp, decisions, &desired, &recorded)?;
    let reads = resolver.explain();
    Ok(PreparedPlan { plan, objections: Vec::new(), seen: resolver.into_known(), reads })
}

/// Returns the manifest as if it declared what the state records, so that exactly that is read.
fn as_recorded(desired: &Desired, recorded: &Recorded) -> Desired {
    let resource = |(address, entry): (&Address, &RecordedObject)| {
        let (attributes, depends_on) = (entry.attributes.clone(), entry.depends_on.clone());
        // What is left to others is no drift.
        let ignored = desired.resources.get(address).map(|it| it.ignored.clone());
        let ignored = ignored.unwrap_or_default();
        (address.clone(), Resource { attributes, depends_on, ignored, ..Resource::default() })
    };
    Desired { resources: recorded.iter().map(resource).collect(), ..without_resources(desired) }
}

/// The account and the state, as a plan compares them.
struct AccountReading<'a> {
    resolver: Resolver<'a>,
    desired: Cow<'a, Desired>,
    recorded: Recorded,
    live: Live,
    /// The objects that the state records under other names.
    renames: Renames,
    /// The tag of the state, or of the one that an apply makes.
    state_tag: String,
    /// The objects with the manifest's tag that no state records, and that stay as they are.
    unclaimed: Recorded,
    /// The reads that failed in the search for the manifest's tag, which runs when no state exists.
    unread: Vec<Failure>,
}

async fn read_account<'a>(
    workspace: &Workspace<'a>,
    declared: Cow<'a, Desired>,
    state: Option<State>,
    options: &PlanOptions,
) -> AccountReading<'a> {
    let removing = options.mode == PlanMode::Destroy;
    let mut resolver = Resolver::new(workspace.provider, ALL_READS);
    let known_tag = state.as_ref().map(|state| state.tag_value().to_owned());
    let found = match state {
        Some(state) => RecoveredObjects { resources: state.resources, ..Default::default() },
        None => recover(&mut resolver, &declared, removing).await,
    };
    let RecoveredObjects { mut resources, unread, mut state_tags } = found;
    let mut unclaimed = Recorded::new();
    if known_tag.is_none() && !options.recover {
        // Nothing tells if these were this manifest's before, or are another team's.
        unclaimed = std::mem::take(&mut resources);
        state_tags.clear();
    }
    // A destroy removes the objects under the names that they have.
    let desired =
        if removing { Cow::Owned(without_resources(&declared)) } else { declared.clone() };
    let (mut recorded, mut renames) = diff::readdress(resources, &desired);
    let mut live = super::read_live(&mut resolver, &desired, &recorded, removing).await;
    workspace.observer.account_was_read();
    renames.rename_parts(&desired, &mut recorded, &mut live);
    state_tags.extend(state_tags_of(&declared, &live));
    let state_tag = known_tag
        .unwrap_or_else(|| tag_for(state_tags, &declared, &workspace.store.unique_place()));
    AccountReading { resolver, desired, recorded, live, renames, state_tag, unclaimed, unread }
}

impl AccountReading<'_> {
    /// Reports failed reads, and a read that fell back to another way.
    fn report(&self, workspace: &Workspace<'_>) {
        if !self.unread.is_empty() {
            workspace.observer.tags_were_unread(&self.unread);
        } else if let Some(failure) = self.resolver.sweep_failure() {
            workspace.observer.sweep_failed(failure);
        }
    }
}

/// Returns the resources for which the state remembers `prevent_destroy`.
fn protected(recorded: &Recorded) -> BTreeSet<Address> {
    let protected = recorded.iter().filter(|(_, it)| flag_of(&it.attributes, PREVENT_DESTROY));
    protected.map(|(address, _)| address.clone()).collect()
}

/// Counts the resources that are recorded, or would be recorded if the state weren't lost.
fn count_known(plan: &Plan, recorded: &Recorded) -> usize {
    let there = |action| {
        matches!(action, ChangeAction::Adopt | ChangeAction::Update | ChangeAction::Replace)
    };
    let found =
        plan.changes.iter().filter(|it| there(it.action) && !recorded.contains_key(&it.address));
    recorded.len() + found.count()
}

fn header(
    desired: &Desired,
    caller: &CallerIdentity,
    targets: BTreeSet<Address>,
    options: &PlanOptions,
) -> PlanHeader {
    let PlanOptions { mode, origin, .. } = options;
    PlanHeader {
        manifest_file: origin.manifest_file.clone(),
        caller: caller.arn.clone(),
        store: origin.store.clone(),
        sandbox: origin.sandbox,
        variables: origin.variables.clone(),
        region_option: origin.region.clone(),
        targets,
        ..PlanHeader::new(desired, *mode)
    }
}

/// Returns the manifest without its resources, under the same name, as a destroy plans it.
fn without_resources(desired: &Desired) -> Desired {
    let (resources, moved) = (BTreeMap::new(), BTreeMap::new());
    Desired { moved, resources, ..desired.clone() }
}

/// Finds the targets among the declared and recorded resources.
fn find_targets(
    targets: &[AddressQuery],
    desired: &Desired,
    recorded: &Recorded,
) -> Result<BTreeSet<Address>, EngineError> {
    let known = || desired.resources.keys().chain(recorded.keys());
    targets.iter().map(|target| Ok(target.find(known())?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{AddressLookupError, KindName};

    #[test]
    fn a_target_that_is_not_there_is_an_error_with_those_that_are() {
        let serverless = Address::new(KindName::USER, "serverless");
        let mut desired = Desired::default();
        desired.resources.insert(serverless.clone(), Resource::default());
        let check = |name: &str| {
            let targets = [Address::new(KindName::USER, name).into()];
            find_targets(&targets, &desired, &Recorded::new())
        };
        assert_eq!(check("serverless").unwrap(), [serverless.clone()].into());
        let error = check("serverles").unwrap_err();
        assert_eq!(error.to_string(), "there is no resource user.serverles");
        let EngineError::Address(AddressLookupError::Unknown { known, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(known, [serverless]);
    }

    #[test]
    fn limits_can_be_overruled_and_protected_resources_cannot() {
        let released = BrakeOverrides { limits: true, lockout: false };
        assert!(released.overrides(Brake::Limits));
        assert!(!BrakeOverrides::default().overrides(Brake::Limits));
        assert!(!released.overrides(Brake::PreventDestroy));
        assert!(!released.overrides(Brake::Lockout));
        assert!(BrakeOverrides { lockout: true, ..released }.overrides(Brake::Lockout));
    }
}
