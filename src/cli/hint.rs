//! The advice below an error: what to do about it.

use relayctl::render::command::{NextCommand, RunOptions};
use relayctl::render::text::escape;

/// A text with commands in it. The commands get the options of the run when the text is printed:
/// most errors arise where nobody knows how relayctl was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint(Vec<HintPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum HintPart {
    Text(String),
    /// The beginning of a further line.
    NextLine,
    Command(NextCommand),
}

impl Hint {
    pub fn new(text: impl Into<String>) -> Self {
        Self(vec![HintPart::Text(text.into())])
    }

    /// Begins with a command, in backticks.
    pub fn to_run(command: NextCommand) -> Self {
        Self(Vec::new()).quoted_command(command)
    }

    /// Adds text.
    pub fn followed_by(mut self, text: impl Into<String>) -> Self {
        self.0.push(HintPart::Text(text.into()));
        self
    }

    /// Begins a further line, below the text of the first.
    pub fn next_line(mut self, text: impl Into<String>) -> Self {
        self.0.push(HintPart::NextLine);
        self.followed_by(text)
    }

    /// Adds a command as it is, at the end of a text or on a line of its own.
    pub fn command(mut self, command: NextCommand) -> Self {
        self.0.push(HintPart::Command(command));
        self
    }

    /// Adds a command in backticks, between words.
    pub fn quoted_command(self, command: NextCommand) -> Self {
        self.followed_by("`").command(command).followed_by("`")
    }

    /// Completes the commands with the options of a run.
    pub fn for_run(self, run: &RunOptions) -> Self {
        let part = |part: HintPart| match part {
            HintPart::Text(_) | HintPart::NextLine => part,
            HintPart::Command(command) => HintPart::Text(run.write(&command)),
        };
        Self(self.0.into_iter().map(part).collect())
    }

    /// Writes the advice for a run. Names in its texts may be anything.
    pub fn write_for(&self, run: &RunOptions) -> String {
        let part = |part: &HintPart| match part {
            HintPart::Text(text) => escape(text),
            HintPart::NextLine => "\n      ".to_owned(),
            HintPart::Command(command) => run.write(command),
        };
        self.0.iter().map(part).collect()
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_a_hint_repeat_the_options_of_the_run() {
        let hint = Hint::new("look at it with ")
            .quoted_command(NextCommand::on_manifest("state pull"))
            .followed_by(", then plan again: ")
            .command(NextCommand::on_manifest("plan"));
        let run = RunOptions {
            manifest: Some("dev.yaml".to_owned()),
            sandbox: true,
            ..RunOptions::default()
        };
        assert_eq!(
            hint.write_for(&run),
            "look at it with `relayctl state pull dev.yaml --sandbox`, then plan again: relayctl \
                plan dev.yaml --sandbox"
        );
        assert_eq!(
            hint.clone().for_run(&run).write_for(&RunOptions::default()),
            hint.write_for(&run)
        );
    }

    #[test]
    fn names_in_advice_make_no_lines() {
        let hint = Hint::new("did you mean a\n::error::b?").next_line("or c");
        let said = hint.write_for(&RunOptions::default());
        assert_eq!(said, "did you mean a\\n::error::b?\n      or c");
    }
}
