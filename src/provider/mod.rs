//! The edges to the world, behind one [`Provider`].

pub mod aws;
pub mod files;
pub mod sandbox;

use async_trait::async_trait;

use crate::call::{Carried, Failure, Read, Reply, Write};
use crate::port::Provider;

/// AWS (or the sandbox) for the cloud's calls, the local files for theirs.
pub struct Edges {
    pub cloud: Box<dyn Provider>,
    pub files: files::Files,
}

#[async_trait]
impl Provider for Edges {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            Read::File(_) => self.files.read(read).await,
            Read::CallerIdentity | Read::Iam(_) | Read::S3(_) => self.cloud.read(read).await,
        }
    }

    async fn write(&self, write: &Write, carried: &Carried) -> Result<Reply, Failure> {
        match write {
            Write::File(_) => self.files.write(write, carried).await,
            Write::Iam(_) | Write::S3(_) => self.cloud.write(write, carried).await,
        }
    }
}
