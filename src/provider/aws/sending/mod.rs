//! How a single request to AWS waits for its turn, is timed, and is judged when it fails.
//!
//! The SDK's loop sends requests again: it signs each try anew, with the service's time where the clock here is off. It
//! doesn't take a retry strategy of ours, but all that one decides has a public seam: an interceptor marks the request
//! ([`Mark`]), the HTTP client around the SDK's own holds it back and times it ([`Turns`]), and a classifier that has the
//! last word says whether it is sent again, and when ([`Judge`]).

mod judge;
mod turns;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::call::{IamWrite, LostAnswer};
use crate::provider::weather::{Call, Flight, Tries, Trouble, Weather};
pub(super) use judge::Judge;
use turns::Lost;
pub(super) use turns::Turns;
pub(super) use wire::Wire;

/// One request, from its first try to its last. It rides on the request, and on its answer.
#[derive(Clone, Debug)]
pub(super) struct Sending(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    weather: Arc<Weather>,
    call: Call,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    tries: Tries,
    /// After how many tries it was judged, and how.
    judged: Option<(u32, Option<Duration>)>,
}

impl Storable for Sending {
    type Storer = StoreReplace<Self>;
}

impl Sending {
    fn new(weather: &Arc<Weather>, metadata: Option<&Metadata>) -> Self {
        let operation = metadata.map_or("", Metadata::name);
        let service = match metadata.map(Metadata::service) {
            Some("IAM") => "iam",
            Some("STS") => "sts",
            Some("S3") => "s3",
            _ => "aws",
        };
        let once = service == "iam"
            && IamWrite::ALL.iter().any(|it| it.name == operation && it.lost_answer == LostAnswer::GiveUp);
        let call = Call { service, name: format!("{service}:{operation}"), once };
        Self(Arc::new(Inner { weather: Arc::clone(weather), call, progress: Mutex::default() }))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self) -> Flight<'_> {
        let tries = self.progress().tries;
        let (tries, flight) = self.0.weather.turn(&self.0.call, tries).await;
        self.progress().tries = tries;
        flight
    }

    /// When it is sent again, if it is. The SDK asks more than once about the same try.
    fn judged(&self, trouble: Option<Trouble>, why: impl FnOnce(Trouble) -> String) -> Option<Duration> {
        let Inner { weather, call, .. } = self.0.as_ref();
        let mut progress = self.progress();
        let tries = progress.tries;
        if let Some((made, verdict)) = progress.judged
            && made == tries.made
        {
            return verdict;
        }
        let verdict = match trouble {
            None => {
                weather.answered(call);
                None
            }
            Some(trouble) => weather.failed(call, tries, trouble, &why(trouble)),
        };
        let tries = trouble.filter(|_| verdict.is_some()).map_or(tries, |trouble| tries.failed(trouble));
        *progress = Progress { tries, judged: Some((tries.made, verdict)) };
        verdict
    }

    /// An earlier try may have been done.
    pub fn is_unsure(&self) -> bool {
        self.progress().tries.unsure
    }

    /// What its error says besides, if it was sent more than once.
    pub fn told(&self) -> Option<String> {
        let tries = self.progress().tries;
        self.0.weather.told(tries)
    }

    /// Of a response or of an error.
    pub fn of(response: Option<&HttpResponse>, error: Option<&ConnectorError>) -> Option<Self> {
        let answered = || response.and_then(|response| response.extension::<Self>()).cloned();
        error.and_then(Lost::of).map(|lost| lost.sending.clone()).or_else(answered)
    }
}

/// Puts a [`Sending`] on each request.
#[derive(Debug)]
pub(super) struct Mark(pub Arc<Weather>);

#[dyn_dispatch_hint]
impl Intercept for Mark {
    fn name(&self) -> &'static str {
        "Mark"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let known = config.load::<Sending>().cloned();
        let sending = known.unwrap_or_else(|| Sending::new(&self.0, config.load::<Metadata>()));
        context.request_mut().add_extension(sending.clone());
        config.interceptor_state().store_put(sending);
        Ok(())
    }
}
