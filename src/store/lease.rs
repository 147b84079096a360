//! How long a lock lasts without its holder, and how often it is renewed.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;

/// A killed holder's lock on a store that cannot see its process blocks others for this long. Long
/// enough that clocks that differ by a minute, and a renewal or two that fail, take it from nobody.
pub const LEASE: Duration = Duration::from_mins(2);

/// Renewals in one lease.
const RENEWALS: u32 = 6;

/// A task that ends with its owner.
#[derive(Debug)]
pub struct Renewal(Option<JoinHandle<()>>);

impl Renewal {
    /// Calls `renew` again and again, until it says that there is nothing left to renew. Without a
    /// runtime there is nobody to do it: then the lock is taken for less than a lease.
    pub fn start<F>(lease: Duration, mut renew: impl FnMut() -> F + Send + 'static) -> Self
    where
        F: Future<Output = bool> + Send,
    {
        let pause = lease / RENEWALS;
        Self(tokio::runtime::Handle::try_current().ok().map(|runtime| {
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(pause).await;
                    if !renew().await {
                        break;
                    }
                }
            })
        }))
    }

    pub fn stop_renewing(&self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.stop_renewing();
    }
}
