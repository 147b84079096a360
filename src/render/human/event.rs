//! Renders events, one line each, in Terraform's words.

use super::reason::address_text;
use super::{HumanStyle, traffic};
use crate::event::Event;
use crate::plan::{StepId, StepPhase};
use crate::render::text::escape;

pub fn event_line(event: &Event, style: HumanStyle) -> String {
    match event {
        Event::Started { step } => say(step, style, &format!("{}...", words(step.phase).0)),
        Event::Waiting { step, why, waited, limit } => {
            let time = format!("{} s of at most {} s", waited.as_secs(), limit.as_secs());
            say(step, style, &format!("Still waiting: {}: {time}", escape(why)))
        }
        Event::Delayed(delay) => traffic::delay(delay),
        Event::Done { step } => say(step, style, &style.good(words(step.phase).1)),
        Event::Failed { step, why } => {
            let failed = style.bad(&format!("{} failed:", words(step.phase).2));
            say(step, style, &format!("{failed} {}", escape(&why.to_string())))
        }
        Event::Skipped { step, because } => {
            let because: Vec<_> = because.iter().map(address_text).collect();
            say(
                step,
                style,
                &format!("{} because of {}", style.warn("Skipped"), because.join(", ")),
            )
        }
    }
}

fn say(step: &StepId, style: HumanStyle, what: &str) -> String {
    format!("{}: {}", style.bold(&address_text(&step.address)), what.trim_end_matches(' '))
}

/// Returns the words for a step in progress, for a completed one, and for the step itself.
fn words(phase: StepPhase) -> (&'static str, &'static str, &'static str) {
    match phase {
        StepPhase::Create => ("Creating", "Creation complete", "Creation"),
        StepPhase::Update => ("Modifying", "Modifications complete", "Modification"),
        StepPhase::Stash => ("Moving aside", "Moved aside", "Move aside"),
        StepPhase::Delete => ("Destroying", "Destruction complete", "Destruction"),
        StepPhase::Record => {
            ("Recording in the state", "Recorded in the state", "Recording in the state")
        }
    }
}
