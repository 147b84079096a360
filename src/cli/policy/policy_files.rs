//! The files of the policies that take part in a decision.

use std::path::PathBuf;

use super::DocumentKind;
use super::levels::levels;
use super::placeholders::PlaceholderArgs;
use super::source::{Source, check_stdin_once, report};
use crate::cli::CommandContext;
use crate::cli::error::CommandError;
use relayctl::diagnostic::{Diagnostic, Severity};
use relayctl::policy::decision::Deciding;
use relayctl::policy::statement::Policy;
use relayctl::policy::{diagnose_parsed, locate, statement_pointer};
use relayctl::value::Value;

/// The role of a policy in a decision. Control policies have the number of their level, from the
/// root of the organization down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyRole {
    Caller,
    Boundary,
    Session,
    Resource,
    ServiceControl(usize),
    ResourceControl(usize),
    Endpoint,
}

/// The paths of policies by their roles.
#[derive(Debug, Default)]
pub struct PolicyPaths(Vec<(PolicyRole, PathBuf)>);

struct PolicyFile {
    place: PolicyRole,
    source: Source,
    document: Value,
}

/// The policies that take part in the decision, read and parsed.
pub struct PolicyFiles(Vec<PolicyFile>);

/// The compiled policies of a decision.
pub struct CompiledFiles {
    pub identity: Vec<Policy>,
    pub boundary: Option<Policy>,
    pub session: Option<Vec<Policy>>,
    pub resource: Option<Policy>,
    pub service_control: Vec<Vec<Policy>>,
    pub resource_control: Vec<Vec<Policy>>,
    pub endpoint: Option<Policy>,
}

impl PolicyPaths {
    pub fn add_files<'p>(
        &mut self,
        role: PolicyRole,
        paths: impl IntoIterator<Item = &'p PathBuf>,
    ) {
        self.0.extend(paths.into_iter().map(|path| (role, path.clone())));
    }

    /// Adds the control policies of all levels.
    pub fn add_levels(
        &mut self,
        role: fn(usize) -> PolicyRole,
        paths: &[PathBuf],
    ) -> Result<(), CommandError> {
        for (number, level) in levels(paths)?.iter().enumerate() {
            self.add_files(role(number), level);
        }
        Ok(())
    }

    pub fn contains(&self, roles: &[PolicyRole]) -> bool {
        self.0.iter().any(|(role, _)| roles.contains(role))
    }
}

impl PolicyFiles {
    pub fn read(
        paths: PolicyPaths,
        placeholders: &PlaceholderArgs,
        context: &CommandContext,
    ) -> Result<Self, CommandError> {
        check_stdin_once(&paths.0.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>())?;
        let (mut files, mut problems, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        let mut sources = Vec::new();
        for (place, path) in paths.0 {
            match Source::read(&path, context.options.max_file_size) {
                Ok(source) => sources.push((place, source)),
                Err(problem) => problems.push(problem),
            }
        }
        placeholders.fill_sources(sources.iter_mut().map(|(_, source)| source), context)?;
        for (place, source) in sources {
            match source.parse() {
                Ok(document) => files.push(PolicyFile { place, source, document }),
                Err(problem) => {
                    problems.push(problem);
                    broken.push(source);
                }
            }
        }
        report(&problems, &broken, context);
        if !problems.is_empty() {
            return Err(CommandError::reported());
        }
        let warnings: Vec<_> = files.iter().flat_map(PolicyFile::warnings).collect();
        report(&warnings, files.iter().map(|file| &file.source), context);
        Ok(Self(files))
    }

    pub fn compile(&self) -> Result<CompiledFiles, CommandError> {
        let one = |role| Ok::<_, CommandError>(self.compiled(role)?.into_iter().next());
        let session = self.compiled(PolicyRole::Session)?;
        Ok(CompiledFiles {
            identity: self.compiled(PolicyRole::Caller)?,
            boundary: one(PolicyRole::Boundary)?,
            session: Some(session).filter(|session| !session.is_empty()),
            resource: one(PolicyRole::Resource)?,
            service_control: self.compiled_levels(PolicyRole::ServiceControl)?,
            resource_control: self.compiled_levels(PolicyRole::ResourceControl)?,
            endpoint: one(PolicyRole::Endpoint)?,
        })
    }

    fn compiled(&self, place: PolicyRole) -> Result<Vec<Policy>, CommandError> {
        self.0.iter().filter(|file| file.place == place).map(PolicyFile::compiled).collect()
    }

    fn compiled_levels(
        &self,
        role: fn(usize) -> PolicyRole,
    ) -> Result<Vec<Vec<Policy>>, CommandError> {
        let levels = (0..).map(|number| self.compiled(role(number)));
        levels.take_while(|level| level.as_ref().map_or(true, |level| !level.is_empty())).collect()
    }

    /// Returns the line and column of a statement.
    pub fn locate(&self, deciding: &Deciding) -> Option<(usize, usize)> {
        let file = self.0.iter().find(|file| file.name() == deciding.policy)?;
        let pointer = statement_pointer(&file.document, deciding.statement)?;
        locate(&file.source.text, &pointer.to_string()).map(|(line, column, _)| (line, column))
    }
}

impl PolicyFile {
    fn name(&self) -> String {
        self.source.shown_name().display().to_string()
    }

    fn compiled(&self) -> Result<Policy, CommandError> {
        Policy::compile(&self.name(), &self.document).map_err(|error| {
            CommandError::because("this document can't be understood", error)
                .with_help(self.source.hint_to_validate())
        })
    }

    /// Returns warnings for rules of AWS that the policy breaks. AWS would refuse it, but its
    /// meaning can still be computed. The size is not checked, since an AWS managed policy may be
    /// as large as it is. Among the policies of resources only those of roles and buckets have
    /// rules that are known here, and those of organizations and endpoints have rules of their own.
    fn warnings(&self) -> Vec<Diagnostic> {
        let kind = match (self.place, DocumentKind::guess(&self.document)) {
            (PolicyRole::Caller | PolicyRole::Boundary | PolicyRole::Session, _) => {
                DocumentKind::Identity
            }
            (PolicyRole::Resource, DocumentKind::Trust) => DocumentKind::Trust,
            (PolicyRole::Resource, _) if speaks_of_s3(&self.document) => DocumentKind::Bucket,
            (
                PolicyRole::Resource
                | PolicyRole::ServiceControl(_)
                | PolicyRole::ResourceControl(_)
                | PolicyRole::Endpoint,
                _,
            ) => return Vec::new(),
        };
        let found = diagnose_parsed(
            &self.source.shown_name(),
            &self.source.text,
            &self.document,
            kind.usage(),
        );
        let found = found.into_iter().filter(|one| one.code != "policy-size");
        found.map(|one| Diagnostic { severity: Severity::Warning, ..one }).collect()
    }
}

fn speaks_of_s3(document: &Value) -> bool {
    let policy = Policy::compile("", document);
    let actions = |policy: &Policy| {
        policy.statements.iter().flat_map(|it| it.actions.patterns.clone()).collect::<Vec<_>>()
    };
    policy.is_ok_and(|policy| {
        actions(&policy).iter().any(|action| action.to_ascii_lowercase().starts_with("s3:"))
    })
}
