//! Objects in buckets, and their versions.

use relayctl::call::{S3Read, S3Reply, S3Write};

use super::world::{World, at, text, with_bucket};

fn emptiness(world: &World) -> S3Reply {
    world.look(S3Read::ListObjectVersions(at("relay-files")))
}

fn versioned(status: &str) -> S3Write {
    S3Write::PutBucketVersioning { bucket: at("relay-files"), status: text(status) }
}

#[test]
fn versions_and_delete_markers_count_as_content() {
    let world = with_bucket();
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 0, more: false });
    world.0.put_object("relay-files", "plain").unwrap();
    world.0.delete_object("relay-files", "plain").unwrap();
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 0, more: false });
    world.s3(versioned("Enabled"));
    world.0.delete_object("relay-files", "never-there").unwrap();
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 1, more: false });
}

#[test]
fn a_bucket_with_objects_cannot_be_deleted() {
    let world = with_bucket();
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    let failure = world.s3_refuses("BucketNotEmpty", S3Write::DeleteBucket(at("relay-files")));
    assert_eq!(failure.message, "The bucket you tried to delete is not empty");
}

#[test]
fn a_bucket_with_only_old_versions_cannot_be_deleted() {
    let world = with_bucket();
    world.s3(versioned("Enabled"));
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    world.0.delete_object("relay-files", "zappa.zip").unwrap();
    let failure = world.s3_refuses("BucketNotEmpty", S3Write::DeleteBucket(at("relay-files")));
    assert!(failure.message.ends_with("You must delete all versions in the bucket."), "{failure}");
}

#[test]
fn an_emptied_bucket_can_be_deleted_whatever_was_in_it() {
    let world = with_bucket();
    world.s3(versioned("Enabled"));
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    world.s3(versioned("Suspended"));
    world.0.delete_object("relay-files", "zappa.zip").unwrap();
    world.s3(S3Write::EmptyBucket(at("relay-files")));
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 0, more: false });
    world.s3(S3Write::DeleteBucket(at("relay-files")));
    world.s3_lacks("NotFound", S3Read::HeadBucket(at("relay-files")));
    world.s3_refuses("NoSuchBucket", S3Write::DeleteBucket(at("relay-files")));
}
