//! The brakes on a plan, and the options that override them.

use super::CommandContext;
use super::error::CommandError;
use super::session::DeclaredManifest;
use relayctl::diagnostic::Diagnostic;
use relayctl::engine::{BrakeOverrides, standing_objections};
use relayctl::plan::guard::Objection;
use relayctl::render::diagnostic;

/// The options that override the brakes on a plan.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Brakes {
    /// Go over the `limits:` of the manifest, this once
    #[arg(long)]
    override_limits: bool,

    /// Do it although it takes from you yourself a key, a policy, or the right to undo it
    #[arg(long)]
    allow_lockout: bool,
}

impl Brakes {
    /// Prints the objections that stand, each with its place. `consequence` says what was therefore
    /// not done.
    pub fn refusal(
        self,
        objections: &[Objection],
        declared: &DeclaredManifest,
        consequence: &str,
        context: &CommandContext,
    ) -> Option<CommandError> {
        let standing = standing_objections(objections, self.overrides());
        let standing: Vec<Diagnostic> = standing.into_iter().map(|it| it.diagnostic).collect();
        if standing.is_empty() {
            return None;
        }
        let color = context.terminal.side_style().color;
        context.terminal.print_side(&diagnostic::list_diagnostics(
            &standing,
            &declared.sources,
            color,
        ));
        Some(CommandError::new(format!("this plan must not be applied as it is: {consequence}")))
    }

    fn overrides(self) -> BrakeOverrides {
        BrakeOverrides { limits: self.override_limits, lockout: self.allow_lockout }
    }
}
