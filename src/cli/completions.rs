//! `relayctl completions`

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::error::Exit;
use super::{Cli, CommandContext};

/// Print a script that completes relayctl's commands and options in a shell
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  relayctl completions bash > ~/.local/share/bash-completion/completions/relayctl
  relayctl completions zsh > ~/.zfunc/_relayctl
  relayctl completions fish > ~/.config/fish/completions/relayctl.fish";

pub fn run_command(args: &CompletionsArgs, context: &CommandContext) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "relayctl", &mut script);
    context.terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
