//! The providers: AWS, the sandbox and the local files, behind one [`Provider`].

pub mod aws;
pub mod files;
pub mod sandbox;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::call::{Failure, Read, Reply, StepOutput, Write};
use crate::port::Provider;

/// The providers of a run: AWS (or the sandbox) for the cloud's calls, the local files for theirs.
pub struct Providers {
    cloud: Box<dyn Provider>,
    files: files::Remembered,
    parallelism: usize,
    /// The limits on the calls that have begun, by operation, whoever sends them. A request is
    /// signed when it begins, and AWS accepts no signature that is older than five minutes. The
    /// calls of one operation don't make those of another wait.
    begun: Mutex<BTreeMap<&'static str, Arc<Semaphore>>>,
}

impl Providers {
    pub fn new(cloud: Box<dyn Provider>, files: files::Files, parallelism: usize) -> Self {
        Self {
            cloud,
            files: files.into(),
            parallelism: parallelism.max(1),
            begun: Mutex::default(),
        }
    }

    fn begun(&self, operation: &'static str) -> Arc<Semaphore> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            begun.entry(operation).or_insert_with(|| Arc::new(Semaphore::new(self.parallelism))),
        )
    }
}

#[async_trait]
impl Provider for Providers {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            Read::File(_) => self.files.read(read).await,
            Read::CallerIdentity | Read::Clock | Read::Iam(_) | Read::S3(_) => {
                let begun = self.begun(read.action());
                // The semaphore is never closed, so there always is a permit to come.
                let _permit = begun.acquire().await;
                self.cloud.read(read).await
            }
        }
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        match write {
            Write::File(_) => self.files.write(write, carried).await,
            Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => {
                let begun = self.begun(write.action());
                let _permit = begun.acquire().await;
                self.cloud.write(write, carried).await
            }
        }
    }

    fn waiting(&self) -> usize {
        self.cloud.waiting()
    }
}
