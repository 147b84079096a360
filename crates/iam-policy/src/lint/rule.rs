//! A rule: its name, severity and explanation.

use std::fmt;

use crate::Usage;
use crate::diagnostic::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable name: `action-wildcard`.
    pub name: &'static str,
    /// The highest severity of its findings; a finding may be less severe.
    pub severity: Severity,
    /// A summary of one line.
    pub summary: &'static str,
    /// The reason why its findings matter, and the cases in which they are less severe.
    pub why: &'static str,
    /// The remedy.
    pub remedy: &'static str,
    /// A bad example and a good one. The rules of escalation paths have theirs made from the path.
    pub example: Option<RuleExample>,
    /// The publication that it follows.
    pub source: Option<RuleSource>,
}

/// A bad example, in which the rule finds something, and a good one, in which it doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleExample {
    /// The use of the policy that the statements are of; `None` for a part of a manifest, in YAML.
    pub usage: Option<Usage>,
    /// A statement, a list of statements, or a part of a manifest.
    pub bad: &'static str,
    /// The same, mended.
    pub good: &'static str,
}

/// A publication that a rule follows. Its text is the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleSource {
    /// A page of the IAM User Guide.
    IamGuide(&'static str),
    /// A check of Access Analyzer's "IAM policy validation check reference", by the end of its
    /// anchor: `error-invalid-arn-region`.
    AccessAnalyzer(&'static str),
    /// A page of the Amazon S3 User Guide.
    S3Guide(&'static str),
    /// A page of the Service Authorization Reference.
    ServiceAuthorization(&'static str),
    /// Another page, by its address.
    Page(&'static str),
}

impl fmt::Display for RuleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_aws = |f: &mut fmt::Formatter<'_>, guide: &str, page: &str| {
            // An anchor stands behind the file's name.
            let (page, anchor) = page.split_once('#').unwrap_or((page, ""));
            let mark = if anchor.is_empty() { "" } else { "#" };
            write!(f, "https://docs.aws.amazon.com/{guide}/{page}.html{mark}{anchor}")
        };
        match self {
            Self::IamGuide(page) => of_aws(f, "IAM/latest/UserGuide", page),
            Self::AccessAnalyzer(check) => {
                const PAGE: &str = "access-analyzer-reference-policy-checks";
                of_aws(f, "IAM/latest/UserGuide", &format!("{PAGE}#{PAGE}-{check}"))
            }
            Self::S3Guide(page) => of_aws(f, "AmazonS3/latest/userguide", page),
            Self::ServiceAuthorization(page) => {
                of_aws(f, "service-authorization/latest/reference", page)
            }
            Self::Page(address) => f.write_str(address),
        }
    }
}

impl Rule {
    /// Makes a rule: name, severity, summary, why, remedy.
    pub const fn new(
        name: &'static str,
        severity: Severity,
        summary: &'static str,
        why: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self { name, severity, summary, why, remedy, example: None, source: None }
    }

    /// Adds examples of statements: a bad one, and a good one.
    #[must_use]
    pub const fn with_example(
        mut self,
        usage: Usage,
        bad: &'static str,
        good: &'static str,
    ) -> Self {
        self.example = Some(RuleExample { usage: Some(usage), bad, good });
        self
    }

    /// Adds examples of parts of a manifest: a bad one, and a good one.
    #[must_use]
    pub const fn with_manifests(mut self, bad: &'static str, good: &'static str) -> Self {
        self.example = Some(RuleExample { usage: None, bad, good });
        self
    }

    /// Adds the publication that the rule follows.
    #[must_use]
    pub const fn with_source(mut self, source: RuleSource) -> Self {
        self.source = Some(source);
        self
    }
}
