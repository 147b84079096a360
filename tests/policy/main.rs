//! Tests of the policy algebra: its laws, the brute-force oracle, the fuzz corpus, and the words for
//! refused documents.

mod canonical_form;
mod corpus;
mod oracle;
mod wording;
