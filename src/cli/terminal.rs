//! The output streams: stdout carries the result, stderr everything else.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style as Ansi};

use super::error::CommandError;
use super::options::{Color, GlobalOptions};
use relayctl::render::human::HumanStyle;

pub struct Terminal {
    quiet: bool,
    verbose: bool,
    stdout: ColorChoice,
    stderr: ColorChoice,
}

impl Terminal {
    pub fn new(options: &GlobalOptions) -> Self {
        let choice = |auto: ColorChoice| match options.color {
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
            Color::Auto => auto,
        };
        Self {
            quiet: options.quiet,
            verbose: options.verbose > 0,
            stdout: choice(AutoStream::choice(&io::stdout())),
            stderr: choice(AutoStream::choice(&io::stderr())),
        }
    }

    /// Returns the style of text that goes to stdout.
    pub fn style(&self) -> HumanStyle {
        HumanStyle { color: self.stdout != ColorChoice::Never, verbose: self.verbose }
    }

    /// Returns the style of text that goes to stderr.
    pub fn side_style(&self) -> HumanStyle {
        HumanStyle { color: self.stderr != ColorChoice::Never, verbose: self.verbose }
    }

    /// Returns true if a person can watch and answer.
    pub fn interactive() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Returns true if progress may redraw itself.
    pub fn animated(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints the result, ended by exactly one newline.
    pub fn result(&self, text: &str) -> Result<(), CommandError> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.stdout);
        writeln!(stdout, "{}", text.trim_end_matches('\n')).and_then(|()| stdout.flush()).map_err(
            |error| {
                if error.kind() == io::ErrorKind::BrokenPipe {
                    CommandError::broken_pipe()
                } else {
                    CommandError::because("cannot write the result", error)
                }
            },
        )
    }

    /// Prints a note that --quiet hides.
    pub fn print_note(&self, text: &str) {
        if !self.quiet {
            self.print_side(text);
        }
    }

    pub fn print_warning(&self, text: &str) {
        self.print_side(&format!("{}: {text}", paint("warning", AnsiColor::Yellow)));
    }

    pub fn error(&self, error: &CommandError) {
        if let Some(message) = &error.message {
            self.print_side(&format!("{}: {message}", paint("error", AnsiColor::Red)));
        }
        if let Some(help) = &error.help {
            self.print_side(&format!("{}: {help}", paint("help", AnsiColor::Cyan)));
        }
    }

    /// Prints to stderr. If even that is closed, no reader is left.
    pub fn print_side(&self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.stderr);
        let _ = writeln!(stderr, "{}", text.trim_end_matches('\n'));
    }

    /// Asks on stderr. Only `yes` counts as a yes.
    pub fn confirm(question: &str) -> Result<bool, CommandError> {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "\n{question}\n  Only 'yes' will be accepted.\n\n  Enter a value: ");
        let _ = stderr.flush();
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|error| CommandError::because("cannot read the answer", error))?;
        let _ = writeln!(stderr);
        Ok(answer.trim() == "yes")
    }
}

fn paint(word: &str, color: AnsiColor) -> String {
    let style = Ansi::new().bold().fg_color(Some(color.into()));
    format!("{style}{word}{style:#}")
}
