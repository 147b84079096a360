//! Every kill point: wherever a run is killed, or an answer is lost, the next run ends where one
//! ends that nothing happened to.

use std::time::Duration;

use relayctl::call::iam::IamWrite;
use relayctl::call::{BucketRef, S3Write, Write};
use relayctl::model::Status;
use relayctl::plan::PlanMode;
use relayctl_faults::{FaultKind, Faults, PlannedFault, ReplicationLag, Seam};

use crate::support::world::{Ended, World};

pub const KILLS: [FaultKind; 2] = [FaultKind::KillBefore, FaultKind::KillAfter];
pub const LOSSES: [FaultKind; 2] = [FaultKind::LoseRequest, FaultKind::LoseAnswer];

/// A run with its starting point.
pub struct Case {
    pub name: &'static str,
    pub before: World,
    pub mode: PlanMode,
}

impl Case {
    pub fn new(name: &'static str, before: World, mode: PlanMode) -> Self {
        Self { name, before, mode }
    }

    /// Every place that a run passes, with every kind of fault.
    pub fn planned(&self, kinds: &[FaultKind], parallelism: usize) -> (Vec<PlannedFault>, World) {
        let world = self.before.fork();
        let faults = Faults::none();
        let ended = world.run(self.mode, &faults, parallelism);
        assert!(
            matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()),
            "{}: {ended:#?}",
            self.name
        );
        let mut planned = Vec::new();
        for seam in [Seam::Call, Seam::File, Seam::Save] {
            let all = (1..=faults.passed(seam))
                .flat_map(|nth| kinds.iter().map(move |kind| (nth, *kind)));
            planned.extend(all.map(|(nth, kind)| PlannedFault { seam, nth, kind }));
        }
        (planned, world)
    }

    pub fn survives(&self, fault: PlannedFault, parallelism: usize) -> World {
        let place = format!("{}, {fault:?}, {parallelism} at once", self.name);
        let world = self.before.fork();
        let first = world.run(self.mode, &Faults::of([fault]), parallelism);
        assert_eq!(
            matches!(first, Ended::Killed),
            KILLS.contains(&fault.kind),
            "{place}: {first:#?}"
        );
        let again = world.run(self.mode, &Faults::none(), parallelism);
        assert!(
            matches!(&again, Ended::Finished(outcome) if outcome.succeeded()),
            "{place}: the next run does not finish:\nfirst {first:#?}\nthen {again:#?}"
        );
        world
    }

    /// Returns the number of places.
    fn proved(&self, kinds: &[FaultKind], parallelism: usize) -> usize {
        let (planned, unharmed) = self.planned(kinds, parallelism);
        unharmed.must_be_sound(self.mode, self.name);
        let expected = unharmed.end();
        for fault in &planned {
            let world = self.survives(*fault, parallelism);
            let place = format!("{}, {fault:?}", self.name);
            world.must_be_sound(self.mode, &place);
            assert_eq!(pretty(&world.end()), pretty(&expected), "{place}: it ends elsewhere");
            assert_eq!(
                world.foreign(),
                self.before.foreign(),
                "{place}: something foreign was touched"
            );
        }
        planned.len()
    }

    /// From each write on, the account is seen for a while as it was before it: by this run, which
    /// may be killed before the key reaches its file, and by the next one.
    fn proved_lagging(&self, parallelism: usize) -> usize {
        let (world, counted) = (self.before.fork(), Faults::none());
        world.run(self.mode, &counted, parallelism);
        let expected = without_history(world.end());
        let lag =
            FaultKind::Lag(ReplicationLag { reads: usize::MAX, time: Duration::from_secs(4) });
        let kill = PlannedFault { seam: Seam::File, nth: 1, kind: FaultKind::KillBefore };
        let places =
            (1..=counted.passed(Seam::Call)).flat_map(|nth| [(nth, None), (nth, Some(kill))]);
        for (nth, kill) in places.clone() {
            let place =
                format!("{}, lagging from write {nth}, {kill:?}, {parallelism} at once", self.name);
            let world = self.before.fork();
            let faults = Faults::of(
                [PlannedFault { seam: Seam::Call, nth, kind: lag }].into_iter().chain(kill),
            );
            let ends = [(); 2].map(|()| world.attempt(self.mode, &faults, parallelism).ended);
            for _ in 0..2 {
                world.attempt(self.mode, &Faults::none(), parallelism);
            }
            world.must_be_sound(self.mode, &format!("{place}: {ends:#?}"));
            let end = without_history(world.end());
            assert!(end == expected, "{place}: it ends elsewhere: {}\n{ends:#?}", pretty(&end));
            assert_eq!(
                world.foreign(),
                self.before.foreign(),
                "{place}: something foreign was touched"
            );
        }
        places.count()
    }
}

/// Removes the history of policies. A run that does not see the new version makes another one just
/// like it.
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

pub fn proved(case: &Case, kinds: &[FaultKind], parallelism: usize) {
    let count = case.proved(kinds, parallelism);
    assert!(count >= 20, "{}: only {count} places were found", case.name);
    println!("{}, {parallelism} at once: {count} places, {kinds:?}", case.name);
}

/// A run of one step passes few places.
pub fn few(case: &Case, kinds: &[FaultKind]) {
    let count = case.proved(kinds, 1);
    assert!(count >= 6, "{}: only {count} places were found", case.name);
    println!("{}: {count} places, {kinds:?}", case.name);
}

pub fn everywhere(case: &Case) {
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
    let ended = world.run(PlanMode::Apply, &Faults::none(), 4);
    assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{ended:#?}");
    world
}

#[test]
fn a_first_apply_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply dev", World::of("dev.yaml"), PlanMode::Apply));
}

#[test]
fn a_first_apply_with_four_steps_at_once_survives_every_kill() {
    let case = Case::new("apply dev", World::of("dev.yaml"), PlanMode::Apply);
    proved(&case, &KILLS, 4);
    proved(&case, &LOSSES, 4);
}

#[test]
fn a_first_apply_of_production_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply prod", World::of("prod.yaml"), PlanMode::Apply));
}

#[test]
fn a_key_with_a_csv_too_survives_every_kill_and_every_lost_answer() {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    everywhere(&Case::new("apply dev with a csv", world, PlanMode::Apply));
}

#[test]
fn a_key_in_an_encrypted_file_too_survives_every_kill_and_every_lost_answer() {
    let world = World::of("dev.yaml");
    let recipient = age::x25519::Identity::generate().to_public();
    let sink = format!("age: {{file: serverless.age, recipients: [{recipient}]}}");
    world.edit("dev.yaml", "# csv: serverless.csv", &sink);
    everywhere(&Case::new("apply dev with an encrypted file", world, PlanMode::Apply));
}

#[test]
fn a_key_that_leaves_its_csv_survives_every_kill_and_every_lost_answer() {
    let world = with_csv();
    world.edit("dev.yaml", "csv: serverless.csv", "# no csv");
    let case = Case::new("a key that leaves its csv", world, PlanMode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
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
    let ended = world.run(PlanMode::Apply, &Faults::none(), 4);
    assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{ended:#?}");
}

#[test]
fn a_removal_of_what_an_interrupted_run_left_survives_every_kill_and_every_lost_answer() {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    // The key is in the csv, and not in the profile.
    let kill = PlannedFault { seam: Seam::File, nth: 1, kind: FaultKind::KillAfter };
    assert!(matches!(world.run(PlanMode::Apply, &Faults::of([kill]), 1), Ended::Killed));
    everywhere(&Case::new("an apply after an interrupted one", world, PlanMode::Apply));
}

/// The key is taken back, but not out of the file that it is in already, or so it seems.
#[test]
fn a_key_that_goes_nowhere_and_cannot_be_taken_back_leaves_nothing_in_the_way_of_the_next() {
    let world = World::of("dev.yaml");
    world.edit("dev.yaml", "# csv: serverless.csv", "csv: serverless.csv");
    let case = Case::new("apply dev with a csv, two losses", world, PlanMode::Apply);
    let unharmed = case.planned(&LOSSES, 1).1;
    for (first, second) in LOSSES.into_iter().flat_map(|first| LOSSES.map(|second| (first, second)))
    {
        for (nth, then) in [(1, 2), (2, 3), (2, 4)] {
            let world = case.before.fork();
            let kinds = [(nth, first), (then, second)].map(|(nth, kind)| PlannedFault {
                seam: Seam::File,
                nth,
                kind,
            });
            let ended = world.run(PlanMode::Apply, &Faults::of(kinds), 1);
            assert!(
                matches!(&ended, Ended::Finished(outcome) if !outcome.succeeded()),
                "{kinds:?}: {ended:?}"
            );
            let again = world.run(PlanMode::Apply, &Faults::none(), 1);
            assert!(
                matches!(&again, Ended::Finished(outcome) if outcome.succeeded()),
                "{kinds:?}: {again:#?}"
            );
            world.must_be_sound(PlanMode::Apply, &format!("{kinds:?}"));
            assert_eq!(pretty(&world.end()), pretty(&unharmed.end()), "{kinds:?}");
        }
    }
}

#[test]
fn nothing_is_made_twice_while_the_account_is_seen_as_it_was() {
    let mut drifted = drifted();
    let mut cases = vec![
        Case::new("apply dev", World::of("dev.yaml"), PlanMode::Apply),
        Case::new("apply prod", World::of("prod.yaml"), PlanMode::Apply),
        Case::new("destroy dev", applied("dev.yaml"), PlanMode::Destroy),
        Case::new("replace in dev", replacing(), PlanMode::Apply),
        Case::new("apply dev over drift", drifted.fork(), PlanMode::Apply),
    ];
    drifted.forget();
    cases.push(Case::new("apply dev without its state", drifted, PlanMode::Apply));
    let count: usize =
        cases.iter().map(|case| case.proved_lagging(1)).sum::<usize>() + cases[0].proved_lagging(4);
    assert!(count >= 100, "only {count} places were found");
    println!("{count} places from which the account lags behind");
}

#[test]
fn the_least_privileged_stage_and_the_end_of_production_survive_every_kill_and_every_lost_answer() {
    everywhere(&Case::new(
        "apply least-privilege",
        World::of("least-privilege.yaml"),
        PlanMode::Apply,
    ));
    everywhere(&Case::new("destroy prod", applied("prod.yaml"), PlanMode::Destroy));
}

#[test]
fn a_destroy_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("destroy dev", applied("dev.yaml"), PlanMode::Destroy));
}

#[test]
fn a_replacement_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("replace in dev", replacing(), PlanMode::Apply));
}

fn replacing() -> World {
    let world = applied("dev.yaml");
    // The key goes into another profile, and the role and a policy to another path: all three are
    // made anew.
    world.edit("dev.yaml", "profile: serverless", "profile: elsewhere");
    world.edit("dev.yaml", "    trust:\n", "    path: /relay/\n    trust:\n");
    world.edit(
        "dev.yaml",
        "  ZappaLambdaExecutionPolicy:\n",
        "  ZappaLambdaExecutionPolicy:\n    path: /relay/\n",
    );
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

pub fn finished(world: &World) {
    let ended = world.run(PlanMode::Apply, &Faults::none(), 4);
    assert!(matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()), "{ended:#?}");
}

#[test]
fn a_rotation_survives_every_kill_and_every_lost_answer() {
    let case = Case::new("rotate the key", aged(false), PlanMode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
}

#[test]
fn a_rotation_of_a_key_with_a_csv_too_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("rotate a key with a csv", aged(true), PlanMode::Apply));
}

#[test]
fn a_destroy_after_a_rotation_that_was_killed_leaves_nothing() {
    let case = Case::new("rotate a key with a csv, then destroy", aged(true), PlanMode::Apply);
    let (planned, unharmed) = case.planned(&KILLS, 1);
    let destroyed = |world: &World, place: &str| {
        let ended = world.run(PlanMode::Destroy, &Faults::none(), 1);
        assert!(
            matches!(&ended, Ended::Finished(outcome) if outcome.succeeded()),
            "{place}: {ended:#?}"
        );
        world.must_be_sound(PlanMode::Destroy, place);
        world.end()
    };
    let expected = destroyed(&unharmed, case.name);
    for fault in planned {
        let place = format!("{}, {fault:?}", case.name);
        let world = case.before.fork();
        assert!(
            matches!(world.run(PlanMode::Apply, &Faults::of([fault]), 1), Ended::Killed),
            "{place}"
        );
        assert_eq!(
            pretty(&destroyed(&world, &place)),
            pretty(&expected),
            "{place}: it ends elsewhere"
        );
    }
}

#[test]
fn the_deletion_of_a_retired_key_survives_every_kill_and_every_lost_answer() {
    let world = aged(false);
    finished(&world);
    world.wait(8);
    let case = Case::new("delete a retired key", world, PlanMode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
}

#[test]
fn a_destroy_with_a_retired_key_survives_every_kill_and_every_lost_answer() {
    let world = aged(true);
    finished(&world);
    everywhere(&Case::new("destroy with a retired key", world, PlanMode::Destroy));
}

#[test]
fn an_apply_over_drift_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("apply dev over drift", drifted(), PlanMode::Apply));
}

#[test]
fn an_apply_without_its_state_survives_every_kill_and_every_lost_answer() {
    let mut world = drifted();
    world.forget();
    everywhere(&Case::new("apply dev without its state", world, PlanMode::Apply));
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
        Write::Iam(IamWrite::DetachUserPolicy {
            user: user(),
            arn: arn("ZappaLambdaDeploymentPolicy"),
        }),
        Write::Iam(IamWrite::TagUser { user: user(), tags: tags.into() }),
        Write::Iam(IamWrite::DetachRolePolicy {
            role: role(),
            arn: arn("ZappaLambdaExecutionPolicy"),
        }),
        Write::Iam(IamWrite::DeleteRole { role: role() }),
        Write::Iam(IamWrite::CreatePolicyVersion {
            arn: arn("ZappaLambdaExecutionPolicy"),
            document: document.into(),
        }),
        Write::S3(S3Write::PutBucketVersioning { bucket, status: "Enabled".to_owned() }),
        // Somebody's own key on our user: it stays.
        Write::Iam(IamWrite::CreateAccessKey { user: user() }),
    ] {
        world.others_do(&write);
    }
    world.lose_file("config");
    world
}

/// A group with a policy of the manifest's, an inline one, and two members; and a second group.
const GROUPS: &str = r#"version: 1
name: teams
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
groups:
  developers:
    policies: [Deploy]
    inline_policies:
      mfa: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:ListMFADevices", Resource: "*"}]}
  operators: {path: /people/}
users:
  ada: {groups: [developers]}
  bob: {groups: [developers, operators]}
"#;

/// Without the group `developers`.
const WITHOUT: &str = r#"version: 1
name: teams
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
groups:
  operators: {path: /people/}
users:
  ada: {}
  bob: {groups: [operators]}
"#;

/// Ada goes to `operators`, which get a policy by the same edit, and Bob to a group that is new.
const MOVED: &str = r#"version: 1
name: teams
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
groups:
  developers:
    policies: [Deploy]
    inline_policies:
      mfa: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:ListMFADevices", Resource: "*"}]}
  operators: {path: /people/, policies: [Deploy]}
  testers:
    inline_policies:
      read: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "*"}]}
users:
  ada: {groups: [operators]}
  bob: {groups: [testers]}
"#;

pub fn declared(text: &str) -> World {
    let world = World::of("dev.yaml");
    world.declare(text);
    world
}

/// The groups are there, and the manifest says this now.
fn edited(text: &str) -> World {
    let world = declared(GROUPS);
    finished(&world);
    world.declare(text);
    world
}

#[test]
fn a_first_apply_with_groups_survives_every_kill_and_every_lost_answer() {
    let case = Case::new("apply groups", declared(GROUPS), PlanMode::Apply);
    everywhere(&case);
    proved(&case, &KILLS, 4);
    proved(&case, &LOSSES, 4);
}

#[test]
fn a_group_that_goes_with_members_and_policies_survives_every_kill_and_every_lost_answer() {
    everywhere(&Case::new("remove a group", edited(WITHOUT), PlanMode::Apply));
}

#[test]
fn a_move_to_another_group_survives_every_kill_and_every_lost_answer() {
    let case = Case::new("move to another group", edited(MOVED), PlanMode::Apply);
    everywhere(&case);
    proved(&case, &KILLS, 4);
}

#[test]
fn a_destroy_with_groups_survives_every_kill_and_every_lost_answer() {
    let world = declared(GROUPS);
    finished(&world);
    everywhere(&Case::new("destroy groups", world, PlanMode::Destroy));
}

#[test]
fn groups_are_not_made_twice_while_the_account_is_seen_as_it_was() {
    let first = Case::new("apply groups", declared(GROUPS), PlanMode::Apply);
    let cases = [Case::new("move to another group", edited(MOVED), PlanMode::Apply), first];
    let count: usize = cases.iter().map(|case| case.proved_lagging(1)).sum();
    assert!(count >= 20, "only {count} places were found");
}

/// Roles in instance profiles: one of its own, one of the section, and an empty one.
const PROFILES: &str = r#"version: 1
name: machines
account: "123456789012"
region: us-east-1
roles:
  web: {trust: {services: [ec2.amazonaws.com]}, instance_profile: true}
  worker: {trust: {services: [ec2.amazonaws.com]}, instance_profile: pool}
instance_profiles:
  pool: {path: /app/, tags: {tier: back}}
  spare: {}
"#;

/// Other roles are in the profiles, one profile is at another path, and one role is made anew.
const EXCHANGED: &str = r#"version: 1
name: machines
account: "123456789012"
region: us-east-1
roles:
  web: {path: /x/, trust: {services: [ec2.amazonaws.com]}, instance_profile: pool}
  worker: {trust: {services: [ec2.amazonaws.com]}, instance_profile: web}
instance_profiles:
  pool: {path: /jobs/}
"#;

#[test]
fn instance_profiles_survive_every_kill_and_every_lost_answer() {
    let first = Case::new("apply instance profiles", declared(PROFILES), PlanMode::Apply);
    everywhere(&first);
    proved(&first, &KILLS, 4);
    let world = declared(PROFILES);
    finished(&world);
    everywhere(&Case::new("destroy instance profiles", world.fork(), PlanMode::Destroy));
    world.declare(EXCHANGED);
    everywhere(&Case::new("exchange roles", world, PlanMode::Apply));
}

/// An OIDC provider with client ids, and a role that trusts it.
const PROVIDERS: &str = r#"version: 1
name: federation
account: "123456789012"
region: us-east-1
oidc_providers:
  login.acme.example:
    client_ids: [web, cli]
    thumbprints: [9e99a48a9960b14926bb7f3b02e22da2b0ab7280]
  token.actions.githubusercontent.com: {client_ids: [sts.amazonaws.com]}
  gitlab.com: {client_ids: [https://gitlab.com], tags: {team: a}}
roles:
  deploy:
    trust:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Action: sts:AssumeRoleWithWebIdentity
        Principal: {Federated: "${oidc_providers.login.acme.example.arn}"}
        Condition: {StringEquals: {"login.acme.example:sub": ada}}
"#;

#[test]
fn oidc_providers_survive_every_kill_and_every_lost_answer() {
    let first = Case::new("apply an OIDC provider", declared(PROVIDERS), PlanMode::Apply);
    everywhere(&first);
    proved(&first, &KILLS, 2);
    let world = declared(PROVIDERS);
    finished(&world);
    everywhere(&Case::new("destroy an OIDC provider", world.fork(), PlanMode::Destroy));
    world.declare(
        &PROVIDERS.replace("[web, cli]", "[web, app, more]").replace("team: a", "team: b"),
    );
    let changed = Case::new("change client ids", world, PlanMode::Apply);
    few(&changed, &KILLS);
    few(&changed, &LOSSES);
}

/// IAM gives groups no tags: after a lost answer only the intent in the state tells that one is
/// ours.
#[test]
fn a_group_whose_answer_was_lost_is_taken_for_ours_by_the_next_run() {
    let world = declared(GROUPS);
    let counted = Faults::none();
    let sent = world.fork().attempt(PlanMode::Apply, &counted, 1).sent;
    let create = |write: &Write| matches!(write, Write::Iam(IamWrite::CreateGroup { .. }));
    let nth = 1 + sent.iter().position(create).expect("a group is made");
    let lost = PlannedFault { seam: Seam::Call, nth, kind: FaultKind::LoseAnswer };
    let ended = world.run(PlanMode::Apply, &Faults::of([lost]), 1);
    assert!(matches!(&ended, Ended::Finished(outcome) if !outcome.succeeded()), "{ended:#?}");
    let group = "group.developers".parse().expect("an address");
    let status = |world: &World| world.state().expect("a state").resources[&group].status;
    assert_eq!(status(&world), Status::Intended);
    let again = world.attempt(PlanMode::Apply, &Faults::none(), 1);
    assert!(
        !again.sent.iter().any(|write| create(write) && write == &sent[nth - 1]),
        "{:#?}",
        again.sent
    );
    assert_eq!(status(&world), Status::Done);
}

/// A user who moves keeps the old access until the new group has its policies and the user is in
/// it.
#[test]
fn a_membership_goes_only_after_what_takes_its_place() {
    let before = edited(MOVED);
    let sent = before.fork().attempt(PlanMode::Apply, &Faults::none(), 1).sent;
    let place = |wanted: IamWrite| {
        sent.iter().position(|write| *write == Write::Iam(wanted.clone())).expect("sent")
    };
    let [ada, bob] = ["ada", "bob"].map(str::to_owned);
    let group = |name: &str| name.to_owned();
    let old = |user: &String, of: &str| {
        place(IamWrite::RemoveUserFromGroup { user: user.clone(), group: group(of) })
    };
    let new = |user: &String, of: &str| {
        place(IamWrite::AddUserToGroup { user: user.clone(), group: group(of) })
    };
    assert!(new(&ada, "operators") < old(&ada, "developers"), "{sent:#?}");
    assert!(new(&bob, "testers") < old(&bob, "developers"), "{sent:#?}");
    let arn = "arn:aws:iam::123456789012:policy/Deploy".to_owned();
    let given = place(IamWrite::AttachGroupPolicy { group: group("operators"), arn });
    assert!(given < old(&ada, "developers"), "{sent:#?}");
    // Bob never had a policy by this group, and does not get this one for a moment.
    assert!(old(&bob, "operators") < given, "{sent:#?}");
    // What does not come takes nothing away.
    let lost = PlannedFault {
        seam: Seam::Call,
        nth: 1 + new(&ada, "operators"),
        kind: FaultKind::LoseRequest,
    };
    let sent = before.attempt(PlanMode::Apply, &Faults::of([lost]), 1).sent;
    let left = |write: &Write| matches!(write, Write::Iam(IamWrite::RemoveUserFromGroup { user, .. }) if *user == ada);
    assert!(!sent.iter().any(left), "{sent:#?}");
}

/// IAM takes ten managed policies on a user. So many stay, go and come; the calls in their order.
fn swapped(stay: usize, gone: usize, new: usize) -> Vec<&'static str> {
    let manifest = |attached: std::ops::Range<usize>| {
        let document = r#"{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}"#;
        let policies: Vec<String> =
            (0..12).map(|nth| format!("  P{nth:02}: {{document: {document}}}")).collect();
        let policies = policies.join("\n");
        let attached = attached.map(|nth| format!("P{nth:02}")).collect::<Vec<_>>().join(", ");
        let head = "version: 1\nname: many\naccount: \"123456789012\"\nregion: us-east-1";
        format!("{head}\npolicies:\n{policies}\nusers:\n  ada: {{policies: [{attached}]}}\n")
    };
    let world = declared(&manifest(0..stay + gone));
    finished(&world);
    world.declare(&manifest(gone..stay + gone + new));
    let attempt = world.attempt(PlanMode::Apply, &Faults::none(), 1);
    assert!(
        matches!(&attempt.ended, Ended::Finished(outcome) if outcome.succeeded()),
        "{:#?}",
        attempt.ended
    );
    attempt.sent.iter().map(Write::action).collect()
}

#[test]
fn the_old_policy_goes_first_only_where_the_quota_has_no_room_for_both() {
    assert_eq!(swapped(8, 1, 1), ["iam:AttachUserPolicy", "iam:DetachUserPolicy"]);
    assert_eq!(swapped(9, 1, 1), ["iam:DetachUserPolicy", "iam:AttachUserPolicy"]);
}
