//! Finding credentials, region and endpoint, and making the clients.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_sts::config::Credentials;
use secrecy::ExposeSecret;

use crate::call::NewKey;

const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(30);

/// How to reach AWS, over what `aws-config` finds by itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub profile: Option<String>,
    pub region: String,
    pub endpoint_url: Option<String>,
}

/// AWS behind the [`Provider`](crate::port::Provider) seam. Clients are made when they are first needed.
pub struct Aws {
    config: SdkConfig,
    iam: OnceLock<aws_sdk_iam::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    /// By region: S3 answers for a bucket only in the bucket's own.
    s3: Mutex<BTreeMap<String, aws_sdk_s3::Client>>,
}

impl Aws {
    /// Credentials, SSO, assumed roles, regions and endpoints are found as `aws-config` documents it. Nothing is sent
    /// yet, except what a profile with `sso_session` or `role_arn` needs later, at the first call.
    pub async fn connect(options: &Options) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        let region = (!options.region.is_empty()).then(|| Region::new(options.region.clone()));
        if let Some(region) = region.clone() {
            loader = loader.region(region);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = &options.profile {
            // By itself the SDK prefers keys in the environment even to a profile that is asked for; the AWS CLI
            // prefers the profile that `--profile` names, and a plan for the wrong account is the worse surprise.
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&ProviderConfig::default().with_region(region))
                .profile_name(profile)
                .build();
            loader = loader.profile_name(profile).credentials_provider(provider);
        }
        Self::over(loader.load().await)
    }

    /// Over a configuration that the caller made: credentials, region and endpoint are taken from it; retries and
    /// timeouts are relayctl's.
    pub fn over(config: SdkConfig) -> Self {
        // `adaptive` slows all calls down when AWS throttles some; AWS_MAX_ATTEMPTS and the profile say how often.
        let retries = config.retry_config().map_or_else(RetryConfig::adaptive, |found| {
            RetryConfig::adaptive().with_max_attempts(found.max_attempts())
        });
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let config = config.into_builder().retry_config(retries).timeout_config(timeouts);
        let config = match AppName::new(env!("CARGO_PKG_NAME")) {
            Ok(name) => config.app_name(name).build(),
            Err(_) => config.build(),
        };
        Self { config, iam: OnceLock::new(), sts: OnceLock::new(), s3: Mutex::default() }
    }

    /// The endpoint that was given instead of AWS's own.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    pub(super) fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| aws_sdk_iam::Client::new(&self.config))
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| aws_sdk_sts::Client::new(&self.config))
    }

    /// The same, but the requests are signed with this key.
    pub(super) fn sts_as(&self, key: &NewKey) -> aws_sdk_sts::Client {
        let credentials =
            Credentials::new(key.id.as_str(), key.secret.expose_secret(), None, None, env!("CARGO_PKG_NAME"));
        let config = aws_sdk_sts::config::Builder::from(&self.config).credentials_provider(credentials).build();
        aws_sdk_sts::Client::from_conf(config)
    }

    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let mut clients = self.s3.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert_with(|| s3_client(&self.config, region)).clone()
    }
}

/// A given endpoint is rarely a wildcard domain, so its buckets are addressed by path; and servers that speak S3 often
/// don't know the checksums that the SDK adds unasked.
fn s3_client(config: &SdkConfig, region: &str) -> aws_sdk_s3::Client {
    let mut builder = aws_sdk_s3::config::Builder::from(config);
    if !region.is_empty() {
        builder = builder.region(Region::new(region.to_owned()));
    }
    if config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some() {
        builder = builder
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}
