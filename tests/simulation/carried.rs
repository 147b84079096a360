//! What others set on an object that is made anew: wherever a run is killed, an answer is lost or a
//! call is denied, the object in its place has it in the end.

use relayctl::call::{BucketRef, IamWrite, S3Write, Write};
use relayctl::event::Fault;
use relayctl::plan::PlanMode;
use relayctl::value::Tags;
use relayctl_faults::{FaultKind, Faults};
use serde_json::{Value, json};

use crate::kill_points::{self, Case, KILLS, LOSSES};
use crate::renames::{WHOLE, edited, must_succeed, proved};
use crate::support::world::{Ended, World};

const BOUNDARY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const DEPLOY: &str = "arn:aws:iam::123456789012:policy/Deploy";

fn cost() -> Tags {
    Tags::from([("cost-centre".to_owned(), "4711".to_owned())])
}

/// Others set on the role, the policy and the bucket all that they can.
fn touched(world: World) -> World {
    let role = || "runner".to_owned();
    let bucket = BucketRef { name: "relay-data-x".to_owned(), region: "us-east-1".to_owned() };
    let tags = world.contents()["buckets"]["relay-data-x"]["tags"].clone();
    let mut tags: Tags = serde_json::from_value(tags).expect("tags");
    tags.extend(cost());
    for write in [
        Write::Iam(IamWrite::TagRole { role: role(), tags: cost() }),
        Write::Iam(IamWrite::PutRolePermissionsBoundary { role: role(), arn: BOUNDARY.to_owned() }),
        Write::Iam(IamWrite::UpdateRole {
            role: role(),
            description: "theirs".to_owned(),
            max_session_duration: 7200,
        }),
        Write::Iam(IamWrite::TagPolicy { arn: DEPLOY.to_owned(), tags: cost() }),
        Write::S3(S3Write::PutBucketTagging { bucket, tags }),
    ] {
        world.others_do(&write);
    }
    world
}

/// An apply without faults leaves all of it on the new objects.
fn must_be_kept(world: &World, role: &str, policy: &str, bucket: &str) {
    let world = world.fork();
    must_succeed(&world.attempt(PlanMode::Apply, &Faults::none(), 1), "an apply");
    let contents = world.contents();
    let found = &contents["roles"][role];
    assert_eq!(found["boundary"], BOUNDARY);
    assert_eq!(found["description"], "theirs");
    assert_eq!(found["max_session_duration"], 7200);
    assert_eq!(found["tags"]["cost-centre"], "4711");
    assert_eq!(contents["policies"][policy]["tags"]["cost-centre"], "4711");
    assert_eq!(contents["buckets"][bucket]["tags"]["cost-centre"], "4711");
    assert!(!format!("{:?}", world.state()).contains("carried"), "it stays in the state");
}

fn renamed() -> String {
    let moved = "moved: [{from: policy.Deploy, to: policy.Release}, \
        {from: role.runner, to: role.worker}, \
        {from: bucket.relay-data-x, to: bucket.relay-data-y}]\n";
    WHOLE
        .replace("Deploy", "Release")
        .replace("runner", "worker")
        .replace("relay-data-x", "relay-data-y")
        + moved
}

#[test]
fn a_new_name_keeps_what_others_set_wherever_a_run_stops() {
    let world = touched(edited(&renamed()));
    must_be_kept(&world, "worker", "Release", "relay-data-y");
    proved("make anew what others have touched", world, 100);
}

/// The old object goes first, so access is missing in between, and what others set is in the state.
fn survives(case: &Case) {
    for parallelism in [1, 4] {
        for kinds in [&KILLS[..], &LOSSES[..], &[FaultKind::Deny]] {
            kill_points::proved(case, kinds, parallelism);
        }
    }
}

#[test]
fn a_name_in_another_case_keeps_what_others_set_wherever_a_run_stops() {
    let text = WHOLE.replace("Deploy", "deploy").replace("runner", "Runner");
    let world = touched(edited(&text));
    must_be_kept(&world, "Runner", "deploy", "relay-data-x");
    survives(&Case::new("another case of what others have touched", world, PlanMode::Apply));
}

#[test]
fn a_replacement_keeps_what_others_set_wherever_a_run_stops() {
    let text = WHOLE
        .replace(
            "{force_destroy: true, versioning: true}",
            "{force_destroy: true, region: eu-west-1}",
        )
        .replace("    trust:", "    path: /relay/\n    trust:");
    let world = touched(edited(&text));
    must_be_kept(&world, "runner", "Deploy", "relay-data-x");
    survives(&Case::new("replace what others have touched", world, PlanMode::Apply));
}

/// Between the plan and its apply somebody sets one thing more.
#[test]
fn a_new_object_is_not_made_without_what_was_set_since_the_plan() {
    for (section, old, new) in
        [("roles", "runner", "worker"), ("buckets", "relay-data-x", "relay-data-y")]
    {
        let world = touched(edited(&renamed()));
        let late = || Tags::from([("late".to_owned(), "1".to_owned())]);
        let meanwhile = || {
            let mut tags = late();
            let there = world.contents()[section][old]["tags"].clone();
            tags.extend(serde_json::from_value::<Tags>(there).expect("tags"));
            let name = || old.to_owned();
            world.others_do(&if section == "roles" {
                Write::Iam(IamWrite::TagRole { role: name(), tags })
            } else {
                let bucket = BucketRef { name: name(), region: "us-east-1".to_owned() };
                Write::S3(S3Write::PutBucketTagging { bucket, tags })
            });
        };
        let attempt = world.attempt_while(PlanMode::Apply, &Faults::none(), 1, &meanwhile);
        let Ended::Finished(outcome) = &attempt.ended else { panic!("{:#?}", attempt.ended) };
        let changed = |it: &Fault| matches!(it, Fault::Changed { .. });
        assert!(outcome.failed.iter().any(|(_, it)| changed(it)), "{outcome:#?}");
        assert_eq!(world.contents()[section][new], Value::Null, "{new} was made");
        must_succeed(&world.attempt(PlanMode::Apply, &Faults::none(), 1), new);
        assert_eq!(world.contents()[section][new]["tags"]["late"], json!("1"));
        assert_eq!(world.contents()[section][old], Value::Null);
    }
}
