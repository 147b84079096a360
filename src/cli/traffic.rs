//! What the services made a run wait for, while it waits and afterwards.

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
            // Somebody else may listen from some point on; then this is over.
            Some(delay) = delays.recv() => tell(delay),
        }
    }
}

/// Says on stderr how long a plan takes at least in a sandbox that is far away.
pub fn forecast(plan: &Plan, context: &CommandContext) {
    if let Some(pace) = context.options.forecast_pace() {
        let load = Load::of(plan);
        context.terminal.print_note(&human::least(load.calls.values().sum(), load.least(&pace)));
    }
}

/// Says on stderr how many calls there were and what they had to wait for, if that is worth saying.
pub fn print_summary(context: &CommandContext) {
    let traffic = context.transport.traffic();
    if traffic.calls > 0 && (context.terminal.style().verbose || !traffic.was_smooth()) {
        context.terminal.print_note(&human::traffic(&traffic));
    }
}
