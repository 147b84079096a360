//! The live objects that a plan is about.

use crate::diff;
use crate::model::{Desired, Live, Recorded};
use crate::port::Provider;
use crate::resolve::Resolver;

/// Reads what the manifest declares and the state records. `parallelism` limits the calls in
/// flight. `removing` is true for a destroy: everything recorded is then read for removal.
pub async fn resolve(
    provider: &dyn Provider,
    desired: &Desired,
    recorded: &Recorded,
    removing: bool,
    parallelism: usize,
) -> Live {
    read_live(&mut Resolver::new(provider, parallelism), desired, recorded, removing).await
}

/// Reads what the manifest declares and the state records. The resolver can list afterwards what it
/// has read. The need to make an object anew shows only after the comparison, so the blockers of
/// its deletion, and the fields that the new object takes over, are read then.
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
    let made_anew = diff::made_anew(desired, recorded, &live);
    if !made_anew.is_empty() {
        live.extend(resolver.for_replacement(&made_anew, desired, recorded).await);
    }
    live
}
