//! AWS itself, through its SDK: the only user of `aws_sdk_*`.

use async_trait::async_trait;

use crate::call::{Carried, Failure, Read, Reply, Write};
use crate::port::Provider;

/// How to reach AWS, over what `aws-config` finds by itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub profile: Option<String>,
    pub region: String,
    pub endpoint_url: Option<String>,
}

pub struct Aws {
    _private: (),
}

impl Aws {
    pub async fn connect(_options: &Options) -> Self {
        todo!()
    }
}

#[async_trait]
impl Provider for Aws {
    async fn read(&self, _read: &Read) -> Result<Reply, Failure> {
        todo!()
    }

    async fn write(&self, _write: &Write, _carried: &Carried) -> Result<Reply, Failure> {
        todo!()
    }
}
