//! AWS itself, through its SDK: the only user of `aws_sdk_*`.

mod connect;
mod convert;
mod endpoints;
mod failure;
mod iam_group;
mod iam_oidc;
mod iam_profile;
mod iam_read;
mod iam_sweep;
mod iam_write;
mod lifecycle;
mod network;
mod objects;
mod pages;
mod s3_read;
mod s3_write;
mod sending;
mod sign_in;
mod trust;
mod wiring;

use async_trait::async_trait;

pub use connect::{Aws, ConnectOptions};
use failure::FailureCause;
pub use objects::ObjectStore;
pub use sign_in::{MfaCodes, MfaQuestion, SignInSession};

use crate::call::{CallerIdentity, Failure, FailureKind, Read, Reply, StepOutput, Write};
use crate::clock::present_time;
use crate::port::Provider;
use crate::transport::possibly_done;

#[async_trait]
impl Provider for Aws {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let answer = match read {
            Read::CallerIdentity => caller(self.sts()).await.map(Reply::Caller),
            Read::Clock => Ok(Reply::Moment(present_time())),
            Read::Iam(read) => {
                let emulator = self.endpoint_of(read.action()).is_some();
                iam_read::read(self.iam(), read, emulator).await.map(Reply::Iam)
            }
            Read::S3(read) => {
                s3_read::read(&self.s3(read.target().region()), read).await.map(Reply::S3)
            }
            Read::File(_) => Err(local()),
        };
        answer.map_err(|cause| self.failure_of(cause, read.action()))
    }

    fn waiting(&self) -> usize {
        self.transport().waiting()
    }

    /// Sends a write. Nothing of `carried` is sent to AWS; a new key signs the request that proves
    /// it.
    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        let answer = match write {
            Write::Iam(write) => iam_write::write(self.iam(), write).await,
            Write::S3(write) => s3_write::write(&self.s3(write.target().region()), write).await,
            Write::ProveKey { .. } => prove(self, carried).await.map(Reply::Caller),
            Write::File(_) => Err(local()),
        };
        answer.or_else(|cause| {
            let (repeated, failure) = (cause.possibly_done, self.failure_of(cause, write.action()));
            if repeated { possibly_done(failure) } else { Err(failure) }
        })
    }
}

async fn caller(sts: &aws_sdk_sts::Client) -> Result<CallerIdentity, FailureCause> {
    let found = sts.get_caller_identity().send().await?;
    let (Some(account), Some(arn)) = (found.account, found.arn) else {
        return Err(FailureCause::unreadable("the answer has no account"));
    };
    Ok(CallerIdentity { account, arn, user_id: found.user_id.unwrap_or_default() })
}

async fn prove(aws: &Aws, carried: &StepOutput) -> Result<CallerIdentity, FailureCause> {
    let missing =
        || FailureCause::new(FailureKind::Refused, "NoKey", "no key was handed to this call");
    caller(&aws.sts_as(carried.key.as_ref().ok_or_else(missing)?)).await
}

fn local() -> FailureCause {
    FailureCause::new(FailureKind::Refused, "NotAws", "a local file is not AWS's to read or write")
}
