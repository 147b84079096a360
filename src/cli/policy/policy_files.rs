//! The files of the policies that take part in a decision.

use std::path::PathBuf;

use super::DocumentKind;
use super::documents::{PolicySource, read_documents};
use super::levels::levels;
use super::placeholders::PlaceholderArgs;
use super::source::report;
use crate::cli::CommandContext;
use crate::cli::error::CommandError;
use relayctl::diagnostic::{Diagnostic, Severity};
use relayctl::policy::decision::Deciding;
use relayctl::policy::statement::Policy;
use relayctl::policy::{locate, statement_pointer};
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
    role: PolicyRole,
    policy: PolicySource,
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
        let (roles, paths): (Vec<_>, Vec<_>) = paths.0.into_iter().unzip();
        let documents = read_documents(&paths, placeholders, context)?;
        let files = roles.into_iter().zip(documents);
        let files: Vec<_> = files.map(|(role, policy)| PolicyFile { role, policy }).collect();
        let found: Vec<_> = files.iter().flat_map(PolicyFile::findings).collect();
        report(&found, files.iter().map(|file| &file.policy.source), context);
        if found.iter().any(|one| one.severity == Severity::Error) {
            return Err(CommandError::reported());
        }
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

    fn compiled(&self, role: PolicyRole) -> Result<Vec<Policy>, CommandError> {
        self.0.iter().filter(|file| file.role == role).map(PolicyFile::compiled).collect()
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
        let file = self.0.iter().find(|file| file.policy.shown_name() == deciding.policy)?;
        let pointer = statement_pointer(&file.policy.document, deciding.statement)?;
        locate(&file.policy.source.text, &pointer.to_string())
            .map(|(line, column, _)| (line, column))
    }
}

impl PolicyFile {
    fn compiled(&self) -> Result<Policy, CommandError> {
        Policy::compile(&self.policy.shown_name(), &self.policy.document).map_err(|error| {
            CommandError::because("this document can't be understood", error)
                .with_help(self.policy.source.hint_to_validate())
        })
    }

    /// Returns the findings on rules of AWS that the policy breaks: errors for policies that limit
    /// others, as such a policy can't be in force, and warnings for those that allow. Among the
    /// policies of resources only those of roles and buckets have rules that are known here.
    fn findings(&self) -> Vec<Diagnostic> {
        let document = &self.policy.document;
        let kind = match self.role {
            PolicyRole::Caller | PolicyRole::Boundary => DocumentKind::Identity,
            PolicyRole::Resource if DocumentKind::guess(document) == DocumentKind::Trust => {
                DocumentKind::Trust
            }
            PolicyRole::Resource if speaks_of_s3(document) => DocumentKind::Bucket,
            PolicyRole::Resource => return Vec::new(),
            PolicyRole::Session => DocumentKind::Session,
            PolicyRole::ServiceControl(_) => DocumentKind::Scp,
            PolicyRole::ResourceControl(_) => DocumentKind::Rcp,
            PolicyRole::Endpoint => DocumentKind::VpcEndpoint,
        };
        if kind.is_limiting() {
            self.policy.errors(kind.usage())
        } else {
            self.policy.warnings(kind.usage())
        }
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
