//! The relayctl commands that a text tells its reader to run.

use super::text::escape;
use crate::plan::{PlanHeader, PlanMode};

/// The way in which the reader called relayctl. Every command that a text names repeats it:
/// without these options the command would be for another account, another state or other values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// The manifest, as the reader named it. `None` if the run has none.
    pub manifest: Option<String>,
    pub sandbox: bool,
    /// The options that choose who acts, and where: `--profile`, `--endpoint-url`.
    pub account: Vec<(&'static str, String)>,
    /// The options on what the manifest may read: `--allow-path`, `--allow-env`,
    /// `--max-file-size`. The run of a saved plan needs them, too.
    pub allowed: Vec<(&'static str, String)>,
    /// The options on the values of the manifest and on the place of its state: `--region`,
    /// `--state`, `--var`.
    pub values: Vec<(&'static str, String)>,
}

impl RunOptions {
    /// Returns the options that a plan remembers of the run that made it.
    pub fn of_plan(header: &PlanHeader) -> Self {
        let file = Some(header.manifest_file.clone()).filter(|file| !file.is_empty());
        let region = header.region_option.iter().map(|region| ("--region", region.clone()));
        let state = header.store.iter().map(|store| ("--state", store.clone()));
        let variables = header.variables.iter().map(|(key, value)| ("--var", assign(key, value)));
        Self {
            manifest: file,
            sandbox: header.sandbox,
            account: Vec::new(),
            allowed: Vec::new(),
            values: region.chain(state).chain(variables).collect(),
        }
    }

    /// Writes a command as a shell reads it.
    pub fn write(&self, command: &NextCommand) -> String {
        let mut words = vec!["relayctl".to_owned(), command.name.to_owned()];
        words.extend(command.arguments.iter().map(|argument| match argument {
            CommandArgument::Manifest => {
                self.manifest.as_deref().map_or_else(|| "MANIFEST".to_owned(), quoted_for_shell)
            }
            CommandArgument::Text(text) => quoted_for_shell(text),
            CommandArgument::Placeholder(word) => (*word).to_owned(),
        }));
        let scope = command.scope;
        let is_given = |option: &str| {
            let given = |it: &CommandArgument| *it == CommandArgument::Text(option.to_owned());
            command.arguments.iter().any(given)
        };
        if self.sandbox && scope != CommandScope::Files && !is_given("--sandbox") {
            words.push("--sandbox".to_owned());
        }
        let account = self.account.iter().chain(&self.allowed);
        let account = account.filter(|_| scope != CommandScope::Files);
        let values = self.values.iter().filter(|_| scope == CommandScope::Manifest);
        for (option, value) in account.chain(values).filter(|(option, _)| !is_given(option)) {
            words.extend([(*option).to_owned(), quoted_for_shell(value)]);
        }
        words.join(" ")
    }
}

/// Returns the options that make such a plan.
pub fn planning(header: &PlanHeader) -> Vec<String> {
    let mode = match header.mode {
        PlanMode::Apply => None,
        PlanMode::Destroy => Some("--destroy"),
        PlanMode::RefreshOnly => Some("--refresh-only"),
    };
    let targets = header.targets.iter();
    let targets = targets.flat_map(|target| ["--target".to_owned(), target.to_string()]);
    mode.map(str::to_owned).into_iter().chain(targets).collect()
}

/// Returns the value of `--var`.
pub fn assign(key: &str, value: &str) -> String {
    format!("{key}={value}")
}

/// A command without the options of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCommand {
    name: &'static str,
    arguments: Vec<CommandArgument>,
    scope: CommandScope,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum CommandArgument {
    /// The manifest of the run.
    Manifest,
    Text(String),
    /// A word that the reader replaces.
    Placeholder(&'static str),
}

/// The part of the run's options that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandScope {
    /// Nothing: the command works on files that it names.
    Files,
    /// Who acts, and where. A saved plan holds everything else.
    Account,
    Manifest,
}

impl NextCommand {
    /// Returns a command on the manifest of the run.
    pub fn on_manifest(name: &'static str) -> Self {
        Self::new(name, vec![CommandArgument::Manifest], CommandScope::Manifest)
    }

    /// Returns the command that makes a plan again as it was made.
    pub fn planning_again(header: &PlanHeader) -> Self {
        Self::on_manifest("plan").with_all(planning(header))
    }

    /// Returns a command on a manifest that the reader still has to name.
    pub fn on_any_manifest(name: &'static str) -> Self {
        let manifest = CommandArgument::Placeholder("MANIFEST");
        Self::new(name, vec![manifest], CommandScope::Manifest)
    }

    /// Returns a command on saved plans.
    pub fn on_plan(name: &'static str) -> Self {
        Self::new(name, Vec::new(), CommandScope::Account)
    }

    /// Returns a command that works on files only.
    pub fn on_files(name: &'static str) -> Self {
        Self::new(name, Vec::new(), CommandScope::Files)
    }

    fn new(name: &'static str, arguments: Vec<CommandArgument>, scope: CommandScope) -> Self {
        Self { name, arguments, scope }
    }

    /// Adds an argument or an option.
    #[must_use]
    pub fn with(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(CommandArgument::Text(argument.into()));
        self
    }

    /// Adds several.
    #[must_use]
    pub fn with_all(self, arguments: impl IntoIterator<Item = String>) -> Self {
        arguments.into_iter().fold(self, Self::with)
    }

    /// Adds a word that the reader replaces.
    #[must_use]
    pub fn with_placeholder(mut self, word: &'static str) -> Self {
        self.arguments.push(CommandArgument::Placeholder(word));
        self
    }
}

/// Quotes a word for a shell, unless every character is harmless. A terminal must not obey
/// anything in it.
fn quoted_for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-./:@_=,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    // Only a NUL cannot be quoted, and no argument of a process holds one.
    escape(&shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, KindName};
    use crate::model::Desired;

    fn options() -> RunOptions {
        RunOptions {
            manifest: Some("my manifests/dev.yaml".to_owned()),
            sandbox: true,
            account: vec![("--profile", "admin".to_owned())],
            allowed: vec![("--allow-env", "STAGE".to_owned())],
            values: vec![("--state", "s3://b/x".to_owned()), ("--var", assign("a", "b c"))],
        }
    }

    #[test]
    fn a_command_repeats_the_options_that_it_needs() {
        let run = options();
        assert_eq!(
            run.write(&NextCommand::on_manifest("plan")),
            "relayctl plan 'my manifests/dev.yaml' --sandbox --profile admin --allow-env STAGE \
                --state s3://b/x --var 'a=b c'"
        );
        assert_eq!(
            run.write(&NextCommand::on_plan("apply").with("one.plan.json")),
            "relayctl apply one.plan.json --sandbox --profile admin --allow-env STAGE"
        );
        assert_eq!(
            run.write(&NextCommand::on_files("policy validate").with("-")),
            "relayctl policy validate -"
        );
    }

    #[test]
    fn a_plan_is_made_again_as_it_was_made() {
        let targets = [Address::new(KindName::USER, "ada")].into();
        let header = PlanHeader::new(&Desired::default(), PlanMode::Destroy);
        let run = RunOptions { sandbox: true, ..RunOptions::default() };
        assert_eq!(
            run.write(&NextCommand::planning_again(&PlanHeader { targets, ..header })),
            "relayctl plan MANIFEST --destroy --target user.ada --sandbox"
        );
    }

    #[test]
    fn an_option_that_a_command_has_is_not_repeated() {
        let run = RunOptions { sandbox: false, ..options() };
        let command = NextCommand::on_manifest("state pull").with("--state").with("x.json");
        assert_eq!(
            run.write(&command),
            "relayctl state pull 'my manifests/dev.yaml' --state x.json --profile admin \
                --allow-env STAGE --var 'a=b c'"
        );
    }

    #[test]
    fn a_manifest_that_nobody_named_is_left_to_the_reader() {
        let run = RunOptions::default();
        let command = NextCommand::on_manifest("state unlock").with("8d3c");
        assert_eq!(run.write(&command), "relayctl state unlock MANIFEST 8d3c");
    }

    #[test]
    fn a_shell_and_a_terminal_find_nothing_to_obey() {
        assert_eq!(quoted_for_shell("$(rm -rf ~)"), "'$(rm -rf ~)'");
        assert_eq!(quoted_for_shell("it's"), "\"it's\"");
        assert_eq!(quoted_for_shell("a\u{1b}[31m"), "'a\\u001b[31m'");
        assert_eq!(quoted_for_shell(""), "''");
    }
}
