//! The `--deny-widening` option: it stops a plan by which somebody gains access.

use super::CommandContext;
use super::error::CommandError;
use relayctl::plan::Plan;
use relayctl::render::human;

/// The option that bounds what a plan may do.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct WideningBounds {
    /// Refuse, with exit code 1, a plan by which anybody gains access, or might: its gains are
    /// listed
    #[arg(long)]
    deny_widening: bool,
}

impl WideningBounds {
    /// Returns the refusal of a plan by which somebody gains access. `consequence` says what was
    /// therefore not done.
    pub fn refusal(
        self,
        plan: &Plan,
        consequence: &str,
        context: &CommandContext,
    ) -> Option<CommandError> {
        if !self.deny_widening {
            return None;
        }
        let error = refused(&human::widening(plan, context.terminal.side_style()))?;
        Some(error.with_help(format!(
            "{consequence}; if these gains are wanted, leave --deny-widening out"
        )))
    }
}

fn refused(gains: &str) -> Option<CommandError> {
    let error = CommandError::new("this plan widens access, or may do so:");
    (!gains.is_empty()).then(|| error.with_details(gains.lines().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_listed_and_no_gains_are_no_refusal() {
        assert_eq!(refused(""), None);
        let error = refused("a gains x on y\nb gains z on y\n").unwrap();
        assert_eq!(
            error.to_string(),
            "this plan widens access, or may do so:\n  a gains x on y\n  b gains z on y"
        );
        assert_eq!(error.code, 1);
    }
}
