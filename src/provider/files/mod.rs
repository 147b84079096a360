//! The local files: profiles, key files, zappa settings.

use async_trait::async_trait;

use crate::call::{Carried, Failure, Read, Reply, Write};
use crate::port::Provider;
use std::path::PathBuf;

/// Where the local files are.
#[derive(Clone, Debug)]
pub struct Files {
    pub credentials: PathBuf,
    pub config: PathBuf,
    /// What relative paths are relative to: the manifest's folder.
    pub base: PathBuf,
    /// The sandbox's: a path outside of it is written below it instead, and read there first.
    pub overlay: Option<PathBuf>,
}

#[async_trait]
impl Provider for Files {
    async fn read(&self, _read: &Read) -> Result<Reply, Failure> {
        todo!()
    }

    async fn write(&self, _write: &Write, _carried: &Carried) -> Result<Reply, Failure> {
        todo!()
    }
}
