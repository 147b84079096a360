//! Finds out if the process that holds a lock is gone. A store that is shared by machines sees no
//! processes; but a run on the same machine can.

use crate::state::{LockInfo, ProcessStamp};

/// Returns the stamp of this process; `None` on a system other than Linux, where relayctl has no
/// way to ask for it.
pub fn stamp() -> Option<ProcessStamp> {
    Some(ProcessStamp { boot: boot()?, started: stat_of(std::process::id())?.started })
}

/// Returns true if the holder ran on this machine, since its last start, and no longer does. In any
/// doubt its lock holds until it expires.
pub fn is_gone(holder: &LockInfo, us: &LockInfo) -> bool {
    let (Some(theirs), Some(ours)) = (&holder.process, &us.process) else { return false };
    holder.host == us.host && theirs.boot == ours.boot && has_ended(holder.pid, theirs.started)
}

/// Returns true if no process has the id, or one that started at another time, or one that only its
/// parent still remembers.
fn has_ended(pid: u32, started: u64) -> bool {
    !exists(pid) || stat_of(pid).is_some_and(|stat| stat.ended || stat.started != started)
}

/// Asks the kernel, which also knows the processes of others that /proc may hide.
#[cfg(unix)]
fn exists(pid: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn exists(_pid: u32) -> bool {
    true
}

/// Returns the system's start and the namespace of its process ids: in another namespace the same
/// id is another process.
fn boot() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

struct ProcessStat {
    ended: bool,
    started: u64,
}

fn stat_of(pid: u32) -> Option<ProcessStat> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads the state (field 3) and the start (field 22), as proc_pid_stat(5) counts them. The name of
/// the program, field 2, is in parentheses and may hold anything.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn parse_stat(text: &str) -> Option<ProcessStat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(ProcessStat {
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn holder(pid: u32, process: ProcessStamp) -> LockInfo {
        LockInfo { pid, process: Some(process), ..LockInfo::unknown() }
    }

    #[test]
    fn the_name_of_a_program_does_not_disturb_the_other_fields() {
        let fields = "S 1 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 9 0 4711 1 2 3";
        let stat = parse_stat(&format!("7 (a) S 1 (b) Z) {fields}")).unwrap();
        assert_eq!((stat.ended, stat.started), (false, 4711));
        assert!(parse_stat(&format!("7 (x) {}", fields.replacen('S', "Z", 1))).unwrap().ended);
        assert!(parse_stat("7 (x) S 1").is_none());
    }

    #[test]
    fn a_lock_is_free_only_if_its_process_certainly_ended_on_this_machine() {
        let ours = stamp().unwrap();
        let us = holder(std::process::id(), ours.clone());
        assert!(!is_gone(&us, &us), "it lives");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let started = stat_of(child.id()).unwrap().started;
        let theirs = ProcessStamp { started, ..ours.clone() };
        let other = holder(child.id(), theirs.clone());
        assert!(!is_gone(&other, &us), "it lives");
        let reused = ProcessStamp { started: started.wrapping_sub(1), ..theirs.clone() };
        assert!(is_gone(&holder(child.id(), reused), &us), "its id was used again");
        child.kill().unwrap();
        // Until its parent waits for it, the process is there, and has ended.
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !is_gone(&other, &us) {
            assert!(std::time::Instant::now() < patience, "a zombie holds the lock");
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(is_gone(&other, &us), "it has ended");
        let elsewhere = LockInfo { host: "elsewhere".to_owned(), ..other.clone() };
        assert!(!is_gone(&elsewhere, &us));
        let earlier = ProcessStamp { boot: "another".to_owned(), ..theirs };
        assert!(!is_gone(&holder(child.id(), earlier), &us));
        assert!(!is_gone(&LockInfo { process: None, ..other.clone() }, &us));
        assert!(!is_gone(&other, &LockInfo { process: None, ..us.clone() }));
    }
}
