//! Renders a plan's header: the account, the caller, and if the account is a sandbox. The reader
//! must know these before the first change.

use super::HumanStyle;
use super::line::PlanLine;
use crate::call::CallerIdentity;
use crate::plan::{PlanHeader, PlanMode};
use crate::render::text::escape;

pub fn lines(header: &PlanHeader, style: HumanStyle) -> Vec<PlanLine> {
    let mut lines: Vec<PlanLine> = sandbox(header, style).into_iter().collect();
    let rows = [
        ("Manifest:", format!("{} ({})", header.manifest, header.manifest_file)),
        ("Account:", header.account.clone()),
        ("Caller:", header.caller.clone()),
        ("Region:", header.region.clone()),
    ];
    lines.extend(
        rows.iter().map(|(label, text)| PlanLine::plain(0, format!("{label:<9} {}", escape(text)))),
    );
    match header.mode {
        PlanMode::Apply => {}
        PlanMode::Destroy => {
            let text = "This plan destroys what the manifest has made.";
            lines.push(PlanLine::plain(0, style.bad(text)));
        }
        PlanMode::RefreshOnly => lines.push(PlanLine::plain(0, REFRESH)),
    }
    if let Some(text) = partial(header) {
        lines.push(PlanLine::plain(0, style.warn(&text)));
    }
    lines
}

/// The notice on a plan that changes nothing but the state.
pub const REFRESH: &str = "This plan only refreshes the state from what exists.";

/// Returns the sandbox notice. Every screen has it, so that nobody mistakes a sandbox for a real
/// account.
pub fn sandbox(header: &PlanHeader, style: HumanStyle) -> Option<PlanLine> {
    let text = "SANDBOX: this AWS account is simulated on this machine; no call reaches AWS.";
    header.sandbox.then(|| PlanLine::plain(0, style.warn(text)))
}

pub fn partial(header: &PlanHeader) -> Option<String> {
    if header.targets.is_empty() {
        return None;
    }
    let targets: Vec<_> = header.targets.iter().map(|target| escape(&target.to_string())).collect();
    let what = if targets.len() == 1 { "what it depends on" } else { "what they depend on" };
    let only = targets.join(", ");
    Some(format!(
        "Note: partial plan: only {only} and {what}; the rest of the manifest is not part of it."
    ))
}

pub fn caller(caller: &CallerIdentity) -> String {
    format!("account {} as {}", escape(&caller.account), escape(&caller.arn))
}
