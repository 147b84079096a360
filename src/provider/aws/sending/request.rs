//! One request, from its first try to its last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::call::{IamWrite, LostAnswer};
use crate::transport::{InFlight, Operation, RetryableError, Transport, Tries};

/// A request, from its first try to its last. It is attached to the request, and to its answer.
#[derive(Clone, Debug)]
pub(in super::super) struct TrackedRequest(Arc<RequestState>);

#[derive(Debug)]
struct RequestState {
    transport: Arc<Transport>,
    operation: Operation,
    progress: Mutex<RequestProgress>,
}

#[derive(Debug, Default)]
struct RequestProgress {
    tries: Tries,
    /// The number of tries at the last decision, with the pause that was decided; `None` for no
    /// retry.
    judged: Option<(u32, Option<Duration>)>,
}

impl Storable for TrackedRequest {
    type Storer = StoreReplace<Self>;
}

impl TrackedRequest {
    fn new(transport: &Arc<Transport>, metadata: Option<&Metadata>) -> Self {
        let name = metadata.map_or("", Metadata::name);
        let service = match metadata.map(Metadata::service) {
            Some("IAM") => "iam",
            Some("STS") => "sts",
            Some("S3") => "s3",
            _ => "aws",
        };
        let once = service == "iam"
            && IamWrite::ALL
                .iter()
                .any(|it| it.name == name && it.lost_answer == LostAnswer::GiveUp);
        let operation = Operation { service, name: format!("{service}:{name}"), once };
        Self(Arc::new(RequestState {
            transport: Arc::clone(transport),
            operation,
            progress: Mutex::default(),
        }))
    }

    fn progress(&self) -> MutexGuard<'_, RequestProgress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the next try may be sent.
    pub(super) async fn acquire(&self) -> InFlight<'_> {
        let tries = self.progress().tries;
        let (tries, in_flight) = self.0.transport.acquire(&self.0.operation, tries).await;
        self.progress().tries = tries;
        in_flight
    }

    /// Returns the time for the try that was just sent.
    pub(super) fn time_for_try(&self, usual: Duration) -> Duration {
        self.0.transport.time_for_try(self.progress().tries, usual)
    }

    /// Returns the pause before the request is sent again, if it is. The SDK asks more than once
    /// about the same try.
    pub(super) fn judge(
        &self,
        error: Option<RetryableError>,
        why: impl FnOnce(RetryableError) -> String,
    ) -> Option<Duration> {
        let RequestState { transport, operation, .. } = self.0.as_ref();
        let mut progress = self.progress();
        let tries = progress.tries;
        if let Some((made, verdict)) = progress.judged
            && made == tries.made
        {
            return verdict;
        }
        let verdict = match error {
            None => {
                transport.answered(operation);
                None
            }
            Some(error) => transport.failed(operation, tries, error, &why(error)),
        };
        let tries = error.filter(|_| verdict.is_some()).map_or(tries, |error| tries.failed(error));
        *progress = RequestProgress { tries, judged: Some((tries.made, verdict)) };
        verdict
    }

    /// Returns true if an earlier try may have been done.
    pub fn is_possibly_done(&self) -> bool {
        self.progress().tries.possibly_done
    }

    /// Returns the note for the request's error, if it was sent more than once.
    pub fn retry_note(&self) -> Option<String> {
        let tries = self.progress().tries;
        self.0.transport.retry_note(tries)
    }
}

/// The interceptor that puts a [`TrackedRequest`] on each request.
#[derive(Debug)]
pub(in super::super) struct RequestTracker(pub Arc<Transport>);

#[dyn_dispatch_hint]
impl Intercept for RequestTracker {
    fn name(&self) -> &'static str {
        "RequestTracker"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let known = config.load::<TrackedRequest>().cloned();
        let request =
            known.unwrap_or_else(|| TrackedRequest::new(&self.0, config.load::<Metadata>()));
        context.request_mut().add_extension(request.clone());
        config.interceptor_state().store_put(request);
        Ok(())
    }
}
