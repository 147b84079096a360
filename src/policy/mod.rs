//! IAM policy documents as values: parsing with places, canonical form, equivalence, validation, and what a document
//! grants. Pure; no I/O. Documents travel through the rest of the program as JSON values in canonical form.

mod canonical;
pub mod catalogue;
pub mod compare;
pub mod condition;
pub mod decision;
mod diagnose;
mod document;
mod equivalence;
pub mod escalation;
mod fold;
mod grants;
pub mod lint;
mod parse;
mod pattern;
mod principal;
mod print;
mod public;
pub mod request;
mod size;
pub mod statement;
mod tidy;
mod validation;

pub use canonical::canonical;
pub use diagnose::{diagnose, diagnose_parsed, unparsed};
pub use equivalence::{comparison_key, equivalent};
pub use grants::{allows, trusts};
pub use parse::{SyntaxError, locate, parse};
pub use pattern::action_matches;
pub use principal::NoCaller;
pub use print::pretty;
pub use public::is_public;
pub use size::{compact, limit, size};
pub use tidy::tidy;
pub use validation::validate;

/// Where a policy is used, which decides what it must and must not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Managed,
    UserInline,
    GroupInline,
    RoleInline,
    Trust,
    Bucket,
}

impl Usage {
    /// Whether the policy hangs on a principal (and so must not name one).
    fn is_identity(self) -> bool {
        matches!(self, Self::Managed | Self::UserInline | Self::GroupInline | Self::RoleInline)
    }
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// JSON pointer into the document: `/Statement/0/Action`.
    pub pointer: String,
    pub code: &'static str,
    /// IAM's own wording where it has one.
    pub message: String,
    pub help: Option<String>,
}
