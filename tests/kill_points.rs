//! Every kill point: wherever a run is killed, or an answer is lost, the next run ends where one ends that nothing
//! happened to.

mod support;

use std::time::Duration;

use relayctl::call::iam::IamWrite;
use relayctl::call::{BucketRef, S3Write, Write};
use relayctl::plan::Mode;
use relayctl_faults::{FaultKind, Faults, PlannedFault, ReplicationLag, Seam};
use support::world::{Ended, World};

const KILLS: [FaultKind; 2] = [FaultKind::KillBefore, FaultKind::KillAfter];
const LOSSES: [FaultKind; 2] = [FaultKind::LoseRequest, FaultKind::LoseAnswer];

/// What a run starts from, and what it does.
struct Case {
    name: &'static str,
    before: World,
    mode: Mode,
}

impl Case {
    fn new(name: &'static str, before: World, mode: Mode) -> Self {
        Self { name, before, mode }
    }

    /// Every place that a run passes, with every kind of fault.
    fn planned(&self, kinds: &[FaultKind], parallelism: usize) -> (Vec<PlannedFault>, World) {
        let world = self.before.fork();
        let faults = Faults::none();
        let ended = world.run(self.mode, &faults, parallelism);
        assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{}: {ended:#?}", self.name);
        let mut planned = Vec::new();
        for seam in [Seam::Call, Seam::File, Seam::Save] {
            let all = (1..=faults.passed(seam)).flat_map(|nth| kinds.iter().map(move |kind| (nth, *kind)));
            planned.extend(all.map(|(nth, kind)| PlannedFault { seam, nth, kind }));
        }
        (planned, world)
    }

    fn survives(&self, fault: PlannedFault, parallelism: usize) -> World {
        let place = format!("{}, {fault:?}, {parallelism} at once", self.name);
        let world = self.before.fork();
        let first = world.run(self.mode, &Faults::of([fault]), parallelism);
        assert_eq!(matches!(first, Ended::Killed), KILLS.contains(&fault.kind), "{place}: {first:#?}");
        let again = world.run(self.mode, &Faults::none(), parallelism);
        assert!(
            matches!(&again, Ended::Finished(outcome) if outcome.succeeded()),
            "{place}: the next run does not finish:\nfirst {first:#?}\nthen {again:#?}"
        );
        world
    }

    /// How many places there were.
    fn proved(&self, kinds: &[FaultKind], parallelism: usize) -> usize {
        let (planned, unharmed) = self.planned(kinds, parallelism);
        unharmed.must_be_sound(self.mode, self.name);
        let expected = unharmed.end();
        for fault in &planned {
            let world = self.survives(*fault, parallelism);
            let place = format!("{}, {fault:?}", self.name);
            world.must_be_sound(self.mode, &place);
            assert_eq!(pretty(&world.end()), pretty(&expected), "{place}: it ends elsewhere");
            assert_eq!(world.foreign(), self.before.foreign(), "{place}: something foreign was touched");
        }
        planned.len()
    }

    /// From each write on, the account is seen for a while as it was before it: by this run, which may be killed before the
    /// key reaches its file, and by the next one.
    fn proved_lagging(&self, parallelism: usize) -> usize {
        let (world, counted) = (self.before.fork(), Faults::none());
        world.run(self.mode, &counted, parallelism);
        let expected = without_history(world.end());
        let lag = FaultKind::Lag(ReplicationLag { reads: usize::MAX, time: Duration::from_secs(4) });
        let kill = PlannedFault { seam: Seam::File, nth: 1, kind: FaultKind::KillBefore };
        let places = (1..=counted.passed(Seam::Call)).flat_map(|nth| [(nth, None), (nth, Some(kill))]);
        for (nth, kill) in places.clone() {
            let place = format!("{}, lagging from write {nth}, {kill:?}, {parallelism} at once", self.name);
            let world = self.before.fork();
            let faults = Faults::of([PlannedFault { seam: Seam::Call, nth, kind: lag }].into_iter().chain(kill));
            let ends = [(); 2].map(|()| world.attempt(self.mode, &faults, parallelism).ended);
            for _ in 0..2 {
                world.attempt(self.mode, &Faults::none(), parallelism);
            }
            world.must_be_sound(self.mode, &format!("{place}: {ends:#?}"));
            let end = without_history(world.end());
            assert!(end == expected, "{place}: it ends elsewhere: {}\n{ends:#?}", pretty(&end));
            assert_eq!(world.foreign(), self.before.foreign(), "{place}: something foreign was touched");
        }
        places.count()
    }
}

/// Who does not see the new version of a policy makes another one just like it.
fn without_history(mut end: serde_json::Value) -> serde_json::Value {
    for (_, policy) in end["account"]["policies"].as_object_mut().into_iter().flatten() {
        let default = policy["default_version"].to_string();
        policy["versions"] = policy["versions"][default].take();
        policy["default_version"].take();
        policy["last_version"].take();
    }
    end
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

fn proved(case: &Case, kinds: &[FaultKind], parallelism: usize) {
    let count = case.proved(kinds, parallelism);
    assert!(count >= 20, "{}: only {count} places were found", case.name);
    println!("{}, {parallelism} at once: {count} places, {kinds:?}", case.name);
}

/// A run of one step passes few places.
fn few(case: &Case, kinds: &[FaultKind]) {
    let count = case.proved(kinds, 1);
    assert!(count >= 6, "{}: only {count} places were found", case.name);
    println!("{}: {count} places, {kinds:?}", case.name);
}

fn everywhere(case: &Case) {
    proved(case, &KILLS, 1);
    proved(case, &LOSSES, 1);
}

fn applied(manifest: &str) -> World {
    let world = World::of(manifest);
    finished(&world);
    world
}

/// The applied sample with a key that is in a file, too.
fn with_csv() -> World {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    let ended = world.run(Mode::Apply, &Faults::none(), 4);
    assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{ended:#?}");
    world
}

#[test]
fn a_first_apply_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply dev", World::of("dev.yaml"), Mode::Apply));
}

#[test]
fn a_first_apply_with_four_steps_at_once_survives_every_kill() {
    let case = Case::new("apply dev", World::of("dev.yaml"), Mode::Apply);
    proved(&case, &KILLS, 4);
    proved(&case, &LOSSES, 4);
}

#[test]
fn a_first_apply_of_production_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply prod", World::of("prod.yaml"), Mode::Apply));
}

#[test]
fn a_key_with_a_csv_too_survives_every_kill_and_every_lost_answer() {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    everywhere(&Case::new("apply dev with a csv", world, Mode::Apply));
}

#[test]
fn a_key_in_an_encrypted_file_too_survives_every_kill_and_every_lost_answer() {
    let world = World::of("dev.yaml");
    let recipient = age::x25519::Identity::generate().to_public();
    let sink = format!("age: {{file: serverless.age, recipients: [{recipient}]}}");
    world.edit("dev.yaml", "# csv: serverless.csv", &sink);
    everywhere(&Case::new("apply dev with an encrypted file", world, Mode::Apply));
}

#[test]
fn a_key_that_leaves_its_csv_survives_every_kill_and_every_lost_answer() {
    let world = with_csv();
    world.edit("dev.yaml", "csv: serverless.csv", "# no csv");
    everywhere(&Case::new("a key that leaves its csv", world, Mode::Apply));
}

#[test]
fn a_key_goes_although_its_user_is_tagged_again_just_before() {
    let world = applied("dev.yaml");
    world.edit("dev.yaml", "    access_key:", "    tags: {role: deploys}\n    # access_key:");
    world.edit("dev.yaml", "      profile: serverless\n", "");
    world.edit("dev.yaml", "      output: json\n", "");
    world.edit("dev.yaml", "      user: serverless\n", "");
    let keys = vec!["relayctl:manifest".to_owned()];
    world.others_do(&Write::Iam(IamWrite::UntagUser { user: "serverless".to_owned(), keys }));
    let ended = world.run(Mode::Apply, &Faults::none(), 4);
    assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{ended:#?}");
}

#[test]
fn a_removal_of_what_an_interrupted_run_left_survives_every_kill_and_every_lost_answer() {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    // The key is in the csv, and not in the profile.
    let kill = PlannedFault { seam: Seam::File, nth: 1, kind: FaultKind::KillAfter };
    assert!(matches!(world.run(Mode::Apply, &Faults::of([kill]), 1), Ended::Killed));
    everywhere(&Case::new("an apply after an interrupted one", world, Mode::Apply));
}

/// The key is taken back, but not out of the file that it is in already, or so it seems.
#[test]
fn a_key_that_goes_nowhere_and_cannot_be_taken_back_leaves_nothing_in_the_way_of_the_next() {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    let case = Case::new("apply dev with a csv, two losses", world, Mode::Apply);
    let unharmed = case.planned(&LOSSES, 1).1;
    for (first, second) in LOSSES.into_iter().flat_map(|first| LOSSES.map(|second| (first, second))) {
        for (nth, then) in [(1, 2), (2, 3), (2, 4)] {
            let world = case.before.fork();
            let kinds = [(nth, first), (then, second)].map(|(nth, kind)| PlannedFault { seam: Seam::File, nth, kind });
            let ended = world.run(Mode::Apply, &Faults::of(kinds), 1);
            assert!(matches!(&ended, Ended::Finished(outcome) if !outcome.succeeded()), "{kinds:?}: {ended:?}");
            let again = world.run(Mode::Apply, &Faults::none(), 1);
            assert!(matches!(&again, Ended::Finished(outcome) if outcome.succeeded()), "{kinds:?}: {again:#?}");
            world.must_be_sound(Mode::Apply, &format!("{kinds:?}"));
            assert_eq!(pretty(&world.end()), pretty(&unharmed.end()), "{kinds:?}");
        }
    }
}

#[test]
fn nothing_is_made_twice_while_the_account_is_seen_as_it_was() {
    let mut drifted = drifted();
    let mut cases = vec![
        Case::new("apply dev", World::of("dev.yaml"), Mode::Apply),
        Case::new("apply prod", World::of("prod.yaml"), Mode::Apply),
        Case::new("destroy dev", applied("dev.yaml"), Mode::Destroy),
        Case::new("replace in dev", replacing(), Mode::Apply),
        Case::new("apply dev over drift", drifted.fork(), Mode::Apply),
    ];
    drifted.forget();
    cases.push(Case::new("apply dev without its state", drifted, Mode::Apply));
    let count: usize = cases.iter().map(|case| case.proved_lagging(1)).sum::<usize>() + cases[0].proved_lagging(4);
    assert!(count >= 100, "only {count} places were found");
    println!("{count} places from which the account lags behind");
}

#[test]
fn the_least_privileged_stage_and_the_end_of_production_survive_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply least-privilege", World::of("least-privilege.yaml"), Mode::Apply));
    everywhere(&Case::new("destroy prod", applied("prod.yaml"), Mode::Destroy));
}

#[test]
fn a_destroy_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("destroy dev", applied("dev.yaml"), Mode::Destroy));
}

#[test]
fn a_replacement_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("replace in dev", replacing(), Mode::Apply));
}

fn replacing() -> World {
    let world = applied("dev.yaml");
    // The key goes into another profile, and the role and a policy to another path: all three are made anew.
    world.edit("dev.yaml", "profile: serverless", "profile: elsewhere");
    world.edit("dev.yaml", "    trust:\n", "    path: /relay/\n    trust:\n");
    world.edit("dev.yaml", "  ZappaLambdaExecutionPolicy:\n", "  ZappaLambdaExecutionPolicy:\n    path: /relay/\n");
    world
}

/// A key that has become too old.
fn aged(csv: bool) -> World {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "profile: serverless", "profile: serverless\n      rotate_after: 90d");
    if csv {
        world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    }
    finished(&world);
    world.wait(97);
    world
}

fn finished(world: &World) {
    let ended = world.run(Mode::Apply, &Faults::none(), 4);
    assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{ended:#?}");
}

#[test]
fn a_rotation_survives_every_kill_and_every_lost_answer() {
    let case = Case::new("rotate the key", aged(false), Mode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
}

#[test]
fn a_rotation_of_a_key_with_a_csv_too_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("rotate a key with a csv", aged(true), Mode::Apply));
}

#[test]
fn a_destroy_after_a_rotation_that_was_killed_leaves_nothing() {
    let case = Case::new("rotate a key with a csv, then destroy", aged(true), Mode::Apply);
    let (planned, unharmed) = case.planned(&KILLS, 1);
    let destroyed = |world: &World, place: &str| {
        let ended = world.run(Mode::Destroy, &Faults::none(), 1);
        assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{place}: {ended:#?}");
        world.must_be_sound(Mode::Destroy, place);
        world.end()
    };
    let expected = destroyed(&unharmed, case.name);
    for fault in planned {
        let place = format!("{}, {fault:?}", case.name);
        let world = case.before.fork();
        assert!(matches!(world.run(Mode::Apply, &Faults::of([fault]), 1), Ended::Killed), "{place}");
        assert_eq!(pretty(&destroyed(&world, &place)), pretty(&expected), "{place}: it ends elsewhere");
    }
}

#[test]
fn the_deletion_of_a_retired_key_survives_every_kill_and_every_lost_answer() {
    let world = aged(false);
    finished(&world);
    world.wait(8);
    let case = Case::new("delete a retired key", world, Mode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
}

#[test]
fn a_destroy_with_a_retired_key_survives_every_kill_and_every_lost_answer() {
    let world = aged(true);
    finished(&world);
    everywhere(&Case::new("destroy with a retired key", world, Mode::Destroy));
}

#[test]
fn an_apply_over_drift_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply dev over drift", drifted(), Mode::Apply));
}

#[test]
fn an_apply_without_its_state_survives_every_kill_and_every_lost_answer() {
    let mut world = drifted();
    world.forget();
    everywhere(&Case::new("apply dev without its state", world, Mode::Apply));
}

/// The applied sample after others have been at it.
fn drifted() -> World {
    let world = applied("dev.yaml");
    let arn = |policy: &str| format!("arn:aws:iam::123456789012:policy/{policy}");
    let user = || "serverless".to_owned();
    let role = || "tr-serverless-relay-ZappaLambdaExecutionRole".to_owned();
    let bucket = BucketRef { name: world.bucket(), region: "us-east-1".to_owned() };
    let tags = [("stage".to_owned(), "changed".to_owned()), ("extra".to_owned(), "1".to_owned())];
    let statement = serde_json::json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]);
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": statement});
    for write in [
        Write::Iam(IamWrite::DetachUserPolicy { user: user(), arn: arn("ZappaLambdaDeploymentPolicy") }),
        Write::Iam(IamWrite::TagUser { user: user(), tags: tags.into() }),
        Write::Iam(IamWrite::DetachRolePolicy { role: role(), arn: arn("ZappaLambdaExecutionPolicy") }),
        Write::Iam(IamWrite::DeleteRole { role: role() }),
        Write::Iam(IamWrite::CreatePolicyVersion { arn: arn("ZappaLambdaExecutionPolicy"), document: document.into() }),
        Write::S3(S3Write::PutBucketVersioning { bucket, status: "Enabled".to_owned() }),
        // Somebody's own key on our user: it stays.
        Write::Iam(IamWrite::CreateAccessKey { user: user() }),
    ] {
        world.others_do(&write);
    }
    world.lose_file("config");
    world
}
