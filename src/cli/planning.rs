//! From a manifest to a plan: load, connect, resolve, diff, build.

use std::borrow::Cow;
use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::try_join;

use super::CommandContext;
use super::error::CommandError;
use super::session::{DeclaredManifest, StateAt};
use super::suggest::nearest;
use crate::access::{self, AccessChange, UnmanagedAccess};
use crate::address::{Address, Principal};
use crate::call::{CallerIdentity, Failure, FailureKind};
use crate::diff::{self, ChangeAction, Removal};
use crate::engine;
use crate::model::{Desired, Live, Recorded};
use crate::plan::guard::{self, Objection};
use crate::plan::{Plan, PlanHeader, PlanMode, StateStamp, build};
use crate::provider::Providers;
use crate::reads::Snapshot;
use crate::render::human;
use crate::resolve::{ALL_READS, Resolver, recovery};
use crate::state::State;

/// What to plan for.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Selection {
    /// Only this resource and what it depends on, for example user.serverless (repeatable)
    #[arg(long = "target", value_name = "ADDRESS")]
    pub targets: Vec<Address>,

    /// Remove with what goes also what others hung on it: their keys, passwords, devices,
    /// attachments
    #[arg(long)]
    pub allow_delete_foreign: bool,

    /// Say on stderr which calls read what exists, and why these
    #[arg(long)]
    pub explain_reads: bool,
}

/// A plan that was just made, with what applying it takes.
pub struct Planned {
    pub plan: Plan,
    pub provider: Providers,
    /// What was read for it.
    pub seen: Snapshot,
    /// Why it must not be applied.
    pub objections: Vec<Objection>,
}

/// Makes the plan for a manifest, whose state is there.
pub async fn plan(
    declared: &DeclaredManifest,
    at: &StateAt,
    mode: PlanMode,
    selection: &Selection,
    context: &CommandContext,
) -> Result<Planned, CommandError> {
    let state = declared.recorded(at.store.as_ref()).await?;
    let provider = declared.open(context).await?;
    let removing = mode == PlanMode::Destroy;
    // The account is asked for together with everything else. Nothing that was read is looked at
    // before it is known that this is the right one.
    let stamp = StateStamp::of(state.as_ref());
    let reading = read(&provider, &declared.desired, state, removing, context);
    let (caller, mut read) = try_join(declared.verify(&provider), reading.map(Ok)).await?;
    read.tell(context);
    let AccountReading { resolver, desired, recorded, live, .. } = &mut read;
    let targets = targets(selection, &declared.desired, recorded)?;

    let removal = Removal { everything: removing, foreign: selection.allow_delete_foreign };
    let decisions = diff::diff(desired, recorded, live, removal);
    let header = PlanHeader { targets, ..header(declared, mode, &caller, at) };
    let mut plan = build::build(header, stamp, decisions, desired, recorded)?;
    plan.access = access(resolver, &plan, live, desired).await;
    if selection.explain_reads {
        context.terminal.side(&human::reads(&resolver.explain()));
    }
    let objections = guard::objections(&plan, &declared.desired, known(&plan, recorded));
    let seen = read.resolver.into_known();
    Ok(Planned { plan, provider, seen, objections })
}

/// What there is, and what a plan is made from.
struct AccountReading<'a> {
    resolver: Resolver<'a>,
    desired: Cow<'a, Desired>,
    recorded: Recorded,
    live: Live,
    /// What could not be asked for the manifest's tag, where there is no state.
    unread: Vec<Failure>,
}

async fn read<'a>(
    provider: &'a Providers,
    declared: &'a Desired,
    state: Option<State>,
    removing: bool,
    context: &CommandContext,
) -> AccountReading<'a> {
    let spinner = context.terminal.spinner("Reading what exists...");
    let mut resolver = Resolver::new(provider, ALL_READS);
    let recovery::RecoveredObjects { resources: recorded, unread } = match state {
        Some(state) => {
            recovery::RecoveredObjects { resources: state.resources, unread: Vec::new() }
        }
        None => engine::recover(&mut resolver, declared, removing).await,
    };
    let desired =
        if removing { Cow::Owned(without_resources(declared)) } else { Cow::Borrowed(declared) };
    let live = engine::live(&mut resolver, &desired, &recorded, removing).await;
    spinner.finish_and_clear();
    AccountReading { resolver, desired, recorded, live, unread }
}

impl AccountReading<'_> {
    /// What could not be asked, or was asked in another way.
    fn tell(&self, context: &CommandContext) {
        if !self.unread.is_empty() {
            return warn_of_unread(&self.unread, context);
        }
        if let Some(failure) = self.resolver.sweep_failure() {
            let call = &failure.call;
            let why = if failure.kind == FailureKind::AccessDenied {
                "is not allowed".to_owned()
            } else {
                format!("failed ({})", failure.code)
            };
            context.terminal.note(&format!(
                "{call} {why}. Each user, role and policy was asked for by itself."
            ));
        }
    }
}

/// How many resources are recorded, or would be if the state weren't lost.
fn known(plan: &Plan, recorded: &Recorded) -> usize {
    let there = |action| {
        matches!(action, ChangeAction::Adopt | ChangeAction::Update | ChangeAction::Replace)
    };
    let found =
        plan.changes.iter().filter(|it| there(it.action) && !recorded.contains_key(&it.address));
    recorded.len() + found.count()
}

/// Says what it means if not everything could be asked for the manifest's tag.
pub fn warn_of_unread(unread: &[Failure], context: &CommandContext) {
    let Some(first) = unread.first() else { return };
    let why = if first.kind == FailureKind::AccessDenied {
        "is not allowed"
    } else {
        first.code.as_str()
    };
    context.terminal.warn(&format!(
        "there is no state, and what carries this manifest's tag can't all be looked for ({}: \
            {why}): what is declared is \
         found all the same, what is no longer declared may not be",
        first.call
    ));
}

/// What the changes mean for access. Who else has an edited policy is asked, and what other
/// people's policies say is read, only for those whose access changes.
async fn access(
    resolver: &mut Resolver<'_>,
    plan: &Plan,
    live: &Live,
    desired: &Desired,
) -> Vec<AccessChange> {
    let mut unmanaged = UnmanagedAccess::default();
    let edited = access::edited(&plan.changes, live, desired);
    (unmanaged.holders, unmanaged.unlisted) = resolver.holders(&edited, live).await;
    let members = access::members(&plan.changes, live, desired, &unmanaged);
    unmanaged.groups = resolver.groups(members).await;
    let changed_groups = access::changed_groups(&plan.changes, live, desired);
    unmanaged.members = resolver.members(changed_groups).await;
    let users = unmanaged.members.values().flatten().flatten().map(Principal::user).collect();
    unmanaged.holders.extend(resolver.unmanaged(users, live).await);
    let unread = access::unread(&plan.changes, live, desired, &unmanaged);
    (unmanaged.documents, unmanaged.unread) = resolver.documents(&unread).await;
    access::changes(&plan.changes, live, desired, &unmanaged)
}

fn header(
    declared: &DeclaredManifest,
    mode: PlanMode,
    caller: &CallerIdentity,
    at: &StateAt,
) -> PlanHeader {
    PlanHeader {
        manifest_file: declared.project.relative(&declared.path),
        caller: caller.arn.clone(),
        store: at.url.clone(),
        sandbox: declared.project.sandbox,
        ..PlanHeader::new(&declared.desired, mode)
    }
}

/// A destroy wants nothing to be there, under the same name.
fn without_resources(desired: &Desired) -> Desired {
    Desired { resources: std::collections::BTreeMap::new(), ..desired.clone() }
}

/// Every target must be declared or recorded.
fn targets(
    selection: &Selection,
    desired: &Desired,
    recorded: &Recorded,
) -> Result<BTreeSet<Address>, CommandError> {
    let known: BTreeSet<&Address> = desired.resources.keys().chain(recorded.keys()).collect();
    match selection.targets.iter().find(|target| !known.contains(target)) {
        None => Ok(selection.targets.iter().cloned().collect()),
        Some(unknown) => Err(no_such_address(unknown, known.into_iter())),
    }
}

/// There is nothing at that address; these are.
pub fn no_such_address<'a>(
    address: &Address,
    known: impl Iterator<Item = &'a Address>,
) -> CommandError {
    let known: Vec<String> = known.map(ToString::to_string).collect();
    let error = CommandError::new(format!("there is no resource {address}"));
    match nearest(&address.to_string(), known.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean {near}?")),
        None if known.is_empty() => error.help("there are no resources at all"),
        None => error.help(format!("there are {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;
    use crate::model::Resource;

    #[test]
    fn a_target_that_is_not_there_is_an_error_with_the_nearest_that_is() {
        let serverless = Address::new(KindName::USER, "serverless");
        let mut desired = Desired::default();
        desired.resources.insert(serverless.clone(), Resource::default());
        let wanted = |name: &str| Selection {
            targets: vec![Address::new(KindName::USER, name)],
            ..Selection::default()
        };
        assert_eq!(
            targets(&wanted("serverless"), &desired, &Recorded::new()).unwrap(),
            [serverless].into()
        );
        let error = targets(&wanted("serverles"), &desired, &Recorded::new()).unwrap_err();
        assert_eq!(error.message.as_deref(), Some("there is no resource user.serverles"));
        assert_eq!(error.help.as_deref(), Some("did you mean user.serverless?"));
    }
}
