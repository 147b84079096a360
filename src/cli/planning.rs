//! The steps from a manifest to a plan: load, connect, and make the plan with the engine.

use indicatif::ProgressBar;

use super::CommandContext;
use super::error::CommandError;
use super::session::{DeclaredManifest, StateAt};
use super::terminal::Terminal;
use relayctl::address::AddressQuery;
use relayctl::call::{Failure, FailureKind};
use relayctl::engine::{self, EngineObserver, PlanOptions, PlanOrigin, PreparedPlan, Workspace};
use relayctl::plan::PlanMode;
use relayctl::provider::Providers;
use relayctl::render::human;
use relayctl::state::LockInfo;

/// The part of a manifest to plan for.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Selection {
    /// Only this resource and what it depends on, for example user.serverless (repeatable)
    #[arg(long = "target", value_name = "ADDRESS")]
    pub targets: Vec<AddressQuery>,

    /// Also remove what others attached to removed objects: keys, passwords, devices, attachments
    #[arg(long)]
    pub allow_delete_foreign: bool,

    /// The resources of `--replace`, which only `plan` and `apply` have.
    #[arg(skip)]
    pub replace: Vec<AddressQuery>,

    /// Take over what carries this manifest's tag although no state, or another state of this name,
    /// records it; without a state, also destroy what the manifest no longer declares
    #[arg(long)]
    pub recover: bool,

    /// Print on stderr the calls that read the account, with the reasons
    #[arg(long)]
    pub explain_reads: bool,
}

/// The option to make resources anew.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ReplaceArgs {
    /// Make this resource anew although nothing else requires it, for example role.worker
    /// (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<AddressQuery>,
}

impl ReplaceArgs {
    /// Returns the selection together with the resources to make anew.
    pub fn within(&self, selection: &Selection) -> Selection {
        Selection { replace: self.replace.clone(), ..selection.clone() }
    }
}

/// A plan that was just made, with the providers for its account.
pub struct Planned {
    pub prepared: PreparedPlan,
    pub provider: Providers,
}

/// Makes the plan for a manifest with an opened state.
pub async fn make_plan(
    declared: &DeclaredManifest,
    at: &StateAt,
    mode: PlanMode,
    selection: &Selection,
    context: &CommandContext,
) -> Result<Planned, CommandError> {
    let state = declared.load_state_or_former(at.store.as_ref(), context).await?;
    let provider = declared.open_provider(context).await?;
    let observer = TerminalObserver::reading(&context.terminal);
    let workspace = Workspace {
        desired: &declared.desired,
        provider: &provider,
        store: at.store.as_ref(),
        observer: &observer,
    };
    let options = PlanOptions {
        mode,
        targets: selection.targets.clone(),
        delete_foreign: selection.allow_delete_foreign,
        replace: selection.replace.clone(),
        recover: selection.recover,
        origin: PlanOrigin {
            manifest_file: declared.project.relative(&declared.path),
            store: at.url.clone(),
            sandbox: declared.project.sandbox,
            name_beside: if state.is_none() { declared.name_beside().await } else { None },
            variables: context.options.variables.iter().cloned().collect(),
            region: context.options.region.clone(),
        },
    };
    let prepared = engine::plan_from_state(&workspace, state, &options).await;
    let prepared = prepared.map_err(|error| declared.explain(error))?;
    if selection.explain_reads {
        context.terminal.print_side(&human::reads(&prepared.reads));
    }
    Ok(Planned { prepared, provider })
}

/// The observer that prints the engine's reports on stderr.
pub struct TerminalObserver<'a> {
    terminal: &'a Terminal,
    /// The spinner that turns until the account is read.
    spinner: ProgressBar,
}

impl<'a> TerminalObserver<'a> {
    /// Creates an observer for work that ends quickly.
    pub fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, spinner: ProgressBar::hidden() }
    }

    /// Creates an observer for work that begins with reading an account.
    pub fn reading(terminal: &'a Terminal) -> Self {
        Self { terminal, spinner: terminal.spinner("Reading what exists...") }
    }
}

impl EngineObserver for TerminalObserver<'_> {
    fn account_was_read(&self) {
        self.spinner.finish_and_clear();
    }

    fn tags_were_unread(&self, failures: &[Failure]) {
        let Some(first) = failures.first() else { return };
        let why = if first.kind == FailureKind::AccessDenied {
            "is not allowed"
        } else {
            first.code.as_str()
        };
        self.terminal.print_warning(&format!(
            "there is no state, and the search for this manifest's tag is incomplete ({}: {why}): \
                declared objects are found, objects that are no longer declared may not be",
            first.call
        ));
    }

    fn sweep_failed(&self, failure: &Failure) {
        let call = &failure.call;
        let why = if failure.kind == FailureKind::AccessDenied {
            "is not allowed".to_owned()
        } else {
            format!("failed ({})", failure.code)
        };
        self.terminal.print_note(&format!(
            "{call} {why}. Each user, role and policy was asked for by itself."
        ));
    }

    fn lock_is_held(&self, location: &str, holder: &LockInfo) {
        self.terminal.print_note(&format!(
            "The state {location} is locked by {holder}; waiting for that..."
        ));
    }
}
