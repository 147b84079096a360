//! What stops a plan, and what overrules that.

use super::CommandContext;
use super::error::CommandError;
use super::session::DeclaredManifest;
use crate::diagnostic::Diagnostic;
use crate::plan::guard::{Brake, Objection};
use crate::render::diagnostic;

/// What overrules the brakes on a plan.
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
    /// Prints the objections that stand, each with its place. `consequence` says what therefore
    /// hasn't happened.
    pub fn refusal(
        self,
        objections: &[Objection],
        declared: &DeclaredManifest,
        consequence: &str,
        context: &CommandContext,
    ) -> Option<CommandError> {
        let standing: Vec<Diagnostic> = objections
            .iter()
            .filter(|objection| !self.overrules(objection.brake))
            .map(|objection| objection.diagnostic.clone())
            .collect();
        if standing.is_empty() {
            return None;
        }
        let color = context.terminal.side_style().color;
        context.terminal.side(&diagnostic::list(&standing, &declared.sources, color));
        Some(CommandError::new(format!("this plan must not be applied as it is: {consequence}")))
    }

    fn overrules(self, brake: Brake) -> bool {
        match brake {
            Brake::PreventDestroy => false,
            Brake::Limits => self.override_limits,
            Brake::Lockout => self.allow_lockout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_can_be_overruled_and_protected_resources_cannot() {
        let released = Brakes { override_limits: true, allow_lockout: false };
        assert!(released.overrules(Brake::Limits));
        assert!(!Brakes::default().overrules(Brake::Limits));
        assert!(!released.overrules(Brake::PreventDestroy));
        assert!(!released.overrules(Brake::Lockout));
        assert!(Brakes { allow_lockout: true, ..released }.overrules(Brake::Lockout));
    }
}
