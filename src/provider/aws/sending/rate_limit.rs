//! The HTTP client around the SDK's own: requests wait for their turn, and are timed.

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

/// An HTTP client whose requests wait for their turn. Their answers are read to the end within the
/// time of a try: an answer that stops half-way is no answer.
#[derive(Debug)]
pub(in super::super) struct RateLimitedClient {
    inner: SharedHttpClient,
    limit: Duration,
}

impl RateLimitedClient {
    /// Makes a client around the given one, or else around one as the SDK makes it.
    pub fn around(inner: Option<SharedHttpClient>, limit: Duration) -> Self {
        Self {
            inner: inner.unwrap_or_else(|| SharedHttpClient::new(SystemTlsClient::trusting(None))),
            limit,
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
        SharedHttpConnector::new(RateLimitedConnector { inner, limit: self.limit })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct RateLimitedConnector {
    inner: SharedHttpConnector,
    limit: Duration,
}

impl HttpConnector for RateLimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(tracked) = request.extension::<TrackedRequest>().cloned() else {
            return self.inner.call(request);
        };
        let (inner, limit) = (self.inner.clone(), self.limit);
        let target = network::target(request.uri());
        HttpConnectorFuture::new(async move {
            let in_flight = tracked.acquire().await;
            let answer = tokio::time::timeout(limit, read_whole(inner.call(request))).await;
            drop(in_flight);
            match answer {
                Ok(Ok(mut response)) => {
                    response.add_extension(tracked);
                    Ok(response)
                }
                Ok(Err(error)) => Err(NoResponse::wrap(error, &target, tracked)),
                Err(_) => {
                    let why =
                        format!("no answer from {target} came within {} s", limit.as_secs_f64());
                    Err(NoResponse::timed_out(why, tracked))
                }
            }
        })
    }
}

async fn read_whole(response: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
    let mut response = response.await?;
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body
        .map_err(|error| ConnectorError::io(format!("the answer was cut short: {error}").into()))?;
    // The body is one that is still to be read: the SDK's log prints a body that is in memory, and
    // this one may hold a secret.
    *response.body_mut() = SdkBody::from_body_1_x(Full::new(body.into_bytes()));
    Ok(response)
}
