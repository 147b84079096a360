//! Keys that go to other files, and keys that take each other's places: wherever a run is killed,
//! or an answer is lost, no key is lost, and no copy of one is left behind.

use relayctl::plan::PlanMode;
use relayctl_faults::{FaultKind, Faults, PlannedFault, Seam};

use crate::kill_points::{Case, KILLS, LOSSES, declared, everywhere, few, finished, proved};
use crate::support::world::{Ended, FOREIGN_PROFILE, World};

/// A manifest of users with these keys, as YAML: `bob: {profile: a}`.
fn manifest(users: &[(&str, &str)]) -> String {
    let head = "version: 1\nname: keys\naccount: \"123456789012\"\nregion: us-east-1\nusers:\n";
    let user = |(name, key): &(&str, &str)| format!("  {name}: {{access_key: {key}}}\n");
    head.to_owned() + &users.iter().map(user).collect::<String>()
}

/// The first keys are there, and the manifest names the second ones now.
fn edited(before: &[(&str, &str)], after: &[(&str, &str)]) -> World {
    let world = declared(&manifest(before));
    finished(&world);
    world.declare(&manifest(after));
    world
}

/// The ids of the keys that live.
fn living(world: &World) -> Vec<String> {
    let contents = world.contents();
    let users = contents["users"].as_object().into_iter().flatten();
    let keys = users.flat_map(|(_, user)| user["keys"].as_object().cloned().unwrap_or_default());
    keys.map(|(id, _)| id).collect()
}

#[test]
fn a_key_that_goes_to_other_files_survives_every_kill_and_every_lost_answer() {
    for (name, before, after) in [
        ("another profile", "{profile: a}", "{profile: b}"),
        ("a csv too", "{profile: a}", "{profile: a, csv: serverless.csv}"),
        ("all elsewhere", "{profile: a, csv: k.csv}", "{profile: b, csv: serverless.csv}"),
    ] {
        let world = edited(&[("bob", before)], &[("bob", after)]);
        let case = Case::new(name, world, PlanMode::Apply);
        let ids = living(&case.before);
        for kinds in [KILLS, LOSSES] {
            few(&case, &kinds);
            let (planned, unharmed) = case.planned(&kinds, 1);
            assert_eq!(living(&unharmed), ids, "{name}: no key is made for a move");
            for fault in planned {
                assert_eq!(living(&case.survives(fault, 1)), ids, "{name}, {fault:?}");
            }
        }
    }
}

#[test]
fn a_move_that_was_killed_goes_on_wherever_the_manifest_sends_the_key_then() {
    let after = [("bob", "{profile: b, csv: serverless.csv}")];
    let world = edited(&[("bob", "{profile: a}")], &after);
    let case = Case::new("change of mind", world, PlanMode::Apply);
    let ids = living(&case.before);
    for fault in case.planned(&KILLS, 1).0 {
        for then in ["{profile: a}", "{profile: c}", "{profile: b}"] {
            let place = format!("{fault:?}, then {then}");
            let world = case.before.fork();
            let ended = world.run(PlanMode::Apply, &Faults::of([fault]), 1);
            assert!(matches!(ended, Ended::Killed), "{place}");
            world.declare(&manifest(&[("bob", then)]));
            finished(&world);
            world.must_be_sound(PlanMode::Apply, &place);
            assert_eq!(living(&world), ids, "{place}");
            let credentials = std::fs::read_to_string(world.path("credentials")).unwrap();
            assert_eq!(credentials.matches("AKIA").count(), 2, "{place}: {credentials}");
            assert!(!world.path("manifests/serverless.csv").exists(), "{place}: a copy is left");
        }
    }
}

#[test]
fn a_move_that_was_killed_leaves_nothing_when_the_key_is_removed_then() {
    let after = [("bob", "{profile: b, csv: serverless.csv}")];
    let world = edited(&[("bob", "{profile: a}")], &after);
    let case = Case::new("a move, then destroy", world, PlanMode::Apply);
    for fault in case.planned(&KILLS, 1).0 {
        let world = case.before.fork();
        assert!(matches!(world.run(PlanMode::Apply, &Faults::of([fault]), 1), Ended::Killed));
        let ended = world.run(PlanMode::Destroy, &Faults::none(), 1);
        let destroyed = matches!(&ended, Ended::Finished(outcome) if outcome.succeeded());
        assert!(destroyed, "{fault:?}: {ended:#?}");
        let credentials = std::fs::read_to_string(world.path("credentials")).unwrap();
        assert_eq!(credentials.matches("AKIA").count(), 1, "{fault:?}: {credentials}");
        assert!(!world.path("manifests/serverless.csv").exists(), "{fault:?}: a copy is left");
    }
}

#[test]
fn a_renamed_user_with_its_profile_survives_every_kill_and_every_lost_answer() {
    let sinks = "{profile: p, csv: serverless.csv}";
    let world = edited(&[("bob", sinks)], &[("robert", sinks)]);
    let case = Case::new("rename a user with a key", world, PlanMode::Apply);
    everywhere(&case);
    proved(&case, &KILLS, 4);
    // The old key goes after the new one is in its place, and not at all if that fails.
    let sent = case.before.fork().attempt(PlanMode::Apply, &Faults::none(), 1).sent;
    let place = |action: &str| sent.iter().position(|it| it.action() == action).expect("sent");
    assert!(place("file:WriteCredentials") < place("iam:DeleteAccessKey"), "{sent:#?}");
    let calls = sent.iter().take(place("iam:CreateAccessKey"));
    let nth = 1 + calls.filter(|it| !it.action().starts_with("file:")).count();
    let lost = PlannedFault { seam: Seam::Call, nth, kind: FaultKind::LoseRequest };
    let sent = case.before.fork().attempt(PlanMode::Apply, &Faults::of([lost]), 1).sent;
    assert!(sent.iter().any(|it| it.action() == "iam:CreateAccessKey"), "{sent:#?}");
    assert!(!sent.iter().any(|it| it.action() == "iam:DeleteAccessKey"), "{sent:#?}");
}

#[test]
fn two_users_that_swap_their_profiles_survive_every_kill_and_every_lost_answer() {
    let world = edited(
        &[("ada", "{profile: a}"), ("bob", "{profile: b}")],
        &[("ada", "{profile: b}"), ("bob", "{profile: a}")],
    );
    let case = Case::new("swap two profiles", world, PlanMode::Apply);
    let ids = living(&case.before);
    for (parallelism, kinds) in [(1, KILLS), (1, LOSSES), (4, KILLS), (4, LOSSES)] {
        few(&case, &kinds);
        for fault in case.planned(&kinds, parallelism).0 {
            assert_eq!(living(&case.survives(fault, parallelism)), ids, "{fault:?}");
        }
    }
}

#[test]
fn three_users_that_pass_their_profiles_on_survive_every_kill() {
    let places = |names: [&str; 3]| names.map(|name| format!("{{profile: {name}}}"));
    let (before, after) = (places(["a", "b", "c"]), places(["b", "c", "a"]));
    let users = |keys: &[String; 3]| {
        manifest(&[("u1", keys[0].as_str()), ("u2", keys[1].as_str()), ("u3", keys[2].as_str())])
    };
    let world = declared(&users(&before));
    finished(&world);
    world.declare(&users(&after));
    let case = Case::new("pass three profiles on", world, PlanMode::Apply);
    let ids = living(&case.before);
    for fault in case.planned(&KILLS, 1).0 {
        let world = case.survives(fault, 1);
        world.must_be_sound(PlanMode::Apply, &format!("{fault:?}"));
        assert_eq!(living(&world), ids, "{fault:?}");
    }
}

#[test]
fn a_lost_secret_survives_every_kill_and_every_lost_answer() {
    let world = edited(&[("bob", "{profile: a}")], &[("bob", "{profile: a}")]);
    std::fs::write(world.path("credentials"), FOREIGN_PROFILE).unwrap();
    let case = Case::new("a lost secret", world, PlanMode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
}

#[test]
fn a_rotation_into_another_profile_survives_every_kill_and_every_lost_answer() {
    let (old, new) = ("{profile: a, rotate_after: 90d}", "{profile: b, rotate_after: 90d}");
    let world = edited(&[("bob", old)], &[("bob", new)]);
    world.wait(97);
    let case = Case::new("rotate into another profile", world, PlanMode::Apply);
    few(&case, &KILLS);
    few(&case, &LOSSES);
}
