//! The clients of the services: their configuration, transport and addresses.

use std::sync::Arc;

use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};

use super::endpoints::{AwsService, Endpoints};
use super::sending::{RequestTracker, RetryClassifier};
use crate::transport::Transport;

/// The parts that all clients are made of.
#[derive(Clone, Debug)]
pub(super) struct Wiring {
    pub config: SdkConfig,
    pub transport: Arc<Transport>,
    pub endpoints: Endpoints,
}

/// Sets a client's builder up; the builders of the services have no trait in common. The SDK's own
/// quota of retries is left out: it would end the tries of some calls because of others, while the
/// transport slows down all of them.
macro_rules! builder {
    ($service:ident, $wiring:expr, $of:expr) => {{
        let endpoint = $wiring.endpoints.endpoint_for($of);
        let builder = $service::config::Builder::from(&$wiring.config)
            .retry_partition(
                RetryPartition::custom("relayctl").token_bucket(TokenBucket::unlimited()).build(),
            )
            .interceptor(RequestTracker(Arc::clone(&$wiring.transport)))
            .retry_classifier(RetryClassifier { emulator: endpoint.is_some() });
        match endpoint {
            Some(endpoint) => builder.endpoint_url(&endpoint.url),
            None => builder,
        }
    }};
}

impl Wiring {
    pub fn iam_client(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::from_conf(builder!(aws_sdk_iam, self, AwsService::Iam).build())
    }

    /// Makes a client of STS, whose requests are signed with the connection's credentials or with
    /// these.
    pub fn sts_client(&self, credentials: Option<Credentials>) -> aws_sdk_sts::Client {
        let builder = builder!(aws_sdk_sts, self, AwsService::Sts);
        aws_sdk_sts::Client::from_conf(match credentials {
            Some(credentials) => builder.credentials_provider(credentials).build(),
            None => builder.build(),
        })
    }

    pub fn sso_client(&self, region: Region) -> aws_sdk_sso::Client {
        let builder = builder!(aws_sdk_sso, self, AwsService::Sso).region(region);
        aws_sdk_sso::Client::from_conf(builder.build())
    }

    /// Makes a client of S3. A given endpoint is rarely a wildcard domain, so its buckets are
    /// addressed by path; and servers that speak S3 often don't know the checksums that the SDK
    /// adds unasked.
    pub fn s3_client(&self, region: &str) -> aws_sdk_s3::Client {
        let mut builder = builder!(aws_sdk_s3, self, AwsService::S3);
        if !region.is_empty() {
            builder = builder.region(Region::new(region.to_owned()));
        }
        if self.endpoints.endpoint_for(AwsService::S3).is_some() {
            builder = builder
                .force_path_style(true)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        aws_sdk_s3::Client::from_conf(builder.build())
    }

    /// Returns the configuration of the SDK's own providers of credentials.
    pub fn provider_config(&self) -> ProviderConfig {
        let config = ProviderConfig::default().with_region(self.config.region().cloned());
        match self.config.http_client() {
            Some(client) => config.with_http_client(client),
            None => config,
        }
    }
}
