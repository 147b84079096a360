//! The shape of OIDC providers.

use super::lifecycle::Lifecycle;
use crate::manifest::decode::{ExpandedText, NamedMap, shape};

shape! {
    /// An OIDC provider: an issuer whose tokens roles may trust.
    "an OIDC provider" OidcProvider {
        /// The audiences that its tokens may be for, at most 100: sts.amazonaws.com for GitHub's.
        client_ids: Vec<ExpandedText>,
        /// SHA-1 thumbprints of the issuer's certificates, 40 hexadecimal digits each, at most 5.
        /// IAM needs them only where no well-known authority signed the certificate.
        thumbprints: Vec<ExpandedText>,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}
