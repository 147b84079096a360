//! The connection: finds credentials, region and endpoint, and makes the clients.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{IdentityCache, StalledStreamProtectionConfig};
use secrecy::ExposeSecret;

use super::endpoints::{AwsService, Endpoint, Endpoints};
use super::failure::FailureCause;
use super::sending::{RateLimitedClient, SystemTlsClient};
use super::sign_in::{MfaCodes, Profiles, SignIn, SignInSession};
use super::trust;
use super::wiring::Wiring;
use crate::call::{Failure, NewKey};
use crate::transport::Transport;

const CONNECT: Duration = Duration::from_secs(5);
/// The time of one try, from its turn to the last byte of the answer.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The time in which credentials must be there.
const SIGN_IN: Duration = Duration::from_mins(10);
/// The number of tries that the SDK takes if neither the environment nor the profile sets it.
const UNSAID: u32 = 3;

/// The options of a connection, on top of what the environment and the profile say.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    pub profile: Option<String>,
    pub region: String,
    /// The address that takes the place of AWS's own, and of all that settings name.
    pub endpoint_url: Option<String>,
    pub mfa: MfaCodes,
    /// The credentials that all connections of a run share.
    pub session: Arc<SignInSession>,
    /// The transport that all calls of a run share.
    pub transport: Arc<Transport>,
}

/// AWS behind the [`Provider`](crate::port::Provider) seam. Clients are made at their first use.
pub struct Aws {
    wiring: Wiring,
    session: Arc<SignInSession>,
    iam: OnceLock<aws_sdk_iam::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    /// The clients of S3 by region: S3 answers for a bucket only in the bucket's own region.
    s3: Mutex<BTreeMap<String, aws_sdk_s3::Client>>,
}

impl Aws {
    /// Finds profile, endpoints, trusted authorities and region as the AWS CLI does.
    /// Nothing is sent yet: what credentials need is sent at the first call.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Failure> {
        let profiles = Profiles::load_files(options.profile.as_deref()).await?;
        let endpoints = Endpoints::find_all(options.endpoint_url.as_deref(), &profiles)?;
        let client = SystemTlsClient::trusting(trust::find_authorities(&profiles)?);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client)
            .profile_name(profiles.chosen_name())
            // A person may have to type a code, and a program to open a browser.
            .identity_cache(IdentityCache::lazy().load_timeout(SIGN_IN).build())
            .no_credentials();
        if !options.region.is_empty() {
            loader = loader.region(Region::new(options.region.clone()));
        }
        let config = loader.load().await;
        let (fips, dual_stack) = (config.use_fips(), config.use_dual_stack());
        let (fips, dual_stack) = (fips.unwrap_or_default(), dual_stack.unwrap_or_default());
        endpoints.check_variants(fips, dual_stack, profiles.chosen_name())?;
        let mut aws = Self::wired(config, endpoints, &options.transport, ATTEMPT);
        let session = Arc::clone(&options.session);
        let codes = options.mfa.clone();
        let wiring = aws.wiring.clone();
        let sign_in = SignIn { profiles, wiring, codes, session: Arc::clone(&session) };
        let provider = SharedCredentialsProvider::new(sign_in);
        aws.wiring.config = aws.wiring.config.into_builder().credentials_provider(provider).build();
        Ok(Self { session, ..aws })
    }

    /// Connects over a configuration of the caller's: credentials, region and endpoint are taken
    /// from it; retries and timeouts are relayctl's.
    pub fn over(config: SdkConfig) -> Self {
        Self::under(config, &Arc::default(), ATTEMPT)
    }

    /// Connects over a configuration with this transport, and with so much time for each try.
    pub fn under(config: SdkConfig, transport: &Arc<Transport>, attempt: Duration) -> Self {
        let endpoints = Endpoints::everywhere(config.endpoint_url());
        Self::wired(config, endpoints, transport, attempt)
    }

    fn wired(
        config: SdkConfig,
        endpoints: Endpoints,
        transport: &Arc<Transport>,
        attempt: Duration,
    ) -> Self {
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
        let wiring = Wiring { config, transport: Arc::clone(transport), endpoints };
        Self {
            wiring,
            session: Arc::default(),
            iam: OnceLock::new(),
            sts: OnceLock::new(),
            s3: Mutex::default(),
        }
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.wiring.transport
    }

    /// Returns the address that takes the place of AWS's own for a call.
    pub(super) fn endpoint_of(&self, call: &str) -> Option<&Endpoint> {
        self.wiring.endpoints.endpoint_for(AwsService::of_call(call)?)
    }

    /// Makes the failure of a call on this connection.
    pub(super) fn failure_of(&self, cause: FailureCause, call: &str) -> Failure {
        cause.into_failure(call, &self.wiring.endpoints, self.session.place())
    }

    pub(super) fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| self.wiring.iam_client())
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| self.wiring.sts_client(None))
    }

    /// Returns a client of STS whose requests are signed with this key.
    pub(super) fn sts_as(&self, key: &NewKey) -> aws_sdk_sts::Client {
        let secret = key.secret.expose_secret();
        let (id, program) = (key.id.as_str(), env!("CARGO_PKG_NAME"));
        self.wiring.sts_client(Some(Credentials::new(id, secret, None, None, program)))
    }

    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let mut clients = self.s3.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert_with(|| self.wiring.s3_client(region)).clone()
    }
}
