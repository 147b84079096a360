//! The HTTP client for all requests to AWS, and for those that find the credentials.

use aws_sdk_s3::config::RuntimeComponents;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder, proxy::ProxyConfig};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// The SDK's own HTTP client, except that it reads the system's certificates when a request is
/// first sent by TLS.
///
/// The SDK reads them (some two hundred files on Debian, 300 ms on a Mac, says its source) as soon
/// as a client is made, and it makes one for each way to find credentials, whether or not that way
/// is taken.
#[derive(Clone, Debug)]
pub(in super::super) struct SystemTlsClient {
    trusting: SharedHttpClient,
    /// The client that trusts nobody, and has read no certificates.
    bare: SharedHttpClient,
    /// True if plain requests go by TLS, too: to a proxy that speaks TLS.
    proxied_by_tls: bool,
}

impl SystemTlsClient {
    /// Makes a client that trusts the authorities with these certificates in PEM, else those of the
    /// system.
    pub fn trusting(authorities: Option<Vec<u8>>) -> Self {
        let variables = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let by_tls =
            |name| std::env::var(name).is_ok_and(|proxy: String| proxy.starts_with("https://"));
        Self {
            trusting: client(move || match &authorities {
                // As in the AWS CLI, they take the place of the system's.
                Some(pem) => TrustStore::empty().with_pem_certificate(pem.clone()),
                None => TrustStore::default(),
            }),
            bare: client(TrustStore::empty),
            proxied_by_tls: variables.into_iter().any(by_tls),
        }
    }
}

fn client(trust: impl Fn() -> TrustStore + Send + Sync + 'static) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_tls_context(
            TlsContext::builder().with_trust_store(trust()).build().unwrap_or_default(),
        );
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}

impl HttpClient for SystemTlsClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let (clients, settings, components) = (self.clone(), settings.clone(), components.clone());
        SharedHttpConnector::new(LazyConnector { clients, settings, components })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.bare.connector_metadata()
    }
}

/// A connector of one of the two clients: only the request's address tells of which.
#[derive(Debug)]
struct LazyConnector {
    clients: SystemTlsClient,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for LazyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let plain = request.uri().starts_with("http://");
        let client = if plain && !self.clients.proxied_by_tls {
            &self.clients.bare
        } else {
            &self.clients.trusting
        };
        client.http_connector(&self.settings, &self.components).call(request)
    }
}
