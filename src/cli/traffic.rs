//! The waits that the services cause in a run, reported during the run and afterwards.

use std::pin::pin;

use super::CommandContext;
use relayctl::event::Delay;
use relayctl::plan::Plan;
use relayctl::plan::pace::Load;
use relayctl::render::human;
use relayctl::transport::Transport;

/// Does the work, and meanwhile reports the delays of calls.
pub async fn with_progress<T>(
    work: impl Future<Output = T>,
    transport: &Transport,
    tell: impl Fn(Delay),
) -> T {
    let mut delays = transport.subscribe();
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            // Another receiver may take the delays from some point on; then this one ends.
            Some(delay) = delays.recv() => tell(delay),
        }
    }
}

/// Prints on stderr the minimum time of a plan in a sandbox that is far away.
pub fn forecast(plan: &Plan, context: &CommandContext) {
    if let Some(pace) = context.options.forecast_pace() {
        let load = Load::of(plan);
        context
            .terminal
            .print_rendered_note(&human::least(load.calls.values().sum(), load.least(&pace)));
    }
}

/// Prints on stderr the number of calls and the waits that they had, if they are notable.
pub fn print_summary(context: &CommandContext) {
    let traffic = context.transport.traffic();
    if traffic.calls > 0 && (context.terminal.style().verbose || !traffic.was_smooth()) {
        context.terminal.print_rendered_note(&human::traffic(&traffic));
    }
}
