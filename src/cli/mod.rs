//! The command line: one file for each command.

mod brakes;
mod caller_file;
mod core_dumps;
mod error;
mod hint;
mod options;
mod plan_trust;
mod progress;
mod project;
mod sandbox_principal;
mod suggest;
mod terminal;
mod traffic;
mod version;

mod deny_widening;
mod encrypt;
mod input;
mod interrupt;
mod planning;
mod run_args;
mod running;
mod session;

mod apply;
mod completions;
mod destroy;
mod graph;
mod init;
mod keys;
mod lint;
mod man;
mod missing_file;
mod output;
mod permissions;
mod plan;
mod policy;
mod render;
mod schema;
mod show;
mod state;
mod validate;
mod waiting;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use error::{CommandError, Exit};
use options::GlobalOptions;
use terminal::Terminal;

use relayctl::plan::PlanHeader;
use relayctl::policy::catalogue;
use relayctl::provider::aws::SignInSession;
use relayctl::render::command::RunOptions;
use relayctl::render::human::{self, HumanStyle};
use relayctl::render::printable::PrintableWriter;
use relayctl::transport::Transport;

/// Plan and apply for AWS IAM and S3: a manifest says what should exist, relayctl makes it so
///
/// A YAML manifest declares policies, users, roles, buckets, access keys and the local files that
/// go with them. `plan` compares it with what exists and prints every change with its reason and
/// its calls; `apply` does exactly that; the next `plan` finds nothing left to do.
#[derive(Parser, Debug)]
#[command(name = "relayctl", version, max_term_width = 100, propagate_version = true, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    options: GlobalOptions,
}

const EXAMPLES: &str = "\
Examples:
  relayctl init                                    write manifests to start with
  relayctl plan manifests/dev.yaml --sandbox       try it without an AWS account
  relayctl plan manifests/dev.yaml                 what would change in AWS
  relayctl apply                                   do what the plan said";

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    an error, also in how the command was called; a change that was refused, blocked or failed;
       a plan that prevent_destroy or limits forbid; with --deny-widening: somebody would gain \
       access; lint: an error or a warning that isn't accepted
  2    only with --detailed-exitcode: changes, a difference (policy diff), a denial (policy can)
  130  interrupted, and something was left undone

Environment:
  AWS_PROFILE, AWS_ACCESS_KEY_ID ...    credentials, found as the AWS CLI finds them
  AWS_SHARED_CREDENTIALS_FILE           the file that access keys are written into
  AWS_CONFIG_FILE                       the file that profiles are written into
  AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 addresses in the place of AWS's own
  AWS_CA_BUNDLE                         the authorities that are trusted, in PEM
  AWS_MAX_ATTEMPTS                      as --max-attempts
  RELAYCTL_ALLOW_ENV                    as --allow-env, several names with commas between them
  RELAYCTL_RETRY_TIMEOUT                as --retry-timeout
  RELAYCTL_AGE_IDENTITY                 who reads encrypted states: an age identity, or its file
  RELAYCTL_SANDBOX=1                    as --sandbox
  RELAYCTL_SANDBOX_ENFORCE              as --sandbox-enforce
  RELAYCTL_SANDBOX_LATENCY              as --sandbox-latency
  RELAYCTL_SANDBOX_THROTTLE             as --sandbox-throttle
  NO_COLOR                              no colour
  RUST_LOG                              log filter, for example relayctl=debug";

#[derive(Subcommand, Debug)]
enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Lint(lint::LintArgs),
    Schema(schema::SchemaArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Destroy(destroy::DestroyArgs),
    Show(show::ShowArgs),
    Graph(graph::GraphArgs),
    Render(render::RenderArgs),
    Permissions(permissions::PermissionsArgs),
    Keys(keys::KeysArgs),
    Output(output::OutputArgs),
    Policy(policy::PolicyArgs),
    State(state::StateArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

const GRACE: std::time::Duration = std::time::Duration::from_millis(500);

/// The context of a command: the global options, and the terminal and the transport that the
/// options describe.
#[derive(Clone)]
struct CommandContext {
    options: GlobalOptions,
    /// The options that the commands in hints repeat.
    run: RunOptions,
    terminal: Terminal,
    transport: Arc<Transport>,
    /// The credentials that the connections to AWS share.
    session: Arc<SignInSession>,
}

impl CommandContext {
    fn new(options: GlobalOptions, run: RunOptions) -> Self {
        let terminal = Terminal::new(&options);
        let transport = Transport::with_width(
            options.max_attempts.0,
            Some(options.retry_timeout),
            options.parallelism(),
        );
        let (transport, session) = (Arc::new(transport), Arc::default());
        Self { options, run, terminal, transport, session }
    }

    /// Returns the context of a command whose argument turned out to be a manifest.
    fn for_manifest(&self, path: &Path) -> Self {
        let run = RunOptions { manifest: Some(path.display().to_string()), ..self.run.clone() };
        Self { run, ..self.clone() }
    }

    /// Returns the context of a command on a saved plan: the plan remembers its account and values.
    fn for_plan(&self, header: &PlanHeader, root: &Path, state: Option<&str>) -> Self {
        let shown = |place: &str| {
            if place.contains("://") { place.to_owned() } else { project::shown(&root.join(place)) }
        };
        let remembered = RunOptions::of_plan(header);
        let values = remembered.values.into_iter().filter(|(option, _)| *option != "--state");
        let run = RunOptions {
            manifest: Some(shown(&header.manifest_file)),
            account: self.run.account.clone(),
            allowed: self.run.allowed.clone(),
            values: values.chain(state.map(|place| ("--state", shown(place)))).collect(),
            ..remembered
        };
        Self { run, ..self.clone() }
    }

    /// Returns the style of plans on stdout.
    fn plan_style(&self) -> HumanStyle<'_> {
        HumanStyle { run: Some(&self.run), ..self.terminal.style() }
    }

    /// Returns the style of plans on stderr.
    fn side_plan_style(&self) -> HumanStyle<'_> {
        HumanStyle { run: Some(&self.run), ..self.terminal.side_style() }
    }

    /// Runs asynchronous work. Only commands that need the runtime start it.
    fn wait_for<T>(
        &self,
        work: impl Future<Output = Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        // One thread does all the work: the work takes less time than handing each answer from one
        // thread to another.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::because("cannot start", error))?;
        tracing::debug!("started the runtime");
        let tell = |delay| self.terminal.print_rendered_note(&human::delay(&delay));
        let result = runtime.block_on(traffic::with_progress(work, &self.transport, tell));
        // After a second signal a file may still wait for another process's lock. A write that has
        // begun is allowed to finish.
        runtime.shutdown_timeout(GRACE);
        result
    }
}

pub fn run_program() -> ExitCode {
    core_dumps::turn_off();
    let (cli, matches) = match parse_arguments() {
        Ok(parsed) => parsed,
        Err(error)
            if error.kind() == ErrorKind::DisplayVersion
                && version::is_verbose(std::env::args().skip(1)) =>
        {
            return version::print(&error.to_string());
        }
        Err(error) => {
            // The exit code is not clap's 2, which means "there are changes".
            Terminal::print_usage(&error);
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let run = options::repeated(&cli.options, manifest_of(&matches), &matches);
    let context = CommandContext::new(cli.options, run);
    start_log(&context);
    let exit = run_command(&cli.command, &context).unwrap_or_else(|error| {
        context.terminal.error(&error, &context.run);
        error.log_causes();
        ExitCode::from(error.code)
    });
    // The value is computed only where it is logged.
    tracing::debug!(parts = catalogue::unpacked(), "unpacked of the action catalogue");
    exit
}

fn parse_arguments() -> Result<(Cli, ArgMatches), clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))?;
    Ok((cli, matches))
}

/// Returns the manifest of a command that begins with one, as it was named.
fn manifest_of(matches: &ArgMatches) -> Option<PathBuf> {
    let own = || matches.try_get_one::<PathBuf>("manifest").ok().flatten().cloned();
    matches.subcommand().and_then(|(_, inner)| manifest_of(inner)).or_else(own)
}

fn run_command(command: &Command, context: &CommandContext) -> Exit {
    match command {
        Command::Init(args) => init::run_command(args, context),
        Command::Validate(args) => validate::run_command(args, context),
        Command::Lint(args) => lint::run_command(args, context),
        Command::Schema(args) => schema::run_command(args, context),
        Command::Plan(args) => plan::run_command(args, context),
        Command::Apply(args) => apply::run_command(args, context),
        Command::Destroy(args) => destroy::run_command(args, context),
        Command::Show(args) => show::run_command(args, context),
        Command::Graph(args) => graph::run_command(args, context),
        Command::Render(args) => render::run_command(args, context),
        Command::Permissions(args) => permissions::run_command(args, context),
        Command::Keys(args) => keys::run_command(args, context),
        Command::Output(args) => output::run_command(args, context),
        Command::Policy(args) => policy::run_command(args, context),
        Command::State(args) => state::run_command(args, context),
        Command::Completions(args) => completions::run_command(args, context),
        Command::Man(args) => man::run_command(args, context),
    }
}

/// Starts a log on stderr, if one is requested. Secrets are wrapped where they are created
/// (`secrecy`, the SDK's sensitive shapes) and print as redacted. The SDK logs nothing while a new
/// key is in transit.
fn start_log(context: &CommandContext) {
    let by_flag = match context.options.verbose {
        0 => None,
        1 => Some("relayctl=debug"),
        _ => Some("relayctl=trace,aws_config=debug,aws_smithy_runtime=debug"),
    };
    let by_environment = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    let Some(filter) = by_environment.or(by_flag.map(str::to_owned)) else { return };
    let log = |targets: Targets| {
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(|| PrintableWriter(std::io::stderr()))
            .with_ansi(context.terminal.side_style().color)
            .with_filter(targets.and(filter_fn(without_contents)));
        tracing_subscriber::registry().with(lines).try_init().map_err(|error| error.to_string())
    };
    let parsed = filter.parse().map_err(|error| format!("the filter `{filter}`: {error}"));
    if let Err(why) = parsed.and_then(log) {
        context.terminal.print_warning(&format!("no log: {why}"));
    }
}

/// Leaves out the events that hold requests and answers. At `trace` the SDK prints them as they
/// are, with the tokens of SSO in their headers, and the credentials of a role's container or
/// machine in their bodies.
fn without_contents(event: &Metadata<'_>) -> bool {
    *event.level() != Level::TRACE
        || !event.target().starts_with("aws_smithy_runtime::client::orchestrator")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::render::command::NextCommand;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    fn commands_for(arguments: &[&str]) -> String {
        let matches = Cli::command().try_get_matches_from(arguments).unwrap();
        let cli = Cli::from_arg_matches(&matches).unwrap();
        let run = options::repeated(&cli.options, manifest_of(&matches), &matches);
        run.write(&NextCommand::on_manifest("plan"))
    }

    #[test]
    fn the_commands_in_hints_repeat_the_manifest_and_the_options_of_the_run() {
        let plain = ["relayctl", "state", "show", "m/dev.yaml", "bob"];
        assert_eq!(commands_for(&plain), "relayctl plan m/dev.yaml");
        let options = "relayctl --sandbox apply --profile admin --var a=1 --var b=2 --region \
            us-east-1 --state s3://b/x --endpoint-url http://localhost:5000 --parallelism 3 -v";
        let options = format!("{options} --allow-path ../policies --allow-env A --allow-env=B,C");
        let options: Vec<&str> = options.split_whitespace().collect();
        assert_eq!(
            commands_for(&options),
            "relayctl plan MANIFEST --sandbox --profile admin --endpoint-url http://localhost:5000 \
                --allow-path ../policies --allow-env A --allow-env B --allow-env C --region \
                us-east-1 --state s3://b/x --var a=1 --var b=2"
        );
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let endpoint = "--endpoint-url=http://ada:hush@localhost:5000";
        let said = commands_for(&["relayctl", "plan", "dev.yaml", endpoint]);
        assert_eq!(said, "relayctl plan dev.yaml --endpoint-url URL");
    }

    #[test]
    fn every_command_and_every_option_has_a_help_text() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {} has no help",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
