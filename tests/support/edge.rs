//! The AWS edge, pointed at a server of the test's.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use relayctl::provider::aws::Aws;
use relayctl::transport::Transport;

/// As the program reaches it.
pub fn aws_at(endpoint: &str) -> Aws {
    Aws::over(config(endpoint))
}

/// With a transport to look at, and so much time for each try.
pub fn aws_under(endpoint: &str, transport: &Arc<Transport>, attempt: Duration) -> Aws {
    Aws::under(config(endpoint), transport, attempt)
}

/// With made-up credentials and nothing of the machine's own AWS settings.
fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("testing", "testing", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}
