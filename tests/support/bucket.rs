//! A bucket in memory, which decides conditions as S3 does, and can be told to misbehave as
//! networks and other stores do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use relayctl::call::{Failure, FailureKind};
use relayctl::port::{Objects, Only, Put, StoredObject};

#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeMap<String, StoredObject>>,
    /// Every write so far: its key and how long it was.
    pub writes: Mutex<Vec<(String, usize)>>,
    tags: AtomicUsize,
    /// The conditions of writes mean nothing to it.
    pub ignores_conditions: AtomicBool,
    /// So many writes are done, their answers lost, and the SDK sends them again.
    pub lost_answers: AtomicUsize,
    /// So many writes meet another one that is under way.
    pub busy: AtomicUsize,
    /// Nothing gets through.
    pub unreachable: AtomicBool,
}

impl Bucket {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    fn write(&self, key: &str, body: &[u8], writer: &str, only: &Only) -> Put {
        let mut objects = self.objects.lock().unwrap();
        let holds = match (only, objects.get(key)) {
            (Only::IfAbsent, found) => found.is_none(),
            (Only::IfTag(tag), Some(object)) => object.tag == *tag,
            (Only::IfTag(_), None) => false,
        };
        if !holds && !self.ignores_conditions.load(Ordering::Relaxed) {
            return Put::Refused;
        }
        let tag = format!("\"{}\"", self.tags.fetch_add(1, Ordering::Relaxed));
        self.writes.lock().unwrap().push((key.to_owned(), body.len()));
        let object =
            StoredObject { body: body.to_vec(), tag: tag.clone(), writer: writer.to_owned() };
        objects.insert(key.to_owned(), object);
        Put::Done { tag }
    }

    async fn network(&self) -> Result<(), Failure> {
        // Gives others the chance to come in between.
        tokio::task::yield_now().await;
        if self.unreachable.load(Ordering::Relaxed) {
            return Err(Failure::new(
                FailureKind::Unavailable,
                "s3:PutObject",
                "NoAnswer",
                "injected",
            ));
        }
        Ok(())
    }
}

fn takes_one(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1)).is_ok()
}

#[async_trait]
impl Objects for Bucket {
    async fn get(&self, key: &str) -> Result<Option<StoredObject>, Failure> {
        self.network().await?;
        Ok(self.objects.lock().unwrap().get(key).cloned())
    }

    async fn put_object(
        &self,
        key: &str,
        body: &[u8],
        writer: &str,
        only: &Only,
    ) -> Result<Put, Failure> {
        self.network().await?;
        if takes_one(&self.busy) {
            return Ok(Put::Busy);
        }
        let answer = self.write(key, body, writer, only);
        if matches!(answer, Put::Done { .. }) && takes_one(&self.lost_answers) {
            return Ok(self.write(key, body, writer, only));
        }
        Ok(answer)
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        self.network().await?;
        Ok(self.keys().into_iter().filter(|key| key.starts_with(prefix)).collect())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), Failure> {
        self.network().await?;
        self.objects.lock().unwrap().retain(|key, _| !keys.contains(key));
        Ok(())
    }
}
