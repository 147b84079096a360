//! Instance profiles.

use super::lookup::{Lookup, observed};
use super::snapshot::Snapshot;
use crate::call::iam::InstanceProfile;
use crate::call::{IamRead, IamReply, Observed};

impl Snapshot {
    pub fn instance_profile(&self, name: &str) -> Observed<InstanceProfile> {
        observed(self.find_instance_profile(name))
    }

    pub(super) fn find_instance_profile(&self, name: &str) -> Lookup<InstanceProfile> {
        self.iam(IamRead::GetInstanceProfile { profile: name.to_owned() }, |reply| {
            let IamReply::InstanceProfile(profile) = reply else { return None };
            Some(profile.clone())
        })
    }
}
