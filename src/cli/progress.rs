//! The display of a run: a bar on a terminal, and one line for each event elsewhere.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::Terminal;
use relayctl::event::{Event, EventSink};
use relayctl::plan::StepId;
use relayctl::render::human::{self, HumanStyle};
use relayctl::render::printable::Printable;
use relayctl::render::text::escape;

const TICK: Duration = Duration::from_millis(120);

/// The display of a run, which receives the run's events.
pub struct ProgressDisplay<'a> {
    terminal: &'a Terminal,
    style: HumanStyle<'static>,
    bar: Option<ProgressBar>,
    running: Mutex<BTreeSet<StepId>>,
}

impl<'a> ProgressDisplay<'a> {
    pub fn new(terminal: &'a Terminal, steps: usize) -> Self {
        let bar = terminal.animated().then(|| {
            let bar = ProgressBar::with_draw_target(
                u64::try_from(steps).ok(),
                ProgressDrawTarget::stderr(),
            );
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len} {wide_msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { terminal, style: terminal.side_style(), bar, running: Mutex::default() }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, event: &Event) {
        let text = human::event(event, self.style);
        match &self.bar {
            Some(bar) => bar.println(Printable(text.trim_end_matches('\n')).to_string()),
            None => self.terminal.print_rendered_note(&text),
        }
    }

    /// Redraws the display for an event, on a terminal. A wait reports the same text every second.
    fn draw(&self, bar: &ProgressBar, event: &Event) {
        let Ok(mut running) = self.running.lock() else { return };
        match event {
            Event::Started { step } => {
                running.insert(step.clone());
            }
            Event::Done { step } | Event::Failed { step, .. } | Event::Skipped { step, .. } => {
                running.remove(step);
                bar.inc(1);
            }
            Event::Waiting { why, waited, limit, .. } => {
                let time = format!("{} s of at most {} s", waited.as_secs(), limit.as_secs());
                bar.set_message(escape(&format!("{why}: {time}")));
                return;
            }
            Event::Delayed(delay) => {
                bar.set_message(escape(&human::delay(delay)));
                return;
            }
        }
        let running: Vec<String> = running.iter().map(ToString::to_string).collect();
        bar.set_message(escape(&running.join(", ")));
    }
}

impl EventSink for ProgressDisplay<'_> {
    fn event(&self, event: &Event) {
        if let Some(bar) = &self.bar {
            self.draw(bar, event);
            if matches!(event, Event::Waiting { .. } | Event::Delayed(_)) {
                return;
            }
        }
        self.line(event);
    }
}

impl Terminal {
    /// Starts a spinner, on a terminal only.
    pub fn spinner(&self, text: &'static str) -> ProgressBar {
        if !self.animated() {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner().with_message(text);
        spinner.enable_steady_tick(TICK);
        spinner
    }
}
