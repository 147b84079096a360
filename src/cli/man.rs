//! `relayctl man`

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use super::error::{CommandError, Exit};
use super::{Cli, CommandContext};
use relayctl::provider::files::own;

/// Print the manual page, or write the pages of all commands into a folder
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// Write relayctl.1 and a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  relayctl man | man -l -
  relayctl man --out ~/.local/share/man/man1";

pub fn run_command(args: &ManArgs, context: &CommandContext) -> Exit {
    if let Some(folder) = &args.out {
        write_pages(folder)
            .map_err(|error| CommandError::for_file("write the manual pages to", folder, error))?;
        context.terminal.print_note(&format!("Wrote the manual pages to {}.", folder.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Vec::new();
    Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| CommandError::because("cannot make the manual page", error))?;
    context.terminal.result(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the pages to a folder of this run's own first, and then replaces those of `folder`.
fn write_pages(folder: &Path) -> io::Result<()> {
    let made = tempfile::tempdir()?;
    clap_mangen::generate_to(Cli::command(), made.path())?;
    for page in std::fs::read_dir(made.path())? {
        let page = page?;
        own::replace_shared(&folder.join(page.file_name()), &std::fs::read(page.path())?)?;
    }
    Ok(())
}
