//! Conversion of the SDK's errors to [`Failure`]s. Only this module decides what a caller can do
//! about an error.

use std::error::Error;

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::endpoints::{AwsService, Endpoint, Endpoints};
use super::network;
use super::sending::{NoResponse, TrackedRequest, request_of};
use super::sign_in::{SignInProblem, WAYS};
use crate::call::{Failure, FailureKind};

/// The cause of a failure whose call is not known yet.
#[derive(Debug)]
pub(super) struct FailureCause {
    pub kind: FailureKind,
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    pub status: Option<u16>,
    /// The region in which the bucket really is, from S3's header `x-amz-bucket-region`.
    pub region: Option<String>,
    pub help: Option<Box<str>>,
    /// True if no answer came, or nothing was sent at all.
    pub unsent: bool,
    /// True if an earlier try may have been done.
    pub possibly_done: bool,
}

impl FailureCause {
    pub fn new(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            message: message.into(),
            request_id: None,
            status: None,
            region: None,
            help: None,
            unsent: false,
            possibly_done: false,
        }
    }

    /// Makes the cause of an answer that was cut off, or is not as AWS documents it: its meaning is
    /// unknown.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, "UnreadableAnswer", message)
    }

    /// Returns true if the server doesn't know the call. AWS has a code for that; some emulators
    /// fail with a page without a code, which AWS never sends.
    pub fn unknown_operation(&self, emulator: bool) -> bool {
        let said = matches!(
            self.code.as_str(),
            "InvalidAction" | "UnknownOperationException" | "NotImplemented"
        );
        said || emulator && (self.status == Some(501) || self.code == "HTTP500")
    }

    /// Returns the remedy, if it is known. For a server that doesn't answer, it names the setting
    /// that has its address.
    pub fn remedy(&self, endpoints: &Endpoints, call: &str) -> Option<String> {
        let silent = self.kind == FailureKind::Unavailable && self.unsent;
        let endpoint = AwsService::of_call(call).and_then(|it| endpoints.endpoint_for(it));
        let named = endpoint.filter(|_| silent).map(|Endpoint { url, from }| {
            format!("{from} names {url}: start the server there, or name another")
        });
        let network = silent.then(|| "check the network and --region, and try again".to_owned());
        self.help.as_deref().map(str::to_owned).or(named).or(network)
    }

    /// Makes the failure of a call. It names the place of credentials that AWS refuses, and the
    /// setting that names the address of a server that doesn't answer.
    pub fn into_failure(self, call: &str, endpoints: &Endpoints, place: Option<String>) -> Failure {
        let help = self.remedy(endpoints, call);
        let refused = self.kind == FailureKind::Credentials && !self.unsent;
        let message = match place.filter(|_| refused) {
            Some(place) => format!("{} (credentials of {place})", self.message),
            None => self.message,
        };
        let failure = Failure::new(self.kind, call, self.code, message);
        Failure { request_id: self.request_id, help: help.map(Into::into), ..failure }
    }
}

impl From<BuildError> for FailureCause {
    fn from(error: BuildError) -> Self {
        Self::new(FailureKind::Invalid, "InvalidRequest", chain(&error))
    }
}

impl<E> From<SdkError<E>> for FailureCause
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    #[allow(clippy::wildcard_enum_match_arm, reason = "the SDK may add errors")]
    fn from(error: SdkError<E>) -> Self {
        tracing::debug!(error = chain(&error), "a call failed");
        let answer = error.raw_response().map(HttpAnswer::of).unwrap_or_default();
        let request_id = error.request_id().map(str::to_owned);
        let cause = match &error {
            SdkError::ServiceError(context) => told(context.err(), answer.status),
            SdkError::TimeoutError(_) => {
                Self::new(FailureKind::Unavailable, "Timeout", network::explain(&error).words)
            }
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => unsent(&error),
            _ => Self::unreadable(network::explain(&error).words),
        };
        let request = tracked(&error);
        let message = match request.as_ref().and_then(TrackedRequest::retry_note) {
            Some(tried) => format!("{}; {tried}", cause.message),
            None => cause.message,
        };
        let possibly_done = request.is_some_and(|request| request.is_possibly_done());
        Self {
            message,
            possibly_done,
            request_id,
            status: answer.status,
            region: answer.region,
            ..cause
        }
    }
}

fn tracked<E>(error: &SdkError<E>) -> Option<TrackedRequest> {
    let lost = if let SdkError::DispatchFailure(failure) = error {
        failure.as_connector_error()
    } else {
        None
    };
    request_of(error.raw_response(), lost)
}

#[derive(Default)]
struct HttpAnswer {
    status: Option<u16>,
    region: Option<String>,
}

impl HttpAnswer {
    fn of(response: &HttpResponse) -> Self {
        Self {
            status: Some(response.status().as_u16()),
            region: response.headers().get("x-amz-bucket-region").map(str::to_owned),
        }
    }
}

/// Converts an error that AWS sent.
fn told<E>(error: &E, status: Option<u16>) -> FailureCause
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Some(code) = error.code() else {
        return untold(status, network::explain(error).words);
    };
    let kind = kind_of(code, status);
    let message = error.message().filter(|message| !message.is_empty()).unwrap_or(code);
    let help = (kind == FailureKind::Credentials).then(|| help_with_credentials(code).into());
    FailureCause { help, ..FailureCause::new(kind, code, message) }
}

/// Converts an error without AWS's code: a proxy's page, or a server that is not AWS. A 404 then
/// does not mean that the object is absent.
fn untold(status: Option<u16>, message: String) -> FailureCause {
    // With a status of 2xx the call succeeded, but its answer could not be read. The SDK's words
    // print its own types.
    if let Some(200..=299) = status {
        let cause = FailureCause::unreadable("the answer is not in the form of AWS's answers");
        let help = "find out with -v who answers: a proxy, a sign-in page, or another service";
        return FailureCause { help: Some(help.into()), ..cause };
    }
    let kind = match status {
        Some(403) => FailureKind::AccessDenied,
        Some(429) => FailureKind::Throttled,
        Some(500..) | None => FailureKind::Unavailable,
        Some(_) => FailureKind::Other,
    };
    let code =
        status.map_or_else(|| "UnreadableAnswer".to_owned(), |status| format!("HTTP{status}"));
    FailureCause::new(kind, &code, message)
}

/// Returns the remedy for credentials that AWS refuses.
fn help_with_credentials(code: &str) -> &'static str {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            "the credentials have expired: sign in again, or get new ones where they are from"
        }
        "InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException" => {
            "AWS doesn't know this key: it may be deleted, of another partition, or lack its \
                session token"
        }
        "SignatureDoesNotMatch" | "IncompleteSignature" => {
            "the secret key is not the one of this access key: compare both with their origin"
        }
        "RequestTimeTooSkewed" | "RequestExpired" => "set the clock of this machine",
        _ => WAYS,
    }
}

/// Converts the error of a request that did not go out, or that got no answer.
#[allow(clippy::wildcard_enum_match_arm, reason = "the SDK may add errors")]
fn unsent<E: Error + 'static>(error: &SdkError<E>) -> FailureCause {
    if let Some(problem) = find_cause::<SignInProblem>(error) {
        let SignInProblem { kind, code, message, help } = problem.clone();
        let help = Some(help.into());
        return FailureCause { help, unsent: true, ..FailureCause::new(kind, code, message) };
    }
    let trouble = network::explain(error);
    let lost = find_cause::<NoResponse>(error);
    let words = lost.map_or(trouble.words, ToString::to_string);
    let help = lost.and_then(|lost| lost.help).or(trouble.help).map(Into::into);
    let (kind, code) = match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (FailureKind::Unavailable, "Timeout")
        }
        SdkError::ConstructionFailure(_) => (FailureKind::Invalid, "InvalidRequest"),
        // A setting that the SDK refuses, such as a region that it cannot make an address of.
        _ if lost.is_none() => (FailureKind::Invalid, Failure::BAD_SETTINGS),
        _ => (FailureKind::Unavailable, "NoAnswer"),
    };
    FailureCause { help, unsent: true, ..FailureCause::new(kind, code, words) }
}

/// Finds an error of this type among an error and its causes.
fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Returns the kind of an error code: one of the services' common errors, of IAM's errors, or of
/// S3's list of error codes.
fn kind_of(code: &str, status: Option<u16>) -> FailureKind {
    match code {
        "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "UnrecognizedClientException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "TokenRefreshRequired"
        | "InvalidToken"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "RequestTimeTooSkewed"
        | "AuthFailure" => FailureKind::Credentials,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AllAccessDisabled"
        | "AccountProblem"
        | "NotSignedUp"
        | "OptInRequired" => FailureKind::AccessDenied,
        "EntityAlreadyExists"
        | "EntityAlreadyExistsException"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou" => FailureKind::AlreadyExists,
        "DeleteConflict" | "DeleteConflictException" | "BucketNotEmpty" => FailureKind::Conflict,
        "LimitExceeded" | "LimitExceededException" | "TooManyBuckets" => FailureKind::LimitExceeded,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown" => FailureKind::Throttled,
        "InternalError"
        | "InternalFailure"
        | "ServiceFailure"
        | "ServiceUnavailable"
        | "RequestTimeout"
        | "RequestTimeoutException" => FailureKind::Unavailable,
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "ValidationError"
        | "PolicyNotAttachable"
        | "UnmodifiableEntity"
        | "PolicyEvaluation" => FailureKind::Invalid,
        "NotFound"
        | "ServerSideEncryptionConfigurationNotFoundError"
        | "OwnershipControlsNotFoundError"
        | "NoSuchPublicAccessBlockConfiguration" => FailureKind::NotFound,
        _ => kind_by_family(code, status),
    }
}

fn kind_by_family(code: &str, status: Option<u16>) -> FailureKind {
    let family = |prefix| code.starts_with(prefix);
    match status {
        _ if family("NoSuch") => FailureKind::NotFound,
        _ if family("Malformed") || family("Invalid") || family("Missing") => FailureKind::Invalid,
        Some(403) => FailureKind::AccessDenied,
        Some(404) => FailureKind::NotFound,
        Some(429) => FailureKind::Throttled,
        Some(500..) => FailureKind::Unavailable,
        _ => FailureKind::Other,
    }
}

/// Returns the messages of the error and of all its sources, each once, for the log.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_iam_and_s3_say_what_can_be_done() {
        let kinds = [
            ("NoSuchEntity", 404, FailureKind::NotFound),
            ("NoSuchTagSet", 404, FailureKind::NotFound),
            ("OwnershipControlsNotFoundError", 404, FailureKind::NotFound),
            ("EntityAlreadyExists", 409, FailureKind::AlreadyExists),
            ("BucketAlreadyExists", 409, FailureKind::AlreadyExists),
            ("DeleteConflict", 409, FailureKind::Conflict),
            ("BucketNotEmpty", 409, FailureKind::Conflict),
            ("OperationAborted", 409, FailureKind::Other),
            ("LimitExceeded", 409, FailureKind::LimitExceeded),
            ("MalformedPolicyDocument", 400, FailureKind::Invalid),
            ("InvalidBucketName", 400, FailureKind::Invalid),
            ("InvalidClientTokenId", 403, FailureKind::Credentials),
            ("SignatureDoesNotMatch", 403, FailureKind::Credentials),
            ("ExpiredToken", 400, FailureKind::Credentials),
            ("AccessDenied", 403, FailureKind::AccessDenied),
            ("Throttling", 400, FailureKind::Throttled),
            ("SlowDown", 503, FailureKind::Throttled),
            ("ServiceFailure", 500, FailureKind::Unavailable),
            ("SomethingNew", 503, FailureKind::Unavailable),
            ("SomethingNew", 400, FailureKind::Other),
        ];
        for (code, status, kind) in kinds {
            assert_eq!(kind_of(code, Some(status)), kind, "{code}");
        }
    }

    #[test]
    fn a_404_that_is_not_aws_s_own_does_not_mean_absent() {
        assert_eq!(untold(Some(404), String::new()).kind, FailureKind::Other);
        assert_eq!(untold(Some(502), String::new()).kind, FailureKind::Unavailable);
        assert_eq!(untold(Some(200), String::new()).kind, FailureKind::Unavailable);
    }
}
