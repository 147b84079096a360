//! The endpoints at which users of a SAML provider sign in.

use crate::call::partition;

/// The hosts of AWS's sign-in in each partition ("AWS Sign-In endpoints and quotas", AWS General
/// Reference; the endpoint rules of AWS's SDKs for AWS Sign-In).
const HOSTS: [(&str, &str); 8] = [
    ("aws", "signin.aws.amazon.com"),
    ("aws-cn", "signin.amazonaws.cn"),
    ("aws-us-gov", "signin.amazonaws-us-gov.com"),
    ("aws-eusc", "signin.amazonaws-eusc.eu"),
    ("aws-iso", "signin.c2shome.ic.gov"),
    ("aws-iso-b", "signin.sc2shome.sgov.gov"),
    ("aws-iso-e", "signin.csphome.adc-e.uk"),
    ("aws-iso-f", "signin.csphome.hci.ic.gov"),
];

/// Returns the audience of SAML assertions for the endpoint of a region, or for the one that is
/// older than regional endpoints.
pub(super) fn audience(of: &str, region: Option<&str>) -> String {
    let host = HOSTS.iter().find(|(name, _)| *name == of).map_or(HOSTS[0].1, |(_, host)| host);
    match region {
        Some(region) => format!("https://{region}.{host}/saml"),
        None => format!("https://{host}/saml"),
    }
}

/// Checks that a region is in the partition.
pub(super) fn check_region(of: &str, region: &str) -> Result<(), String> {
    match partition(region) {
        found if found == of => Ok(()),
        found => Err(format!("the region {region} is in the partition {found}, not in {of}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_own_endpoint() {
        for region in [
            "eu-west-1",
            "cn-north-1",
            "us-gov-west-1",
            "eusc-de-east-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "us-isof-south-1",
        ] {
            let of = partition(region);
            assert!(HOSTS.iter().any(|(name, _)| *name == of), "{of}");
            assert!(check_region(of, region).is_ok());
        }
        assert_eq!(audience("aws", None), "https://signin.aws.amazon.com/saml");
        assert_eq!(
            audience("aws-us-gov", Some("us-gov-west-1")),
            "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml"
        );
        assert!(check_region("aws", "cn-north-1").is_err());
    }
}
