//! The output streams: stdout carries the result, stderr everything else. All text leaves here,
//! through the filter [`Printable`].

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style as Ansi};

use super::error::CommandError;
use super::options::{Color, GlobalOptions};
use relayctl::provider::aws::MfaQuestion;
use relayctl::render::command::RunOptions;
use relayctl::render::human::HumanStyle;
use relayctl::render::printable::Printable;
use relayctl::render::text::escape;

#[derive(Clone)]
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
    pub fn style(&self) -> HumanStyle<'static> {
        let color = self.stdout != ColorChoice::Never;
        HumanStyle { color, verbose: self.verbose, run: None }
    }

    /// Returns the style of text that goes to stderr.
    pub fn side_style(&self) -> HumanStyle<'static> {
        let color = self.stderr != ColorChoice::Never;
        HumanStyle { color, verbose: self.verbose, run: None }
    }

    /// Returns true if a person can watch and answer.
    pub fn interactive() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Returns true if progress may redraw itself.
    pub fn animated(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints the result as a renderer wrote it, ended by exactly one newline.
    pub fn result(&self, text: &str) -> Result<(), CommandError> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.stdout);
        let text = Printable(text.trim_end_matches('\n'));
        writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                CommandError::broken_pipe()
            } else {
                CommandError::because("cannot write the result", error)
            }
        })
    }

    /// Prints a result of one line, in which names and paths may be anything.
    pub fn result_line(&self, text: &str) -> Result<(), CommandError> {
        self.result(&escape(text))
    }

    /// Prints a note of one line, in which names and paths may be anything. --quiet hides it.
    pub fn print_note(&self, text: &str) {
        self.print_rendered_note(&escape(text));
    }

    /// Prints a note as a renderer wrote it. --quiet hides it.
    pub fn print_rendered_note(&self, text: &str) {
        if !self.quiet {
            self.print_side(text);
        }
    }

    /// Prints a warning of one line.
    pub fn print_warning(&self, text: &str) {
        self.print_side(&format!("{}: {}", paint("warning", AnsiColor::Yellow), escape(text)));
    }

    pub fn error(&self, error: &CommandError, run: &RunOptions) {
        if let Some(message) = error.printed_message() {
            self.print_side(&format!("{}: {message}", paint("error", AnsiColor::Red)));
        }
        if let Some(help) = error.help_for(run) {
            self.print_side(&format!("{}: {help}", paint("help", AnsiColor::Cyan)));
        }
    }

    /// Prints to stderr what a renderer wrote. If even that is closed, no reader is left.
    pub fn print_side(&self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.stderr);
        let _ = writeln!(stderr, "{}", Printable(text.trim_end_matches('\n')));
    }

    /// Prints what clap says about the arguments, which may be anything. If the stream is closed,
    /// no reader is left.
    pub fn print_usage(usage: &clap::Error) {
        let rendered = usage.render();
        let text = rendered.ansi().to_string();
        let text = Printable(text.trim_end_matches('\n'));
        let _ = if usage.use_stderr() {
            writeln!(anstream::stderr().lock(), "{text}")
        } else {
            writeln!(anstream::stdout().lock(), "{text}")
        };
    }

    /// Asks for the code of an MFA device. `None` without an answer.
    pub fn ask_mfa_code(question: &MfaQuestion) -> Option<String> {
        let MfaQuestion { device, role } = question;
        let (device, role) = (escape(device), escape(role));
        let mut stderr = io::stderr().lock();
        write!(stderr, "MFA code of {device} to assume {role}: ").ok()?;
        stderr.flush().ok()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(answer.split_whitespace().collect())
    }

    /// Asks on stderr. Only `yes` counts as a yes.
    pub fn confirm(question: &str) -> Result<bool, CommandError> {
        ask(question, &mut io::stdin().lock(), &mut io::stderr().lock())
            .map_err(|error| CommandError::because("cannot read the answer", error))
    }
}

/// The number of times that a question is asked.
const ASKED: usize = 3;

/// Asks until the answer is plain. What is neither `yes` nor `no` may be a slip.
fn ask(question: &str, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<bool> {
    write!(output, "\n{}\n  Only 'yes' will be accepted.\n", Printable(question))?;
    for attempt in 1..=ASKED {
        write!(output, "\n  Enter a value: ")?;
        output.flush()?;
        let mut answer = String::new();
        let is_end = input.read_line(&mut answer)? == 0;
        writeln!(output)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "yes" if answer.trim() == "yes" => return Ok(true),
            "no" | "n" => return Ok(false),
            _ if is_end => return Ok(false),
            _ if attempt < ASKED => writeln!(output, "  Type yes to go on, or no to cancel.")?,
            _ => {}
        }
    }
    Ok(false)
}

fn paint(word: &str, color: AnsiColor) -> String {
    let style = Ansi::new().bold().fg_color(Some(color.into()));
    format!("{style}{word}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the decision after these lines of input, and how often the question was put.
    fn answered(input: &str) -> (bool, usize) {
        let mut output = Vec::new();
        let agreed = ask("Really?", &mut input.as_bytes(), &mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        assert_eq!(output.matches("Really?").count(), 1, "{output}");
        let asked = output.matches("Enter a value:").count();
        assert_eq!(output.matches("Type yes").count(), asked - 1, "{output}");
        (agreed, asked)
    }

    #[test]
    fn only_yes_is_a_yes() {
        assert_eq!(answered("yes\n"), (true, 1));
        assert_eq!(answered("  yes \n"), (true, 1));
        assert_eq!(answered("no\n"), (false, 1));
        assert_eq!(answered("N\n"), (false, 1));
    }

    #[test]
    fn another_answer_is_told_to_type_yes_and_asked_again() {
        assert_eq!(answered("y\nyes\n"), (true, 2));
        assert_eq!(answered("Yes\n\nyes\n"), (true, 3));
        assert_eq!(answered("y\ny\ny\nyes\n"), (false, 3));
    }

    #[test]
    fn the_end_of_the_input_is_a_no() {
        assert_eq!(answered(""), (false, 1));
    }
}
