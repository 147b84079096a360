//! `relayctl apply`

use std::path::{Path, PathBuf};

use super::CommandContext;
use super::encrypt::seal_for;
use super::error::{CommandError, Exit};
use super::input::{self, Input};
use super::planning::{ReplaceArgs, Selection};
use super::project::{Project, folder_of, shown};
use super::run_args::RunArgs;
use super::running::{PlanRun, plan_and_run};
use super::session::{self, Destination};
use relayctl::manifest::{self, Inputs};
use relayctl::plan::{Plan, PlanHeader, PlanMode};
use relayctl::render::human;

/// Do what a plan says, exactly
///
/// Without an argument it does the plan that the last `relayctl plan` saved, if that is the only
/// one waiting. A saved plan is done without asking: it has been read. A manifest is planned,
/// printed, and done after a `yes`.
///
/// Each object is read again just before it is changed; one that is no longer what the plan saw is
/// left as it is. After a failure everything that doesn't depend on it still goes on, and the next
/// run finishes the job.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ApplyArgs {
    /// A saved plan, or a manifest
    #[arg(value_name = "PLANFILE|MANIFEST")]
    file: Option<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    replacement: ReplaceArgs,

    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  relayctl apply                            the plan that is waiting
  relayctl apply prod.plan.json             a plan saved with plan --out
  relayctl apply manifests/dev.yaml         plan, print, ask, do
  relayctl apply manifests/dev.yaml --yes   without asking";

pub fn run_command(args: &ApplyArgs, context: &CommandContext) -> Exit {
    match &args.file {
        None => {
            let (path, plan) =
                only_waiting(&Project::find_from(Path::new("."), context.options.sandbox)?)?;
            saved(&path, &plan, args, context)
        }
        Some(path) => match input::open_input(path)? {
            Input::Plan(plan) => saved(path, &plan, args, context),
            Input::Manifest => declared(path, args, context),
        },
    }
}

fn declared(path: &Path, args: &ApplyArgs, context: &CommandContext) -> Exit {
    let declared = session::load_checked(path, context)?;
    let selection = args.replacement.within(&args.selection);
    context.wait_for(plan_and_run(&declared, PlanMode::Apply, &selection, &args.run, context))
}

/// Finds the only plan that waits. A plan with nothing to do does not wait.
fn only_waiting(project: &Project) -> Result<(PathBuf, Plan), CommandError> {
    let found = project.waiting()?;
    let alone = found.len() == 1;
    let mut plans = Vec::new();
    for path in found {
        let plan = input::open_plan(&path)?;
        if alone || !plan.is_empty() {
            plans.push((path, plan));
        }
    }
    match (plans.pop(), plans.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) => Err(none_waiting(project)),
        (Some(last), others) => {
            let names: Vec<String> =
                others.iter().chain([&last]).map(|(path, _)| shown(path)).collect();
            Err(CommandError::new(format!("several plans are waiting: {}", names.join(", ")))
                .with_help(format!("name the one to apply: relayctl apply {}", names[0])))
        }
    }
}

fn none_waiting(project: &Project) -> CommandError {
    let error = CommandError::new("no plan is waiting to be applied");
    let sandbox = Project { sandbox: true, ..project.clone() };
    if !project.sandbox && sandbox.waiting().is_ok_and(|plans| !plans.is_empty()) {
        return error.with_help("one is waiting in the sandbox: relayctl apply --sandbox");
    }
    error.with_help(
        "make one with `relayctl plan MANIFEST`, or plan and apply at once with `relayctl \
        apply MANIFEST`",
    )
}

fn saved(path: &Path, plan: &Plan, args: &ApplyArgs, context: &CommandContext) -> Exit {
    let header = &plan.header;
    let chosen = !args.selection.targets.is_empty()
        || args.selection.allow_delete_foreign
        || !args.replacement.addresses.is_empty();
    if chosen || !context.options.variables.is_empty() {
        return Err(CommandError::new(
            "a saved plan is done exactly as it is: --target, --replace, --var and \
                --allow-delete-foreign belong to `plan`",
        ));
    }
    if context.options.sandbox && !header.sandbox {
        return Err(CommandError::new(format!(
            "{} was made for AWS, not for the sandbox",
            path.display()
        ))
        .with_help("make one for the sandbox with `relayctl plan MANIFEST --sandbox`"));
    }
    if let Some(refusal) = args.run.bounds.refusal(plan, "nothing was changed", context) {
        return Err(refusal);
    }
    let project = project_of(path, header)?;
    let manifest = project.root.join(&header.manifest_file);
    context.terminal.print_note(&human::header(header, context.terminal.side_style()));
    if manifest_changed(&manifest, header, context) {
        let name = shown(&manifest);
        context.terminal.print_warning(&format!(
            "{name} has changed since this plan was made; the plan is done as it was saved"
        ));
    }
    if plan.steps.is_empty() && !args.run.consent.json {
        context.terminal.result(&human::render_plan(plan, context.terminal.style()))?;
    }
    let url =
        context.options.state.clone().map(|url| absolute(&url)).or_else(|| header.store.clone());
    let aws = session::aws_options(context, &header.region);
    let open = |name: &str| {
        let seal = seal_for(&header.recipients)?;
        session::open_state(url.clone(), &project, name, &aws, seal)
    };
    let at = open(&header.manifest)?;
    let former = header.former_names.iter().map(|name| Ok((name.clone(), open(name)?)));
    let former = former.collect::<Result<Vec<_>, CommandError>>()?;
    let base = folder_of(&manifest);
    let destination =
        Destination { project: &project, account: &header.account, region: &header.region, base };
    // From here on the plan can never be applied again: the state that it was made for is about to
    // change.
    let started = || {
        if project.holds_waiting(path) {
            drop(std::fs::remove_file(path));
        }
    };
    context.wait_for(async {
        let provider = destination.connect(context).await?;
        let as_json = args.run.consent.json;
        let run = PlanRun {
            plan,
            provider: &provider,
            seen: None,
            as_json,
            former: &former,
            started: &started,
        };
        Box::pin(run.perform(at.store.as_ref(), context)).await
    })
}

/// Makes a path absolute. On the command line it is relative to the working directory, not to the
/// project's root.
fn absolute(url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    std::path::absolute(url)
        .map_or_else(|_| url.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Finds the project of a plan: the project that the plan is saved in, or, for a plan from
/// elsewhere, the project of the working directory.
fn project_of(path: &Path, header: &PlanHeader) -> Result<Project, CommandError> {
    let around_plan = Project::of_manifest(path, header.sandbox)?;
    let around_us = Project::find_from(Path::new("."), header.sandbox)?;
    let holds_manifest = |project: &Project| project.root.join(&header.manifest_file).is_file();
    if around_plan.holds_waiting(path)
        || holds_manifest(&around_plan)
        || !holds_manifest(&around_us)
    {
        return Ok(around_plan);
    }
    Ok(around_us)
}

/// Returns true if the manifest has certainly changed since the plan was made.
fn manifest_changed(manifest: &Path, header: &PlanHeader, context: &CommandContext) -> bool {
    if !manifest.is_file() {
        return true;
    }
    let environment = |name: &str| std::env::var(name).ok();
    let region = context.options.region.clone();
    let inputs =
        Inputs { variables: std::collections::BTreeMap::new(), region, environment: &environment };
    // The manifest may not load without the --var of the plan; then there is nothing to compare
    // with.
    manifest::load_manifest(manifest, &inputs)
        .desired
        .is_some_and(|desired| desired.digest != header.manifest_digest)
}
