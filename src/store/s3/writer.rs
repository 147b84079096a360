//! Writing under a condition, over a network.

use std::time::Duration;

use crate::call::{Failure, FailureKind};
use crate::port::{Objects, Only, Put};

/// S3 asks to try again while another write of the object is under way (409
/// ConditionalRequestConflict).
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Writer<'a> {
    pub objects: &'a dyn Objects,
    /// Who writes.
    pub id: String,
}

impl Writer<'_> {
    /// The tag of what was written; none if the condition does not hold.
    ///
    /// A write whose answer was lost is sent again, by the SDK, and is then refused because of
    /// itself. So a refusal is believed only if what is there now is not what we wrote: else one
    /// would be locked out by oneself.
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
