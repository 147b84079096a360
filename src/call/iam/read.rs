//! The table of IAM's reads.

use std::collections::BTreeSet;

use super::{EntityType, PolicyUsage};
use crate::call::Target;
use crate::call::table::reads;

/// The reason for a read of a single object.
const NOT_SWEPT: &str = "a single object, which is not swept";
const DELETION: &str = "what stands in the way of a deletion, or decides on a rotation";

reads! {
    IamRead of "iam" {
        /// Everything of these types at once: the first page, or all pages after the marker of an
        /// earlier answer.
        GetAccountAuthorizationDetails { filter: BTreeSet<EntityType>, marker: Option<String> } => {
            on: Target::Account,
            paged: true,
            why: "users, roles, groups, policies and what hangs on them, up to 1000 at once",
        }
        /// The numbers of users, roles, groups and policies.
        GetAccountSummary => {
            on: Target::Account,
            paged: false,
            why: "how long the rest of the sweep would be",
        }
        /// All roles, over all pages. The answer has the descriptions and session lengths that the
        /// sweep lacks; it has neither tags nor boundaries.
        ListRoles => {
            on: Target::Account,
            paged: true,
            why: "descriptions and session lengths of all roles, which no sweep has",
        }
        GetUser { user: String } => {
            on: Target::user(user),
            paged: false,
            why: NOT_SWEPT,
        }
        ListAttachedUserPolicies { user: String } => {
            on: Target::user(user),
            paged: true,
            why: NOT_SWEPT,
        }
        ListUserPolicies { user: String } => {
            on: Target::user(user),
            paged: true,
            why: NOT_SWEPT,
        }
        GetUserPolicy { user: String, policy: String } => {
            on: Target::user(user),
            paged: false,
            why: NOT_SWEPT,
        }
        ListAccessKeys { user: String } => {
            on: Target::user(user),
            paged: true,
            why: "a user's access keys, which no sweep has",
        }
        /// The last use of a key. AWS asks for the key's id alone; the user is here for the
        /// permission, which is on the user.
        GetAccessKeyLastUsed { user: String, id: String } => {
            on: Target::user(user),
            paged: false,
            why: DELETION,
        }
        ListGroupsForUser { user: String } => {
            on: Target::user(user),
            paged: true,
            why: DELETION,
        }
        /// The group, and all pages of its members.
        GetGroup { group: String } => {
            on: Target::group(group),
            paged: true,
            why: NOT_SWEPT,
        }
        ListAttachedGroupPolicies { group: String } => {
            on: Target::group(group),
            paged: true,
            why: NOT_SWEPT,
        }
        ListGroupPolicies { group: String } => {
            on: Target::group(group),
            paged: true,
            why: NOT_SWEPT,
        }
        GetGroupPolicy { group: String, policy: String } => {
            on: Target::group(group),
            paged: false,
            why: NOT_SWEPT,
        }
        GetRole { role: String } => {
            on: Target::role(role),
            paged: false,
            why: NOT_SWEPT,
            after_sweep: "a role's description and session length, which no sweep has",
        }
        ListAttachedRolePolicies { role: String } => {
            on: Target::role(role),
            paged: true,
            why: NOT_SWEPT,
        }
        ListRolePolicies { role: String } => {
            on: Target::role(role),
            paged: true,
            why: NOT_SWEPT,
        }
        GetRolePolicy { role: String, policy: String } => {
            on: Target::role(role),
            paged: false,
            why: NOT_SWEPT,
        }
        /// The policy, with tags and description, which the sweep does not reliably have.
        GetPolicy { arn: String } => {
            on: Target::Arn(arn),
            paged: false,
            why: NOT_SWEPT,
            after_sweep: "a policy's tags, which no sweep has",
        }
        GetPolicyVersion { arn: String, version: String } => {
            on: Target::Arn(arn),
            paged: false,
            why: NOT_SWEPT,
        }
        /// The versions of a policy, without their documents.
        ListPolicyVersions { arn: String } => {
            on: Target::Arn(arn),
            paged: true,
            why: NOT_SWEPT,
        }
        /// The user's password; NoSuchEntity if the user has none.
        GetLoginProfile { user: String } => {
            on: Target::user(user),
            paged: false,
            why: DELETION,
        }
        /// The serial numbers of the user's MFA devices: that of a virtual device is its ARN.
        ListMFADevices { user: String } => {
            on: Target::user(user),
            paged: true,
            why: DELETION,
        }
        ListSSHPublicKeys { user: String } => {
            on: Target::user(user),
            paged: true,
            why: DELETION,
        }
        ListSigningCertificates { user: String } => {
            on: Target::user(user),
            paged: true,
            why: DELETION,
        }
        ListServiceSpecificCredentials { user: String } => {
            on: Target::user(user),
            paged: true,
            why: DELETION,
        }
        ListInstanceProfilesForRole { role: String } => {
            on: Target::role(role),
            paged: true,
            why: DELETION,
        }
        /// The instance profile, with its role, and with its tags, which no list has.
        GetInstanceProfile { profile: String } => {
            on: Target::instance_profile(profile),
            paged: false,
            why: "an instance profile, which is not swept",
        }
        GetOpenIDConnectProvider { arn: String } => {
            on: Target::Arn(arn),
            paged: false,
            why: "an OIDC provider, which is not swept",
        }
        /// The ARNs of all OIDC providers: AWS gives them in one page.
        ListOpenIDConnectProviders => {
            on: Target::Account,
            paged: false,
            why: "the OIDC providers of the account, which no sweep has",
        }
        /// The names of all instance profiles, over all pages.
        ListInstanceProfiles => {
            on: Target::Account,
            paged: true,
            why: "the instance profiles of the account, which no sweep has",
        }
        /// The principals to which a policy is attached, or whose boundary it is, or both.
        ListEntitiesForPolicy { arn: String, usage: PolicyUsage } => {
            on: Target::Arn(arn),
            paged: true,
            why: DELETION,
        }
    }
}
