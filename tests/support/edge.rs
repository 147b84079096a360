//! The AWS edge, pointed at a server of the test's.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use relayctl::provider::aws::Aws;

/// With made-up credentials and nothing of the machine's own AWS settings.
pub fn aws_at(endpoint: &str) -> Aws {
    let credentials = Credentials::new("testing", "testing", None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build();
    Aws::over(config)
}
