//! Reading IAM. A paged read follows its pages to the end; one page that fails fails the whole read, because half of a
//! list would look like things that are gone.

use std::collections::BTreeSet;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::{Client, types};

use super::failure::Cause;
use super::{convert, iam_group, iam_hanging};
use crate::call::iam::{
    AccessKey, AccountSummary, AuthorizationDetails, EntityType, LastUsed, Policy, PolicyVersion, Role, User,
};
use crate::call::{IamRead, IamReply};

/// All pages of a paged call. The SDK stops without an error at a marker that it has seen before: a last page that says
/// there is more is such a cut.
macro_rules! pages {
    ($call:expr) => {{
        let pages = $call.into_paginator().send().try_collect().await?;
        if pages.last().is_some_and(|page| page.is_truncated()) {
            return Err(Cause::unreadable("the list ends although AWS says that there is more of it"));
        }
        pages.into_iter()
    }};
}
pub(super) use pages;

/// `emulator`: not AWS itself answers, but a server at an address that was given.
pub(super) async fn read(iam: &Client, read: &IamRead, emulator: bool) -> Result<IamReply, Cause> {
    Ok(match read {
        IamRead::GetAccountAuthorizationDetails { filter, marker } => {
            IamReply::AuthorizationDetails(sweep(iam, filter, marker.clone()).await?)
        }
        IamRead::GetAccountSummary => IamReply::AccountSummary(summary(iam).await?),
        IamRead::ListRoles => IamReply::Roles(roles(iam).await?),
        IamRead::GetUser { user } => IamReply::User(get_user(iam, user).await?),
        IamRead::ListAttachedUserPolicies { user } => IamReply::Attached(attached_to_user(iam, user).await?),
        IamRead::ListUserPolicies { user } => IamReply::Names(user_policies(iam, user).await?),
        IamRead::GetUserPolicy { user, policy } => {
            let found = iam.get_user_policy().user_name(user).policy_name(policy).send().await?;
            IamReply::Document(convert::document(&found.policy_document)?)
        }
        IamRead::ListAccessKeys { user } => IamReply::AccessKeys(access_keys(iam, user).await?),
        IamRead::GetAccessKeyLastUsed { id, .. } => IamReply::LastUsed(last_used(iam, id).await?),
        IamRead::ListGroupsForUser { user } => IamReply::Names(groups(iam, user).await?),
        IamRead::GetRole { role } => IamReply::Role(get_role(iam, role).await?),
        IamRead::ListAttachedRolePolicies { role } => IamReply::Attached(attached_to_role(iam, role).await?),
        IamRead::ListRolePolicies { role } => IamReply::Names(role_policies(iam, role).await?),
        IamRead::GetRolePolicy { role, policy } => {
            let found = iam.get_role_policy().role_name(role).policy_name(policy).send().await?;
            IamReply::Document(convert::document(&found.policy_document)?)
        }
        IamRead::GetPolicy { arn } => IamReply::Policy(get_policy(iam, arn).await?),
        IamRead::GetPolicyVersion { arn, version } => IamReply::PolicyVersion(get_version(iam, arn, version).await?),
        IamRead::ListPolicyVersions { arn } => IamReply::PolicyVersions(versions(iam, arn).await?),
        IamRead::GetLoginProfile { user } => {
            iam.get_login_profile().user_name(user).send().await?;
            IamReply::LoginProfile
        }
        IamRead::GetGroup { group } => iam_group::members(iam, group).await?,
        IamRead::ListAttachedGroupPolicies { group } => IamReply::Attached(iam_group::attached(iam, group).await?),
        IamRead::ListGroupPolicies { group } => IamReply::Names(iam_group::inline_names(iam, group).await?),
        IamRead::GetGroupPolicy { group, policy } => {
            let found = iam.get_group_policy().group_name(group).policy_name(policy).send().await?;
            IamReply::Document(convert::document(&found.policy_document)?)
        }
        IamRead::ListMFADevices { .. }
        | IamRead::ListSSHPublicKeys { .. }
        | IamRead::ListSigningCertificates { .. }
        | IamRead::ListServiceSpecificCredentials { .. }
        | IamRead::ListInstanceProfilesForRole { .. } => {
            IamReply::Names(iam_hanging::names(iam, read, emulator).await?)
        }
        IamRead::ListEntitiesForPolicy { arn, usage } => {
            IamReply::Entities(iam_hanging::entities(iam, arn, *usage).await?)
        }
    })
}

/// The first page, or all after the marker.
async fn sweep(
    iam: &Client,
    filter: &BTreeSet<EntityType>,
    marker: Option<String>,
) -> Result<AuthorizationDetails, Cause> {
    let filter = filter.iter().map(|one| match one {
        EntityType::User => types::EntityType::User,
        EntityType::Role => types::EntityType::Role,
        EntityType::Group => types::EntityType::Group,
        EntityType::LocalManagedPolicy => types::EntityType::LocalManagedPolicy,
    });
    let call = iam.get_account_authorization_details().set_filter(Some(filter.collect())).max_items(1000);
    let (only_first, mut next) = (marker.is_none(), marker);
    let mut all = AuthorizationDetails::default();
    // Page by page, so that no more than one is there in the SDK's form.
    loop {
        let page = call.clone().set_marker(next.clone()).send().await?;
        all.pages += 1;
        all.marker = page.marker.clone().filter(|_| page.is_truncated);
        if page.is_truncated && (all.marker.is_none() || all.marker == next) {
            return Err(Cause::unreadable("the list ends although AWS says that there is more of it"));
        }
        swept(page, &mut all)?;
        if only_first || all.marker.is_none() {
            return Ok(all);
        }
        next.clone_from(&all.marker);
    }
}

fn swept(page: GetAccountAuthorizationDetailsOutput, all: &mut AuthorizationDetails) -> Result<(), Cause> {
    for user in page.user_detail_list.unwrap_or_default() {
        all.users.push(convert::user_detail(user)?);
    }
    for role in page.role_detail_list.unwrap_or_default() {
        all.roles.push(convert::role_detail(role)?);
    }
    for group in page.group_detail_list.unwrap_or_default() {
        all.groups.push(convert::group_detail(group)?);
    }
    for policy in page.policies.unwrap_or_default() {
        all.policies.push(convert::policy_detail(policy)?);
    }
    Ok(())
}

async fn summary(iam: &Client) -> Result<AccountSummary, Cause> {
    let found = iam.get_account_summary().send().await?.summary_map.unwrap_or_default();
    let count =
        |key| convert::must(found.get(&key).copied(), "SummaryMap").map(|count| count.max(0).unsigned_abs().into());
    Ok(AccountSummary::from([
        (EntityType::User, count(types::SummaryKeyType::Users)?),
        (EntityType::Role, count(types::SummaryKeyType::Roles)?),
        (EntityType::Group, count(types::SummaryKeyType::Groups)?),
        (EntityType::LocalManagedPolicy, count(types::SummaryKeyType::Policies)?),
    ]))
}

async fn roles(iam: &Client) -> Result<Vec<Role>, Cause> {
    pages!(iam.list_roles().max_items(1000)).flat_map(|page| page.roles).map(convert::role).collect()
}

async fn get_user(iam: &Client, user: &str) -> Result<User, Cause> {
    let found = iam.get_user().user_name(user).send().await?;
    found.user.map(convert::user).ok_or_else(|| Cause::unreadable("the answer has no User"))
}

async fn attached_to_user(iam: &Client, user: &str) -> Result<Vec<String>, Cause> {
    let pages = pages!(iam.list_attached_user_policies().user_name(user));
    convert::attached(Some(pages.filter_map(|page| page.attached_policies).flatten().collect()))
}

async fn user_policies(iam: &Client, user: &str) -> Result<Vec<String>, Cause> {
    Ok(pages!(iam.list_user_policies().user_name(user)).flat_map(|page| page.policy_names).collect())
}

async fn access_keys(iam: &Client, user: &str) -> Result<Vec<AccessKey>, Cause> {
    let pages = pages!(iam.list_access_keys().user_name(user));
    pages.flat_map(|page| page.access_key_metadata).map(convert::access_key).collect()
}

async fn last_used(iam: &Client, id: &str) -> Result<Option<LastUsed>, Cause> {
    let found = iam.get_access_key_last_used().access_key_id(id).send().await?;
    Ok(found.access_key_last_used.and_then(convert::last_used))
}

async fn groups(iam: &Client, user: &str) -> Result<Vec<String>, Cause> {
    let pages = pages!(iam.list_groups_for_user().user_name(user));
    Ok(pages.flat_map(|page| page.groups).map(|group| group.group_name).collect())
}

async fn get_role(iam: &Client, role: &str) -> Result<Role, Cause> {
    let found = iam.get_role().role_name(role).send().await?;
    convert::role(found.role.ok_or_else(|| Cause::unreadable("the answer has no Role"))?)
}

async fn attached_to_role(iam: &Client, role: &str) -> Result<Vec<String>, Cause> {
    let pages = pages!(iam.list_attached_role_policies().role_name(role));
    convert::attached(Some(pages.filter_map(|page| page.attached_policies).flatten().collect()))
}

async fn role_policies(iam: &Client, role: &str) -> Result<Vec<String>, Cause> {
    Ok(pages!(iam.list_role_policies().role_name(role)).flat_map(|page| page.policy_names).collect())
}

async fn get_policy(iam: &Client, arn: &str) -> Result<Policy, Cause> {
    let found = iam.get_policy().policy_arn(arn).send().await?;
    convert::policy(found.policy.ok_or_else(|| Cause::unreadable("the answer has no Policy"))?)
}

async fn get_version(iam: &Client, arn: &str, version: &str) -> Result<PolicyVersion, Cause> {
    let found = iam.get_policy_version().policy_arn(arn).version_id(version).send().await?;
    convert::policy_version(found.policy_version.ok_or_else(|| Cause::unreadable("the answer has no PolicyVersion"))?)
}

async fn versions(iam: &Client, arn: &str) -> Result<Vec<PolicyVersion>, Cause> {
    let pages = pages!(iam.list_policy_versions().policy_arn(arn));
    let versions = pages.filter_map(|page| page.versions).flatten().map(convert::policy_version);
    Ok(versions
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|one| PolicyVersion { document: None, ..one })
        .collect())
}
