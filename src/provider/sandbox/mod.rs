//! An AWS account simulated in process, kept in one file.

use async_trait::async_trait;

use crate::call::{Carried, Failure, Read, Reply, Write};
use crate::port::Provider;
use std::path::Path;

/// A simulated account.
pub struct Sandbox {
    _private: (),
}

impl Sandbox {
    /// Opens or makes the account kept in `file`. `account` and `region` are the manifest's.
    pub fn open(_file: &Path, _account: &str, _region: &str) -> Result<Self, Failure> {
        todo!()
    }
}

#[async_trait]
impl Provider for Sandbox {
    async fn read(&self, _read: &Read) -> Result<Reply, Failure> {
        todo!()
    }

    async fn write(&self, _write: &Write, _carried: &Carried) -> Result<Reply, Failure> {
        todo!()
    }
}
