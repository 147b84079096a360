//! Others' changes to the account and to the files between runs.

use relayctl::call::{BucketRef, IamWrite, S3Write, Write};
use relayctl::provider::sandbox::UnmanagedObject;
use relayctl::value::Tags;
use relayctl_oracle::Dice;
use serde_json::json;

use super::generator::{self, BESIDE, BUCKETS, GROUPS, MANAGED, POLICIES, ROLES, USERS};
use crate::support::world::{STATE_TAG, World};

const FILES: [&str; 4] =
    ["credentials", "config", "manifests/u0.csv", "manifests/zappa_settings.json"];

#[derive(Clone, Debug)]
pub enum ExternalEvent {
    Call(Write),
    Hang(UnmanagedObject),
    Upload(&'static str),
    /// One of ours.
    DeleteKey(&'static str),
    /// With all that is on it and in it.
    DeleteGroup(&'static str),
    LoseFile(&'static str),
    /// A profile of this name that holds a key of theirs.
    TakeProfile(&'static str),
}

impl ExternalEvent {
    pub fn draw(dice: &mut Dice) -> Self {
        match dice.below(18) {
            14..18 => Self::Call(tag_ownership(dice)),
            0..3 => Self::Call(Write::Iam(on_user(dice))),
            3..5 => Self::Call(Write::Iam(on_role(dice))),
            5..7 => Self::Call(Write::Iam(on_policy(dice))),
            7 => Self::Call(Write::S3(on_bucket(dice))),
            8 => hang(dice),
            9 => Self::DeleteKey(one(dice, &USERS)),
            10 => Self::LoseFile(one(dice, &FILES)),
            11..13 => Self::Call(Write::Iam(on_group(dice))),
            13 if dice.one_in(3) => Self::DeleteGroup(one(dice, &GROUPS)),
            _ if dice.one_in(3) => Self::Upload(one(dice, &BUCKETS)),
            _ => Self::TakeProfile(one(dice, &USERS)),
        }
    }

    /// Skips impossible events.
    pub fn happens(&self, world: &World) {
        match self {
            Self::Call(write) => world.others_try(write),
            Self::Hang(thing) => drop(world.cloud.account.add(thing)),
            Self::Upload(bucket) => drop(world.cloud.account.put_object(bucket, "theirs")),
            Self::DeleteKey(user) => {
                let made = world.cloud.seen.lock().unwrap().made.clone();
                let contents = world.contents();
                let keys = contents["users"][user]["keys"].as_object().into_iter().flatten();
                for (id, _) in keys.filter(|(id, _)| made.contains(*id)).take(1) {
                    world.others_try(&Write::Iam(IamWrite::DeleteAccessKey {
                        user: (*user).to_owned(),
                        id: id.clone(),
                    }));
                }
            }
            Self::DeleteGroup(group) => delete_group(world, group),
            Self::LoseFile(name) => drop(std::fs::remove_file(world.path(name))),
            Self::TakeProfile(profile) => {
                let file = world.path("credentials");
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                if !text.contains(&format!("[{profile}]")) {
                    let theirs = format!(
                        "[{profile}]\naws_access_key_id = \
                            AKIATHEIRSTHEIRS2222\naws_secret_access_key = x\n"
                    );
                    std::fs::write(file, text + &theirs).expect("written");
                }
            }
        }
    }
}

fn one(dice: &mut Dice, names: &[&'static str]) -> &'static str {
    names[dice.below(names.len())]
}

fn theirs() -> Tags {
    Tags::from([("theirs".to_owned(), "1".to_owned())])
}

fn arn(policy: &str) -> String {
    format!("arn:aws:iam::123456789012:policy/{policy}")
}

fn any_arn(dice: &mut Dice) -> String {
    if dice.one_in(2) { one(dice, &MANAGED).to_owned() } else { arn(one(dice, &POLICIES)) }
}

fn on_user(dice: &mut Dice) -> IamWrite {
    let user = one(dice, &USERS).to_owned();
    let inline = one(dice, &["i0", "theirs"]).to_owned();
    match dice.below(10) {
        0 => IamWrite::CreateUser { user, path: "/".to_owned(), boundary: None, tags: theirs() },
        1 => IamWrite::DeleteUser { user },
        2 => IamWrite::TagUser { user, tags: theirs() },
        3 => IamWrite::UntagUser {
            user,
            keys: vec!["stage".to_owned(), "relayctl:manifest".to_owned()],
        },
        4 => IamWrite::AttachUserPolicy { user, arn: any_arn(dice) },
        5 => IamWrite::DetachUserPolicy { user, arn: any_arn(dice) },
        6 => IamWrite::PutUserPolicy {
            user,
            policy: inline,
            document: generator::document(dice).into(),
        },
        7 => IamWrite::DeleteUserPolicy { user, policy: inline },
        8 => IamWrite::UpdateUser { user, path: one(dice, &generator::PATHS).to_owned() },
        _ => IamWrite::CreateAccessKey { user },
    }
}

fn on_role(dice: &mut Dice) -> IamWrite {
    let role = one(dice, &ROLES).to_owned();
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]});
    let inline = one(dice, &["i0", "theirs"]).to_owned();
    match dice.below(8) {
        0 => IamWrite::CreateRole {
            role,
            path: "/".to_owned(),
            description: None,
            max_session_duration: None,
            trust: trust.into(),
            boundary: None,
            tags: theirs(),
        },
        1 => IamWrite::DeleteRole { role },
        2 => IamWrite::UpdateAssumeRolePolicy { role, trust: trust.into() },
        3 => IamWrite::AttachRolePolicy { role, arn: any_arn(dice) },
        4 => IamWrite::DetachRolePolicy { role, arn: any_arn(dice) },
        5 => IamWrite::PutRolePolicy {
            role,
            policy: inline,
            document: generator::document(dice).into(),
        },
        6 => IamWrite::TagRole { role, tags: theirs() },
        _ => IamWrite::UpdateRole {
            role,
            description: "theirs".to_owned(),
            max_session_duration: 3600,
        },
    }
}

fn on_group(dice: &mut Dice) -> IamWrite {
    let group = one(dice, &["g0", "g1", "staff"]).to_owned();
    let user = one(dice, &USERS).to_owned();
    let inline = one(dice, &["i0", "theirs"]).to_owned();
    match dice.below(9) {
        0 => IamWrite::CreateGroup { group, path: "/".to_owned() },
        1 | 2 => IamWrite::AddUserToGroup { user, group },
        3 | 4 => IamWrite::RemoveUserFromGroup { user, group },
        5 => IamWrite::AttachGroupPolicy { group, arn: any_arn(dice) },
        6 => IamWrite::DetachGroupPolicy { group, arn: any_arn(dice) },
        7 => IamWrite::PutGroupPolicy {
            group,
            policy: inline,
            document: generator::document(dice).into(),
        },
        _ => IamWrite::UpdateGroup { group, path: one(dice, &generator::PATHS).to_owned() },
    }
}

fn delete_group(world: &World, name: &str) {
    let contents = world.contents();
    let listed = |part: &str| {
        let part = &contents["groups"][name][part];
        let names =
            part.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned));
        names
            .chain(part.as_object().into_iter().flatten().map(|(name, _)| name.clone()))
            .collect::<Vec<_>>()
    };
    let group = || name.to_owned();
    let members = listed("members")
        .into_iter()
        .map(|user| IamWrite::RemoveUserFromGroup { user, group: group() });
    let attached = listed("attached")
        .into_iter()
        .map(|arn| IamWrite::DetachGroupPolicy { group: group(), arn });
    let inline = listed("inline")
        .into_iter()
        .map(|policy| IamWrite::DeleteGroupPolicy { group: group(), policy });
    for write in
        members.chain(attached).chain(inline).chain([IamWrite::DeleteGroup { group: group() }])
    {
        world.others_try(&Write::Iam(write));
    }
}

fn on_policy(dice: &mut Dice) -> IamWrite {
    let policy = one(dice, &POLICIES).to_owned();
    match dice.below(5) {
        0 => IamWrite::CreatePolicy {
            policy,
            path: "/".to_owned(),
            description: None,
            document: generator::document(dice).into(),
            tags: theirs(),
        },
        1 => IamWrite::DeletePolicy { arn: arn(&policy) },
        2 => IamWrite::TagPolicy { arn: arn(&policy), tags: theirs() },
        _ => IamWrite::CreatePolicyVersion {
            arn: arn(&policy),
            document: generator::document(dice).into(),
        },
    }
}

/// The tags by which it is told whose an object is: of another manifest, of another state, of this
/// one again, or of nobody.
fn tag_ownership(dice: &mut Dice) -> Write {
    let owner = *dice.pick(&[BESIDE, BESIDE, "nobody", "seeds", "seeds"]);
    let state = match owner {
        "seeds" if dice.one_in(2) => "of-another",
        _ => STATE_TAG,
    };
    let tags: Tags = [("relayctl:manifest", owner), ("relayctl:state", state)]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
    let keys = || tags.keys().take(if owner == "seeds" { 2 } else { 1 }).cloned().collect();
    let goes = dice.one_in(4);
    Write::Iam(match dice.below(7) {
        0..3 => {
            let user = one(dice, &["u0", "u1", "u2", "u3"]).to_owned();
            if goes {
                IamWrite::UntagUser { user, keys: keys() }
            } else {
                IamWrite::TagUser { user, tags }
            }
        }
        3..5 => {
            let role = one(dice, &["r0", "r1", "r2"]).to_owned();
            if goes {
                IamWrite::UntagRole { role, keys: keys() }
            } else {
                IamWrite::TagRole { role, tags }
            }
        }
        5 => {
            let arn = arn(one(dice, &["p0", "p1", "p2", "p3"]));
            if goes {
                IamWrite::UntagPolicy { arn, keys: keys() }
            } else {
                IamWrite::TagPolicy { arn, tags }
            }
        }
        _ => {
            let bucket =
                BucketRef { name: one(dice, &BUCKETS).to_owned(), region: "us-east-1".to_owned() };
            let tags = if goes { theirs() } else { tags };
            return Write::S3(S3Write::PutBucketTagging { bucket, tags });
        }
    })
}

fn on_bucket(dice: &mut Dice) -> S3Write {
    let bucket = BucketRef { name: one(dice, &BUCKETS).to_owned(), region: "us-east-1".to_owned() };
    match dice.below(5) {
        0 => S3Write::CreateBucket { bucket, ownership: "BucketOwnerEnforced".to_owned() },
        1 => S3Write::DeleteBucket(bucket),
        2 => S3Write::PutBucketTagging { bucket, tags: theirs() },
        3 => S3Write::DeleteBucketPolicy(bucket),
        _ => S3Write::PutBucketVersioning { bucket, status: "Enabled".to_owned() },
    }
}

fn hang(dice: &mut Dice) -> ExternalEvent {
    let user = one(dice, &USERS).to_owned();
    ExternalEvent::Hang(match dice.below(5) {
        0 => UnmanagedObject::LoginProfile { user },
        1 => UnmanagedObject::SshKey { user, id: "APKATHEIRS".to_owned() },
        2 => UnmanagedObject::Member { group: one(dice, &["staff", "g0"]).to_owned(), user },
        3 => UnmanagedObject::GroupPolicy {
            group: "staff".to_owned(),
            arn: one(dice, &MANAGED).to_owned(),
        },
        _ => UnmanagedObject::InstanceProfile {
            profile: "theirs".to_owned(),
            role: one(dice, &ROLES).to_owned(),
        },
    })
}
