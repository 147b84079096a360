//! Groups: their members and their policies.

use aws_sdk_iam::Client;

use super::convert;
use super::failure::FailureCause;
use super::pages::pages;
use crate::call::{IamReply, Reply};

/// Returns the group with its members, page by page: each page has the group, and some of its
/// members.
pub(super) async fn members(iam: &Client, group: &str) -> Result<IamReply, FailureCause> {
    let (mut found, mut users) = (None, Vec::new());
    for page in pages!(iam.get_group().group_name(group)) {
        found = page.group.or(found);
        users.extend(page.users.into_iter().map(|user| user.user_name));
    }
    Ok(IamReply::Members { group: convert::group(convert::require_part(found, "Group")?), users })
}

pub(super) async fn attached(iam: &Client, group: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_attached_group_policies().group_name(group));
    convert::attached(Some(pages.filter_map(|page| page.attached_policies).flatten().collect()))
}

pub(super) async fn inline_names(iam: &Client, group: &str) -> Result<Vec<String>, FailureCause> {
    Ok(pages!(iam.list_group_policies().group_name(group))
        .flat_map(|page| page.policy_names)
        .collect())
}

pub(super) async fn create(iam: &Client, group: &str, path: &str) -> Result<Reply, FailureCause> {
    let made = iam.create_group().group_name(group).path(path).send().await?;
    Ok(Reply::Iam(IamReply::Group(convert::group(convert::require_part(made.group, "Group")?))))
}
