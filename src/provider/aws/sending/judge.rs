//! Whether a request is sent again, and when.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;

use super::{Lost, Sending};
use crate::provider::weather::Trouble;

/// Has the last word on whether a request is sent again.
#[derive(Debug)]
pub(in super::super) struct Judge {
    /// Not AWS itself answers, but a server at an address that was given.
    pub emulator: bool,
}

impl ClassifyRetry for Judge {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        self.classify_retry_v2(context, &RetryAction::NoActionIndicated)
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err).and_then(|it| it.as_connector_error());
        let Some(sending) = Sending::of(context.response(), error) else { return RetryAction::NoActionIndicated };
        let lost = error.and_then(Lost::of);
        let trouble = self.trouble(context.response(), error.zip(lost), previous);
        match sending.judged(trouble, |trouble| why(trouble, context.response(), lost)) {
            // Also where the classifiers before this one think otherwise.
            None => RetryAction::RetryForbidden,
            Some(pause) => RetryAction::retryable_error_with_explicit_delay(
                ErrorKind::TransientError,
                pause.max(asked_for(previous).unwrap_or_default()),
            ),
        }
    }

    fn name(&self) -> &'static str {
        "Judge"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

impl Judge {
    /// `previous` is what the SDK knows of AWS's error codes.
    fn trouble(
        &self,
        response: Option<&HttpResponse>,
        lost: Option<(&ConnectorError, &Lost)>,
        previous: &RetryAction,
    ) -> Option<Trouble> {
        if let Some((error, lost)) = lost {
            let trouble = if lost.reached { Trouble::Silent } else { Trouble::Unreachable };
            return (!error.is_user()).then_some(trouble);
        }
        let status = response?.status().as_u16();
        match previous {
            _ if status == 429 => Some(Trouble::Throttled),
            // Some emulators fall over at calls that they don't know, with a page of their own. AWS's errors have a code.
            _ if self.emulator && status == 500 && is_page(response?) => None,
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) => Some(match kind {
                ErrorKind::ThrottlingError => Trouble::Throttled,
                // `ServiceClockSkewClassifier`: the only one that says so of what a client did wrong.
                ErrorKind::ServerError if status < 500 => Trouble::Skewed,
                _ => Trouble::Failed,
            }),
            _ => None,
        }
    }
}

/// The answer to a HEAD is neither a page nor one of AWS's errors: it has no body.
fn is_page(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    !body.is_empty() && !body.windows(6).any(|window| window == b"<Code>")
}

/// `x-amz-retry-after`
fn asked_for(previous: &RetryAction) -> Option<Duration> {
    match previous {
        RetryAction::RetryIndicated(RetryReason::RetryableError { retry_after, .. }) => *retry_after,
        _ => None,
    }
}

fn why(trouble: Trouble, response: Option<&HttpResponse>, lost: Option<&Lost>) -> String {
    let status = response.map_or(0, |response| response.status().as_u16());
    match (trouble, lost) {
        (Trouble::Throttled, _) => "it was throttled".to_owned(),
        (Trouble::Skewed, _) => "the clock here differs from the service's, whose time is used now".to_owned(),
        (Trouble::Unreachable, Some(lost)) => format!("no connection: {lost}"),
        (_, Some(lost)) => format!("no answer: {lost}"),
        (_, None) => format!("the service failed (HTTP {status})"),
    }
}
