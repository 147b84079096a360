//! Tests of the policy algebra: canonical form, the brute-force oracle, the fuzz corpus, AWS's own
//! policies, and the wording of diagnostics.

mod access_analyzer;
mod canonical_form;
mod corpus;
mod managed_policies;
mod oracle;
#[path = "../support/mod.rs"]
mod support;
mod wording;
