//! The options that every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, ValueEnum};

use relayctl::allowed_files::FileRules;
use relayctl::plan::pace::Pace;
use relayctl::provider::sandbox::{Distance, Throttle};
use relayctl::render::command::{RunOptions, assign};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Profile of the AWS configuration to act as; without it `AWS_PROFILE` counts, as in the AWS
    /// CLI
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// Region to work in, instead of the manifest's
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,

    /// Send all calls to this address, for example an emulator's; without it `AWS_ENDPOINT_URL` and
    /// the profile count, as in the AWS CLI
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// One-time code of the MFA device that the profile's role demands; without it relayctl asks on
    /// a terminal
    #[arg(long, global = true, value_name = "CODE", value_parser = mfa_code)]
    pub mfa_code: Option<String>,

    /// Place of the state: a .json file or a folder, as a path or a file:// URL, or
    /// s3://bucket/prefix [default: state/<name>.json]
    #[arg(long, global = true, value_name = "URL")]
    pub state: Option<String>,

    /// Time to wait for a run that has locked the state, for example 30s or 5m [default: don't
    /// wait]
    #[arg(long, global = true, value_name = "TIME", value_parser = patience, hide_default_value = true, default_value = "0s")]
    pub lock_timeout: Duration,

    /// Set a variable of the manifest (repeatable)
    #[arg(long = "var", global = true, value_name = "KEY=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,

    /// Let the manifest name this file, or what is in this folder, although it is outside of the
    /// project (repeatable)
    #[arg(long = "allow-path", global = true, value_name = "PATH")]
    pub allowed_paths: Vec<PathBuf>,

    /// Let the manifest read this environment variable as ${env.NAME} (repeatable)
    #[arg(
        long = "allow-env",
        global = true,
        value_name = "NAME",
        env = "RELAYCTL_ALLOW_ENV",
        value_delimiter = ','
    )]
    pub allowed_environment: Vec<String>,

    /// Size up to which files are read, for example 64MiB
    #[arg(long, global = true, value_name = "SIZE", value_parser = file_size)]
    #[arg(default_value = "16MiB")]
    pub max_file_size: u64,

    /// Number of calls that may be under way at once
    #[arg(long, global = true, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub parallelism: u16,

    /// Number of times that a request is sent at most when AWS throttles, fails or doesn't answer
    /// [default: 10]
    #[arg(long, global = true, value_name = "N", env = "AWS_MAX_ATTEMPTS", value_parser = attempts, hide_default_value = true, default_value = "")]
    pub max_attempts: Attempts,

    /// For how long a request is sent again then, for example 30s or 10m
    #[arg(long, global = true, value_name = "TIME", env = "RELAYCTL_RETRY_TIMEOUT", value_parser = patience, default_value = "5m")]
    pub retry_timeout: Duration,

    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Print only results, warnings and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more: unchanged attributes, all calls, the critical path, and a log on stderr; -vv logs
    /// the requests too
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Work on a simulated AWS account, kept in state/sandbox.json: needs no AWS account and no
    /// network
    #[arg(long, global = true, env = "RELAYCTL_SANDBOX", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub sandbox: bool,

    /// Decide each call in the sandbox as IAM does: a file with the caller's policy (repeatable),
    /// or user/NAME or role/NAME of the sandbox to act as
    #[arg(long, global = true, value_name = "POLICY", env = "RELAYCTL_SANDBOX_ENFORCE")]
    pub sandbox_enforce: Vec<String>,

    /// Time that each call to the sandbox takes, for example 50ms [default: no time]
    #[arg(long, global = true, value_name = "TIME", env = "RELAYCTL_SANDBOX_LATENCY", value_parser = latency, hide_default_value = true, default_value = "")]
    pub sandbox_latency: Duration,

    /// Number of calls of each operation that the sandbox takes: so many a second, and so many at
    /// once, for example 20/40 [default: all]
    #[arg(long, global = true, value_name = "RATE/BURST", env = "RELAYCTL_SANDBOX_THROTTLE", value_parser = throttle, hide_default_value = true, default_value = "")]
    pub sandbox_throttle: RequestLimit,
}

/// The limit on calls of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimit(pub Option<Throttle>);

/// The limit on how often a request is sent. `None` means the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(pub Option<u32>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}

/// The manifest, which most commands begin with.
#[derive(Args, Clone, Debug)]
pub struct ManifestArg {
    /// The manifest: a YAML file
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
}

impl GlobalOptions {
    pub fn parallelism(&self) -> usize {
        usize::from(self.parallelism)
    }

    /// Returns the rules for the files that a manifest names.
    pub fn file_rules(&self) -> FileRules {
        FileRules {
            allowed_paths: self.allowed_paths.clone(),
            max_size: self.max_file_size,
            working_folder: std::env::current_dir().ok(),
            home: home::home_dir(),
        }
    }

    /// Returns the pace of a sandbox that is far away.
    pub fn forecast_pace(&self) -> Option<Pace> {
        let Distance { latency, throttle } = self.distance();
        let (rate, burst) =
            throttle.map_or((1.0, f64::INFINITY), |it| (f64::from(it.rate), f64::from(it.burst)));
        let far = !latency.is_zero() || throttle.is_some();
        far.then_some(Pace { latency, rate, burst, width: self.parallelism() })
    }

    /// Returns the distance to the sandbox.
    pub fn distance(&self) -> Distance {
        Distance { latency: self.sandbox_latency, throttle: self.sandbox_throttle.0 }
    }
}

/// Returns the options of a run that the commands in hints repeat. Values of the environment are
/// there for the next command, too. Only the sandbox is repeated in any case: without it, the
/// command would be for a real account.
pub fn repeated(
    options: &GlobalOptions,
    manifest: Option<PathBuf>,
    matches: &ArgMatches,
) -> RunOptions {
    let GlobalOptions { profile, region, endpoint_url, state, variables, .. } = options;
    let GlobalOptions { allowed_paths, allowed_environment, max_file_size, .. } = options;
    let is_given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let acting = options.sandbox_enforce.iter().filter(|_| is_given("sandbox_enforce"));
    let one =
        |option: &'static str, value: &Option<String>| value.clone().map(|value| (option, value));
    RunOptions {
        manifest: manifest.map(|path| path.display().to_string()),
        sandbox: options.sandbox,
        account: (one("--profile", profile).into_iter())
            .chain(endpoint_url.iter().map(|url| ("--endpoint-url", without_password(url))))
            .chain(acting.map(|policy| ("--sandbox-enforce", policy.clone())))
            .collect(),
        allowed: (allowed_paths.iter().map(|path| ("--allow-path", path.display().to_string())))
            .chain(
                allowed_environment
                    .iter()
                    .filter(|_| is_given("allowed_environment"))
                    .map(|name| ("--allow-env", name.clone())),
            )
            .chain(
                is_given("max_file_size").then(|| ("--max-file-size", max_file_size.to_string())),
            )
            .collect(),
        values: (one("--region", region).into_iter())
            .chain(one("--state", state))
            .chain(variables.iter().map(|(key, value)| ("--var", assign(key, value))))
            .collect(),
    }
}

/// Returns a URL that may be printed. One that holds a user's name, and so perhaps a password, is
/// left to the reader.
fn without_password(url: &str) -> String {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') { "URL".to_owned() } else { url.to_owned() }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, for example --var stage=dev".to_owned()),
    }
}

/// Parses a code as devices and apps show it, perhaps with spaces in it.
fn mfa_code(text: &str) -> Result<String, String> {
    let code: String = text.split_whitespace().collect();
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { Ok(code) } else { Err("write the digits that the device shows".to_owned()) }
}

/// Parses a number of bytes with its unit.
fn file_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "KiB" | "K" => 10,
        "MiB" | "M" => 20,
        "GiB" | "G" => 30,
        _ => return Err(SIZE_FORM.to_owned()),
    };
    let number: Option<u64> = digits.parse().ok().filter(|number| *number > 0);
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| SIZE_FORM.to_owned())
}

const SIZE_FORM: &str = "write a number of bytes, or one of KiB, MiB or GiB: 64MiB";

fn attempts(text: &str) -> Result<Attempts, String> {
    match text.parse() {
        _ if text.is_empty() => Ok(Attempts(None)),
        Ok(tries @ 1..) => Ok(Attempts(Some(tries))),
        _ => Err("write a number from 1".to_owned()),
    }
}

/// Parses a latency. An environment variable that is set to an empty value counts as not set.
fn latency(text: &str) -> Result<Duration, String> {
    if text.is_empty() { Ok(Duration::ZERO) } else { patience(text) }
}

fn throttle(text: &str) -> Result<RequestLimit, String> {
    if text.is_empty() {
        Ok(RequestLimit(None))
    } else {
        text.parse().map(|throttle| RequestLimit(Some(throttle)))
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().map_err(|error| error.to_string());
    parsed.and_then(|time| {
        Duration::try_from(time).map_err(|_| "a time cannot be negative".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_has_a_unit() {
        assert_eq!(patience("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(patience("1m 30s"), Ok(Duration::from_secs(90)));
        assert!(patience("30").is_err());
        assert!(patience("-5s").is_err());
    }

    #[test]
    fn an_mfa_code_is_made_of_digits() {
        assert_eq!(mfa_code("123 456"), Ok("123456".to_owned()));
        assert!(mfa_code("").is_err());
        assert!(mfa_code("12345x").is_err());
    }

    #[test]
    fn a_variable_of_the_environment_that_is_empty_says_no_number_of_attempts() {
        assert_eq!(attempts(""), Ok(Attempts(None)));
        assert_eq!(attempts("3"), Ok(Attempts(Some(3))));
        assert!(attempts("0").is_err());
        assert!(attempts("often").is_err());
    }

    #[test]
    fn a_size_is_a_number_of_bytes_or_has_a_unit() {
        assert_eq!(file_size("3"), Ok(3));
        assert_eq!(file_size("64MiB"), Ok(64 << 20));
        for wrong in ["", "MiB", "0", "-1", "1.5MiB", "16MB", "99999999999GiB"] {
            assert!(file_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variable_is_split_at_the_first_equals_sign() {
        assert_eq!(variable("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(variable("a="), Ok(("a".into(), String::new())));
        assert!(variable("a").is_err());
        assert!(variable("=b").is_err());
    }
}
