//! No room on the disk, no right to write: a clear error, nothing lost, and the next run finishes.
#![cfg(unix)]

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::support::project::Run;
use crate::support::stack::{APPLY, MANIFEST, Network, Stack, all_are_alike};

const NOBODY: u32 = 65_534;

/// Returns the output without the log.
fn said(run: &Run) -> String {
    let said = run
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("error"))
        .collect::<Vec<_>>()
        .join("\n");
    format!("{}\n{said}", run.stdout)
}

fn give(path: &Path, to: u32) {
    chown(path, Some(to), Some(to)).expect("root may");
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder") {
            give(&entry.expect("an entry").path(), to);
        }
    }
}

/// The same command without root's right to write everywhere, for a project that then belongs to
/// nobody.
fn unprivileged(stack: &Stack, command: &Command) -> Command {
    let folder = stack.project.path("");
    let program = stack.project.path("relayctl");
    let root = std::fs::metadata("/proc/self")
        .or_else(|_| std::fs::metadata(&folder))
        .expect("readable")
        .uid()
        == 0;
    if !program.exists() {
        // Nobody may not reach the folder in which it was built.
        std::fs::copy(env!("CARGO_BIN_EXE_relayctl"), &program).expect("copied");
    }
    let mut same = Command::new(program);
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    same.args(command.get_args()).env_clear().envs(set).current_dir(&folder);
    if root {
        give(&folder, NOBODY);
        same.uid(NOBODY).gid(NOBODY);
    }
    same
}

fn run(command: &mut Command) -> Run {
    Run::of(&command.output().expect("it runs"))
}

fn unharmed(network: &Network) -> Stack {
    let stack = network.stack(0);
    let run = stack.run(&network.good, APPLY);
    assert_eq!(run.code, 0, "{}", said(&run));
    stack
}

fn allow(stack: &Stack, relative: &str, mode: u32) {
    set_permissions(stack.project.path(relative), Permissions::from_mode(mode)).expect("allowed");
}

#[test]
fn where_the_disk_is_full_a_run_stops_with_an_error_and_the_next_one_finishes() {
    let network = Network::new(1);
    let mut stacks = vec![unharmed(&network)];
    let mut refused = 0;
    // In blocks of 512 bytes, so that it is the first change that has no room, or one in the
    // middle.
    for (number, blocks) in (1..).zip([0, 1, 2, 4, 6, 8, 10, 12]) {
        let stack = network.stack(number);
        let whole = stack.command(&network.good, APPLY);
        let mut limited = Command::new("sh");
        // A file that grows too large is an error then, as on a full disk, and no signal.
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        limited.arg(whole.get_program()).args(whole.get_args()).env_clear();
        limited.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let full = run(limited.current_dir(stack.project.path("")));
        assert_ne!(full.code, -1, "{}", said(&full));
        if full.code != 0 {
            refused += 1;
            assert!(said(&full).contains("File too large"), "{}", said(&full));
        }
        let again = stack.run(&network.good, APPLY);
        assert_eq!(again.code, 0, "{}", said(&again));
        let plan = stack.run(&network.good, &["plan", MANIFEST, "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{}", said(&plan));
        stacks.push(stack);
    }
    all_are_alike(&network, &stacks);
    assert!(refused >= 4, "{refused}");
}

#[test]
fn where_the_state_cannot_be_written_nothing_is_begun() {
    let network = Network::new(1);
    let (unharmed, stack) = (unharmed(&network), network.stack(1));
    allow(&stack, "state", 0o500);
    let refused = run(&mut unprivileged(&stack, &stack.command(&network.good, APPLY)));
    assert_eq!(refused.code, 1, "{}", said(&refused));
    for text in ["state", "Permission denied", "`chmod u+w` gives the owner"] {
        assert!(said(&refused).contains(text), "{text}: {}", said(&refused));
    }
    let planned = stack.command(&network.good, &["plan", MANIFEST]);
    let planned = run(&mut unprivileged(&stack, &planned));
    assert!(planned.code == 1 && said(&planned).contains("`chmod u+w`"), "{}", said(&planned));
    assert_eq!(
        network.moto.python(r#"show([it["UserName"] for it in iam.list_users()["Users"]])"#).trim(),
        r#"["deployer-n0n"]"#
    );
    allow(&stack, "state", 0o700);
    let again = run(&mut unprivileged(&stack, &stack.command(&network.good, APPLY)));
    assert_eq!(again.code, 0, "{}", said(&again));
    all_are_alike(&network, &[unharmed, stack]);
}

#[test]
fn where_the_credentials_cannot_be_written_no_key_is_made() {
    let network = Network::new(1);
    let (unharmed, stack) = (unharmed(&network), network.stack(1));
    stack.project.write("aws/credentials", "[mine]\naws_access_key_id = AKIAMINE\n");
    allow(&stack, "aws/credentials", 0o400);
    allow(&stack, "aws", 0o500);
    let refused = run(&mut unprivileged(&stack, &stack.command(&network.good, APPLY)));
    assert_eq!(refused.code, 1, "{}", said(&refused));
    for part in ["cannot write", "aws/credentials", "make the folder", "writable"] {
        assert!(said(&refused).contains(part), "{}", said(&refused));
    }
    assert!(!said(&refused).contains("was deleted again"), "{}", said(&refused));
    let keys = r#"show(iam.list_access_keys(UserName="deployer-n1n")["AccessKeyMetadata"])"#;
    assert_eq!(network.moto.python(keys).trim(), "[]");
    assert_eq!(stack.project.read("aws/credentials"), "[mine]\naws_access_key_id = AKIAMINE\n");
    allow(&stack, "aws", 0o700);
    let again = run(&mut unprivileged(&stack, &stack.command(&network.good, APPLY)));
    assert_eq!(again.code, 0, "{}", said(&again));
    assert_eq!(network.secrets().len(), 2, "none was made in vain");
    stack.project.edit("aws/credentials", "[mine]\naws_access_key_id = AKIAMINE\n", "");
    all_are_alike(&network, &[unharmed, stack]);
}
