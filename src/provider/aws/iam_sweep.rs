//! The sweep of IAM, GetAccountAuthorizationDetails, and the size of the account.

use std::collections::BTreeSet;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::{Client, types};

use super::convert;
use super::failure::FailureCause;
use super::pages::PageTrail;
use crate::call::iam::{AccountSummary, AuthorizationDetails, EntityType};

/// Reads the first page, or all after the marker.
pub(super) async fn details(
    iam: &Client,
    filter: &BTreeSet<EntityType>,
    marker: Option<String>,
) -> Result<AuthorizationDetails, FailureCause> {
    let filter = filter.iter().map(|one| match one {
        EntityType::User => types::EntityType::User,
        EntityType::Role => types::EntityType::Role,
        EntityType::Group => types::EntityType::Group,
        EntityType::LocalManagedPolicy => types::EntityType::LocalManagedPolicy,
    });
    let call =
        iam.get_account_authorization_details().set_filter(Some(filter.collect())).max_items(1000);
    let (only_first, mut next) = (marker.is_none(), marker);
    let mut trail = PageTrail::default();
    if !only_first {
        trail.follow(next.as_deref())?;
    }
    let mut all = AuthorizationDetails::default();
    // The pages are read one by one, so that no more than one is in memory in the SDK's form.
    loop {
        let page = call.clone().set_marker(next.clone()).send().await?;
        all.pages += 1;
        all.marker = page.marker.clone().filter(|_| page.is_truncated);
        if page.is_truncated {
            trail.follow(all.marker.as_deref())?;
        }
        add_page(page, &mut all)?;
        if only_first || all.marker.is_none() {
            return Ok(all);
        }
        next.clone_from(&all.marker);
    }
}

fn add_page(
    page: GetAccountAuthorizationDetailsOutput,
    all: &mut AuthorizationDetails,
) -> Result<(), FailureCause> {
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

/// Returns the numbers of users, roles, groups and policies.
pub(super) async fn summary(iam: &Client) -> Result<AccountSummary, FailureCause> {
    let found = iam.get_account_summary().send().await?.summary_map.unwrap_or_default();
    let count = |key| {
        convert::require_part(found.get(&key).copied(), "SummaryMap")
            .map(|count| count.max(0).unsigned_abs().into())
    };
    Ok(AccountSummary::from([
        (EntityType::User, count(types::SummaryKeyType::Users)?),
        (EntityType::Role, count(types::SummaryKeyType::Roles)?),
        (EntityType::Group, count(types::SummaryKeyType::Groups)?),
        (EntityType::LocalManagedPolicy, count(types::SummaryKeyType::Policies)?),
    ]))
}
