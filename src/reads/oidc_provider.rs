//! OIDC providers.

use super::lookup::{Lookup, observed};
use super::snapshot::Snapshot;
use crate::call::iam::OidcProvider;
use crate::call::{IamRead, IamReply, Observed};

impl Snapshot {
    pub fn oidc_provider(&self, arn: &str) -> Observed<OidcProvider> {
        observed(self.find_oidc_provider(arn))
    }

    pub(super) fn find_oidc_provider(&self, arn: &str) -> Lookup<OidcProvider> {
        self.iam(IamRead::GetOpenIDConnectProvider { arn: arn.to_owned() }, |reply| {
            let IamReply::OidcProvider(provider) = reply else { return None };
            Some(provider.clone())
        })
    }
}
