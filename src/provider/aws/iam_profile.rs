//! The calls on instance profiles.

use aws_sdk_iam::Client;

use super::convert::{self, iam_tags};
use super::failure::FailureCause;
use super::pages::pages;
use crate::call::iam::InstanceProfile;
use crate::call::{IamReply, Reply};
use crate::value::Tags;

pub(super) async fn get_profile(iam: &Client, name: &str) -> Result<InstanceProfile, FailureCause> {
    let found = iam.get_instance_profile().instance_profile_name(name).send().await?;
    found.instance_profile.map(convert::instance_profile).ok_or_else(lacks_profile)
}

/// Returns the names of all instance profiles.
pub(super) async fn list_profiles(iam: &Client) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_instance_profiles().max_items(1000));
    let profiles = pages.flat_map(|page| page.instance_profiles);
    Ok(profiles.map(|profile| profile.instance_profile_name).collect())
}

/// Returns the names of the instance profiles that a role is in.
pub(super) async fn of_role(iam: &Client, role: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_instance_profiles_for_role().role_name(role));
    let profiles = pages.flat_map(|page| page.instance_profiles);
    Ok(profiles.map(|profile| profile.instance_profile_name).collect())
}

pub(super) async fn create(
    iam: &Client,
    name: &str,
    path: &str,
    tags: &Tags,
) -> Result<Reply, FailureCause> {
    let call = iam.create_instance_profile().instance_profile_name(name).path(path);
    let made = call.set_tags(Some(iam_tags(tags)?)).send().await?;
    let profile = made.instance_profile.ok_or_else(lacks_profile)?;
    Ok(Reply::Iam(IamReply::InstanceProfile(convert::instance_profile(profile))))
}

fn lacks_profile() -> FailureCause {
    FailureCause::unreadable("the answer has no InstanceProfile")
}
