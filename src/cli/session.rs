//! The parts that the commands share: the manifest, its state, and its account.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommandContext;
use super::encrypt::seal_for;
use super::error::CommandError;
use super::missing_file::missing_file;
use super::options::GlobalOptions;
use super::project::{Project, folder_of, shown};
use super::sandbox_principal::sandbox_principal;
use super::terminal::Terminal;
use relayctl::access::checks;
use relayctl::allowed_files::AllowedFiles;
use relayctl::call::CallerIdentity;
use relayctl::diagnostic::Diagnostic;
use relayctl::encryption::FileEncryption;
use relayctl::engine::{self, EngineError};
use relayctl::lint::{self, ManifestFinding};
use relayctl::manifest::{self, Documents, Inputs, Loaded};
use relayctl::model::Desired;
use relayctl::plan::PlanMode;
use relayctl::port::{Provider, Store};
use relayctl::provider::Providers;
use relayctl::provider::aws::{Aws, ConnectOptions as AwsOptions, MfaCodes};
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::{Remote, Sandbox};
use relayctl::render::diagnostic;
use relayctl::state::State;
use relayctl::store;
use relayctl::store::local::LocalStore;
use relayctl::transport::Retrying;

/// A manifest without errors, and the project that it is in.
pub struct DeclaredManifest {
    pub path: PathBuf,
    pub desired: Desired,
    pub project: Project,
    /// The text of the files that may still be shown, by their names.
    pub sources: BTreeMap<PathBuf, Arc<str>>,
}

/// The store of a state, and its place as a saved plan names it. `None` means the default place.
pub struct StateAt {
    pub store: Box<dyn Store>,
    pub url: Option<String>,
}

/// The account that a run is for, and the files around it.
pub struct Destination<'a> {
    pub project: &'a Project,
    pub account: &'a str,
    pub region: &'a str,
    /// The folder that the manifest's relative paths are relative to.
    pub base: &'a Path,
}

/// Reads a manifest with everything in it. Prints its problems.
pub fn load_manifest(
    path: &Path,
    context: &CommandContext,
) -> Result<DeclaredManifest, CommandError> {
    read(path, context, |_| Vec::new()).map(DeclaredManifest::alone)
}

/// Reads a manifest to plan for. Its `checks:` are about what the plan would make: objects that are
/// removed, or only looked at, need not pass them.
pub fn load_for(
    mode: PlanMode,
    path: &Path,
    context: &CommandContext,
) -> Result<DeclaredManifest, CommandError> {
    match mode {
        PlanMode::Apply => load_checked(path, context),
        PlanMode::Destroy | PlanMode::RefreshOnly => load_manifest(path, context),
    }
}

/// A manifest to lint.
pub struct LintedManifest {
    /// The manifest, and its policy documents with their places, which take more memory than
    /// everything else; `None` if it has errors. A public policy that S3 refuses is none of these.
    pub subject: Option<(DeclaredManifest, Documents)>,
    /// The errors and warnings of the manifest itself.
    pub problems: Vec<Diagnostic>,
}

/// Reads a manifest to lint, also one with a public policy that S3 refuses. Prints its problems.
pub fn load_for_lint(
    path: &Path,
    context: &CommandContext,
) -> Result<LintedManifest, CommandError> {
    let mut loaded = load(path, context, |_| Vec::new())?;
    let problems = std::mem::take(&mut loaded.diagnostics);
    let desired = loaded.desired.take().or_else(|| loaded.refused.take());
    let is_usable = desired.is_some();
    let subject = is_usable.then(|| declared(path, context, desired, loaded)).transpose()?;
    Ok(LintedManifest { subject, problems })
}

/// Reads a manifest, looks for names that AWS doesn't have, and evaluates its `checks:` before
/// anything is read from AWS.
pub fn load_checked(
    path: &Path,
    context: &CommandContext,
) -> Result<DeclaredManifest, CommandError> {
    let judge = |loaded: &Loaded| {
        let Some(desired) = &loaded.desired else { return Vec::new() };
        let unknown = lint::find_unknown_names(desired, &loaded.documents);
        let mut found = checks::diagnostics(desired, &loaded.documents);
        found.extend(unknown.iter().map(ManifestFinding::diagnostic));
        found
    };
    read(path, context, judge).map(DeclaredManifest::alone)
}

fn read(
    path: &Path,
    context: &CommandContext,
    further: impl Fn(&Loaded) -> Vec<Diagnostic>,
) -> Result<(DeclaredManifest, Documents), CommandError> {
    let mut loaded = load(path, context, further)?;
    let desired = loaded.desired.take().filter(|_| !loaded.has_errors());
    declared(path, context, desired, loaded)
}

/// Reads a manifest, and prints its problems.
fn load(
    path: &Path,
    context: &CommandContext,
    further: impl Fn(&Loaded) -> Vec<Diagnostic>,
) -> Result<Loaded, CommandError> {
    if !path.is_file() {
        return Err(missing_file("manifest", path));
    }
    let mut loaded = manifest::load_manifest(
        path,
        &inputs(
            context.options.variables.iter().cloned().collect(),
            context.options.region.clone(),
            &context.options,
        ),
    );
    loaded.diagnostics.extend(further(&loaded));
    if !loaded.diagnostics.is_empty() {
        let color = context.terminal.side_style().color;
        context.terminal.print_side(&diagnostic::list_diagnostics(
            &loaded.diagnostics,
            &loaded.sources,
            color,
        ));
    }
    Ok(loaded)
}

fn declared(
    path: &Path,
    context: &CommandContext,
    desired: Option<Desired>,
    loaded: Loaded,
) -> Result<(DeclaredManifest, Documents), CommandError> {
    let desired = desired.ok_or_else(CommandError::reported)?;
    let project = Project::of_manifest(path, context.options.sandbox)?;
    Ok((
        DeclaredManifest { path: path.to_owned(), desired, project, sources: loaded.sources },
        loaded.documents,
    ))
}

/// Returns what a manifest is loaded with.
pub fn inputs(
    variables: BTreeMap<String, String>,
    region: Option<String>,
    options: &GlobalOptions,
) -> Inputs<'static> {
    // An environment variable that is set to an empty value allows nothing.
    let allowed = options.allowed_environment.iter().map(|name| name.trim().to_owned());
    Inputs {
        variables,
        region,
        environment: &|name| std::env::var(name).ok(),
        allowed_environment: allowed.filter(|name| !name.is_empty()).collect(),
        files: options.file_rules(),
    }
}

impl DeclaredManifest {
    /// Drops the text that only the documents need. The manifest's own text stays, because a plan
    /// still shows the places of its brakes and of policies that don't exist.
    fn alone((mut declared, _): (Self, Documents)) -> Self {
        let desired = &declared.desired;
        let limits =
            [&desired.limits.max_destroy, &desired.limits.max_change_percent].into_iter().flatten();
        let limits = limits.filter_map(|limit| limit.place.as_ref());
        let protected =
            desired.resources.values().filter_map(|resource| resource.prevent_destroy.as_ref());
        let uses = desired.foreign_policy_uses();
        let uses = uses.iter().filter_map(|used| used.place);
        let shown: BTreeSet<&Path> =
            limits.chain(protected).chain(uses).map(|place| place.file.as_path()).collect();
        declared.sources.retain(|file, _| shown.contains(file.as_path()));
        declared
    }

    /// Opens the state: `--state`, else the manifest's `state:`, else its place in the project. The
    /// sandbox has its own state.
    pub fn open_state(&self, context: &CommandContext) -> Result<StateAt, CommandError> {
        self.open_state_of(&self.desired.name, context)
    }

    /// Opens the state as it would be if the manifest had this name.
    pub fn open_state_of(
        &self,
        name: &str,
        context: &CommandContext,
    ) -> Result<StateAt, CommandError> {
        if !self.project.sandbox && name == "sandbox" {
            return Err(CommandError::new(
                "a manifest cannot be named `sandbox`: state/sandbox.json is the sandbox's",
            )
            .with_help("give it another name"));
        }
        let declared = self.desired.store.as_deref().filter(|_| !self.project.sandbox);
        let url = match (context.options.state.as_deref(), declared) {
            (Some(option), _) => Some(rooted(option, Path::new("."), &self.project)),
            (None, Some(declared)) => Some(rooted(declared, folder_of(&self.path), &self.project)),
            (None, None) => None,
        };
        self.open_at(url, name, context)
    }

    /// Returns the name of another manifest of the same file, by the local states beside this one.
    pub async fn name_beside(&self) -> Option<String> {
        let file = self.project.relative(&self.path);
        for path in self.project.states_beside() {
            let state = LocalStore::new(path).load_state().await.ok().flatten();
            let found = state.filter(|it| {
                it.manifest_file.as_ref() == Some(&file)
                    && it.account == self.desired.account
                    && !self.desired.is_called(&it.manifest)
                    && !it.resources.is_empty()
            });
            if let Some(state) = found {
                return Some(state.manifest);
            }
        }
        None
    }

    /// Opens the states under the names that the manifest had before.
    pub fn former_states(
        &self,
        context: &CommandContext,
    ) -> Result<Vec<(String, StateAt)>, CommandError> {
        let names = self.desired.former_names.iter();
        names.map(|name| Ok((name.clone(), self.open_state_of(name, context)?))).collect()
    }

    /// Opens the state at a place that the command line names.
    pub fn open_state_at(
        &self,
        url: &str,
        context: &CommandContext,
    ) -> Result<StateAt, CommandError> {
        let url = rooted(url, Path::new("."), &self.project);
        self.open_at(Some(url), &self.desired.name, context)
    }

    fn open_at(
        &self,
        url: Option<String>,
        name: &str,
        context: &CommandContext,
    ) -> Result<StateAt, CommandError> {
        let seal = seal_for(&self.desired.recipients)?;
        open_state(url, &self.project, name, &aws_options(context, &self.desired.region), seal)
    }

    /// Opens the providers for the account. Nothing has been read from it yet.
    pub async fn open_provider(&self, context: &CommandContext) -> Result<Providers, CommandError> {
        self.destination().open_provider(context).await
    }

    /// Explains an error of the engine for this manifest.
    pub fn explain(&self, error: EngineError) -> CommandError {
        self.destination().explain(error)
    }

    /// Connects to the account, and makes sure that it is the right one.
    pub async fn connect(&self, context: &CommandContext) -> Result<Providers, CommandError> {
        self.destination().connect(context).await
    }

    fn destination(&self) -> Destination<'_> {
        Destination {
            project: &self.project,
            account: &self.desired.account,
            region: &self.desired.region,
            base: folder_of(&self.path),
        }
    }

    /// Loads the state, if one exists. It must be this manifest's state.
    pub async fn load_state(&self, store: &dyn Store) -> Result<Option<State>, CommandError> {
        Ok(engine::load_state(&self.desired, store).await?)
    }

    /// Loads the state for a plan: the manifest's own, else that of a name that it had before.
    pub async fn load_state_or_former(
        &self,
        store: &dyn Store,
        context: &CommandContext,
    ) -> Result<Option<State>, CommandError> {
        let own = self.load_state(store).await?;
        if own.is_some() {
            return Ok(own);
        }
        for name in &self.desired.former_names {
            let former = self.open_state_of(name, context)?;
            let state = engine::load_state(&self.desired, former.store.as_ref()).await?;
            if let Some(state) = state.filter(|it| !it.resources.is_empty()) {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }
}

/// Returns a path as a saved plan can keep it: relative to the root, whatever the path was relative
/// to. URLs stay as they are.
fn rooted(url: &str, relative_to: &Path, project: &Project) -> String {
    if url.contains("://") { url.to_owned() } else { project.relative(&relative_to.join(url)) }
}

/// Returns the options for reaching AWS, as the command line gives them.
pub fn aws_options(context: &CommandContext, region: &str) -> AwsOptions {
    AwsOptions {
        profile: context.options.profile.clone(),
        region: region.to_owned(),
        endpoint_url: context.options.endpoint_url.clone(),
        mfa: MfaCodes {
            given: context.options.mfa_code.clone(),
            ask: Terminal::interactive().then_some(Terminal::ask_mfa_code),
        },
        session: Arc::clone(&context.session),
        transport: Arc::clone(&context.transport),
    }
}

/// Opens a state at the place that a saved plan names.
pub fn open_state(
    url: Option<String>,
    project: &Project,
    name: &str,
    aws: &AwsOptions,
    seal: FileEncryption,
) -> Result<StateAt, CommandError> {
    if let Some(url) = url.as_deref().filter(|url| project.sandbox && url.starts_with("s3://")) {
        return Err(CommandError::new(format!(
            "nothing of the sandbox reaches AWS, so its state cannot be kept at {url}"
        ))
        .with_help("leave --state out: the sandbox has a state of its own"));
    }
    let whole = url.as_deref().map(|url| {
        if url.contains("://") { url.to_owned() } else { shown(&project.root.join(url)) }
    });
    let default = PathBuf::from(shown(&project.state_file(name)));
    Ok(StateAt { store: store::open_store(whole.as_deref(), &default, aws, seal)?, url })
}

impl Destination<'_> {
    /// Opens the providers and reads the caller's identity before anything else.
    pub async fn connect(&self, context: &CommandContext) -> Result<Providers, CommandError> {
        self.connect_as(context).await.map(|(edges, _)| edges)
    }

    /// Opens the providers, and returns the caller with them.
    pub async fn connect_as(
        &self,
        context: &CommandContext,
    ) -> Result<(Providers, CallerIdentity), CommandError> {
        let edges = self.open_provider(context).await?;
        let verified = engine::verify_account(&edges, self.account).await;
        verified.map(|caller| (edges, caller)).map_err(|error| self.explain(error))
    }

    async fn open_provider(&self, context: &CommandContext) -> Result<Providers, CommandError> {
        if self.project.sandbox {
            let account = shown(&self.project.sandbox_account());
            context.terminal.print_note(&format!(
                "Sandbox: a simulated AWS account, kept in {account}. Nothing reaches AWS."
            ));
        }
        Ok(Providers::new(
            self.cloud(context).await?,
            self.files(&context.options)?,
            context.options.parallelism(),
        ))
    }

    async fn cloud(&self, context: &CommandContext) -> Result<Box<dyn Provider>, CommandError> {
        let acting = sandbox_principal(&context.options.sandbox_enforce)?;
        let distance = context.options.distance();
        if self.project.sandbox {
            let sandbox =
                Sandbox::open(&self.project.sandbox_account(), self.account, self.region)?;
            let sandbox = match acting {
                Some(acting) => sandbox.enforcing(acting),
                None => sandbox,
            };
            return Ok(Box::new(Retrying::new(
                Remote::new(sandbox, distance),
                Arc::clone(&context.transport),
            )));
        }
        let switches = [
            ("--sandbox-enforce", "RELAYCTL_SANDBOX_ENFORCE", acting.is_some()),
            ("--sandbox-latency", "RELAYCTL_SANDBOX_LATENCY", !distance.latency.is_zero()),
            ("--sandbox-throttle", "RELAYCTL_SANDBOX_THROTTLE", distance.throttle.is_some()),
        ];
        if let Some((switch, variable, _)) = switches.iter().find(|(.., is_set)| *is_set) {
            return Err(CommandError::new(format!(
                "{switch} is about the simulated account, and this run is not in it"
            ))
            .with_help(format!("add --sandbox, or unset {variable}")));
        }
        Ok(Box::new(Aws::connect(&aws_options(context, self.region)).await?))
    }

    fn files(&self, options: &GlobalOptions) -> Result<Files, CommandError> {
        let base = self.base.to_owned();
        let allowed = AllowedFiles::of_folder(&base, &options.file_rules());
        if self.project.sandbox {
            let overlay = self.project.sandbox_files();
            let aws = overlay.join("home").join(".aws");
            let (credentials, config) = (aws.join("credentials"), aws.join("config"));
            return Ok(Files { credentials, config, base, overlay: Some(overlay), allowed });
        }
        let credentials = aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let config = aws_file("AWS_CONFIG_FILE", "config")?;
        Ok(Files { credentials, config, base, overlay: None, allowed })
    }

    /// Explains an error of the engine. A wrong account in the sandbox means another sandbox.
    fn explain(&self, error: EngineError) -> CommandError {
        let is_other = matches!(error, EngineError::WrongAccount { .. });
        let said = CommandError::from(error);
        if !is_other || !self.project.sandbox {
            return said;
        }
        let file = shown(&self.project.sandbox_account());
        said.with_help(format!("{file} simulates another account; move it away to start a new one"))
    }
}

/// Finds one of the two files of the AWS CLI: at the path in its variable, else in the home
/// directory.
fn aws_file(variable: &str, name: &str) -> Result<PathBuf, CommandError> {
    let home = || {
        home::home_dir().ok_or_else(|| {
            CommandError::new("cannot tell the home directory").with_help("set HOME")
        })
    };
    match std::env::var(variable).ok().filter(|path| !path.is_empty()) {
        None => Ok(home()?.join(".aws").join(name)),
        Some(path) => match path.strip_prefix("~/") {
            Some(below_home) => Ok(home()?.join(below_home)),
            None => Ok(PathBuf::from(path)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_states_path_is_kept_relative_to_the_root_and_a_url_as_it_is() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir(temporary.path().join("state")).unwrap();
        std::fs::write(temporary.path().join("state/x.json"), "").unwrap();
        let project = Project::find_from(temporary.path(), false).unwrap();
        assert_eq!(rooted("state/x.json", temporary.path(), &project), "state/x.json");
        assert_eq!(rooted("s3://bucket/x", temporary.path(), &project), "s3://bucket/x");
    }
}
