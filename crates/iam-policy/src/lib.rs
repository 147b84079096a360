#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds of JSON values and most condition operators are treated alike; what \
        policies are used for, and who asks, is named in full"
)]
#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! | to | use |
//! |---|---|
//! | read a document and write it | [`parse()`], [`Document`], [`pretty`], [`tidy()`], [`locate`] |
//! | find what AWS would refuse | [`validate`]; [`diagnose()`] for a file, with lines and columns |
//! | tell if two documents are equivalent | [`equivalent`], [`canonical()`], [`comparison_key`] |
//! | decide on a request as IAM does | [`Policy`], [`Policies`], [`Request`], [`decide`] |
//! | find what one set of policies allows and another doesn't | [`Set`], [`compare`](compare()) |
//! | bound the cost of all comparisons of a question | [`Budget`], [`compare::Comparer`] |
//! | find paths of privilege escalation | [`Holder`], [`escalations`] |
//! | find likely mistakes in one document | [`lint`](lint()), [`lint::rules`](lint::rules) |
//! | look up AWS's services, actions and condition keys | [`catalogue`] |
//!
//! Everything is pure: no function reads a file, the environment or the network. Functions on one
//! document take a `&Value`, to which a `&Document` dereferences. The enums that a program matches
//! on (the use of a policy, the verdict of a decision) are exhaustive; those that AWS adds to are
//! not.

mod budget;
mod callers;
mod canonical;
pub mod catalogue;
pub mod compare;
pub mod condition;
pub mod decision;
mod diagnose;
pub mod diagnostic;
mod document;
mod equivalence;
pub mod escalation;
mod fold;
mod grants;
mod layout;
pub mod lint;
mod parse;
mod pattern;
mod principal;
mod print;
mod public;
pub mod request;
mod size;
mod specialise;
pub mod statement;
mod tidy;
mod usage;
mod validation;

pub use serde_json::Value;

pub use budget::{Budget, UNDECIDED};
pub use canonical::canonical;
pub use compare::{Set, compare};
pub use decision::{Policies, decide};
pub use diagnose::{diagnose, diagnose_parsed, unparsed};
pub use diagnostic::{Severity, SourceSpan};
pub use document::{Document, parse};
pub use equivalence::{comparison_key, equivalent};
pub use escalation::{Holder, escalations};
pub use grants::{allows, trusts};
pub use layout::{
    STATEMENT, StatementPointer, is_policy, statement_objects, statement_pointer, statements,
    statements_mut,
};
pub use lint::lint;
pub use parse::{SpanIndex, SyntaxError, locate, locate_key};
pub use pattern::{action_matches, may_cross_parts};
pub use principal::{MissingException, NoCaller};
pub use print::pretty;
pub use public::{is_public, public_statement};
pub use request::{Caller, Context, Request};
pub use size::{compact, document_size, limit};
pub use statement::Policy;
pub use tidy::tidy;
pub use usage::{LimitingPolicy, Usage};
pub use validation::{Violation, validate, validate_in};
