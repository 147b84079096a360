//! The engine: making plans and applying them, as library functions. It uses no terminal, no
//! environment and no command line.
//!
//! A [`Workspace`] bundles a manifest, the provider for an account and the store of the state.
//! [`make_plan`] compares them. [`PreparedPlan::check_brakes`] checks the plan against the
//! manifest's brakes. [`apply_plan`] applies the plan under the state's lock. `examples/library.rs`
//! is a complete program. Failures are an [`EngineError`], with the cause as source.
//!
//! A program that does its own work between these steps takes the lock itself ([`StateLock`]),
//! plans for a state that it has loaded ([`plan_from_state`]), and applies the plan step by step
//! ([`ReadyPlan`]).

mod access;
mod apply;
mod error;
mod keys;
mod live;
mod lock;
mod missing_policies;
mod notes;
mod plan;
mod recover;
mod rename;
mod replace;
mod state;
mod workspace;

pub use access::access_changes;
pub use apply::{ReadyPlan, apply_plan};
pub use error::{EngineError, StateClaim, SuccessionError};
pub use keys::{list_keys, renew_keys};
pub use live::{read_live, resolve};
pub use lock::{LockOptions, StateLock};
pub use plan::{
    BrakeOverrides, PlanOptions, PlanOrigin, PreparedPlan, make_plan, plan_from_state,
    standing_objections,
};
pub use recover::{entry_of, recover};
pub use rename::{RenamedManifest, move_state, rename_manifest};
pub use replace::replace_resources;
pub use state::{
    PushOptions, add_resource, check_distinct, check_migration, find_addable, find_resource,
    forget_resource, migrate_state, push_state, rebuild_state,
};
pub use workspace::{
    EngineObserver, Workspace, check_owner, load_state, require_state, verify_account,
};
