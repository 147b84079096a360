//! The connection: finds credentials, region and endpoint, and makes the clients.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::config::{
    RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use aws_sdk_sts::config::Credentials;
use secrecy::ExposeSecret;

use super::sending::{RateLimitedClient, RequestTracker, RetryClassifier, SystemTlsClient};
use crate::call::NewKey;
use crate::transport::Transport;

const CONNECT: Duration = Duration::from_secs(5);
/// The time of one try, from its turn to the last byte of the answer.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The number of tries that the SDK takes if neither the environment nor the profile sets it.
const UNSAID: u32 = 3;

/// Sets a client's builder up; the builders of the three services have no trait in common. The
/// SDK's own quota of retries is left out: it would end the tries of some calls because of others,
/// while the transport slows down all of them.
macro_rules! with_retries {
    ($builder:expr, $aws:expr) => {
        $builder
            .retry_partition(
                RetryPartition::custom("relayctl").token_bucket(TokenBucket::unlimited()).build(),
            )
            .interceptor(RequestTracker(Arc::clone(&$aws.transport)))
            .retry_classifier(RetryClassifier { emulator: $aws.endpoint().is_some() })
    };
}

/// The options of a connection, on top of what `aws-config` finds by itself.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    pub profile: Option<String>,
    pub region: String,
    pub endpoint_url: Option<String>,
    /// The transport that all calls of a run share.
    pub transport: Arc<Transport>,
}

/// AWS behind the [`Provider`](crate::port::Provider) seam. Clients are made at their first use.
pub struct Aws {
    config: SdkConfig,
    transport: Arc<Transport>,
    iam: OnceLock<aws_sdk_iam::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    /// The clients of S3 by region: S3 answers for a bucket only in the bucket's own region.
    s3: Mutex<BTreeMap<String, aws_sdk_s3::Client>>,
}

impl Aws {
    /// Finds credentials, SSO, assumed roles, regions and endpoints as `aws-config` documents it.
    /// Nothing is sent yet: the requests that a profile with `sso_session` or `role_arn` needs are
    /// sent at the first call.
    pub async fn connect(options: &ConnectOptions) -> Self {
        let client = SystemTlsClient::new();
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(client.clone());
        let region = (!options.region.is_empty()).then(|| Region::new(options.region.clone()));
        if let Some(region) = region.clone() {
            loader = loader.region(region);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = &options.profile {
            // By itself the SDK prefers keys in the environment even to a profile that is asked
            // for. The AWS CLI prefers the profile that `--profile` names, and a plan for the wrong
            // account is the worse surprise.
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&ProviderConfig::default().with_region(region).with_http_client(client))
                .profile_name(profile)
                .build();
            loader = loader.profile_name(profile).credentials_provider(provider);
        }
        Self::under(loader.load().await, &options.transport, ATTEMPT)
    }

    /// Connects over a configuration of the caller's: credentials, region and endpoint are taken
    /// from it; retries and timeouts are relayctl's.
    pub fn over(config: SdkConfig) -> Self {
        Self::under(config, &Arc::default(), ATTEMPT)
    }

    /// Connects over a configuration with this transport, and with so much time for each try.
    pub fn under(config: SdkConfig, transport: &Arc<Transport>, attempt: Duration) -> Self {
        // AWS_MAX_ATTEMPTS and `max_attempts` of the profile. The modes of AWS_RETRY_MODE differ in
        // what the transport does by itself: it slows down when AWS throttles, and only then.
        if let Some(said) =
            config.retry_config().map(RetryConfig::max_attempts).filter(|tries| *tries != UNSAID)
        {
            transport.suggest_tries(said);
        }
        let limits = transport.limits();
        // `RetryClassifier` sets each pause between tries; the SDK only caps it.
        let retries =
            RetryConfig::standard().with_max_attempts(limits.tries).with_max_backoff(limits.time);
        let retries = retries.with_initial_backoff(Duration::from_millis(1));
        let client = RateLimitedClient::around(config.http_client(), attempt);
        let config = config.into_builder().retry_config(retries).http_client(client);
        let config =
            config.timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
        // Requests that wait for their turn don't stall, and those that do have a time limit.
        let config = config.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let config = match AppName::new(env!("CARGO_PKG_NAME")) {
            Ok(name) => config.app_name(name).build(),
            Err(_) => config.build(),
        };
        let transport = Arc::clone(transport);
        Self { config, transport, iam: OnceLock::new(), sts: OnceLock::new(), s3: Mutex::default() }
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Returns the endpoint that was given instead of AWS's own.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    pub(super) fn iam(&self) -> &aws_sdk_iam::Client {
        let config =
            || with_retries!(aws_sdk_iam::config::Builder::from(&self.config), self).build();
        self.iam.get_or_init(|| aws_sdk_iam::Client::from_conf(config()))
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        let config =
            || with_retries!(aws_sdk_sts::config::Builder::from(&self.config), self).build();
        self.sts.get_or_init(|| aws_sdk_sts::Client::from_conf(config()))
    }

    /// Returns a client of STS whose requests are signed with this key.
    pub(super) fn sts_as(&self, key: &NewKey) -> aws_sdk_sts::Client {
        let credentials = Credentials::new(
            key.id.as_str(),
            key.secret.expose_secret(),
            None,
            None,
            env!("CARGO_PKG_NAME"),
        );
        let config =
            aws_sdk_sts::config::Builder::from(&self.config).credentials_provider(credentials);
        aws_sdk_sts::Client::from_conf(with_retries!(config, self).build())
    }

    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let mut clients = self.s3.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert_with(|| s3_client(self, region)).clone()
    }
}

/// Makes a client of S3. A given endpoint is rarely a wildcard domain, so its buckets are addressed
/// by path; and servers that speak S3 often don't know the checksums that the SDK adds unasked.
fn s3_client(aws: &Aws, region: &str) -> aws_sdk_s3::Client {
    let mut builder = with_retries!(aws_sdk_s3::config::Builder::from(&aws.config), aws);
    if !region.is_empty() {
        builder = builder.region(Region::new(region.to_owned()));
    }
    if aws.endpoint().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some() {
        builder = builder
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}
