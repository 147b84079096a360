//! The objects in a bucket, as far as they affect the bucket's deletion: keys, versions and delete
//! markers.

use super::records::{BucketRecord, ObjectRecord};

pub(super) fn put_object(bucket: &mut BucketRecord, key: &str) {
    add(bucket, key, false);
}

/// Deletes an object. Without versioning the object is gone; with versioning a delete marker hides
/// it. In a bucket with suspended versioning the marker takes the place of the version `null`.
pub(super) fn delete(bucket: &mut BucketRecord, key: &str) {
    if bucket.versioning.is_empty() {
        bucket.objects.retain(|object| object.key != key);
    } else {
        add(bucket, key, true);
    }
}

fn add(bucket: &mut BucketRecord, key: &str, marker: bool) {
    let null_version = bucket.versioning != "Enabled";
    if null_version {
        bucket.objects.retain(|object| object.key != key || !object.null_version);
    }
    bucket.objects.push(ObjectRecord { key: key.to_owned(), marker, null_version });
}
