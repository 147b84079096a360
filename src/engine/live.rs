//! What there is of all that a plan is about.

use crate::diff;
use crate::model::{Desired, Live, Recorded};
use crate::port::Provider;
use crate::resolve::Resolver;

/// Reads what the manifest declares and the state records. `parallelism` bounds the calls in
/// flight; `removing` is true for a destroy, so that everything recorded is read for removal.
pub async fn resolve(
    provider: &dyn Provider,
    desired: &Desired,
    recorded: &Recorded,
    removing: bool,
    parallelism: usize,
) -> Live {
    read_live(&mut Resolver::new(provider, parallelism), desired, recorded, removing).await
}

/// Reads what the manifest declares and the state records, with a resolver that can tell afterwards
/// what it has read. That something must be replaced shows only once all is compared: what blocks
/// its deletion is asked then.
pub async fn read_live(
    resolver: &mut Resolver<'_>,
    desired: &Desired,
    recorded: &Recorded,
    removing: bool,
) -> Live {
    let mut live = resolver.objects(desired, recorded, removing).await;
    if removing {
        return live;
    }
    let replaced = diff::replaced(desired, recorded, &live);
    if !replaced.is_empty() {
        live.extend(resolver.with_blockers(&replaced, desired, recorded).await);
    }
    live
}
