//! What a state that is kept in S3 takes.

use std::collections::BTreeMap;

use super::Job;
use crate::call::Permission;
use crate::model::Desired;
use crate::state::S3Place;

/// Reading it, for a plan; for what changes something also writing it, its lock and its last good
/// copy, and clearing its journal. None for a state on this machine.
pub fn permissions(desired: &Desired, job: Job) -> Vec<Permission> {
    let url = desired.store.as_deref().unwrap_or_default();
    let Some(place) = S3Place::parse(url, &format!("{}.json", desired.name)) else {
        return Vec::new();
    };
    let bucket = format!("arn:{}:s3:::{}", desired.partition, place.bucket);
    let object = |suffix: &str| format!("{bucket}/{}{suffix}", place.key);
    let objects = ["", ".backup", ".journal/*", ".lock"].map(object);
    let on = |action, resource: &String| Permission {
        action,
        resource: resource.clone(),
        context: BTreeMap::new(),
    };

    // Without it S3 answers 403, not 404, for what isn't there. HeadBucket, which finds the
    // bucket's region, needs it too.
    let mut needed = vec![on("s3:ListBucket", &bucket)];
    match job {
        // A plan does not look at the lock.
        Job::Plan => needed.extend(objects[..3].iter().map(|object| on("s3:GetObject", object))),
        Job::Apply | Job::Destroy => {
            needed.extend(objects.iter().map(|object| on("s3:GetObject", object)));
            needed.extend(objects.iter().map(|object| on("s3:PutObject", object)));
            needed.push(on("s3:DeleteObject", &objects[2]));
        }
    }
    needed
}
