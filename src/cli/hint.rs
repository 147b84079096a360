//! The advice below an error: what to do about it.

use relayctl::render::command::{NextCommand, RunOptions};

/// A text with commands in it. The commands get the options of the run when the text is printed:
/// most errors arise where nobody knows how relayctl was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint(Vec<HintPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum HintPart {
    Text(String),
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

    /// Adds a command as it is, at the end of a text or on a line of its own.
    pub fn command(mut self, command: NextCommand) -> Self {
        self.0.push(HintPart::Command(command));
        self
    }

    /// Adds a command in backticks, between words.
    pub fn quoted_command(self, command: NextCommand) -> Self {
        self.followed_by("`").command(command).followed_by("`")
    }

    /// Writes the advice for a run.
    pub fn write_for(&self, run: &RunOptions) -> String {
        let part = |part: &HintPart| match part {
            HintPart::Text(text) => text.clone(),
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
    }
}
