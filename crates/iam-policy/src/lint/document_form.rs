//! Rules on the form of a document: its version, and the names of its statements.

use crate::diagnostic::Severity;
use crate::layout::member;
use crate::{Usage, Value};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;

pub(super) const MISSING_VERSION: Rule = Rule::new(
    "missing-version",
    Severity::Note,
    "A document without Version",
    "It means 2008-10-17, the older version, which has no policy variables.",
    "Write \"Version\": \"2012-10-17\".",
)
.with_source(RuleSource::IamGuide("reference_policies_elements_version"));

pub(super) const DUPLICATE_SID: Rule = Rule::new(
    "duplicate-sid",
    Severity::Note,
    "Two statements of one name",
    "IAM refuses it in policies of users, groups and roles. In a bucket policy it is accepted, and \
        people and programs that find a statement by its Sid find the wrong one.",
    "Give each statement a name of its own.",
)
.with_example(
    Usage::Bucket,
    r#"[{"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*"},
 {"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
 "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::relay-data"}]"#,
    r#"[{"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*"},
 {"Sid": "List", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
 "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::relay-data"}]"#,
)
.with_source(RuleSource::AccessAnalyzer("general-warning-unique-sids-recommended"));

/// Finds a missing version. IAM refuses it in policies of users, groups and roles.
pub(super) fn find_missing_version(document: &Value, home: &Home<'_>) -> Option<Finding> {
    let missing = !home.usage.is_identity() && document.get("Version").is_none();
    missing.then(|| {
        let message = "the document has no Version, which means 2008-10-17: without variables";
        let remedy = "write \"Version\": \"2012-10-17\"";
        Finding::new(&MISSING_VERSION, Severity::Note, String::new(), message, remedy)
    })
}

/// Finds names that two statements have.
pub(super) fn find_duplicate_sids(sites: &[Site<'_>], home: &Home<'_>) -> Vec<Finding> {
    if home.usage != Usage::Bucket {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        let Some(sid) = &site.statement.sid else { continue };
        let first = sites[..index].iter().find(|other| other.statement.sid.as_ref() == Some(sid));
        findings.extend(first.map(|first| {
            let message = format!("statement {} is named {sid}, too", first.statement.number);
            let remedy = "give each statement a name of its own";
            let pointer = member(&site.pointer, "Sid");
            Finding::new(&DUPLICATE_SID, Severity::Note, pointer, message, remedy)
        }));
    }
    findings
}
