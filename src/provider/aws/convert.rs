//! Conversion of IAM's types to relayctl's.

use aws_sdk_iam::types;
use percent_encoding::percent_decode_str;

use super::failure::FailureCause;
use crate::call::iam::{
    AccessKey, Group, GroupDetail, Inline, InstanceProfile, LastUsed, ManagedPolicy, PolicyDetail,
    PolicyVersion, Role, RoleDetail, User, UserDetail,
};
use crate::value::{SharedValue, Tags};

/// Parses a document. IAM returns documents URL-encoded by RFC 3986, where `+` is itself; some
/// servers that speak IAM return them raw. A document is an object, so its first character tells
/// which of the two it is.
pub(super) fn document(text: &str) -> Result<SharedValue, FailureCause> {
    let parsed = if text.trim_start().starts_with('{') {
        serde_json::from_str(text)
    } else {
        serde_json::from_str(&percent_decode_str(text).decode_utf8_lossy())
    };
    parsed.map_err(|error| {
        FailureCause::unreadable(format!("the policy document in the answer is no JSON: {error}"))
    })
}

pub(super) fn iam_tags(tags: &Tags) -> Result<Vec<types::Tag>, FailureCause> {
    let tags = tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build());
    Ok(tags.collect::<Result<_, _>>()?)
}

pub(super) fn convert_tags(found: Option<Vec<types::Tag>>) -> Tags {
    found.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn boundary(found: Option<types::AttachedPermissionsBoundary>) -> Option<String> {
    found.and_then(|boundary| boundary.permissions_boundary_arn)
}

/// Returns a part of an answer that AWS always sends. Nothing is known of an object without it.
pub(super) fn require_part<T>(part: Option<T>, name: &str) -> Result<T, FailureCause> {
    part.ok_or_else(|| FailureCause::unreadable(format!("the answer has no {name}")))
}

pub(super) fn attached(
    found: Option<Vec<types::AttachedPolicy>>,
) -> Result<Vec<String>, FailureCause> {
    found
        .unwrap_or_default()
        .into_iter()
        .map(|policy| require_part(policy.policy_arn, "PolicyArn"))
        .collect()
}

fn inline(found: Option<Vec<types::PolicyDetail>>) -> Result<Vec<Inline>, FailureCause> {
    let one = |policy: types::PolicyDetail| {
        let text = require_part(policy.policy_document, "PolicyDocument")?;
        Ok(Inline {
            name: require_part(policy.policy_name, "PolicyName")?,
            document: document(&text)?,
        })
    };
    found.unwrap_or_default().into_iter().map(one).collect()
}

pub(super) fn convert_user(found: types::User) -> User {
    User {
        name: found.user_name,
        id: found.user_id,
        arn: found.arn,
        path: found.path,
        boundary: boundary(found.permissions_boundary),
        tags: convert_tags(found.tags),
    }
}

pub(super) fn user_detail(found: types::UserDetail) -> Result<UserDetail, FailureCause> {
    let user = User {
        name: require_part(found.user_name, "UserName")?,
        id: found.user_id.unwrap_or_default(),
        arn: require_part(found.arn, "Arn")?,
        path: found.path.unwrap_or_else(|| "/".to_owned()),
        boundary: boundary(found.permissions_boundary),
        tags: convert_tags(found.tags),
    };
    let inline = inline(found.user_policy_list)?;
    let attached = attached(found.attached_managed_policies)?;
    Ok(UserDetail { user, attached, inline, groups: found.group_list.unwrap_or_default() })
}

pub(super) fn convert_role(found: types::Role) -> Result<Role, FailureCause> {
    Ok(Role {
        trust: document(&require_part(
            found.assume_role_policy_document,
            "AssumeRolePolicyDocument",
        )?)?,
        name: found.role_name,
        id: found.role_id,
        arn: found.arn,
        path: found.path,
        description: found.description.unwrap_or_default(),
        max_session_duration: found.max_session_duration.unwrap_or_default().into(),
        boundary: boundary(found.permissions_boundary),
        tags: convert_tags(found.tags),
    })
}

pub(super) fn role_detail(found: types::RoleDetail) -> Result<RoleDetail, FailureCause> {
    let role = Role {
        name: require_part(found.role_name, "RoleName")?,
        id: found.role_id.unwrap_or_default(),
        arn: require_part(found.arn, "Arn")?,
        path: found.path.unwrap_or_else(|| "/".to_owned()),
        description: String::new(),
        max_session_duration: 0,
        trust: document(&require_part(
            found.assume_role_policy_document,
            "AssumeRolePolicyDocument",
        )?)?,
        boundary: boundary(found.permissions_boundary),
        tags: convert_tags(found.tags),
    };
    let inline = inline(found.role_policy_list)?;
    let profiles = found.instance_profile_list.unwrap_or_default().into_iter();
    let instance_profiles = profiles.map(|profile| profile.instance_profile_name).collect();
    let attached = attached(found.attached_managed_policies)?;
    Ok(RoleDetail { role, attached, inline, instance_profiles })
}

pub(super) fn group(found: types::Group) -> Group {
    Group { name: found.group_name, id: found.group_id, arn: found.arn, path: found.path }
}

pub(super) fn group_detail(found: types::GroupDetail) -> Result<GroupDetail, FailureCause> {
    let group = Group {
        name: require_part(found.group_name, "GroupName")?,
        id: found.group_id.unwrap_or_default(),
        arn: require_part(found.arn, "Arn")?,
        path: found.path.unwrap_or_else(|| "/".to_owned()),
    };
    let inline = inline(found.group_policy_list)?;
    Ok(GroupDetail { group, attached: attached(found.attached_managed_policies)?, inline })
}

pub(super) fn instance_profile(found: types::InstanceProfile) -> InstanceProfile {
    InstanceProfile {
        name: found.instance_profile_name,
        id: found.instance_profile_id,
        arn: found.arn,
        path: found.path,
        role: found.roles.into_iter().next().map(|role| role.role_name),
        tags: convert_tags(found.tags),
    }
}

pub(super) fn policy(found: types::Policy) -> Result<ManagedPolicy, FailureCause> {
    let arn = require_part(found.arn, "Arn")?;
    Ok(ManagedPolicy {
        name: found.policy_name.unwrap_or_else(|| last_segment(&arn)),
        id: found.policy_id.unwrap_or_default(),
        path: found.path.unwrap_or_else(|| "/".to_owned()),
        description: found.description.unwrap_or_default(),
        default_version: require_part(found.default_version_id, "DefaultVersionId")?,
        tags: convert_tags(found.tags),
        arn,
    })
}

pub(super) fn policy_detail(
    found: types::ManagedPolicyDetail,
) -> Result<PolicyDetail, FailureCause> {
    let arn = require_part(found.arn, "Arn")?;
    let policy = ManagedPolicy {
        name: found.policy_name.unwrap_or_else(|| last_segment(&arn)),
        id: found.policy_id.unwrap_or_default(),
        path: found.path.unwrap_or_else(|| "/".to_owned()),
        description: found.description.unwrap_or_default(),
        default_version: require_part(found.default_version_id, "DefaultVersionId")?,
        tags: Tags::new(),
        arn,
    };
    let versions = found.policy_version_list.unwrap_or_default().into_iter().map(policy_version);
    Ok(PolicyDetail { policy, versions: versions.collect::<Result<_, _>>()? })
}

/// Returns the name of a policy: `arn:aws:iam::123456789012:policy/team/Deploy` ends with it, and
/// some answers leave it out.
fn last_segment(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

pub(super) fn policy_version(found: types::PolicyVersion) -> Result<PolicyVersion, FailureCause> {
    Ok(PolicyVersion {
        id: require_part(found.version_id, "VersionId")?,
        is_default: found.is_default_version,
        document: found.document.as_deref().map(document).transpose()?,
    })
}

pub(super) fn access_key(found: types::AccessKeyMetadata) -> Result<AccessKey, FailureCause> {
    Ok(AccessKey {
        id: require_part(found.access_key_id, "AccessKeyId")?,
        status: require_part(found.status, "Status")?.as_str().to_owned(),
        created: found.create_date.map(|date| date.to_string()).unwrap_or_default(),
    })
}

/// Returns the last use of a key; a key that was never used has no date, and "N/A" for the rest.
pub(super) fn last_used(found: types::AccessKeyLastUsed) -> Option<LastUsed> {
    let at = found.last_used_date?.to_string();
    Some(LastUsed { at, service: found.service_name, region: found.region })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_encoded_and_raw() {
        let encoded = "%7B%22Sid%22%3A%22a%2Bb%20c%25%22%2C%22Action%22%3A%22s3%3A%2A%22%7D";
        assert_eq!(document(encoded).unwrap(), json!({"Sid": "a+b c%", "Action": "s3:*"}).into());
        // A raw document keeps a percent sign, and text that looks encoded.
        assert_eq!(
            document("\n {\"Resource\": \"a%2Fb+c\"}").unwrap(),
            json!({"Resource": "a%2Fb+c"}).into()
        );
        // RFC 3986, not a form: `+` is a plus.
        assert_eq!(document("%7B%22a%22%3A%22x+y%22%7D").unwrap(), json!({"a": "x+y"}).into());
    }

    #[test]
    fn a_document_that_was_cut_is_an_error_and_no_empty_document() {
        assert_eq!(document("%7B%22Statement%22%3A").unwrap_err().code, "UnreadableAnswer");
    }

    #[test]
    fn a_policy_without_its_name_is_named_by_its_arn() {
        let found = types::ManagedPolicyDetail::builder()
            .arn("arn:aws:iam::123456789012:policy/team/Deploy")
            .default_version_id("v1")
            .build();
        assert_eq!(policy_detail(found).unwrap().policy.name, "Deploy");
    }

    #[test]
    fn a_policy_without_its_default_version_is_unknown() {
        let found = types::Policy::builder().arn("arn:aws:iam::123456789012:policy/Deploy").build();
        assert_eq!(policy(found).unwrap_err().message, "the answer has no DefaultVersionId");
    }
}
