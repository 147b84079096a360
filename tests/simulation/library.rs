//! The library as a program uses it: the example, and the errors that the engine gives.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use relayctl::apply::{ApplyOptions, StaleReason};
use relayctl::engine::{self, EngineError, LockOptions, PlanOptions, StateLock, Workspace};
use relayctl::model::Desired;
use relayctl::plan::PlanMode;
use relayctl::provider::sandbox::Sandbox;
use relayctl::state::{LockInfo, StoreError};
use relayctl::store::memory::MemoryStore;

#[path = "../../examples/library.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod example;

const ACCOUNT: &str = "123456789012";

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/dev.yaml")
}

fn lock() -> LockOptions {
    LockOptions { holder: LockInfo::unknown(), timeout: Duration::ZERO }
}

fn desired(account: &str) -> Desired {
    let (name, account) = ("dev".to_owned(), account.to_owned());
    Desired { name, account, region: "us-east-1".to_owned(), ..Desired::default() }
}

#[tokio::test]
async fn the_example_does_all_of_the_sample_and_then_finds_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let first = example::plan_and_apply(&sample(), folder.path()).await.unwrap();
    assert!(first.succeeded(), "{first:#?}");
    assert!(first.done.len() > 5, "{first:#?}");
    assert!(folder.path().join("state.json").is_file());
    assert!(!folder.path().join("state.json.lock").exists());

    let second = example::plan_and_apply(&sample(), folder.path()).await.unwrap();
    assert!(second.succeeded() && second.done.is_empty(), "{second:#?}");
}

#[tokio::test]
async fn credentials_for_another_account_are_an_error_with_both_accounts() {
    let (desired, store) = (desired("999999999999"), MemoryStore::new());
    let provider = Sandbox::in_memory(ACCOUNT, "us-east-1");
    let workspace =
        Workspace { desired: &desired, provider: &provider, store: &store, observer: &() };
    let error = engine::make_plan(&workspace, &PlanOptions::default()).await.err().unwrap();
    let EngineError::WrongAccount { account, caller } = error else { panic!("{error:?}") };
    assert_eq!((account.as_str(), caller.account.as_str()), ("999999999999", ACCOUNT));
}

/// A saved plan may meet other credentials than the ones that it was made with.
#[tokio::test]
async fn a_plan_is_not_applied_to_another_account() {
    let desired = example::load_manifest(&sample()).unwrap();
    let store = MemoryStore::new();
    let folder = tempfile::tempdir().unwrap();
    let ours = example::open_sandbox(folder.path(), &sample(), &desired).unwrap();
    let workspace = Workspace { desired: &desired, provider: &ours, store: &store, observer: &() };
    let prepared = engine::make_plan(&workspace, &PlanOptions::default()).await.unwrap();
    assert!(!prepared.plan.steps.is_empty());
    let other = Sandbox::in_memory("999999999999", "us-east-1");
    let workspace = Workspace { provider: &other, ..workspace };
    let options = ApplyOptions::default();
    let error = engine::apply_plan(&prepared.plan, &workspace, &lock(), &(), options).await;
    assert!(matches!(error, Err(EngineError::WrongAccount { .. })), "{error:?}");
    assert!(workspace.load_state().await.unwrap().is_none());
}

#[tokio::test]
async fn a_plan_is_applied_once_and_only_under_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let desired = example::load_manifest(&sample()).unwrap();
    let provider = example::open_sandbox(folder.path(), &sample(), &desired).unwrap();
    let store = MemoryStore::new();
    let workspace =
        Workspace { desired: &desired, provider: &provider, store: &store, observer: &() };
    let prepared = engine::make_plan(&workspace, &PlanOptions::default()).await.unwrap();
    assert!(prepared.objections.is_empty() && !prepared.plan.access.is_empty());
    let apply = async || {
        let options = ApplyOptions::default();
        engine::apply_plan(&prepared.plan, &workspace, &lock(), &(), options).await
    };

    let held = StateLock::take(&store, &lock(), &()).await.unwrap();
    let locked = apply().await.unwrap_err();
    assert!(matches!(&locked, EngineError::Store(StoreError::Locked { .. })), "{locked:?}");
    held.release().await;

    assert!(apply().await.unwrap().succeeded());
    let stale = apply().await.unwrap_err();
    assert!(
        matches!(&stale, EngineError::Stale { reason: StaleReason::StateAppeared, .. }),
        "{stale:?}"
    );
    assert!(stale.source().is_some(), "the cause is kept");

    let destroy = PlanOptions { mode: PlanMode::Destroy, ..PlanOptions::default() };
    let prepared = engine::make_plan(&workspace, &destroy).await.unwrap();
    let options = ApplyOptions::default();
    let outcome = engine::apply_plan(&prepared.plan, &workspace, &lock(), &(), options).await;
    assert!(outcome.unwrap().succeeded());
}
