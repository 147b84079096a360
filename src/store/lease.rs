//! Leases of locks: their duration without the holder, and their renewal.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;

/// The time that a killed holder's lock blocks others on a store that cannot see its process. It is
/// long enough that no living holder loses its lock if clocks differ by a minute, or if one or two
/// renewals fail.
pub const LEASE: Duration = Duration::from_mins(2);

/// The number of renewals in one lease.
const RENEWALS: u32 = 6;

/// A task that ends with its owner.
#[derive(Debug)]
pub struct Renewal(Option<JoinHandle<()>>);

impl Renewal {
    /// Calls `renew` repeatedly, until it returns false. Without a runtime nothing can renew the
    /// lock: then it must be held for less than a lease.
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
