//! relayctl as a library: plan for a manifest, and apply that, in a simulated account.
//!
//!     cargo run -q --example library -- manifests/dev.yaml
//!
//! The engine does here what the commands `plan` and `apply` do: it reads what exists, tells who
//! gains and who loses access, holds the plan against the manifest's brakes, and applies it under
//! the state's lock. A program can stop after any stage: to check manifests in an editor, to gate
//! plans with rules of its own, or to keep the plan in a database.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use relayctl::allowed_files::{AllowedFiles, FileRules};
use relayctl::apply::ApplyOptions;
use relayctl::clock::present_time;
use relayctl::engine::{self, BrakeOverrides, LockOptions, PlanOptions, Workspace};
use relayctl::event::RunOutcome;
use relayctl::manifest::{self, Inputs};
use relayctl::model::Desired;
use relayctl::provider::Providers;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::Sandbox;
use relayctl::render::{diagnostic, human};
use relayctl::state::LockInfo;
use relayctl::store::local::LocalStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let manifest = std::env::args().nth(1).unwrap_or_else(|| "manifests/dev.yaml".to_owned());
    // The account, the state and every file that this run could touch are in a folder that is gone
    // afterwards.
    let folder = tempfile::tempdir()?;
    let outcome = plan_and_apply(Path::new(&manifest), folder.path()).await?;
    if outcome.succeeded() { Ok(()) } else { Err("not everything was done".into()) }
}

/// Plans for a manifest, prints that, and applies it.
pub async fn plan_and_apply(manifest: &Path, folder: &Path) -> Result<RunOutcome, Box<dyn Error>> {
    let desired = load_manifest(manifest)?;
    let provider = open_sandbox(folder, manifest, &desired)?;
    let store = LocalStore::new(folder.join("state.json"));
    let workspace =
        Workspace { desired: &desired, provider: &provider, store: &store, observer: &() };

    // Nothing is changed here. The plan says, besides every change and its calls, what the changes
    // mean for access (`plan.access`).
    let prepared = engine::make_plan(&workspace, &PlanOptions::default()).await?;
    println!("{}", human::render_plan(&prepared.plan, human::HumanStyle::default()));
    println!("{} changes of access.", prepared.plan.access.len());

    // `prevent_destroy`, `limits`, and what would lock the caller out.
    prepared.check_brakes(BrakeOverrides::default())?;

    // Exactly that plan, under the lock, and only if the state is still the one that it saw.
    let outcome = engine::apply_plan(
        &prepared.plan,
        &workspace,
        &LockOptions { holder: lock_holder(), timeout: Duration::from_secs(30) },
        &(),
        ApplyOptions::default(),
    )
    .await?;
    println!("{}", human::outcome(&prepared.plan, &outcome, human::HumanStyle::default()));
    Ok(outcome)
}

/// Loads the manifest, or prints every problem in it at once.
pub fn load_manifest(path: &Path) -> Result<Desired, Box<dyn Error>> {
    let environment = |name: &str| std::env::var(name).ok();
    let inputs = Inputs { environment: &environment, ..Inputs::default() };
    let loaded = manifest::load_manifest(path, &inputs);
    if !loaded.diagnostics.is_empty() {
        eprintln!("{}", diagnostic::list_diagnostics(&loaded.diagnostics, &loaded.sources, false));
    }
    loaded.desired.ok_or_else(|| "the manifest has errors".into())
}

/// Opens an account in a file. `relayctl::provider::aws::Aws::connect` in its place would reach a
/// real one.
pub fn open_sandbox(
    folder: &Path,
    manifest: &Path,
    desired: &Desired,
) -> Result<Providers, Box<dyn Error>> {
    let account = Sandbox::open(&folder.join("account.json"), &desired.account, &desired.region)?;
    let files = Files {
        credentials: folder.join("credentials"),
        config: folder.join("config"),
        base: manifest.parent().unwrap_or(Path::new("")).to_owned(),
        overlay: Some(folder.to_owned()),
        allowed: AllowedFiles::of_manifest(manifest, &FileRules::default()),
    };
    Ok(Providers::new(Box::new(account), files, 8))
}

/// Names this program to whoever finds the state locked.
fn lock_holder() -> LockInfo {
    LockInfo {
        id: uuid::Uuid::new_v4().to_string(),
        who: "the library's example".to_owned(),
        pid: std::process::id(),
        since: present_time().to_string(),
        what: "apply".to_owned(),
        ..LockInfo::unknown()
    }
}
