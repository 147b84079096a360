//! Which reads answer which facets: pure functions from what is wanted and what is known.
//!
//! The resolver asks [`next_reads`] what to send, sends it, adds the answers to the [`Snapshot`], and asks again
//! until nothing is left; the kinds then look their facts up in the snapshot.

mod deletion;
mod iam;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::iam::{AccessKey, LastUsed, PolicyDetail, RoleDetail, UserDetail};
use super::{
    BucketRef, Failure, FailureKind, FileRead, FileReply, IamRead, LocalFile, Observed, Read, Reply, S3Read, S3Reply,
};

pub use deletion::{Belongings, Uses};

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
    /// When a user's key was last used.
    LastUsed {
        user: String,
        id: String,
    },
    /// What time it is.
    Clock,
    Role {
        role: String,
    },
    /// What else hangs on a user: keys, passwords, devices, groups. AWS deletes no user that has any of it.
    Belongings {
        user: String,
    },
    /// The instance profiles that a role is in.
    InstanceProfiles {
        role: String,
    },
    /// What uses a policy.
    Uses {
        arn: String,
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
    KeyAge {
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

/// The code of a fact that nobody asked for.
pub const NOT_READ: &str = "NotRead";

/// How to read: the whole manifest at once, or one object just before it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One `GetAccountAuthorizationDetails` for all users, roles and policies.
    Sweep,
    /// Only calls on the named objects.
    Targeted,
}

/// Everything that was asked, and what came back.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    known: BTreeMap<Read, Result<Reply, Failure>>,
}

/// Why a fact can't be told.
#[derive(Debug)]
enum Gap {
    Absent,
    Unknown(Failure),
    /// These answers are missing; with them it can be told, or the next question is known.
    Missing(BTreeSet<Read>),
}

/// One function finds a fact and tells what it still lacks: so [`next_reads`] and the lookups can't disagree.
type Found<T> = Result<T, Gap>;

impl Snapshot {
    pub fn add(&mut self, read: Read, answer: Result<Reply, Failure>) {
        self.known.insert(read, answer);
    }

    /// What it says of a user: itself, attached ARNs and inline policies.
    pub fn user(&self, user: &str) -> Observed<UserDetail> {
        observed(self.find_user(user, self.user_scope(user)))
    }

    /// Whole: with the description and session length of `GetRole` or `ListRoles`.
    pub fn role(&self, role: &str) -> Observed<RoleDetail> {
        observed(self.find_role(role, self.role_scope(role)))
    }

    /// Whole: with tags, description, all versions (the oldest first), and the default version's document. A sweep
    /// finds it by name, which is unique in the account whatever the path.
    pub fn policy(&self, arn: &str) -> Observed<PolicyDetail> {
        observed(self.find_policy(arn, self.policy_scope(arn)))
    }

    /// What hangs on a user besides its policies.
    pub fn belongings(&self, user: &str) -> Observed<Belongings> {
        observed(self.find_belongings(user))
    }

    pub fn instance_profiles(&self, role: &str) -> Observed<Vec<String>> {
        observed(self.find_instance_profiles(role))
    }

    pub fn uses(&self, arn: &str) -> Observed<Uses> {
        observed(self.find_uses(arn, self.policy_scope(arn)))
    }

    pub fn access_keys(&self, user: &str) -> Observed<Vec<AccessKey>> {
        observed(self.find_access_keys(user))
    }

    /// `Absent` for a key that is gone; `None` for one that was never used.
    pub fn last_used(&self, user: &str, id: &str) -> Observed<Option<LastUsed>> {
        observed(self.find_last_used(user, id))
    }

    /// When this was read.
    pub fn clock(&self) -> Observed<Timestamp> {
        observed(self.find_clock())
    }

    /// One aspect of a bucket; `Absent` where S3 says that it is not set (or there is no bucket).
    pub fn bucket(&self, bucket: &BucketRef, aspect: BucketAspect) -> Observed<S3Reply> {
        observed(self.find_bucket(bucket, aspect))
    }

    pub fn file(&self, read: &FileRead) -> Observed<FileReply> {
        observed(self.find_file(read.clone()))
    }

    fn answer(&self, read: Read) -> Found<&Reply> {
        match self.known.get(&read) {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(failure)) if failure.kind == FailureKind::NotFound => Err(Gap::Absent),
            Some(Err(failure)) => Err(Gap::Unknown(failure.clone())),
            None => Err(Gap::Missing(BTreeSet::from([read]))),
        }
    }

    /// `HeadBucket`'s 404 answers every question. S3 answers the others only in the region where the bucket is, which
    /// may be another than the declared one: `HeadBucket` tells it.
    fn find_bucket(&self, bucket: &BucketRef, aspect: BucketAspect) -> Found<S3Reply> {
        let head = self.s3(S3Read::HeadBucket(bucket.clone()));
        if matches!(head, Err(Gap::Absent)) || aspect == BucketAspect::Existence {
            return head;
        }
        let region = match head {
            Ok(S3Reply::Bucket { region }) if !region.is_empty() => region,
            _ => bucket.region.clone(),
        };
        self.s3(aspect.read(BucketRef { name: bucket.name.clone(), region }))
    }

    fn find_clock(&self) -> Found<Timestamp> {
        match self.answer(Read::Clock)? {
            Reply::Moment(moment) => Ok(*moment),
            _ => Err(unexpected(Read::Clock.action())),
        }
    }

    fn s3(&self, read: S3Read) -> Found<S3Reply> {
        let call = read.action();
        match self.answer(Read::S3(read))? {
            Reply::S3(reply) => Ok(reply.clone()),
            _ => Err(unexpected(call)),
        }
    }

    fn find_file(&self, read: FileRead) -> Found<FileReply> {
        let call = read.action();
        match self.answer(Read::File(read))? {
            Reply::File(reply) => Ok(reply.clone()),
            _ => Err(unexpected(call)),
        }
    }
}

impl BucketAspect {
    fn read(self, bucket: BucketRef) -> S3Read {
        match self {
            Self::Existence => S3Read::HeadBucket(bucket),
            Self::Tags => S3Read::GetBucketTagging(bucket),
            Self::Versioning => S3Read::GetBucketVersioning(bucket),
            Self::Encryption => S3Read::GetBucketEncryption(bucket),
            Self::PublicAccessBlock => S3Read::GetPublicAccessBlock(bucket),
            Self::Ownership => S3Read::GetBucketOwnershipControls(bucket),
            Self::Policy => S3Read::GetBucketPolicy(bucket),
            Self::Lifecycle => S3Read::GetBucketLifecycle(bucket),
            Self::Emptiness => S3Read::ListObjectVersions(bucket),
        }
    }
}

/// What to send next so that every facet can be answered; empty when all can. Called again after each round of answers:
/// a policy's default version is known only after `GetPolicy`, a denied sweep falls back to targeted reads.
pub fn next_reads(wanted: &BTreeSet<Facet>, known: &Snapshot, scope: Scope) -> BTreeSet<Read> {
    let missing = wanted.iter().flat_map(|facet| missing(facet, known, scope)).collect();
    match scope {
        Scope::Sweep => merge_roles(missing, known),
        Scope::Targeted => missing,
    }
}

fn missing(facet: &Facet, known: &Snapshot, scope: Scope) -> BTreeSet<Read> {
    match facet {
        Facet::User { user } => gap(known.find_user(user, scope)),
        Facet::AccessKeys { user } => gap(known.find_access_keys(user)),
        Facet::LastUsed { user, id } => gap(known.find_last_used(user, id)),
        Facet::Clock => gap(known.find_clock()),
        Facet::Role { role } => gap(known.find_role(role, scope)),
        Facet::Policy { arn } => gap(known.find_policy(arn, scope)),
        Facet::Belongings { user } => gap(known.find_belongings(user)),
        Facet::InstanceProfiles { role } => gap(known.find_instance_profiles(role)),
        Facet::Uses { arn } => gap(known.find_uses(arn, scope)),
        Facet::Bucket { bucket, aspect } => gap(known.find_bucket(bucket, *aspect)),
        Facet::Credentials { profile } => gap(known.find_file(FileRead::Credentials { profile: profile.clone() })),
        Facet::Profile { profile } => gap(known.find_file(FileRead::Profile { profile: profile.clone() })),
        Facet::KeyCsv { file } => gap(known.find_file(FileRead::KeyCsv { file: file.clone() })),
        Facet::KeyAge { file } => gap(known.find_file(FileRead::KeyAge { file: file.clone() })),
        Facet::Stage { file, stage } => {
            gap(known.find_file(FileRead::Stage { file: file.clone(), stage: stage.clone() }))
        }
    }
}

/// After a sweep `GetRole` is asked only for what `ListRoles` tells too, so that two of them are one `ListRoles`.
/// Without a sweep it isn't: `ListRoles` has neither tags nor boundary.
fn merge_roles(mut reads: BTreeSet<Read>, known: &Snapshot) -> BTreeSet<Read> {
    let list = Read::Iam(IamRead::ListRoles);
    let swept = known.answer(Read::Iam(IamRead::GetAccountAuthorizationDetails)).is_ok();
    let single = |read: &Read| matches!(read, Read::Iam(IamRead::GetRole { .. }));
    if swept && !known.known.contains_key(&list) && reads.iter().filter(|read| single(read)).count() > 1 {
        reads.retain(|read| !single(read));
        reads.insert(list);
    }
    reads
}

fn gap<T>(found: Found<T>) -> BTreeSet<Read> {
    match found {
        Err(Gap::Missing(reads)) => reads,
        Ok(_) | Err(Gap::Absent | Gap::Unknown(_)) => BTreeSet::new(),
    }
}

fn observed<T>(found: Found<T>) -> Observed<T> {
    match found {
        Ok(fact) => Observed::Present(fact),
        Err(Gap::Absent) => Observed::Absent,
        Err(Gap::Unknown(failure)) => Observed::Unknown(failure),
        Err(Gap::Missing(reads)) => {
            let call = reads.first().map_or("relayctl", Read::action);
            Observed::Unknown(Failure::new(FailureKind::Other, call, NOT_READ, "this was not asked for"))
        }
    }
}

/// Both facts. What decides one of them decides the pair, the first before the second: the rest need not be asked.
fn both<A, B>(one: Found<A>, other: Found<B>) -> Found<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Gap::Missing(mut reads)), Err(Gap::Missing(more))) => {
            reads.extend(more);
            Err(Gap::Missing(reads))
        }
        (Err(decided @ (Gap::Absent | Gap::Unknown(_))), _) | (_, Err(decided @ (Gap::Absent | Gap::Unknown(_)))) => {
            Err(decided)
        }
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
    }
}

fn unexpected(call: &str) -> Gap {
    Gap::Unknown(Failure::new(FailureKind::Other, call, "UnexpectedAnswer", "the answer does not fit the question"))
}
