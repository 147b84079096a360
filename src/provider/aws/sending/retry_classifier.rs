//! The retry classifier: it decides if a request is sent again, and when.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;

use super::no_response::{NoResponse, request_of};
use crate::transport::RetryableError;

/// The classifier that has the last word on a retry.
#[derive(Debug)]
pub(in super::super) struct RetryClassifier {
    /// True if a server at a given address answers, and not AWS itself.
    pub emulator: bool,
}

impl ClassifyRetry for RetryClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        self.classify_retry_v2(context, &RetryAction::NoActionIndicated)
    }

    fn classify_retry_v2(
        &self,
        context: &InterceptorContext,
        previous: &RetryAction,
    ) -> RetryAction {
        let error =
            context.output_or_error().and_then(Result::err).and_then(|it| it.as_connector_error());
        let Some(request) = request_of(context.response(), error) else {
            return RetryAction::NoActionIndicated;
        };
        let lost = error.and_then(NoResponse::of);
        let retryable = self.retryable(context.response(), error.zip(lost), previous);
        match request.judge(retryable, |retryable| why(retryable, context.response(), lost)) {
            // This also overrules classifiers before this one.
            None => RetryAction::RetryForbidden,
            Some(pause) => RetryAction::retryable_error_with_explicit_delay(
                ErrorKind::TransientError,
                pause.max(asked_for(previous).unwrap_or_default()),
            ),
        }
    }

    fn name(&self) -> &'static str {
        "RetryClassifier"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

impl RetryClassifier {
    /// Returns the error as the transport knows it, if the request is worth another try. `previous`
    /// is the SDK's own decision, which knows AWS's error codes.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the SDK may add kinds of errors and reasons to retry"
    )]
    fn retryable(
        &self,
        response: Option<&HttpResponse>,
        lost: Option<(&ConnectorError, &NoResponse)>,
        previous: &RetryAction,
    ) -> Option<RetryableError> {
        if let Some((error, lost)) = lost {
            let retryable =
                if lost.reached { RetryableError::NoAnswer } else { RetryableError::Unreachable };
            return (!error.is_user() && !lost.lasting).then_some(retryable);
        }
        let status = response?.status().as_u16();
        match previous {
            _ if status == 429 => Some(RetryableError::Throttled),
            // Some emulators fail at calls that they don't know, with a page of their own. AWS's
            // errors have a code.
            _ if self.emulator && status == 500 && is_page(response?) => None,
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) => {
                Some(match kind {
                    ErrorKind::ThrottlingError => RetryableError::Throttled,
                    // Only `ServiceClockSkewClassifier` calls an error with a status below 500 a
                    // server error.
                    ErrorKind::ServerError if status < 500 => RetryableError::ClockSkew,
                    _ => RetryableError::ServerError,
                })
            }
            _ => None,
        }
    }
}

/// Returns true for an error page. The answer to a HEAD is neither a page nor one of AWS's errors:
/// it has no body.
fn is_page(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    !body.is_empty() && !body.windows(6).any(|window| window == b"<Code>")
}

/// Returns the pause of the header `x-amz-retry-after`.
fn asked_for(previous: &RetryAction) -> Option<Duration> {
    let RetryAction::RetryIndicated(RetryReason::RetryableError { retry_after, .. }) = previous
    else {
        return None;
    };
    *retry_after
}

fn why(
    error: RetryableError,
    response: Option<&HttpResponse>,
    lost: Option<&NoResponse>,
) -> String {
    let status = response.map_or(0, |response| response.status().as_u16());
    match (error, lost) {
        (RetryableError::Throttled, _) => "it was throttled".to_owned(),
        (RetryableError::ClockSkew, _) => {
            "the clock here differs from the service's, whose time is used now".to_owned()
        }
        (RetryableError::Unreachable, Some(lost)) => format!("no connection: {lost}"),
        (_, Some(lost)) => format!("no answer: {lost}"),
        (_, None) => format!("the service failed (HTTP {status})"),
    }
}
