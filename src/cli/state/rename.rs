//! The `relayctl state rename` command: a manifest gets another name, and keeps what it made.

use std::path::{Path, PathBuf};

use crate::cli::CommandContext;
use crate::cli::encrypt::seal_for;
use crate::cli::error::CommandError;
use crate::cli::project::{Project, folder_of};
use crate::cli::running::take_lock;
use crate::cli::session::{self, Destination, StateAt};
use relayctl::engine::{self, RenamedManifest};
use relayctl::kind::OWNER_TAG;
use relayctl::render::text::{count, escape};
use relayctl::state::State;

/// The arguments of `state rename`.
#[derive(clap::Args, Debug)]
pub struct RenameArgs {
    /// The manifest, if its `state:` or `encryption:` is needed to read the state; then the old
    /// name and the new one
    #[arg(value_name = "[MANIFEST] OLD NEW", num_args = 2..=3, required = true)]
    names: Vec<String>,
}

/// The state of a manifest that gets another name, and the place for it under that name.
struct Renaming {
    project: Project,
    /// The file whose folder relative paths are relative to.
    manifest: PathBuf,
    region: String,
    old: StateAt,
    new: StateAt,
}

pub fn rename_state(args: &RenameArgs, context: &CommandContext) -> Result<(), CommandError> {
    let (manifest, old, new) = match args.names.as_slice() {
        [manifest, old, new] => (Some(Path::new(manifest)), old, new),
        [old, new] => (None, old, new),
        _ => return Err(CommandError::new("give the old name and the new one")),
    };
    relayctl::manifest::check_name(new).map_err(CommandError::new)?;
    let renaming = match manifest {
        Some(manifest) => of_manifest(manifest, old, new, context)?,
        None => of_names(old, new, context)?,
    };
    let renamed = context.wait_for(perform(&renaming, old, new, context))?;
    report(&renamed, old, new, &renaming, context)
}

fn of_manifest(
    path: &Path,
    old: &str,
    new: &str,
    context: &CommandContext,
) -> Result<Renaming, CommandError> {
    let declared = session::load_manifest(path, context)?;
    Ok(Renaming {
        old: declared.open_state_of(old, context)?,
        new: declared.open_state_of(new, context)?,
        region: declared.desired.region.clone(),
        project: declared.project,
        manifest: path.to_owned(),
    })
}

/// Finds the state by the manifest's old name, in the project of the working directory.
fn of_names(old: &str, new: &str, context: &CommandContext) -> Result<Renaming, CommandError> {
    let project = Project::find_from(Path::new("."), context.options.sandbox)?;
    let region = context.options.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let url = context.options.state.clone();
    let open = |name: &str| {
        let aws = session::aws_options(context, &region);
        session::open_state(url.clone(), &project, name, &aws, seal_for(&[])?)
    };
    let (old, new) = (open(old)?, open(new)?);
    let manifest = project.root.join("manifest.yaml");
    Ok(Renaming { old, new, region: region.clone(), project, manifest })
}

async fn perform(
    renaming: &Renaming,
    old: &str,
    new: &str,
    context: &CommandContext,
) -> Result<RenamedManifest, CommandError> {
    let store = renaming.old.store.as_ref();
    let state = store.load_state().await?.filter(|it| it.manifest == old);
    let Some(state) = state else {
        return Err(CommandError::new(format!(
            "there is no state of a manifest \"{old}\" at {}",
            store.location()
        ))
        .with_help("name the state with --state, or the manifest before the two names"));
    };
    let provider = destination(renaming, &state).connect(context).await?;
    let lock = take_lock(store, "state rename", context).await?;
    let target = renaming.new.store.as_ref();
    let is_same = target.location() == store.location();
    let second =
        if is_same { Ok(None) } else { take_lock(target, "state rename", context).await.map(Some) };
    let renamed = match &second {
        Ok(second) => engine::rename_manifest(&provider, &lock, second.as_ref(), new)
            .await
            .map_err(CommandError::from),
        Err(_) => Ok(RenamedManifest::default()),
    };
    lock.release().await;
    if let Some(second) = second? {
        second.release().await;
    }
    renamed
}

fn destination<'r>(renaming: &'r Renaming, state: &'r State) -> Destination<'r> {
    Destination {
        project: &renaming.project,
        account: &state.account,
        region: &renaming.region,
        base: folder_of(&renaming.manifest),
    }
}

fn report(
    renamed: &RenamedManifest,
    old: &str,
    new: &str,
    renaming: &Renaming,
    context: &CommandContext,
) -> Result<(), CommandError> {
    context.terminal.result_line(&format!(
        "Renamed the manifest {old} to {new}: {} now carry the tag {OWNER_TAG} = {new}, and the \
            state is {}.",
        count(renamed.tagged.len(), "object"),
        renaming.new.store.location(),
    ))?;
    if !renamed.left_alone.is_empty() {
        let names: Vec<String> = renamed.left_alone.iter().map(ToString::to_string).collect();
        context.terminal.print_warning(&format!(
            "these are gone, or carry another tag, and were left alone: {}",
            names.join(", ")
        ));
    }
    context.terminal.result(&format!(
        "Write this into the manifest:\n  name: {}\n  unique_name: {}    # if it uses \
            ${{unique}}: names with it stay as they are",
        escape(new),
        escape(old),
    ))
}
