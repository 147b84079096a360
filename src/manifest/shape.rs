//! The shapes of a manifest (version 1): the fields that may stand in each place. The decoder and
//! the JSON Schema are made from these.

#![allow(
    clippy::doc_markdown,
    reason = "these are the schema's descriptions, which editors show as plain text"
)]

use schemars::JsonSchema;

use super::decode::{
    Declared, Decode, DocumentForm, ExpandedText, Flag, Free, Located, NamedMap, OneOrMany,
    UnreadVariable, Whole, shape, wrong_type,
};
use super::node::{Node, NodeContent};
use super::scope::DecodeScope;

shape! {
    /// A relayctl manifest: the AWS IAM and S3 resources that should exist.
    "a manifest" Manifest {
        /// The version of this format: 1.
        version: Whole,
        /// The name of this set of resources. It names the state, and is the ownership tag's value.
        name: ExpandedText,
        /// The AWS account, twelve digits in quotes; any other account is refused.
        account: ExpandedText,
        /// The AWS region, for example us-east-1.
        region: ExpandedText,
        /// The text that `${unique}` is made of, if it is not `name`. It keeps names with
        /// `${unique}` in them when the manifest gets another name.
        unique_name: ExpandedText,
        /// Tags for everything that takes tags.
        tags: NamedMap<ExpandedText>,
        /// Values for `${var.NAME}`.
        variables: NamedMap<UnreadVariable>,
        /// Another manifest, relative to this one, over which this one is laid.
        #[expect(dead_code, reason = "read before decoding; here for the schema and the list of \
            fields")]
        extends: ExpandedText,
        /// The place of the state: a path or a URL.
        state: ExpandedText,
        /// Encrypts the state and saved plans, so that only those can read them who have an
        /// identity.
        encryption: Located<StateEncryption>,
        /// IAM managed policies, by name.
        policies: NamedMap<Policy>,
        /// IAM users, by name.
        users: NamedMap<User>,
        /// IAM groups, by name.
        groups: NamedMap<Group>,
        /// IAM roles, by name.
        roles: NamedMap<Role>,
        /// IAM instance profiles, by name.
        instance_profiles: NamedMap<InstanceProfile>,
        /// OIDC providers, by the address of the issuer.
        oidc_providers: NamedMap<OidcProvider>,
        /// S3 buckets, by name.
        buckets: NamedMap<Bucket>,
        /// Stages of Zappa's settings file.
        zappa_settings: Located<ZappaSettings>,
        /// Actions that a user or role, `users.NAME` or `roles.NAME`, must or must not be able to
        /// do.
        checks: Vec<Located<NamedMap<Check>>>,
        /// The findings that `relayctl lint` accepts.
        lint: Lint,
        /// Brakes: a plan that goes over one of these is not saved and not applied.
        limits: Limits,
        /// Resources, or the whole manifest, that had another name before.
        moved: Vec<Located<Moved>>,
        /// Resources that left the manifest, and what becomes of them.
        removed: Vec<Located<Removed>>,
    }
}

shape! {
    /// A new name: `from` and `to` of one resource, or `from_manifest` alone.
    "a moved entry" Moved {
        /// The address that the resource had before, for example user.bob.
        from: ExpandedText,
        /// The address that it has now. Users and groups are renamed in place; policies, roles and
        /// buckets are made anew before the old one goes.
        to: ExpandedText,
        /// The name that this manifest had before.
        from_manifest: ExpandedText,
    }
}

shape! {
    /// A resource that is no longer declared.
    "a removed entry" Removed {
        /// Its address, for example bucket.logs.
        from: ExpandedText,
        /// false lets go of it: it stays in AWS, without relayctl's tags. true destroys it.
        destroy: Flag,
    }
}

shape! {
    /// Brakes on what one plan may do; `--override-limits` releases them.
    "limits" Limits {
        /// The number of resources that a plan may destroy. A replacement destroys one.
        max_destroy: Whole,
        /// The share of the recorded resources, in percent, that a plan may change, replace or
        /// destroy.
        max_change_percent: Whole,
    }
}

shape! {
    /// Encryption with age; whoever reads gives an identity in RELAYCTL_AGE_IDENTITY.
    "an encryption of the state" StateEncryption {
        /// The public keys of age, age1…, of those that can read it.
        recipients: Vec<ExpandedText>,
    }
}

shape! {
    /// Limits on what relayctl may do to a resource.
    "a lifecycle" Lifecycle {
        /// Makes a plan that would destroy or replace the resource an error.
        prevent_destroy: Flag,
        /// Fields whose values the manifest sets when it makes the resource, and then leaves to
        /// others: names of fields, `tags["KEY"]` for one tag, or all.
        ignore_changes: Vec<ExpandedText>,
    }
}

shape! {
    /// An assertion on access, judged by the policies of this manifest alone.
    "a check" Check {
        /// Actions, all of which it can do on all of the resources.
        can: Located<OneOrMany>,
        /// Actions, none of which it can do on any of the resources.
        cannot: Located<OneOrMany>,
        /// ARNs, also with `*` and `?` in them; `*` for everything.
        on: Located<OneOrMany>,
        /// Condition keys of the request, where conditions matter: {iam:PassedToService:
        /// lambda.amazonaws.com}.
        with: NamedMap<OneOrMany>,
    }
}

shape! {
    /// Settings of `relayctl lint`.
    "lint settings" Lint {
        /// Findings that are accepted.
        allow: Vec<Located<Silence>>,
    }
}

shape! {
    /// A finding that is accepted, and why.
    "an accepted finding" Silence {
        /// The rule that finds it.
        rule: ExpandedText,
        /// The resource, for example policy.NAME or role.NAME; `*` for all.
        on: ExpandedText,
        /// The reason to accept it.
        because: ExpandedText,
    }
}

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
        /// Principals that may assume the role: services, accounts, users and roles, or a full
        /// trust policy document.
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

shape! {
    /// An IAM instance profile, with which EC2 instances act as a role.
    "an instance profile" InstanceProfile {
        /// The IAM path, `/` unless said otherwise. Changing it replaces the instance profile.
        path: ExpandedText,
        /// The role in it: the name of a role of this manifest.
        role: ExpandedText,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

shape! {
    /// An OIDC provider: an issuer whose tokens roles may trust.
    "an OIDC provider" OidcProvider {
        /// The audiences that its tokens may be for, at most 100: sts.amazonaws.com for GitHub's.
        client_ids: Vec<ExpandedText>,
        /// SHA-1 thumbprints of the issuer's certificates, 40 hexadecimal digits each, at most 5.
        /// IAM needs them only where no well-known authority signed the certificate.
        thumbprints: Vec<ExpandedText>,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

/// The instance profile of a role.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ProfileOfRole {
    /// One of the role's name, or none.
    Own(bool),
    /// The name of one.
    Named(String),
}

impl Decode for ProfileOfRole {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.flag() {
            Some(flag) => Some(Self::Own(flag)),
            None => ExpandedText::decode(node, scope).map(|name| Self::Named(name.value)),
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

/// Principals that may assume a role.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Trust {
    Who(Trusted),
    Document(DocumentForm),
}

shape! {
    /// The short form of a trust policy: all of these may call sts:AssumeRole.
    "a short trust policy" Trusted {
        /// AWS services, for example lambda.amazonaws.com.
        services: Vec<ExpandedText>,
        /// AWS accounts, twelve digits in quotes.
        accounts: Vec<ExpandedText>,
        /// Users of this manifest, or ARNs.
        users: Vec<ExpandedText>,
        /// Roles of this manifest, or ARNs.
        roles: Vec<ExpandedText>,
    }
}

impl Decode for Trust {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        const OF_DOCUMENTS: [&str; 3] = ["Statement", "Version", "Id"];
        let full = |key: &str| OF_DOCUMENTS.iter().any(|known| known.eq_ignore_ascii_case(key));
        match &node.content {
            NodeContent::Map(entries) if !entries.iter().any(|entry| full(&entry.key)) => {
                Trusted::decode(node, scope).map(Self::Who)
            }
            NodeContent::Plain(_)
            | NodeContent::Text(_)
            | NodeContent::List(_)
            | NodeContent::Map(_) => DocumentForm::decode(node, scope).map(Self::Document),
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

shape! {
    /// An S3 bucket.
    "a bucket" Bucket {
        /// The manifest's region unless said otherwise. Changing it replaces the bucket.
        region: ExpandedText,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Keeps old versions of objects.
        versioning: Flag,
        /// The encryption of objects by S3: AES256, KMS, or an algorithm with its key.
        encryption: Located<EncryptionShape>,
        /// Public access is blocked in all four ways unless said otherwise.
        public_access_block: PublicAccessBlockShape,
        /// BucketOwnerEnforced (which new buckets get), BucketOwnerPreferred or ObjectWriter.
        ownership: ExpandedText,
        /// The bucket policy: a file, or inline.
        policy: DocumentForm,
        /// Lifecycle rules; or, as a map, what relayctl must not do to the bucket, with the rules
        /// in it.
        lifecycle: BucketLifecycle,
        /// Lets relayctl delete the bucket with all objects in it.
        force_destroy: Flag,
    }
}

/// S3 calls its rules for objects a lifecycle, and relayctl its own for resources.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum BucketLifecycle {
    Rules(Vec<Located<LifecycleRule>>),
    Full(FullLifecycle),
}

shape! {
    /// Actions that relayctl must not take on a bucket, and S3's rules for its objects.
    "a bucket's lifecycle" FullLifecycle {
        /// Makes a plan that would destroy or replace the bucket an error.
        prevent_destroy: Flag,
        /// Fields whose values the manifest sets when it makes the bucket, and then leaves to
        /// others: names of fields, `tags["KEY"]` for one tag, or all.
        ignore_changes: Vec<ExpandedText>,
        /// Lifecycle rules.
        rules: Vec<Located<LifecycleRule>>,
    }
}

impl BucketLifecycle {
    pub fn rules(&self) -> Option<&[Located<LifecycleRule>]> {
        match self {
            Self::Rules(rules) => Some(rules),
            Self::Full(full) => full.rules.as_deref(),
        }
    }

    pub fn prevent_destroy(&self) -> Option<&Flag> {
        match self {
            Self::Rules(_) => None,
            Self::Full(full) => full.prevent_destroy.as_ref(),
        }
    }

    pub fn ignore_changes(&self) -> Option<&Vec<ExpandedText>> {
        match self {
            Self::Rules(_) => None,
            Self::Full(full) => full.ignore_changes.as_ref(),
        }
    }
}

impl Decode for BucketLifecycle {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::Map(_) => FullLifecycle::decode(node, scope).map(Self::Full),
            NodeContent::Plain(_) | NodeContent::Text(_) | NodeContent::List(_) => {
                Vec::decode(node, scope).map(Self::Rules)
            }
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged, rename = "Encryption")]
pub enum EncryptionShape {
    Algorithm(ExpandedText),
    Full(FullEncryption),
}

shape! {
    /// An algorithm and its key.
    "an encryption" FullEncryption {
        /// AES256 or aws:kms.
        algorithm: ExpandedText,
        /// The id or ARN of a KMS key; without one, the account's aws/s3 key.
        kms_key: ExpandedText,
        /// An S3 bucket key, which makes KMS cheaper.
        bucket_key: Flag,
    }
}

impl Decode for EncryptionShape {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::Map(_) => FullEncryption::decode(node, scope).map(Self::Full),
            NodeContent::Text(_) => ExpandedText::decode(node, scope).map(Self::Algorithm),
            NodeContent::Plain(_) | NodeContent::List(_) => {
                wrong_type(
                    scope,
                    node,
                    "an encryption",
                    "write AES256, aws:kms, or {algorithm: aws:kms, kms_key: …}",
                );
                None
            }
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

/// S3 Block Public Access.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged, rename = "PublicAccessBlock")]
pub enum PublicAccessBlockShape {
    All(Flag),
    Each(EachBlock),
}

shape! {
    /// The four settings of S3 Block Public Access; each is on unless said otherwise.
    "a public access block" EachBlock {
        /// Refuses new public ACLs.
        block_public_acls: Flag,
        /// Ignores public ACLs.
        ignore_public_acls: Flag,
        /// Refuses new public bucket policies.
        block_public_policy: Flag,
        /// Lets only AWS services and this account use a bucket with a public policy.
        restrict_public_buckets: Flag,
    }
}

impl Decode for PublicAccessBlockShape {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::Map(_) => EachBlock::decode(node, scope).map(Self::Each),
            NodeContent::Plain(_) | NodeContent::Text(_) | NodeContent::List(_) => {
                Flag::decode(node, scope).map(Self::All)
            }
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

shape! {
    /// A rule of a bucket's lifecycle.
    "a lifecycle rule" LifecycleRule {
        /// Unique in the bucket.
        id: ExpandedText,
        /// true unless said otherwise.
        enabled: Flag,
        /// The objects that the rule is for: all unless said otherwise.
        prefix: ExpandedText,
        /// Deletes objects after so many days.
        expiration_days: Whole,
        /// Deletes old versions so many days after they were replaced.
        noncurrent_expiration_days: Whole,
        /// Aborts multipart uploads that are not complete after so many days.
        abort_multipart_days: Whole,
        /// Moves objects to other storage classes.
        transitions: Vec<Located<Transition>>,
    }
}

shape! {
    /// A move to another storage class.
    "a transition" Transition {
        /// Days after the object was made.
        days: Whole,
        /// STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER or DEEP_ARCHIVE.
        storage_class: ExpandedText,
    }
}

shape! {
    /// Stages that are written into Zappa's settings file; its other stages and keys stay as they
    /// are.
    "zappa settings" ZappaSettings {
        /// The file, relative to this one: .json, .toml, .yaml or .yml.
        file: ExpandedText,
        /// The stages, by name.
        stages: NamedMap<StageShape>,
    }
}

/// A stage: what relayctl fills in from the manifest, and settings for Zappa as they are.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename = "Stage")]
pub struct StageShape {
    /// A user of this manifest, whose profile becomes `profile_name`.
    pub user: Option<ExpandedText>,
    /// A role of this manifest, which becomes `role_name`.
    pub role: Option<ExpandedText>,
    /// A bucket of this manifest, which becomes `s3_bucket`.
    pub bucket: Option<ExpandedText>,
    #[schemars(flatten, with = "std::collections::BTreeMap<String, Free>")]
    pub settings: Vec<Declared<Free>>,
}

impl Decode for StageShape {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        const OURS: [&str; 3] = ["user", "role", "bucket"];
        let mut others = node.clone();
        if let NodeContent::Map(entries) = &mut others.content {
            *entries =
                entries.iter().filter(|entry| !OURS.contains(&&*entry.key)).cloned().collect();
        }
        let settings = NamedMap::<Free>::decode(&others, scope)?;
        Some(Self {
            user: super::decode::field(node, "user", scope),
            role: super::decode::field(node, "role", scope),
            bucket: super::decode::field(node, "bucket", scope),
            settings: settings.0,
        })
    }

    fn empty(_: &Node, _: &mut DecodeScope<'_>) -> Option<Self> {
        Some(Self::default())
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}
