//! Explains the read calls and the reasons for them: `--explain-reads`.

use std::fmt::Write;

use crate::reads::Explanation;
use crate::render::text::count;

/// Returns the explanation, which ends with a line break.
pub fn reads(explanation: &Explanation) -> String {
    let mut text = format!(
        "Reads: {} answer {}, besides sts:GetCallerIdentity.\n",
        count(explanation.requests(), "request"),
        count(explanation.facets, "question")
    );
    if let Some(choice) = &explanation.choice {
        let _ = writeln!(text, "Users, roles and policies: {choice}.");
    }
    let width = explanation.lines.iter().map(|line| line.call.len()).max().unwrap_or_default();
    for line in &explanation.lines {
        let _ = writeln!(text, "  {:>5}  {:width$}  {}", line.requests, line.call, line.why);
    }
    text
}
