//! Reads -> Snapshot -> Live.

use crate::call::{Caller, Failure};
use crate::model::{Desired, Live, Recorded};
use crate::port::Provider;

/// Who we are; the first question of every run.
pub async fn caller(_provider: &dyn Provider) -> Result<Caller, Failure> {
    todo!()
}

/// Reads what the manifest declares and the state records. `parallelism` bounds the calls in flight; `removing` is
/// true for a destroy, so that everything recorded is read for removal.
pub async fn resolve(
    _provider: &dyn Provider,
    _desired: &Desired,
    _recorded: &Recorded,
    _removing: bool,
    _parallelism: usize,
) -> Live {
    todo!()
}
