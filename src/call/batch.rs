//! Which reads answer which facets: pure functions from what is wanted and what is known.
//!
//! The resolver asks [`next_reads`] what to send, sends it, adds the answers to the [`Snapshot`], and asks again
//! until nothing is left; the kinds then look their facts up in the snapshot.

use std::collections::{BTreeMap, BTreeSet};

use super::{BucketRef, Failure, LocalFile, Observed, Read, Reply};

/// Something that a kind wants to know about the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// The user, its tags and boundary, attached and inline policies.
    User {
        user: String,
    },
    AccessKeys {
        user: String,
    },
    Role {
        role: String,
    },
    /// The policy, its tags, description, versions and default document.
    Policy {
        arn: String,
    },
    Bucket {
        bucket: BucketRef,
        aspect: BucketAspect,
    },
    Credentials {
        profile: String,
    },
    Profile {
        profile: String,
    },
    KeyCsv {
        file: LocalFile,
    },
    Stage {
        file: LocalFile,
        stage: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketAspect {
    Existence,
    Tags,
    Versioning,
    Encryption,
    PublicAccessBlock,
    Ownership,
    Policy,
    Lifecycle,
    Emptiness,
}

/// How to read: the whole manifest at once, or one object just before it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One GetAccountAuthorizationDetails for all users, roles and policies.
    Sweep,
    /// Only calls on the named objects.
    Targeted,
}

/// Everything that was asked, and what came back.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    known: BTreeMap<Read, Result<Reply, Failure>>,
}

impl Snapshot {
    pub fn add(&mut self, read: Read, answer: Result<Reply, Failure>) {
        self.known.insert(read, answer);
    }

    /// What it says of a user: itself, attached ARNs and inline policies.
    pub fn user(&self, _user: &str) -> Observed<super::iam::UserDetail> {
        todo!()
    }

    /// Whole: with the description and session length of GetRole or ListRoles.
    pub fn role(&self, _role: &str) -> Observed<super::iam::RoleDetail> {
        todo!()
    }

    /// Whole: with tags, description, all versions, and the default version's document. A sweep finds it by name, which
    /// is unique in the account whatever the path.
    pub fn policy(&self, _arn: &str) -> Observed<super::iam::PolicyDetail> {
        todo!()
    }

    pub fn access_keys(&self, _user: &str) -> Observed<Vec<super::iam::AccessKey>> {
        todo!()
    }

    /// One aspect of a bucket; `Absent` where S3 says that it is not set (or there is no bucket).
    pub fn bucket(&self, _bucket: &BucketRef, _aspect: BucketAspect) -> Observed<super::S3Reply> {
        todo!()
    }

    pub fn file(&self, _read: &super::FileRead) -> Observed<super::FileReply> {
        todo!()
    }
}

/// What to send next so that every facet can be answered; empty when all can. Called again after each round of answers:
/// a policy's default version is known only after GetPolicy, a denied sweep falls back to targeted reads.
pub fn next_reads(_wanted: &BTreeSet<Facet>, _known: &Snapshot, _scope: Scope) -> BTreeSet<Read> {
    todo!()
}
