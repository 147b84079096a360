//! Access keys.

use futures::executor::block_on;
use relayctl::call::{FailureKind, IamRead, IamReply, IamWrite, NewKey, Reply, StepOutput, Write};
use relayctl::port::Provider;

use super::world::{ACCOUNT, create_user, new_key, text, with_user};

#[test]
fn a_new_key_has_an_id_and_a_secret_of_forty_characters() {
    let world = with_user();
    let (id, secret) = world.key("bob");
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(secret.chars().count(), 40);
    assert!(secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/'));
    assert_ne!(world.key("bob"), (id, secret));
}

#[test]
fn keys_are_listed_as_active_with_the_time_they_were_made() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let keys = world.keys("bob");
    assert_eq!((keys[0].id.as_str(), keys[0].status.as_str()), (id.as_str(), "Active"));
    assert!(keys[0].created.ends_with('Z') && keys[0].created.contains('T'), "{}", keys[0].created);
}

#[test]
fn a_third_key_exceeds_the_limit() {
    let world = with_user();
    world.key("bob");
    world.key("bob");
    let failure = world.iam_refuses("LimitExceeded", new_key("bob"));
    assert_eq!(failure.message, "Cannot exceed quota for AccessKeysPerUser: 2");
}

#[test]
fn a_key_can_be_deleted() {
    let world = with_user();
    let (id, _) = world.key("bob");
    world.iam(IamWrite::DeleteAccessKey { user: text("bob"), id });
    assert!(world.keys("bob").is_empty());
}

#[test]
fn a_key_that_is_not_the_users_cannot_be_deleted() {
    let world = with_user();
    world.iam(create_user("alice"));
    let (id, _) = world.key("alice");
    let delete = IamWrite::DeleteAccessKey { user: text("bob"), id: id.clone() };
    let failure = world.iam_refuses("NoSuchEntity", delete);
    assert_eq!(failure.message, format!("The Access Key with id {id} cannot be found."));
}

#[test]
fn a_key_can_be_deactivated_and_activated_again() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let update = |active| IamWrite::UpdateAccessKey { user: text("bob"), id: id.clone(), active };
    world.iam(update(false));
    assert_eq!(world.keys("bob")[0].status, "Inactive");
    world.iam(update(true));
    assert_eq!(world.keys("bob")[0].status, "Active");
    let other = IamWrite::UpdateAccessKey {
        user: text("bob"),
        id: text("AKIAOTHEROTHEROTHER2"),
        active: false,
    };
    world.iam_refuses("NoSuchEntity", other);
}

#[test]
fn a_key_proves_itself_while_it_is_there_and_active() {
    let world = with_user();
    let (id, secret) = world.key("bob");
    let prove = |id: &str, secret: &str| {
        let key = NewKey { user: text("bob"), id: text(id), secret: secret.to_owned().into() };
        let answer = block_on(
            world.0.write(&Write::ProveKey { user: text("bob") }, &StepOutput { key: Some(key) }),
        );
        match answer {
            Ok(Reply::Caller(caller)) => Ok(caller.arn),
            Err(failure) => Err((failure.kind, failure.code)),
            Ok(other) => panic!("{other:?}"),
        }
    };
    let refusal = |code: &str| Err((FailureKind::Credentials, text(code)));
    assert_eq!(prove(&id, &secret), Ok(format!("arn:aws:iam::{ACCOUNT}:user/bob")));
    assert_eq!(prove(&id, "another"), refusal("SignatureDoesNotMatch"));
    assert_eq!(prove("AKIAOTHEROTHEROTHER2", &secret), refusal("InvalidClientTokenId"));
    world.iam(IamWrite::UpdateAccessKey { user: text("bob"), id: id.clone(), active: false });
    assert_eq!(prove(&id, &secret), refusal("InvalidClientTokenId"));
}

#[test]
fn a_key_tells_when_it_was_last_used_and_for_what() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let used = || world.see(IamRead::GetAccessKeyLastUsed { user: text("bob"), id: id.clone() });
    assert!(matches!(used(), IamReply::LastUsed(None)));
    world.0.use_key(&id, "s3").unwrap();
    let IamReply::LastUsed(Some(first)) = used() else { panic!("{:?}", used()) };
    assert_eq!((first.service.as_str(), first.region.as_str()), ("s3", "us-east-1"));
    world.0.wait(86_400).unwrap();
    world.0.use_key(&id, "lambda").unwrap();
    let IamReply::LastUsed(Some(second)) = used() else { panic!("{:?}", used()) };
    assert!(second.at > first.at && second.service == "lambda", "{second:?}");
    world.iam_lacks(IamRead::GetAccessKeyLastUsed {
        user: text("bob"),
        id: text("AKIAOTHEROTHEROTHER2"),
    });
}
