//! The HTTP client around the SDK's own: requests wait for their turn, and are timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::RuntimeComponents;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use http_body_util::Full;

use super::super::network;
use super::http::SystemTlsClient;
use super::no_response::NoResponse;
use super::request::TrackedRequest;

/// The most bytes of the answers that are being read at once.
const MAX_ANSWERS: usize = 64 * 1024 * 1024;

/// The bytes that an XML element counts for, whatever it contains: as much memory does an empty
/// member of a list take once it is parsed. A full page of the largest list, with 50 tags on each
/// of its 1,000 users, stays below the limit.
const ELEMENT: usize = 256;

/// An HTTP client whose requests wait for their turn. Their answers are read to the end within the
/// time of a try: an answer that stops half-way is no answer.
#[derive(Debug)]
pub(in super::super) struct RateLimitedClient {
    inner: SharedHttpClient,
    limit: Duration,
    /// The bytes of the answers that are being read.
    held: Arc<AtomicUsize>,
}

impl RateLimitedClient {
    /// Makes a client around the given one, or else around one as the SDK makes it.
    pub fn around(inner: Option<SharedHttpClient>, limit: Duration) -> Self {
        Self {
            inner: inner.unwrap_or_else(|| SharedHttpClient::new(SystemTlsClient::trusting(None))),
            limit,
            held: Arc::default(),
        }
    }
}

impl HttpClient for RateLimitedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(RateLimitedConnector {
            inner,
            limit: self.limit,
            held: Arc::clone(&self.held),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct RateLimitedConnector {
    inner: SharedHttpConnector,
    limit: Duration,
    held: Arc<AtomicUsize>,
}

impl HttpConnector for RateLimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(tracked) = request.extension::<TrackedRequest>().cloned() else {
            return self.inner.call(request);
        };
        let uri = request.uri().to_owned();
        let (inner, usual) = (self.inner.clone(), self.limit);
        let held = Arc::clone(&self.held);
        HttpConnectorFuture::new(async move {
            let in_flight = tracked.acquire().await;
            let limit = tracked.time_for_try(usual);
            let answer = read_whole(inner.call(request), &held);
            let answer = tokio::time::timeout(limit, answer).await;
            drop(in_flight);
            match answer {
                Ok(Ok(mut response)) => {
                    response.add_extension(tracked);
                    Ok(response)
                }
                Ok(Err(error)) => Err(NoResponse::wrap(error, &network::target(&uri), tracked)),
                Err(_) => {
                    let target = network::target(&uri);
                    let seconds = (limit.as_secs_f64() * 10.0).round() / 10.0;
                    let why = format!("no answer from {target} came within {seconds} s");
                    Err(NoResponse::timed_out(why, tracked))
                }
            }
        })
    }
}

async fn read_whole(
    response: HttpConnectorFuture,
    held: &AtomicUsize,
) -> Result<HttpResponse, ConnectorError> {
    let mut response = response.await?;
    let mut body = ByteStream::new(response.take_body());
    let mut whole = HeldAnswer { bytes: Vec::new(), size: 0, is_tag_open: false, held };
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| {
            ConnectorError::io(format!("the answer was cut short: {error}").into())
        })?;
        whole.add_part(&part)?;
    }
    // The body is one that is still to be read: the SDK's log prints a body that is in memory, and
    // this one may hold a secret.
    *response.body_mut() = SdkBody::from_body_1_x(Full::from(whole.take_bytes()));
    Ok(response)
}

/// An answer that is being read. All answers that are being read at once share one limit.
struct HeldAnswer<'a> {
    bytes: Vec<u8>,
    /// The bytes that it counts for.
    size: usize,
    /// True if the bytes end with `<`.
    is_tag_open: bool,
    held: &'a AtomicUsize,
}

impl HeldAnswer<'_> {
    fn add_part(&mut self, part: &[u8]) -> Result<(), ConnectorError> {
        let size = part.len().saturating_add(self.count_elements(part).saturating_mul(ELEMENT));
        self.bytes.extend_from_slice(part);
        self.size = self.size.saturating_add(size);
        let held = self.held.fetch_add(size, Ordering::Relaxed).saturating_add(size);
        if held <= MAX_ANSWERS {
            return Ok(());
        }
        // An error of the user's is not sent again: the next answer would be as long.
        let why = format!(
            "the answer is longer than {} MiB, or has too many elements",
            MAX_ANSWERS / (1024 * 1024)
        );
        Err(ConnectorError::user(why.into()))
    }

    /// Counts the tags with which XML elements begin.
    fn count_elements(&mut self, part: &[u8]) -> usize {
        let mut count = 0;
        for byte in part {
            count += usize::from(self.is_tag_open && *byte != b'/');
            self.is_tag_open = *byte == b'<';
        }
        count
    }

    /// Returns the answer, which is no longer being read.
    fn take_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for HeldAnswer<'_> {
    fn drop(&mut self) {
        self.held.fetch_sub(self.size, Ordering::Relaxed);
    }
}
