//! The edges to the world, behind one [`Provider`].

pub mod aws;
pub mod faulty;
pub mod files;
pub mod sandbox;
pub mod weather;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::call::{Carried, Failure, Read, Reply, Write};
use crate::port::Provider;

/// AWS (or the sandbox) for the cloud's calls, the local files for theirs.
pub struct Edges {
    cloud: Box<dyn Provider>,
    files: files::Files,
    /// Bounds the calls to the cloud in flight, whoever sends them: a step that looks at five things again is five calls.
    flights: Semaphore,
}

impl Edges {
    pub fn new(cloud: Box<dyn Provider>, files: files::Files, parallelism: usize) -> Self {
        Self { cloud, files, flights: Semaphore::new(parallelism.max(1)) }
    }
}

#[async_trait]
impl Provider for Edges {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            Read::File(_) => self.files.read(read).await,
            Read::CallerIdentity | Read::Clock | Read::Iam(_) | Read::S3(_) => {
                // The semaphore is never closed, so there always is a permit to come.
                let _permit = self.flights.acquire().await;
                self.cloud.read(read).await
            }
        }
    }

    async fn write(&self, write: &Write, carried: &Carried) -> Result<Reply, Failure> {
        match write {
            Write::File(_) => self.files.write(write, carried).await,
            Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => {
                let _permit = self.flights.acquire().await;
                self.cloud.write(write, carried).await
            }
        }
    }
}
