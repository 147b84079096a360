//! What the reader must know before the first change: which account, as whom, and whether it is a real one.

use super::Style;
use super::line::Line;
use crate::call::Caller;
use crate::plan::{Header, Mode};
use crate::render::text::escape;

pub fn lines(header: &Header, style: Style) -> Vec<Line> {
    let mut lines: Vec<Line> = sandbox(header, style).into_iter().collect();
    let rows = [
        ("Manifest:", format!("{} ({})", header.manifest, header.manifest_file)),
        ("Account:", header.account.clone()),
        ("Caller:", header.caller.clone()),
        ("Region:", header.region.clone()),
    ];
    lines.extend(rows.iter().map(|(label, text)| Line::plain(0, format!("{label:<9} {}", escape(text)))));
    if header.mode == Mode::Destroy {
        let text = "This plan destroys what the manifest has made.";
        lines.push(Line::plain(0, style.bad(text)));
    }
    if let Some(text) = partial(header) {
        lines.push(Line::plain(0, style.warn(&text)));
    }
    lines
}

/// Said on every screen, so that nobody takes the one for the other.
pub fn sandbox(header: &Header, style: Style) -> Option<Line> {
    let text = "SANDBOX: this AWS account is simulated on this machine; no call reaches AWS.";
    header.sandbox.then(|| Line::plain(0, style.warn(text)))
}

pub fn partial(header: &Header) -> Option<String> {
    if header.targets.is_empty() {
        return None;
    }
    let targets: Vec<_> = header.targets.iter().map(|target| escape(&target.to_string())).collect();
    let what = if targets.len() == 1 { "what it depends on" } else { "what they depend on" };
    let only = targets.join(", ");
    Some(format!("Note: partial plan: only {only} and {what}; the rest of the manifest is not looked at."))
}

pub fn caller(caller: &Caller) -> String {
    format!("account {} as {}", escape(&caller.account), escape(&caller.arn))
}
