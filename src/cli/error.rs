//! The only error type of the command line: the problem, the remedy, and the exit code.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::hint::Hint;
use super::suggest::nearest;
use relayctl::address::{Address, AddressLookupError};
use relayctl::call::{Failure, FailureKind};
use relayctl::encryption::EncryptionError;
use relayctl::engine::EngineError;
use relayctl::graph::Cycle;
use relayctl::kind::{OWNER_TAG, Ownership};
use relayctl::render::command::{NextCommand, RunOptions};
use relayctl::render::text::escape;
use relayctl::state::StoreError;

/// The end of a command: its exit code, or an error.
pub type Exit = Result<ExitCode, CommandError>;

/// The exit code 128 + SIGPIPE, as a shell reports a program whose reader went away.
const BROKEN_PIPE: u8 = 141;
/// The exit code 128 + SIGINT.
const INTERRUPTED: u8 = 130;

#[derive(Debug)]
pub struct CommandError {
    /// The message. `None` means that everything has been printed already.
    pub message: Option<String>,
    /// Lines below the message, as a renderer wrote them.
    pub details: Vec<String>,
    help: Option<Hint>,
    pub code: u8,
    /// The error that caused this one, for the log.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Compares errors as users see them. The cause is not part of that.
impl PartialEq for CommandError {
    fn eq(&self, other: &Self) -> bool {
        (&self.message, &self.details, &self.help, self.code)
            == (&other.message, &other.details, &other.help, other.code)
    }
}

impl Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("reported already"))?;
        self.details.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl Error for CommandError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl CommandError {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            details: Vec::new(),
            help: None,
            code: 1,
            cause: None,
        }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<Hint>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds lines below the message, as a renderer wrote them.
    #[must_use]
    pub fn with_details(self, details: impl IntoIterator<Item = String>) -> Self {
        Self { details: details.into_iter().collect(), ..self }
    }

    /// Returns the message on one line, in which names and the words of others may be anything,
    /// and the lines below it. `None` means that everything has been printed already.
    pub fn printed_message(&self) -> Option<String> {
        let message = escape(self.message.as_ref()?);
        let details = self.details.iter().map(|line| format!("\n  {line}"));
        Some(std::iter::once(message).chain(details).collect())
    }

    /// Returns what to do about the error, with the options of the run in its commands.
    pub fn help_for(&self, run: &RunOptions) -> Option<String> {
        self.help.as_ref().map(|help| help.write_for(run))
    }

    /// Completes the commands for a run whose options are known here, but not where the error is
    /// printed.
    #[must_use]
    pub fn for_run(self, run: &RunOptions) -> Self {
        let help = self.help.map(|help| help.for_run(run));
        Self { help, ..self }
    }

    /// Returns an error whose diagnostics are already on stderr.
    pub fn reported() -> Self {
        Self { message: None, details: Vec::new(), help: None, code: 1, cause: None }
    }

    /// Returns the end of a command whose reader wants no more output. It prints no error.
    pub fn broken_pipe() -> Self {
        Self { message: None, details: Vec::new(), help: None, code: BROKEN_PIPE, cause: None }
    }

    pub fn interrupted() -> Self {
        Self { code: INTERRUPTED, ..Self::new("interrupted") }
            .with_help("the state holds everything that was done; the next plan shows what is left")
    }

    /// Returns an error for data that is encrypted for others.
    pub fn sealed(message: impl Into<String>, why: &EncryptionError) -> Self {
        Self::new(message).with_help(match why {
            EncryptionError::NoIdentity | EncryptionError::BadIdentity(_) => {
                "set RELAYCTL_AGE_IDENTITY to an identity (AGE-SECRET-KEY-1…), or to the file \
                    that holds it"
            }
            EncryptionError::OtherIdentity(_) => {
                "give the identity of one of its recipients; if nobody has one any more, move it \
                    away: what relayctl made is found again by its tags"
            }
            EncryptionError::Damaged(_) => "restore it from a backup, or make it anew",
        })
    }

    /// Returns an error for an action on a file.
    pub fn for_file(what: &str, path: &Path, cause: io::Error) -> Self {
        let said = Self::new(format!("cannot {what} {}: {cause}", path.display()));
        Self { help: help_with_io(&cause).map(Hint::from), ..said }.caused_by(cause)
    }

    /// Describes the failure, with the text of the error that caused it.
    pub fn because(context: impl Display, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(format!("{context}: {cause}")).caused_by(cause)
    }

    /// Sets the error that caused this one.
    #[must_use]
    pub fn caused_by(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }

    /// Logs the causes of the error, the nearest first.
    pub fn log_causes(&self) {
        let mut next = self.source();
        while let Some(cause) = next {
            tracing::debug!(%cause, "caused by");
            next = cause.source();
        }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        let said = Self::new(error.to_string());
        #[expect(
            clippy::match_same_arms,
            reason = "the last one is for variants of later versions"
        )]
        let said = match &error {
            EngineError::WrongAccount { .. } => said.with_help(
                "choose credentials for that account with --profile or AWS_PROFILE, or correct \
                    `account:` in the manifest",
            ),
            EngineError::ForeignState { .. } => said.with_help(
                "name this manifest's own state with --state or `state:`, or give the manifest \
                    a name of its own",
            ),
            EngineError::Stale { .. } => {
                said.with_help(Hint::new("plan again: ").command(NextCommand::on_manifest("plan")))
            }
            EngineError::Address(error) => said.with_help(help_with_address(error)),
            EngineError::NoAccessKeys => {
                said.with_help("give a user one: `access_key: {profile: NAME}`")
            }
            EngineError::UnknownKeyUser { user, known } => {
                said.with_help(match nearest(user, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("it does for {}", known.join(", ")),
                })
            }
            EngineError::NotAddable { ownership, .. } => {
                said.with_help(help_with_ownership(*ownership))
            }
            EngineError::AlreadyRecorded { address } => {
                let show = NextCommand::on_manifest("state show").with(address.to_string());
                said.with_help(Hint::to_run(show).followed_by(" prints what it records"))
            }
            EngineError::NotInAws { .. } => {
                let apply = Hint::to_run(NextCommand::on_manifest("apply"));
                said.with_help(apply.followed_by(" makes it; nothing needs to be added"))
            }
            EngineError::NotSuccessor { .. } => {
                let pull = Hint::to_run(NextCommand::on_manifest("state pull"));
                said.with_help(
                    pull.followed_by(" prints what is there; --force replaces it all the same"),
                )
            }
            EngineError::OccupiedStore { location } => {
                let pull = NextCommand::on_manifest("state pull").with("--state").with(location);
                let look = Hint::new("look at it with ").quoted_command(pull);
                said.with_help(look.followed_by(", and move it away if nobody needs it"))
            }
            EngineError::Store(error) => help_with_store(said, error),
            EngineError::Call(failure) => help_with_failure(said, failure),
            EngineError::Cycle(_) => said.with_help(HELP_WITH_CYCLE),
            EngineError::Objected { .. }
            | EngineError::NoState { .. }
            | EngineError::NotReplaceable { .. }
            | EngineError::SameStore { .. }
            | EngineError::CopyDiffers { .. } => said,
            // The enum is a library's and may grow. clippy reports variants of today that are
            // missing above.
            _ => said,
        };
        said.caused_by(error)
    }
}

fn help_with_address(error: &AddressLookupError) -> String {
    match error {
        AddressLookupError::Unknown { query, known } => {
            let query = query.to_string();
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            let names = known.iter().map(String::as_str);
            // A name alone is compared with names alone.
            let alone = names.clone().map(|it| it.split_once('.').map_or(it, |(_, name)| name));
            match nearest(&query, names.chain(alone)) {
                Some(near) => format!("did you mean {near}?"),
                None if known.is_empty() => "there are no resources at all".to_owned(),
                None => format!("there are {}", known.join(", ")),
            }
        }
        AddressLookupError::Ambiguous { candidates, .. } => {
            let names: Vec<String> = candidates.iter().map(Address::to_string).collect();
            format!("name one of them: {}", names.join(", "))
        }
    }
}

fn help_with_ownership(ownership: Ownership) -> String {
    match ownership {
        Ownership::Tag => format!(
            "give it the tag {OWNER_TAG} with the manifest's name as its value, then plan again"
        ),
        Ownership::Parent | Ownership::State => "it comes with what it is a part of".to_owned(),
        Ownership::LocalFile => {
            "it is in local files, which relayctl writes as they are".to_owned()
        }
    }
}

impl From<AddressLookupError> for CommandError {
    fn from(error: AddressLookupError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        help_with_store(Self::new(error.to_string()), &error).caused_by(error)
    }
}

fn help_with_store(said: CommandError, error: &StoreError) -> CommandError {
    match error {
        StoreError::Locked { location, info } => CommandError::new(format!(
            "the state {location} is locked: {} on {} (pid {}) is running `{}` since {}",
            info.who, info.host, info.pid, info.what, info.since
        ))
        .with_help(
            Hint::new("--lock-timeout 5m waits until that run has ended; if it is gone for good: ")
                .command(NextCommand::on_manifest("state unlock").with(&info.id)),
        ),
        StoreError::OtherLock { info, .. } => {
            said.with_help(format!("to take that one away, name it: {}", info.id))
        }
        StoreError::Sealed { why, .. } => CommandError::sealed(error.to_string(), why),
        StoreError::Newer { .. } => said.with_help("use the newer relayctl"),
        StoreError::Unreadable { location, backup: Some(backup), .. } => said.with_help(format!(
            "the last good state is {backup}: copy it over {location}; or move {location} away: \
                what relayctl made is found again by its tags"
        )),
        StoreError::Unreadable { .. } => said.with_help(
            "restore the file from a backup, or move it away: what relayctl made is \
                    found again by its tags",
        ),
        StoreError::Journal { location, .. } => said.with_help(format!(
            "it holds what a run changed before it was killed; move {location} away: what that \
                run made is found again by its tags"
        )),
        StoreError::Unsupported { .. } => said.with_help(
            "give a folder or a .json file, for example --state state/dev.json, or \
                    s3://bucket/prefix",
        ),
        StoreError::Moved { .. } => said.with_help("plan again"),
        StoreError::Unconditional { .. } => said.with_help(
            "keep the state in S3 itself, or in a store that has its conditional writes",
        ),
        StoreError::Remote { failure, .. } => help_with_failure(said, failure),
        StoreError::Io { cause, .. } => {
            let help = help_with_io(cause).map(|help| {
                format!("{help}; --state, or `state:` in the manifest, names another place for it")
            });
            CommandError { help: help.map(Hint::from), ..said }
        }
        StoreError::Missing { .. } | StoreError::Lost { .. } | StoreError::NotLocked { .. } => said,
    }
}

/// Returns the remedy for a file that cannot be read or written, if there is one.
fn help_with_io(cause: &io::Error) -> Option<String> {
    use io::ErrorKind as Kind;
    let kind = cause.kind();
    let help = if kind == Kind::PermissionDenied {
        "`ls -ld` shows who may read and write the file and its folder; `chmod u+w` gives the \
            owner \
            the right to write"
    } else if kind == Kind::ReadOnlyFilesystem {
        "that file system is mounted read-only"
    } else if kind == Kind::StorageFull || kind == Kind::QuotaExceeded {
        "free some space there"
    } else if kind == Kind::NotADirectory {
        "a part of the path is a file, and should be a folder"
    } else {
        return None;
    };
    Some(help.to_owned())
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        help_with_failure(Self::new(failure.to_string()), &failure).caused_by(failure)
    }
}

fn help_with_failure(said: CommandError, failure: &Failure) -> CommandError {
    let help: Option<Hint> = match failure.kind {
        _ if failure.help.is_some() => failure.help.as_deref().map(Hint::from),
        FailureKind::Credentials => Some(
            "sign in (`aws sso login`), name a profile with --profile, or set AWS_ACCESS_KEY_ID \
                and AWS_SECRET_ACCESS_KEY; without an AWS account, try --sandbox"
                .into(),
        ),
        FailureKind::Unavailable => {
            Some("check the network, --region and --endpoint-url, and try again".into())
        }
        FailureKind::AccessDenied => Some(
            Hint::to_run(NextCommand::on_manifest("permissions"))
                .followed_by(" prints the policy that relayctl needs for a manifest"),
        ),
        FailureKind::Throttled => Some(
            "others use up what AWS takes of this account: try again later, or more patiently \
                (--retry-timeout 20m --max-attempts 20)"
                .into(),
        ),
        FailureKind::NotFound
        | FailureKind::AlreadyExists
        | FailureKind::Conflict
        | FailureKind::LimitExceeded
        | FailureKind::Invalid
        | FailureKind::Refused
        | FailureKind::Other => None,
    };
    CommandError { help, ..said }
}

const HELP_WITH_CYCLE: &str = "take one of these references out of the manifest";

impl From<Cycle> for CommandError {
    fn from(cycle: Cycle) -> Self {
        Self::new(cycle.to_string()).with_help(HELP_WITH_CYCLE).caused_by(cycle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::address::AddressQuery;
    use relayctl::state::LockInfo;

    fn help(error: &CommandError) -> Option<String> {
        error.help_for(&RunOptions::default())
    }

    #[test]
    fn a_locked_state_says_who_holds_it() {
        let info = LockInfo {
            id: "8d3c".into(),
            who: "ada".into(),
            host: "build-7".into(),
            pid: 42,
            since: "2026-01-02T03:04:05Z".into(),
            what: "apply".into(),
            expires: String::new(),
            process: None,
        };
        let error = CommandError::from(StoreError::Locked {
            location: "state/dev.json".into(),
            info: Box::new(info),
        });
        assert_eq!(
            error.message.as_deref(),
            Some(
                "the state state/dev.json is locked: ada on build-7 (pid 42) is running `apply` \
                    since 2026-01-02T03:04:05Z"
            )
        );
        let help = help(&error).unwrap();
        assert!(help.ends_with("relayctl state unlock MANIFEST 8d3c"), "{help}");
    }

    #[test]
    fn an_address_that_is_not_there_comes_with_the_nearest_that_is() {
        let known = ["user.serverless".parse().unwrap()];
        let find = |name| CommandError::from(AddressQuery::new(name).find(&known).unwrap_err());
        let error = find("user.serverles");
        assert_eq!(error.message.as_deref(), Some("there is no resource user.serverles"));
        assert_eq!(help(&error).as_deref(), Some("did you mean user.serverless?"));
        assert_eq!(help(&find("serverles")).as_deref(), Some("did you mean serverless?"));
    }

    #[test]
    fn a_state_folder_that_cannot_be_written_comes_with_a_remedy() {
        let denied = |kind: io::ErrorKind| {
            let location = "state/dev.json".to_owned();
            let error = StoreError::Io { what: "write", location, cause: kind.into() };
            help(&CommandError::from(error))
        };
        let said = denied(io::ErrorKind::PermissionDenied).unwrap();
        assert!(said.contains("chmod u+w") && said.contains("--state"), "{said}");
        let said = denied(io::ErrorKind::ReadOnlyFilesystem).unwrap();
        assert!(said.contains("read-only") && said.contains("--state"), "{said}");
        let file = CommandError::for_file(
            "write",
            Path::new("state/dev.plan.json"),
            io::ErrorKind::PermissionDenied.into(),
        );
        assert!(help(&file).is_some_and(|help| help.contains("`ls -ld`")));
    }

    #[test]
    fn missing_credentials_come_with_the_ways_to_get_some() {
        let failure = Failure::new(
            FailureKind::Credentials,
            "sts:GetCallerIdentity",
            "NoCredentials",
            "none found",
        );
        let help = help(&CommandError::from(failure)).unwrap();
        assert!(help.contains("--profile"), "{help}");
    }
}
