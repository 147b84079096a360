//! The table of IAM's writes.

use crate::address::{KindName, PrincipalKind};
use crate::call::Target;
use crate::call::table::{onto, part, writes};
use crate::value::{SharedValue, Tags};

writes! {
    IamWrite of "iam" {
        CreateUser { user: String, path: String, boundary: Option<String>, tags: Tags } => {
            verb: Create,
            object: user,
            on: Target::principal_at(PrincipalKind::User, path, user),
            with: |it| it.bounded(boundary.as_deref()).tagged("iam:TagUser", tags),
            lost_answer: RepeatAndRecognize,
        }
        /// UpdateUser with NewPath: a user's path changes in place. "You must have the permission
        /// on both the source object and the target object", says the AWS page on UpdateUser.
        UpdateUser { user: String, path: String } => {
            verb: Update,
            object: user,
            on: Target::user(user),
            moves_to: Target::principal_at(PrincipalKind::User, path, user),
        }
        /// UpdateUser with NewUserName: a user is renamed in place, and keeps its id, keys, groups
        /// and policies. `path` is the one that it has. Both names must be allowed, says the AWS
        /// page on UpdateUser. A lost answer is not repeated: the old name is gone after the first.
        RenameUser { user: String, path: String, name: String } as "iam:UpdateUser" => {
            verb: Update,
            object: format!("{user} -> {name}"),
            on: Target::user(user),
            moves_to: Target::principal_at(PrincipalKind::User, path, name),
            lost_answer: GiveUp,
        }
        DeleteUser { user: String } => {
            verb: Delete,
            object: user,
            on: Target::user(user),
        }
        TagUser { user: String, tags: Tags } => {
            verb: Update,
            object: user,
            on: Target::user(user),
            with: |it| it.tagging(tags),
        }
        UntagUser { user: String, keys: Vec<String> } => {
            verb: Update,
            object: user,
            on: Target::user(user),
            with: |it| it.tag_keys(keys),
        }
        PutUserPermissionsBoundary { user: String, arn: String } => {
            verb: Update,
            object: onto(user, arn),
            on: Target::user(user),
            with: |it| it.bounded(Some(arn)),
            undone_by: "iam:DeleteUserPermissionsBoundary",
        }
        DeleteUserPermissionsBoundary { user: String } => {
            verb: Delete,
            object: user,
            on: Target::user(user),
            undone_by: "iam:PutUserPermissionsBoundary",
        }
        AttachUserPolicy { user: String, arn: String } => {
            verb: Attach,
            object: onto(user, arn),
            on: Target::user(user),
            with: |it| it.policy(arn),
            undone_by: "iam:DetachUserPolicy",
        }
        DetachUserPolicy { user: String, arn: String } => {
            verb: Detach,
            object: onto(user, arn),
            on: Target::user(user),
            with: |it| it.policy(arn),
            undone_by: "iam:AttachUserPolicy",
        }
        PutUserPolicy { user: String, policy: String, document: SharedValue } => {
            verb: Update,
            object: part(user, policy),
            on: Target::user(user),
            undone_by: "iam:PutUserPolicy",
        }
        DeleteUserPolicy { user: String, policy: String } => {
            verb: Delete,
            object: part(user, policy),
            on: Target::user(user),
            undone_by: "iam:PutUserPolicy",
        }
        /// Makes a key. It is never sent twice: a lost answer leaves an orphan key.
        CreateAccessKey { user: String } => {
            verb: Create,
            object: user,
            on: Target::user(user),
            lost_answer: GiveUp,
        }
        /// Deletes a key. A run deletes a key that it has just made only to take it back.
        DeleteAccessKey { user: String, id: String } => {
            verb: Delete,
            object: part(user, id),
            on: Target::user(user),
            gone_stays_gone: true,
        }
        /// Activates or deactivates a key.
        UpdateAccessKey { user: String, id: String, active: bool } => {
            verb: Update,
            object: part(user, id),
            on: Target::user(user),
        }
        CreateRole {
            role: String,
            path: String,
            description: Option<String>,
            max_session_duration: Option<i64>,
            trust: SharedValue,
            boundary: Option<String>,
            tags: Tags,
        } => {
            verb: Create,
            object: role,
            on: Target::principal_at(PrincipalKind::Role, path, role),
            with: |it| it.bounded(boundary.as_deref()).tagged("iam:TagRole", tags),
            lost_answer: RepeatAndRecognize,
            names_principals: true,
        }
        /// Changes a role's description and session length. Both are always sent: UpdateRole
        /// without a description would leave the old one, and "" clears it.
        UpdateRole { role: String, description: String, max_session_duration: i64 } => {
            verb: Update,
            object: role,
            on: Target::role(role),
        }
        UpdateAssumeRolePolicy { role: String, trust: SharedValue } => {
            verb: Update,
            object: role,
            on: Target::role(role),
            names_principals: true,
        }
        DeleteRole { role: String } => {
            verb: Delete,
            object: role,
            on: Target::role(role),
        }
        TagRole { role: String, tags: Tags } => {
            verb: Update,
            object: role,
            on: Target::role(role),
            with: |it| it.tagging(tags),
        }
        UntagRole { role: String, keys: Vec<String> } => {
            verb: Update,
            object: role,
            on: Target::role(role),
            with: |it| it.tag_keys(keys),
        }
        PutRolePermissionsBoundary { role: String, arn: String } => {
            verb: Update,
            object: onto(role, arn),
            on: Target::role(role),
            with: |it| it.bounded(Some(arn)),
            undone_by: "iam:DeleteRolePermissionsBoundary",
        }
        DeleteRolePermissionsBoundary { role: String } => {
            verb: Delete,
            object: role,
            on: Target::role(role),
            undone_by: "iam:PutRolePermissionsBoundary",
        }
        AttachRolePolicy { role: String, arn: String } => {
            verb: Attach,
            object: onto(role, arn),
            on: Target::role(role),
            with: |it| it.policy(arn),
            undone_by: "iam:DetachRolePolicy",
        }
        DetachRolePolicy { role: String, arn: String } => {
            verb: Detach,
            object: onto(role, arn),
            on: Target::role(role),
            with: |it| it.policy(arn),
            undone_by: "iam:AttachRolePolicy",
        }
        PutRolePolicy { role: String, policy: String, document: SharedValue } => {
            verb: Update,
            object: part(role, policy),
            on: Target::role(role),
            undone_by: "iam:PutRolePolicy",
        }
        DeleteRolePolicy { role: String, policy: String } => {
            verb: Delete,
            object: part(role, policy),
            on: Target::role(role),
            undone_by: "iam:PutRolePolicy",
        }
        CreatePolicy { policy: String, path: String, description: Option<String>, document: SharedValue, tags: Tags } => {
            verb: Create,
            object: policy,
            on: Target::At { kind: "policy", path, name: policy },
            with: |it| it.tagged("iam:TagPolicy", tags),
            lost_answer: RepeatAndRecognize,
        }
        /// Adds a version, and makes it the default at once.
        CreatePolicyVersion { arn: String, document: SharedValue } => {
            verb: Update,
            object: arn,
            on: Target::Arn(arn),
            undone_by: "iam:CreatePolicyVersion",
        }
        DeletePolicyVersion { arn: String, version: String } => {
            verb: Delete,
            object: format!("{arn} {version}"),
            on: Target::Arn(arn),
        }
        DeletePolicy { arn: String } => {
            verb: Delete,
            object: arn,
            on: Target::Arn(arn),
            undone_by: "iam:CreatePolicy",
        }
        TagPolicy { arn: String, tags: Tags } => {
            verb: Update,
            object: arn,
            on: Target::Arn(arn),
            with: |it| it.tagging(tags),
        }
        UntagPolicy { arn: String, keys: Vec<String> } => {
            verb: Update,
            object: arn,
            on: Target::Arn(arn),
            with: |it| it.tag_keys(keys),
        }
        DeleteLoginProfile { user: String } => {
            verb: Delete,
            object: user,
            on: Target::user(user),
        }
        DeactivateMFADevice { user: String, serial: String } => {
            verb: Detach,
            object: part(user, serial),
            on: Target::user(user),
        }
        /// Deletes a virtual MFA device, whose serial number is its ARN.
        DeleteVirtualMFADevice { serial: String } => {
            verb: Delete,
            object: serial,
            on: Target::Arn(serial),
        }
        DeleteSSHPublicKey { user: String, id: String } => {
            verb: Delete,
            object: part(user, id),
            on: Target::user(user),
        }
        DeleteSigningCertificate { user: String, id: String } => {
            verb: Delete,
            object: part(user, id),
            on: Target::user(user),
        }
        DeleteServiceSpecificCredential { user: String, id: String } => {
            verb: Delete,
            object: part(user, id),
            on: Target::user(user),
        }
        /// Makes a group. The answer tells nobody if the group is one's own: IAM gives groups no
        /// tags.
        CreateGroup { group: String, path: String } => {
            verb: Create,
            object: group,
            on: Target::principal_at(PrincipalKind::Group, path, group),
            // The answer to a second try, "already exists", may mean somebody else's group, since
            // groups have no tags. So the intent stays in the state, and the next run goes on from
            // it.
            lost_answer: GiveUp,
        }
        /// UpdateGroup with NewPath. As with UpdateUser, both paths must be allowed.
        UpdateGroup { group: String, path: String } => {
            verb: Update,
            object: group,
            on: Target::group(group),
            moves_to: Target::principal_at(PrincipalKind::Group, path, group),
        }
        /// UpdateGroup with NewGroupName. As with UpdateUser, both names must be allowed.
        RenameGroup { group: String, path: String, name: String } as "iam:UpdateGroup" => {
            verb: Update,
            object: format!("{group} -> {name}"),
            on: Target::group(group),
            moves_to: Target::principal_at(PrincipalKind::Group, path, name),
            lost_answer: GiveUp,
        }
        DeleteGroup { group: String } => {
            verb: Delete,
            object: group,
            on: Target::group(group),
        }
        /// Adds a user to a group. Adding a member again changes nothing.
        AddUserToGroup { user: String, group: String } => {
            verb: Attach,
            object: part(user, group),
            on: Target::group(group),
            undone_by: "iam:RemoveUserFromGroup",
        }
        RemoveUserFromGroup { user: String, group: String } => {
            verb: Detach,
            object: part(user, group),
            on: Target::group(group),
            undone_by: "iam:AddUserToGroup",
        }
        /// Makes an OIDC provider; `provider` is its address without `https://`, as in its ARN.
        CreateOpenIDConnectProvider {
            provider: String,
            client_ids: Vec<String>,
            thumbprints: Vec<String>,
            tags: Tags,
        } => {
            verb: Create,
            object: provider,
            on: Target::At {
                kind: KindName::OidcProvider.arn_word(),
                path: "/",
                name: provider,
            },
            with: |it| it.tagged("iam:TagOpenIDConnectProvider", tags),
            lost_answer: RepeatAndRecognize,
        }
        /// Adds an audience. Adding one again changes nothing.
        AddClientIDToOpenIDConnectProvider { arn: String, client_id: String } => {
            verb: Attach,
            object: onto(arn, client_id),
            on: Target::Arn(arn),
            undone_by: "iam:RemoveClientIDFromOpenIDConnectProvider",
        }
        /// Removes an audience. Removing one again changes nothing.
        RemoveClientIDFromOpenIDConnectProvider { arn: String, client_id: String } => {
            verb: Detach,
            object: onto(arn, client_id),
            on: Target::Arn(arn),
            undone_by: "iam:AddClientIDToOpenIDConnectProvider",
        }
        /// Sets all thumbprints at once.
        UpdateOpenIDConnectProviderThumbprint { arn: String, thumbprints: Vec<String> } => {
            verb: Update,
            object: arn,
            on: Target::Arn(arn),
        }
        TagOpenIDConnectProvider { arn: String, tags: Tags } => {
            verb: Update,
            object: arn,
            on: Target::Arn(arn),
            with: |it| it.tagging(tags),
        }
        UntagOpenIDConnectProvider { arn: String, keys: Vec<String> } => {
            verb: Update,
            object: arn,
            on: Target::Arn(arn),
            with: |it| it.tag_keys(keys),
        }
        DeleteOpenIDConnectProvider { arn: String } => {
            verb: Delete,
            object: arn,
            on: Target::Arn(arn),
        }
        CreateInstanceProfile { profile: String, path: String, tags: Tags } => {
            verb: Create,
            object: profile,
            on: Target::At { kind: KindName::InstanceProfile.arn_word(), path, name: profile },
            with: |it| it.tagged("iam:TagInstanceProfile", tags),
            lost_answer: RepeatAndRecognize,
        }
        TagInstanceProfile { profile: String, tags: Tags } => {
            verb: Update,
            object: profile,
            on: Target::instance_profile(profile),
            with: |it| it.tagging(tags),
        }
        UntagInstanceProfile { profile: String, keys: Vec<String> } => {
            verb: Update,
            object: profile,
            on: Target::instance_profile(profile),
            with: |it| it.tag_keys(keys),
        }
        DeleteInstanceProfile { profile: String } => {
            verb: Delete,
            object: profile,
            on: Target::instance_profile(profile),
        }
        /// Puts a role into an instance profile. "The caller of this operation must be granted the
        /// PassRole permission on the IAM role by a permissions policy", says the AWS page on
        /// AddRoleToInstanceProfile. A second try of a lost call is refused, since the profile is
        /// full then.
        AddRoleToInstanceProfile { profile: String, role: String } => {
            verb: Attach,
            object: onto(profile, role),
            on: Target::instance_profile(profile),
            also_on: ("iam:PassRole", Target::role(role)),
            undone_by: "iam:RemoveRoleFromInstanceProfile",
            lost_answer: GiveUp,
        }
        RemoveRoleFromInstanceProfile { role: String, profile: String } => {
            verb: Detach,
            object: part(role, profile),
            on: Target::instance_profile(profile),
            undone_by: "iam:AddRoleToInstanceProfile",
        }
        AttachGroupPolicy { group: String, arn: String } => {
            verb: Attach,
            object: onto(group, arn),
            on: Target::group(group),
            with: |it| it.policy(arn),
            undone_by: "iam:DetachGroupPolicy",
        }
        DetachGroupPolicy { group: String, arn: String } => {
            verb: Detach,
            object: onto(group, arn),
            on: Target::group(group),
            with: |it| it.policy(arn),
            undone_by: "iam:AttachGroupPolicy",
        }
        PutGroupPolicy { group: String, policy: String, document: SharedValue } => {
            verb: Update,
            object: part(group, policy),
            on: Target::group(group),
            undone_by: "iam:PutGroupPolicy",
        }
        DeleteGroupPolicy { group: String, policy: String } => {
            verb: Delete,
            object: part(group, policy),
            on: Target::group(group),
            undone_by: "iam:PutGroupPolicy",
        }
    }
}
