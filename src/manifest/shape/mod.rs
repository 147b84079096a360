//! The shapes of a manifest (version 1): the fields that may stand in each place. The decoder and
//! the JSON Schema are made from these.

#![allow(
    clippy::doc_markdown,
    reason = "these are the schema's descriptions, which editors show as plain text"
)]

mod bucket;
mod identity;
mod instance_profile;
mod lifecycle;
mod manifest;
mod oidc_provider;
mod trust;
mod zappa;

pub use self::bucket::{
    Bucket, BucketLifecycle, EncryptionShape, FullEncryption, LifecycleRule,
    PublicAccessBlockShape, Transition,
};
pub use self::identity::{AccessKey, AgeFile, Group, Policy, Role, User};
pub use self::instance_profile::{InstanceProfile, ProfileOfRole};
pub use self::lifecycle::Lifecycle;
pub use self::manifest::{Check, Limits, Lint, Manifest, Moved, Removed, Silence, StateEncryption};
pub use self::oidc_provider::OidcProvider;
pub use self::trust::{
    Trust, Trusted, TrustedEks, TrustedGithub, TrustedGitlab, TrustedOidc, TrustedSaml,
};
pub use self::zappa::{StageShape, ZappaSettings};

#[cfg(test)]
mod tests;
