//! Ctrl-C and SIGTERM: the first signal ends a run in good order, the second ends it at once.

use std::pin::pin;

use super::error::CommandError;
use super::terminal::Terminal;
use relayctl::apply::Stop;
use relayctl::event::RunOutcome;

/// Does the work until it ends or receives the second signal.
pub async fn interruptible(
    work: impl Future<Output = RunOutcome>,
    stop: &Stop,
    terminal: &Terminal,
) -> Result<RunOutcome, CommandError> {
    let mut signals =
        Signals::new().map_err(|error| CommandError::because("cannot listen to signals", error))?;
    let mut work = pin!(work);
    tokio::select! {
        outcome = &mut work => return Ok(outcome),
        () = signals.next() => {}
    }
    stop.request_stop();
    terminal.print_warning(
        "stopping: what is under way is finished and saved, nothing new begins; a second \
            signal stops at once",
    );
    tokio::select! {
        outcome = &mut work => Ok(outcome),
        // The state holds the intent of every call in progress: the next run checks what became of
        // it.
        () = signals.next() => Err(CommandError::interrupted()),
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
