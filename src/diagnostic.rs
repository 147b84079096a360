//! An error or a warning, with its place in a file and what to do about it: as `iam-policy` has
//! them for documents, so relayctl has them for manifests.

pub use iam_policy::diagnostic::{Diagnostic, Severity, SourceSpan as Place};
