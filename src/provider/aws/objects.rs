//! The objects of one bucket, for a state that is kept in it.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use tokio::sync::OnceCell;

use super::failure::FailureCause;
use super::pages::PageTrail;
use super::{Aws, ConnectOptions, s3_read};
use crate::call::{BucketRef, Failure, FailureKind};
use crate::port::{Objects, Only, Put, StoredObject};

/// The key of an object's metadata under which its writer is kept.
const WRITER: &str = "relayctl-writer";

/// The most keys that one DeleteObjects takes.
const BATCH: usize = 1000;

pub struct ObjectStore {
    name: String,
    options: ConnectOptions,
    aws: OnceCell<Aws>,
    /// The client in the bucket's own region, which need not be the manifest's.
    client: OnceCell<Client>,
}

impl ObjectStore {
    /// Makes a store that connects at its first use.
    pub fn new(name: String, options: ConnectOptions) -> Self {
        Self { name, options, aws: OnceCell::new(), client: OnceCell::new() }
    }

    /// Makes a store over an existing connection.
    pub fn over(name: String, aws: Aws, region: String) -> Self {
        let options = ConnectOptions { region, ..ConnectOptions::default() };
        Self { name, options, aws: OnceCell::new_with(Some(aws)), client: OnceCell::new() }
    }

    async fn aws(&self) -> Result<&Aws, Failure> {
        self.aws.get_or_try_init(|| Aws::connect(&self.options)).await
    }

    async fn client(&self) -> Result<&Client, Failure> {
        let find = || async {
            let aws = self.aws().await?;
            let bucket = BucketRef { name: self.name.clone(), region: self.options.region.clone() };
            let found = s3_read::head_bucket(&aws.s3(&bucket.region), &bucket).await;
            let region = found.map_err(|cause| {
                let missing = cause.kind == FailureKind::NotFound;
                let failure = aws.failure_of(cause, "s3:HeadBucket");
                let help = missing.then(|| self.help_with_missing().into()).or(failure.help);
                Failure { help, ..failure }
            })?;
            Ok(aws.s3(&region))
        };
        self.client.get_or_try_init(find).await
    }

    async fn failure(&self, cause: FailureCause, call: &str) -> Failure {
        match self.aws().await {
            Ok(aws) => aws.failure_of(cause, call),
            Err(failure) => failure,
        }
    }

    fn help_with_missing(&self) -> String {
        let Self { name, options, .. } = self;
        format!(
            "make the bucket for the state: `aws s3 mb s3://{name} --region {}`; or name another \
                with --state or `state:`",
            options.region
        )
    }
}

#[async_trait]
impl Objects for ObjectStore {
    async fn get(&self, key: &str) -> Result<Option<StoredObject>, Failure> {
        match read(self.client().await?, &self.name, key).await {
            Ok(object) => Ok(Some(object)),
            Err(cause) if cause.code == "NoSuchKey" => Ok(None),
            Err(cause) => Err(self.failure(cause, "s3:GetObject").await),
        }
    }

    async fn put_object(
        &self,
        key: &str,
        body: &[u8],
        writer: &str,
        only: &Only,
    ) -> Result<Put, Failure> {
        let request =
            self.client().await?.put_object().bucket(&self.name).key(key).metadata(WRITER, writer);
        let request =
            request.content_type("application/json").body(ByteStream::from(body.to_vec()));
        let request = match only {
            Only::IfAbsent => request.if_none_match("*"),
            Only::IfTag(tag) => request.if_match(tag),
        };
        let cause = match request.send().await {
            Ok(done) => return Ok(Put::Done { tag: done.e_tag.unwrap_or_default() }),
            Err(error) => FailureCause::from(error),
        };
        match (cause.status, cause.code.as_str()) {
            // S3 answers If-Match on an object that was deleted meanwhile as if it were a read.
            (Some(412), _) | (_, "NoSuchKey") => Ok(Put::Refused),
            (Some(409), "ConditionalRequestConflict") => Ok(Put::Busy),
            _ => Err(self.failure(cause, "s3:PutObject").await),
        }
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        match list(self.client().await?, &self.name, prefix).await {
            Ok(keys) => Ok(keys),
            Err(cause) => Err(self.failure(cause, "s3:ListObjectsV2").await),
        }
    }

    async fn delete(&self, keys: &[String]) -> Result<(), Failure> {
        for keys in keys.chunks(BATCH) {
            if let Err(cause) = remove(self.client().await?, &self.name, keys).await {
                return Err(self.failure(cause, "s3:DeleteObjects").await);
            }
        }
        Ok(())
    }
}

async fn read(client: &Client, bucket: &str, key: &str) -> Result<StoredObject, FailureCause> {
    let found = client.get_object().bucket(bucket).key(key).send().await?;
    let writer =
        found.metadata().and_then(|metadata| metadata.get(WRITER)).cloned().unwrap_or_default();
    let tag = found.e_tag.unwrap_or_default();
    let body =
        found.body.collect().await.map_err(|error| FailureCause::unreadable(error.to_string()))?;
    Ok(StoredObject { body: body.to_vec(), tag, writer })
}

async fn list(client: &Client, bucket: &str, prefix: &str) -> Result<Vec<String>, FailureCause> {
    let (call, mut token) = (client.list_objects_v2().bucket(bucket).prefix(prefix), None);
    let (mut trail, mut keys) = (PageTrail::default(), Vec::new());
    loop {
        let page = call.clone().set_continuation_token(token).send().await?;
        let objects = page.contents.unwrap_or_default();
        keys.extend(objects.into_iter().filter_map(|object| object.key));
        if page.is_truncated != Some(true) {
            return Ok(keys);
        }
        token = page.next_continuation_token;
        trail.follow(token.as_deref())?;
    }
}

async fn remove(client: &Client, bucket: &str, keys: &[String]) -> Result<(), FailureCause> {
    let named: Result<Vec<_>, _> =
        keys.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect();
    let delete = Delete::builder().set_objects(Some(named?)).quiet(true).build()?;
    let answer = client.delete_objects().bucket(bucket).delete(delete).send().await?;
    match answer.errors.unwrap_or_default().into_iter().next() {
        None => Ok(()),
        Some(error) => {
            let code = error.code.unwrap_or_default();
            let kind =
                if code == "AccessDenied" { FailureKind::AccessDenied } else { FailureKind::Other };
            Err(FailureCause::new(kind, &code, error.message.unwrap_or_default()))
        }
    }
}
