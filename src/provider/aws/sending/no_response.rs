//! The error of a request to which no answer came.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::super::network::{self, NetworkTrouble};
use super::request::TrackedRequest;

/// The error: no answer came.
#[derive(Debug)]
pub(in super::super) struct NoResponse {
    request: TrackedRequest,
    /// True if the service may have the request.
    pub reached: bool,
    /// True if another try would end in the same way.
    pub lasting: bool,
    pub help: Option<&'static str>,
    /// The cause, for people.
    words: String,
    source: Option<BoxError>,
}

/// Returns the request that this response answers, or that this error ended.
pub(in super::super) fn request_of(
    response: Option<&HttpResponse>,
    error: Option<&ConnectorError>,
) -> Option<TrackedRequest> {
    let answered = || response.and_then(|response| response.extension::<TrackedRequest>()).cloned();
    error.and_then(NoResponse::of).map(|lost| lost.request.clone()).or_else(answered)
}

impl NoResponse {
    /// Finds this error in the SDK's error.
    pub fn of(error: &ConnectorError) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    /// Makes the SDK's error of a request that was not answered in time.
    pub fn timed_out(why: String, request: TrackedRequest) -> ConnectorError {
        ConnectorError::timeout(Box::new(Self {
            request,
            reached: true,
            lasting: false,
            help: None,
            words: why,
            source: None,
        }))
    }

    /// Wraps the error of the inner client, so that the error names the request that it ended, and
    /// the address that the request went to.
    pub fn wrap(error: ConnectorError, target: &str, request: TrackedRequest) -> ConnectorError {
        let (timeout, user, io, other) =
            (error.is_timeout(), error.is_user(), error.is_io(), error.as_other());
        let source = error.into_source();
        // The inner client has only one timeout, that of connecting.
        let reached = !timeout && !is_unconnected(source.as_ref());
        let trouble = network::explain(source.as_ref());
        let words = if reached {
            format!("{target}: {}", trouble.words)
        } else {
            format!("cannot reach {target}: {}", trouble.words)
        };
        let NetworkTrouble { help, lasting, .. } = trouble;
        let lost = Box::new(Self { request, reached, lasting, help, words, source: Some(source) });
        match (timeout, user, io) {
            (true, ..) => ConnectorError::timeout(lost),
            (_, true, _) => ConnectorError::user(lost),
            (.., true) => ConnectorError::io(lost),
            _ => ConnectorError::other(lost, other),
        }
    }
}

fn is_unconnected(error: &(dyn Error + 'static)) -> bool {
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

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for NoResponse {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
