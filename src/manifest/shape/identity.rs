//! The shapes of policies, users, groups and roles, and of access keys.

use super::instance_profile::ProfileOfRole;
use super::lifecycle::Lifecycle;
use super::trust::Trust;
use crate::manifest::decode::{DocumentForm, ExpandedText, Flag, Located, NamedMap, Whole, shape};

shape! {
    /// An IAM managed policy.
    "a policy" Policy {
        /// The IAM path, `/` unless said otherwise. Changing it replaces the policy.
        path: ExpandedText,
        /// Changing it replaces the policy.
        description: ExpandedText,
        /// The policy document: a file, or inline.
        document: DocumentForm,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

shape! {
    /// An IAM user.
    "a user" User {
        /// The IAM path, `/` unless said otherwise.
        path: ExpandedText,
        /// A policy of this manifest, or an ARN, that bounds what the user can ever be allowed.
        permissions_boundary: ExpandedText,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Attached managed policies: names in this manifest, or ARNs.
        policies: Vec<ExpandedText>,
        /// Inline policies, by name.
        inline_policies: NamedMap<DocumentForm>,
        /// Removes policies that the manifest doesn't name.
        exclusive: Flag,
        /// Groups of this manifest that the user is a member of.
        groups: Vec<ExpandedText>,
        /// Removes the user from groups that the manifest doesn't name here.
        exclusive_groups: Flag,
        /// An access key, and where its secret goes.
        access_key: Located<AccessKey>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

shape! {
    /// An IAM group. Its members are the users that name it in `groups`.
    "a group" Group {
        /// The IAM path, `/` unless said otherwise.
        path: ExpandedText,
        /// Attached managed policies: names in this manifest, or ARNs.
        policies: Vec<ExpandedText>,
        /// Inline policies, by name.
        inline_policies: NamedMap<DocumentForm>,
        /// Removes policies that the manifest doesn't name.
        exclusive: Flag,
        /// Removes members that the manifest doesn't name.
        exclusive_members: Flag,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

shape! {
    /// An access key. Its secret is written to the places named here and nowhere else.
    "an access key" AccessKey {
        /// The profile of the AWS credentials and config files that gets the key.
        profile: ExpandedText,
        /// A file, relative to this one, in the form of the console's "Download .csv".
        csv: ExpandedText,
        /// A file that is encrypted with age for those who are to have the key.
        age: Located<AgeFile>,
        /// A program and its arguments, run without a shell, which gets the key as JSON on its
        /// standard input.
        command: Located<Vec<ExpandedText>>,
        /// The profile's output format, json unless said otherwise.
        output: ExpandedText,
        /// Overwrites a profile of that name that holds another key.
        replace_profile: Flag,
        /// The age at which another key takes its place, for example 90d.
        rotate_after: ExpandedText,
        /// The time for which an old key is kept, inactive and unused, before it is deleted. The
        /// default is 7d.
        retire_after: ExpandedText,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

shape! {
    /// A file that holds a key as JSON, encrypted with age.
    "an encrypted file" AgeFile {
        /// The file, relative to this one.
        file: ExpandedText,
        /// The public keys of age, age1…, of those that can read it.
        recipients: Vec<ExpandedText>,
    }
}

shape! {
    /// An IAM role.
    "a role" Role {
        /// The IAM path, `/` unless said otherwise. Changing it replaces the role.
        path: ExpandedText,
        /// The purpose of the role.
        description: ExpandedText,
        /// Seconds, 3600 to 43200.
        max_session_duration: Whole,
        /// Principals that may assume the role: services, accounts, users, roles, and users of
        /// identity providers; or a full trust policy document.
        trust: Located<Trust>,
        /// A policy of this manifest, or an ARN, that bounds what the role can ever be allowed.
        permissions_boundary: ExpandedText,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Attached managed policies: names in this manifest, or ARNs.
        policies: Vec<ExpandedText>,
        /// Inline policies, by name.
        inline_policies: NamedMap<DocumentForm>,
        /// Removes policies that the manifest doesn't name.
        exclusive: Flag,
        /// Puts the role into an instance profile, with which EC2 instances act as it: true for one
        /// of the role's name, or the name of one.
        instance_profile: Located<ProfileOfRole>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}
