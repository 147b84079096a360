//! Computes the permissions for a state that is kept in S3.

use std::collections::BTreeMap;

use super::Job;
use crate::call::Permission;
use crate::model::Desired;
use crate::state::S3Place;

/// Returns the permissions to read the state, for a plan; and for jobs that change something also
/// to write it, its lock and its last good copy, and to clear its journal. A state on this machine
/// needs none.
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

    // Without ListBucket S3 answers 403, not 404, for a missing object. HeadBucket, which finds the
    // bucket's region, needs it, too.
    let mut needed = vec![on("s3:ListBucket", &bucket)];
    match job {
        // A plan does not read the lock.
        Job::Plan => needed.extend(objects[..3].iter().map(|object| on("s3:GetObject", object))),
        Job::Apply | Job::Destroy => {
            needed.extend(objects.iter().map(|object| on("s3:GetObject", object)));
            needed.extend(objects.iter().map(|object| on("s3:PutObject", object)));
            needed.push(on("s3:DeleteObject", &objects[2]));
        }
    }
    needed
}
