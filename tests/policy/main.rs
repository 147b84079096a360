//! Tests of the policy algebra: canonical form, the brute-force oracle, the fuzz corpus, and the
//! wording of diagnostics.

mod canonical_form;
mod corpus;
mod oracle;
mod wording;
