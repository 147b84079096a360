//! The shape of a manifest, and of its sections that are not resources.

use super::bucket::Bucket;
use super::identity::{Group, Policy, Role, User};
use super::instance_profile::InstanceProfile;
use super::oidc_provider::OidcProvider;
use super::zappa::ZappaSettings;
use crate::manifest::decode::{
    ExpandedText, Flag, Located, NamedMap, OneOrMany, UnreadVariable, Whole, shape,
};

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
        /// Values for all entries of a section, for what an entry doesn't say itself.
        #[expect(dead_code, reason = "laid under the entries before decoding; here for the schema \
            and for what no entry uses")]
        defaults: Defaults,
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
    /// Values for the entries of each section. An entry's own value takes the place of a default, a
    /// map is merged key by key, and null removes a default.
    #[expect(dead_code, reason = "laid under the entries before decoding")]
    "the defaults" Defaults {
        /// Fields of all policies.
        policies: Policy,
        /// Fields of all users.
        users: User,
        /// Fields of all groups.
        groups: Group,
        /// Fields of all roles.
        roles: Role,
        /// Fields of all instance profiles.
        instance_profiles: InstanceProfile,
        /// Fields of all OIDC providers.
        oidc_providers: OidcProvider,
        /// Fields of all buckets.
        buckets: Bucket,
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
