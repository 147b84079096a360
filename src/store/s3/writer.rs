//! Writes objects under a condition, over a network.

use std::time::Duration;

use crate::call::{Failure, FailureKind};
use crate::port::{Objects, Only, Put};

/// The number of attempts. S3 asks to try again while another write of the object is in progress
/// (409 ConditionalRequestConflict).
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Writer<'a> {
    pub objects: &'a dyn Objects,
    /// The id of the writer.
    pub id: String,
}

impl Writer<'_> {
    /// Writes the object, and returns its tag; `None` if the condition does not hold.
    ///
    /// The SDK sends a write again if its answer was lost, and the second one is then refused
    /// because of the first. So a refusal is accepted only if the present object is not the one
    /// that was written here: otherwise a run would lock itself out.
    pub async fn put_object(
        &self,
        key: &str,
        body: &[u8],
        only: &Only,
    ) -> Result<Option<String>, Failure> {
        for attempt in 0..ATTEMPTS {
            match self.objects.put_object(key, body, &self.id, only).await? {
                Put::Done { tag } => return Ok(Some(tag)),
                Put::Refused => {
                    let found = self.objects.get(key).await?;
                    let ours =
                        found.filter(|object| object.writer == self.id && object.body == body);
                    return Ok(ours.map(|object| object.tag));
                }
                Put::Busy => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
            }
        }
        let message = "other writes of this object were under way at each attempt";
        Err(Failure::new(
            FailureKind::Throttled,
            "s3:PutObject",
            "ConditionalRequestConflict",
            message,
        ))
    }
}
