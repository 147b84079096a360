//! The HTTP client around the SDK's own: requests wait for their turn, and are timed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::RuntimeComponents;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use http_body_util::Full;

use super::{Sending, Wire};

/// An HTTP client whose requests wait for their turn. Their answers are read to the end within the time of a try: one that
/// stops half-way is none.
#[derive(Debug)]
pub(in super::super) struct Turns {
    inner: SharedHttpClient,
    limit: Duration,
}

impl Turns {
    /// Around the client that is given, else one as the SDK makes it.
    pub fn around(inner: Option<SharedHttpClient>, limit: Duration) -> Self {
        Self { inner: inner.unwrap_or_else(|| SharedHttpClient::new(Wire::new())), limit }
    }
}

impl HttpClient for Turns {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Turn { inner: self.inner.http_connector(settings, components), limit: self.limit })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Turn {
    inner: SharedHttpConnector,
    limit: Duration,
}

impl HttpConnector for Turn {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(sending) = request.extension::<Sending>().cloned() else { return self.inner.call(request) };
        let (inner, limit) = (self.inner.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            let flight = sending.turn().await;
            let answer = tokio::time::timeout(limit, answer(inner.call(request))).await;
            drop(flight);
            match answer {
                Ok(Ok(mut response)) => {
                    response.add_extension(sending);
                    Ok(response)
                }
                Ok(Err(error)) => Err(Lost::wrapped(error, sending)),
                Err(_) => {
                    let why = format!("no answer came within {} s", limit.as_secs_f64());
                    Err(ConnectorError::timeout(Box::new(Lost { sending, reached: true, source: why.into() })))
                }
            }
        })
    }
}

async fn answer(response: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
    let mut response = response.await?;
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map_err(|error| ConnectorError::io(format!("the answer was cut short: {error}").into()))?;
    // As a body that is still to be read: the SDK's log prints one that is in memory, and this one may hold a secret.
    *response.body_mut() = SdkBody::from_body_1_x(Full::new(body.into_bytes()));
    Ok(response)
}

/// No answer came.
#[derive(Debug)]
pub(super) struct Lost {
    pub sending: Sending,
    /// The service may have the request.
    pub reached: bool,
    source: BoxError,
}

impl Lost {
    pub fn of(error: &ConnectorError) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    fn wrapped(error: ConnectorError, sending: Sending) -> ConnectorError {
        let (timeout, user, io, other) = (error.is_timeout(), error.is_user(), error.is_io(), error.as_other());
        let source = error.into_source();
        // The only timeout of the inner client is that of connecting.
        let reached = !timeout && !unconnected(source.as_ref());
        let lost = Box::new(Self { sending, reached, source });
        match (timeout, user, io) {
            (true, ..) => ConnectorError::timeout(lost),
            (_, true, _) => ConnectorError::user(lost),
            (.., true) => ConnectorError::io(lost),
            _ => ConnectorError::other(lost, other),
        }
    }
}

fn unconnected(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Lost {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
