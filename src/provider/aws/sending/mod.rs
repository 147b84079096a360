//! The way of a single request to AWS: it waits for its turn, is timed, and is judged when it
//! fails.
//!
//! The SDK's loop sends requests again: it signs each try anew, with the service's time if the
//! local clock is off. It doesn't accept a retry strategy of ours, but each part of one has a
//! public seam: an interceptor marks the request ([`RequestTracker`]), the HTTP client around the
//! SDK's own holds it back and times it ([`RateLimitedClient`]), and a classifier that has the last
//! word decides if it is sent again, and when ([`RetryClassifier`]).

mod http;
mod no_response;
mod rate_limit;
mod request;
mod retry_classifier;

pub(super) use http::SystemTlsClient;
pub(super) use no_response::{NoResponse, request_of};
pub(super) use rate_limit::RateLimitedClient;
pub(super) use request::{RequestTracker, TrackedRequest};
pub(super) use retry_classifier::RetryClassifier;
