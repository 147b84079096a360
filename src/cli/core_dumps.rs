//! No core dumps: the memory of a run holds the secrets of new keys and the caller's credentials,
//! and a dump would write them to the disk.

/// Turns core dumps of this process off. Commands that it runs inherit the limit, and may raise it.
#[cfg(unix)]
pub fn turn_off() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    if let Err(error) = setrlimit(Resource::Core, limit) {
        tracing::debug!(%error, "the limit of core dumps cannot be set");
    }
    // The limit does not hold where a program takes the dumps, such as systemd-coredump.
    // <https://man7.org/linux/man-pages/man5/core.5.html>
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::debug!(%error, "core dumps cannot be turned off");
    }
}

/// Does nothing: Windows writes none unless it is told to.
#[cfg(not(unix))]
pub fn turn_off() {}
