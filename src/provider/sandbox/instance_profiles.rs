//! Instance profiles, and the role in each.

use crate::call::{IamReply, Reply, iam};
use crate::value::Tags;

use super::account::Account;
use super::names::same_name;
use super::records::InstanceProfileRecord;
use super::refusal::{Refusal, SandboxResult};
use super::tags::KeyCase;
use super::{limits, names, tags};

const NAME: usize = 128;

/// Returns the instance profile as `GetInstanceProfile` gives it.
pub(super) fn reply(account: &Account, profile: &InstanceProfileRecord) -> iam::InstanceProfile {
    iam::InstanceProfile {
        name: profile.name.clone(),
        id: profile.id.clone(),
        arn: account.instance_profile_arn(profile),
        path: profile.path.clone(),
        role: profile.role.clone(),
        tags: profile.tags.clone(),
    }
}

/// Returns the names of the instance profiles that a role is in.
pub(super) fn of_role<'a>(account: &'a Account, role: &'a str) -> impl Iterator<Item = &'a String> {
    let profiles = account.instance_profiles.iter();
    profiles.filter(move |(_, it)| it.role.as_deref() == Some(role)).map(|(name, _)| name)
}

pub(super) fn create(
    account: &mut Account,
    name: &str,
    path: &str,
    tags: &Tags,
) -> SandboxResult<Reply> {
    names::check_name("instanceProfileName", name, NAME)?;
    names::check_path(path)?;
    if account.instance_profiles.keys().any(|other| same_name(other, name)) {
        return Err(Refusal::already_exists(format!("Instance Profile {name} already exists.")));
    }
    let count = account.instance_profiles.size() + 1;
    limits::quota("InstanceProfilesPerAccount", count, limits::INSTANCE_PROFILES)?;
    let mut profile = InstanceProfileRecord {
        name: name.to_owned(),
        id: account.new_id("AIPA"),
        path: path.to_owned(),
        created: account.now(),
        ..InstanceProfileRecord::default()
    };
    tags::add_tags(&mut profile.tags, tags, KeyCase::Exact)?;
    let reply = reply(account, &profile);
    account.instance_profiles.insert_mut(name.to_owned(), profile);
    Ok(Reply::Iam(IamReply::InstanceProfile(reply)))
}

pub(super) fn delete(account: &mut Account, name: &str) -> SandboxResult<Reply> {
    if account.instance_profile(name)?.role.is_some() {
        return Err(Refusal::delete_conflict(
            "Cannot delete entity, must remove roles from instance profile first.",
        ));
    }
    account.instance_profiles.remove_mut(name);
    Ok(Reply::Done)
}

pub(super) fn set_tags(account: &mut Account, name: &str, added: &Tags) -> SandboxResult<Reply> {
    tags::add_tags(&mut account.instance_profile_mut(name)?.tags, added, KeyCase::Exact)?;
    Ok(Reply::Done)
}

pub(super) fn untag(account: &mut Account, name: &str, keys: &[String]) -> SandboxResult<Reply> {
    tags::remove_tags(&mut account.instance_profile_mut(name)?.tags, keys, KeyCase::Exact)?;
    Ok(Reply::Done)
}

/// Puts a role into an instance profile. IAM refuses a second role, be it the same one: "Cannot
/// exceed quota for InstanceSessionsPerInstanceProfile: 1".
pub(super) fn add_role(account: &mut Account, name: &str, role: &str) -> SandboxResult<Reply> {
    account.instance_profile(name)?;
    account.role(role)?;
    let profile = account.instance_profile_mut(name)?;
    let count = usize::from(profile.role.is_some()) + 1;
    limits::quota("InstanceSessionsPerInstanceProfile", count, 1)?;
    profile.role = Some(role.to_owned());
    Ok(Reply::Done)
}

/// Takes a role out of an instance profile. Returns false if the role is not in the profile.
pub(super) fn remove_role(account: &mut Account, role: &str, name: &str) -> SandboxResult<bool> {
    account.role(role)?;
    let profile = account.instance_profile_mut(name)?;
    let is_there = profile.role.as_deref() == Some(role);
    if is_there {
        profile.role = None;
    }
    Ok(is_there)
}
