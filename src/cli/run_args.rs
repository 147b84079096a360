//! The options that are shared by all commands that apply a plan.

use super::brakes::Brakes;
use super::deny_widening::WideningBounds;

/// Options of the commands that change something: apply, destroy, keys rotate.
#[derive(clap::Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub bounds: WideningBounds,

    #[command(flatten)]
    pub brakes: Brakes,

    #[command(flatten)]
    pub consent: Consent,
}

/// The options on asking, and on the form of the outcome.
#[derive(clap::Args, Clone, Debug)]
pub struct Consent {
    /// Don't ask
    #[arg(long, short)]
    pub yes: bool,

    /// Print the outcome as JSON; the plan then goes to stderr
    #[arg(long)]
    pub json: bool,
}
