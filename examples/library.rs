//! relayctl as a library: load a manifest, look at a simulated account, print the plan.
//!
//!     cargo run -q --example library -- manifests/dev.yaml
//!
//! The stages are plain functions from value to value, so a program can stop after any of them: to
//! check manifests in an editor, to gate plans with rules of its own, or to keep the plan in a
//! database.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use relayctl::manifest::{self, Inputs};
use relayctl::model::{Desired, Recorded};
use relayctl::plan::{Plan, PlanHeader, PlanMode, StateStamp, build};
use relayctl::provider::Providers;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::Sandbox;
use relayctl::render::{diagnostic, human};
use relayctl::{diff, engine, resolve};

/// How many reads may be under way at once.
const PARALLELISM: usize = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path =
        std::env::args().nth(1).map_or_else(|| PathBuf::from("manifests/dev.yaml"), PathBuf::from);
    let Some(desired) = load(&path) else { return Err("the manifest has errors".into()) };

    // The account and everything on disk that this run could touch are in a folder that is gone
    // afterwards.
    let folder = tempfile::tempdir()?;
    let provider = sandbox(folder.path(), &path, &desired)?;

    let plan = plan(&provider, &desired, &path).await?;
    println!("{}", human::plan(&plan, human::HumanStyle::default()));

    // What a program of its own might ask of a plan:
    let removals =
        plan.changes.iter().filter(|change| change.action == diff::ChangeAction::Delete).count();
    println!("This plan makes {} calls and removes {removals} resources.", plan.summary.calls);
    Ok(())
}

/// The manifest as a value, or every problem in it at once.
fn load(path: &Path) -> Option<Desired> {
    let environment = |name: &str| std::env::var(name).ok();
    let inputs = Inputs { variables: BTreeMap::new(), region: None, environment: &environment };
    let loaded = manifest::load(path, &inputs);
    if !loaded.diagnostics.is_empty() {
        eprintln!("{}", diagnostic::list(&loaded.diagnostics, &loaded.sources, false));
    }
    loaded.desired
}

/// An empty account. `relayctl::provider::aws::Aws::connect` in its place would look at a real one.
fn sandbox(folder: &Path, manifest: &Path, desired: &Desired) -> Result<Providers, Box<dyn Error>> {
    let account = Sandbox::open(&folder.join("account.json"), &desired.account, &desired.region)?;
    let files = Files {
        credentials: folder.join("credentials"),
        config: folder.join("config"),
        base: manifest.parent().unwrap_or(Path::new("")).to_owned(),
        overlay: Some(folder.to_owned()),
    };
    Ok(Providers::new(Box::new(account), files, 8))
}

/// Resolve, diff, build: nothing here changes anything.
async fn plan(
    provider: &Providers,
    desired: &Desired,
    path: &Path,
) -> Result<Plan, Box<dyn Error>> {
    let caller = resolve::caller(provider).await?;
    let recorded = Recorded::new();
    let live = engine::resolve(provider, desired, &recorded, false, PARALLELISM).await;
    let decisions = diff::diff(desired, &recorded, &live, false);
    let header = PlanHeader {
        manifest: desired.name.clone(),
        manifest_file: path.display().to_string(),
        manifest_digest: desired.digest.clone(),
        account: desired.account.clone(),
        caller: caller.arn,
        region: desired.region.clone(),
        store: None,
        recipients: Vec::new(),
        sandbox: true,
        mode: PlanMode::Apply,
        targets: BTreeSet::new(),
        relayctl: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(build::build(
        header,
        StateStamp { lineage: None, serial: 0 },
        decisions,
        desired,
        &recorded,
    )?)
}
