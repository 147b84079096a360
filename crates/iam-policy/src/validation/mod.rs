//! Validation: the problems for which AWS would refuse a document, in AWS's own words where they
//! are known, each at the element that causes it.
//!
//! Refusing too little costs a failed call; refusing too much costs the user a valid policy. Where
//! AWS's rule isn't documented, nothing is refused.

mod action;
mod bucket;
mod condition;
mod condition_value;
mod limiting;
mod partition;
mod principal;
mod resource;
mod split;
mod statement;
mod violation;

use crate::Value;

use super::canonical::canonical;
use super::layout::{ELEMENTS, STATEMENT, STATEMENT_ELEMENTS, member, one_or_many, statements};
use super::size::size_of_text;
use super::{LimitingPolicy, Usage, document_size, limit};

pub use violation::Violation;

/// Returns the problems for which AWS would refuse the document, in the order in which IAM finds
/// them: of several problems IAM reports the first. Empty for a valid document. The size is that of
/// the document in its [canonical form](canonical()), in compact JSON.
///
/// ```
/// use iam_policy::{Usage, parse, validate};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": [
///         {"Effect": "Allow", "Action": "s3:GetObject"}]}"#,
/// )?;
/// let violations = validate(&document, Usage::Managed);
/// assert_eq!(violations[0].pointer, "/Statement/0");
/// assert_eq!(violations[0].message, "Policy statement must contain resources.");
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
pub fn validate(document: &Value, usage: Usage) -> Vec<Violation> {
    let sent = document_size(&canonical(document), usage);
    found(document, usage, Sizes { counted: sent, sent }, None)
}

/// Returns the problems for which AWS would refuse the document in an account of the partition:
/// ARNs of another partition besides those that [`validate`] finds.
///
/// ```
/// use iam_policy::{Usage, parse, validate_in};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": [
///         {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay/*"}]}"#,
/// )?;
/// assert_eq!(validate_in(&document, Usage::Managed, "aws"), []);
/// assert_eq!(validate_in(&document, Usage::Managed, "aws-cn")[0].code, "policy-partition");
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
pub fn validate_in(document: &Value, usage: Usage, partition: &str) -> Vec<Violation> {
    let sent = document_size(&canonical(document), usage);
    found(document, usage, Sizes { counted: sent, sent }, Some(partition))
}

/// Returns the same for a document as it is written. Its size is that of the text, as AWS counts it
/// where another program sends the text.
pub(super) fn validate_text(text: &str, document: &Value, usage: Usage) -> Vec<Violation> {
    let sent = document_size(&canonical(document), usage);
    found(document, usage, Sizes { counted: size_of_text(text, document, usage), sent }, None)
}

fn found(document: &Value, usage: Usage, sizes: Sizes, partition: Option<&str>) -> Vec<Violation> {
    let partition = partition.map(str::to_owned);
    let mut report = Report { usage, sizes, partition, findings: Vec::new() };
    if !(usage.is_resource_control() && limiting::is_full_access(document)) {
        report.document(document);
    }
    report.findings.sort_by_key(|(stage, _)| *stage);
    let findings = report.findings.into_iter().map(|(_, finding)| finding);
    if usage.is_of_organization() {
        return findings.map(limiting::in_words_of_organizations).collect();
    }
    findings.collect()
}

#[derive(Clone, Copy)]
struct Sizes {
    counted: usize,
    sent: usize,
}

struct Report {
    usage: Usage,
    sizes: Sizes,
    /// The partition of the account, if it is known.
    partition: Option<String>,
    findings: Vec<(ValidationStage, Violation)>,
}

/// The stages in which IAM reads a document. It stops at the end of a stage that found a problem.
/// The order is the one that moto's tests of `CreatePolicy` record, each of which was checked
/// against AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ValidationStage {
    /// The characters of the parameter, before IAM reads the document as a policy.
    Parameter,
    Syntax,
    Version,
    /// The parser that is older than the grammar: "The policy failed legacy parsing".
    Legacy,
    /// Elements that are out of place or duplicate.
    Statement,
    MissingActions,
    Resources,
    Actions,
    MissingResources,
    /// The size of the document.
    Quota,
    /// The findings of Access Analyzer on what IAM accepts.
    AccessAnalyzer,
}

const UNKNOWN_ELEMENT: &str = "policy-unknown-element";
const UNKNOWN_OPERATOR: &str = "policy-unknown-operator";
const UNKNOWN_TYPE: &str = "policy-unknown-principal-type";
const WRONG_KEY: &str = "policy-condition-key";

/// The codes of problems of a key, and not of its value.
pub(super) const OF_KEYS: &[&str] = &[UNKNOWN_ELEMENT, UNKNOWN_OPERATOR, UNKNOWN_TYPE, WRONG_KEY];

const TOO_LARGE_FOR_S3: &str = "Policy exceeds the maximum allowed document size.";

/// The most characters of a document in a call to IAM (IAM API Reference, `CreatePolicy`). S3 takes
/// fewer.
const MAX_LENGTH: usize = 131_072;

const EXAMPLE: &str = "write \"Statement\": [{\"Effect\": \"Allow\", …}]";

/// IAM's whole message for several problems that it doesn't tell apart.
const LEGACY: &str = "The policy failed legacy parsing";

impl Report {
    fn add(
        &mut self,
        stage: ValidationStage,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (pointer, message) = (pointer.to_owned(), message.into());
        self.findings.push((stage, Violation { pointer, code, message, summary: None, help }));
    }

    /// Adds a problem that AWS's message doesn't describe.
    fn add_described(&mut self, stage: ValidationStage, summary: String, violation: Violation) {
        self.findings.push((stage, Violation { summary: Some(summary), ..violation }));
    }

    /// Adds a problem for which IAM says no more than that its older parser failed.
    fn legacy(&mut self, pointer: &str, code: &'static str, summary: String, help: String) {
        let violation = Violation {
            pointer: pointer.to_owned(),
            code,
            message: LEGACY.to_owned(),
            summary: None,
            help: Some(help),
        };
        self.add_described(ValidationStage::Legacy, summary, violation);
    }

    /// Adds a syntax error. AWS's own message is only the first sentence; the detail follows it.
    fn syntax(&mut self, pointer: &str, detail: &str) {
        let message = format!("{} {detail}", self.syntax_errors());
        self.add(ValidationStage::Syntax, pointer, "policy-syntax", message, None);
    }

    fn syntax_errors(&self) -> &'static str {
        match self.usage {
            Usage::Trust => "Syntax error in policy.",
            Usage::Bucket => "Invalid policy syntax.",
            Usage::Managed
            | Usage::UserInline
            | Usage::GroupInline
            | Usage::RoleInline
            | Usage::Limiting(_) => "Syntax errors in policy.",
        }
    }

    fn document(&mut self, document: &Value) {
        if self.sizes.sent > MAX_LENGTH {
            return self.too_long();
        }
        let Some(elements) = document.as_object() else {
            return self.syntax("", "A policy document is a JSON object.");
        };
        for name in elements.keys().filter(|name| !ELEMENTS.contains(&name.as_str())) {
            let help = if STATEMENT_ELEMENTS.contains(&name.as_str()) {
                Some(format!("`{name}` belongs into a statement"))
            } else {
                did_you_mean(name, ELEMENTS)
            };
            self.unknown(&member("", name), "a policy document", name, help);
        }
        self.version(elements.get("Version"));
        if elements.get("Id").is_some_and(|id| !id.is_string()) {
            self.syntax("/Id", "Id is a text.");
        }
        let places =
            statements(document).map(|(pointer, statement)| (pointer.to_string(), statement));
        match (places.collect::<Vec<_>>().as_slice(), elements.contains_key(STATEMENT)) {
            ([], false) => self.no_statement(),
            ([], true) => self.no_statement_in(&format!("/{STATEMENT}")),
            (statements, _) => self.statements(statements),
        }
        self.characters(document);
        self.size(document);
    }

    fn no_statement(&mut self) {
        if self.usage == Usage::Bucket {
            return self.add(
                ValidationStage::Syntax,
                "",
                "policy-syntax",
                "Missing required field Statement",
                Some(EXAMPLE.to_owned()),
            );
        }
        self.no_statement_in("");
    }

    fn no_statement_in(&mut self, pointer: &str) {
        if self.usage.is_identity() {
            let detail = if pointer.is_empty() {
                "The document has no Statement."
            } else {
                "The list of statements is empty."
            };
            let message = format!("{} {detail}", self.syntax_errors());
            return self.add(
                ValidationStage::Syntax,
                pointer,
                "policy-syntax",
                message,
                Some(EXAMPLE.to_owned()),
            );
        }
        let message = "Could not parse the policy: Statement is empty!";
        self.add(
            ValidationStage::Syntax,
            pointer,
            "policy-syntax",
            message,
            Some(EXAMPLE.to_owned()),
        );
    }

    fn unknown(&mut self, pointer: &str, of: &str, name: &str, help: Option<String>) {
        let message = if self.usage.is_identity() {
            format!("{} `{name}` is no element of {of}.", self.syntax_errors())
        } else {
            format!("Unknown field {name}")
        };
        self.add(ValidationStage::Syntax, pointer, UNKNOWN_ELEMENT, message, help);
    }

    /// Tells if the version may be missing or the old one, as IAM takes it in trust policies and S3
    /// in bucket policies. "Every SCP must include a `Version` element with the value 2012-10-17",
    /// and so must every RCP (AWS Organizations User Guide, "SCP syntax", "RCP syntax"). For
    /// policies of sessions and endpoints AWS documents no rule.
    fn takes_old_version(&self) -> bool {
        match self.usage {
            Usage::Trust | Usage::Bucket => true,
            Usage::Limiting(_) => !self.usage.is_of_organization(),
            Usage::Managed | Usage::UserInline | Usage::GroupInline | Usage::RoleInline => false,
        }
    }

    /// Checks the version. A missing version is 2008-10-17.
    fn version(&mut self, version: Option<&Value>) {
        let (stage, message) = match version.map(Value::as_str) {
            Some(Some("2012-10-17")) => return,
            None | Some(Some("2008-10-17")) if self.takes_old_version() => return,
            None | Some(Some("2008-10-17")) => (
                ValidationStage::Version,
                "Policy document must be version 2012-10-17 or greater.".to_owned(),
            ),
            Some(_) if !self.takes_old_version() => {
                let detail = "Version is one of AWS's two: 2012-10-17 or 2008-10-17.";
                (ValidationStage::Syntax, format!("{} {detail}", self.syntax_errors()))
            }
            Some(_) => (
                ValidationStage::Syntax,
                "The policy must contain a valid version string".to_owned(),
            ),
        };
        let pointer = if version.is_some() { "/Version" } else { "" };
        let help = Some("write \"Version\": \"2012-10-17\"".to_owned());
        self.add(stage, pointer, "policy-version", message, help);
    }

    /// Checks the characters: the documents of IAM and of sessions hold characters up to U+00FF
    /// only.
    fn characters(&mut self, document: &Value) {
        match self.usage {
            Usage::Bucket => return,
            Usage::Limiting(limiting) if limiting != LimitingPolicy::Session => return,
            Usage::Limiting(_)
            | Usage::Managed
            | Usage::UserInline
            | Usage::GroupInline
            | Usage::RoleInline
            | Usage::Trust => {}
        }
        let mut open = vec![(String::new(), document)];
        let mut found = Vec::new();
        while let Some((pointer, value)) = open.pop() {
            match value {
                Value::String(text) => found.extend(beyond_latin(text).map(|c| (pointer, c))),
                Value::Array(_) => open.extend(one_or_many(value, &pointer)),
                Value::Object(members) => {
                    for (key, value) in members {
                        let pointer = member(&pointer, key);
                        found.extend(beyond_latin(key).map(|c| (pointer.clone(), c)));
                        open.push((pointer, value));
                    }
                }
                _ => {}
            }
        }
        found.sort();
        for (pointer, character) in found {
            let message = "The specified value for policyDocument is invalid. It must contain \
                only printable ASCII characters.";
            self.add(
                ValidationStage::Parameter,
                &pointer,
                "policy-characters",
                message,
                Some(format!("`{character}` is not one")),
            );
        }
    }

    /// Reports a document that is longer than a parameter may be. AWS looks no further, and a check
    /// of all its statements would take long.
    fn too_long(&mut self) {
        let of_iam = |parameter: &str| {
            format!(
                "1 validation error detected: Value at '{parameter}' failed to satisfy constraint: \
                    Member must have length less than or equal to {MAX_LENGTH}"
            )
        };
        let message = match self.usage {
            Usage::Bucket => TOO_LARGE_FOR_S3.to_owned(),
            Usage::Trust => of_iam("assumeRolePolicyDocument"),
            Usage::Managed | Usage::UserInline | Usage::GroupInline | Usage::RoleInline => {
                of_iam("policyDocument")
            }
            Usage::Limiting(limiting) => limiting::too_large(limiting),
        };
        let help = format!(
            "it has {} characters, and AWS's limit is {}: divide it, or use wildcards",
            self.sizes.sent,
            limit(self.usage)
        );
        self.add(ValidationStage::Parameter, "", "policy-size", message, Some(help));
    }

    fn size(&mut self, document: &Value) {
        let (limit, Sizes { counted, sent }) = (limit(self.usage), self.sizes);
        if counted <= limit {
            return;
        }
        let message = match self.usage {
            Usage::Managed => format!("Cannot exceed quota for PolicySize: {limit}"),
            Usage::UserInline => format!("Maximum policy size of {limit} bytes exceeded for user"),
            Usage::GroupInline => {
                format!("Maximum policy size of {limit} bytes exceeded for group")
            }
            Usage::RoleInline => format!("Maximum policy size of {limit} bytes exceeded for role"),
            Usage::Trust => format!("Cannot exceed quota for ACLSizePerRole: {limit}"),
            Usage::Bucket => TOO_LARGE_FOR_S3.to_owned(),
            Usage::Limiting(limiting) => limiting::too_large(limiting),
        };
        let unit = match self.usage {
            Usage::Bucket => "bytes",
            Usage::Limiting(_) => "characters",
            Usage::Managed
            | Usage::UserInline
            | Usage::GroupInline
            | Usage::RoleInline
            | Usage::Trust => "characters without white space",
        };
        let help = format!("it has {counted} {unit}, AWS's limit is {limit}");
        // relayctl sends no unnecessary escapes and no duplicates.
        let fits = if sent <= limit && matches!(self.usage, Usage::Limiting(_)) {
            format!("; without the white space between its elements it has {sent}")
        } else if sent <= limit {
            format!("; as relayctl sends it, it has {sent}")
        } else {
            split::way_out(document, self.usage)
        };
        self.add(ValidationStage::Quota, "", "policy-size", message, Some(help + &fits));
    }
}

fn beyond_latin(text: &str) -> Option<char> {
    text.chars().find(|c| *c > '\u{ff}')
}

fn did_you_mean(name: &str, known: &[&str]) -> Option<String> {
    nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}

/// Returns the nearest name, if it is near enough to be a misspelling.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let near =
        |candidate: &&str| strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase());
    let best = known.iter().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(best) > 0.8).then_some(*best)
}

#[cfg(test)]
mod tests;
