//! The words for the principals of a grant.

use crate::principal::{ANYBODY, account_of, whole_account};
use crate::request::Caller;
use crate::statement::{PrincipalType, Statement};

/// Returns true for callers whose condition keys follow from their names. Examples prefer them.
pub(super) fn has_known_keys(caller: &Caller) -> bool {
    match caller.kind {
        PrincipalType::Everyone | PrincipalType::AWS | PrincipalType::Service => true,
        PrincipalType::Federated | PrincipalType::CanonicalUser => false,
    }
}

/// Returns the principal as the policy names the caller; `None` if the policy names no principals.
pub(super) fn principal(statement: &Statement, caller: &Caller) -> Option<String> {
    let principals = statement.principals.as_ref()?;
    if principals.not {
        let names = principals.names.iter();
        let mut names: Vec<String> = names.map(|(kind, name)| kind.label(name)).collect();
        names.sort_unstable();
        names.dedup();
        return Some(format!("everyone but {}", names.join(", ")));
    }
    let of_type = |kind: PrincipalType, wanted: &str| {
        principals.names.iter().find(|(of, name)| *of == kind && name == wanted)
    };
    let named = of_type(caller.kind, &caller.name);
    let everyone = || of_type(PrincipalType::Everyone, ANYBODY);
    let any = || of_type(caller.kind, ANYBODY);
    let account = || {
        principals.names.iter().find(|(kind, name)| {
            *kind == PrincipalType::AWS
                && whole_account(name).is_some()
                && account_of(&caller.name) == account_of(name)
        })
    };
    let found = named.or_else(account).or_else(everyone).or_else(any);
    Some(found.map_or_else(|| ANYBODY.to_owned(), |(kind, name)| kind.label(name)))
}

/// Tells if a statement matches all principals of the label, and not only some of them.
pub(super) fn is_for_all(statement: &Statement, caller: &Caller, label: Option<&str>) -> bool {
    let named = principal(statement, caller);
    named.zip(label).is_none_or(|(named, meant)| covers(&named, meant))
}

/// Tells if the first name includes every principal that the second one names. Both name the same
/// caller.
fn covers(wide: &str, name: &str) -> bool {
    wide == name
        || wide == "*"
        || wide.starts_with("everyone but ")
        || (whole_account(wide).is_some() && account_of(wide) == account_of(name))
        || (is_type(wide) && !is_type(name) && name != "*" && !name.starts_with("everyone but "))
}

/// Tells if the name is that of everybody of a type. It covers what else names a caller of the
/// type.
fn is_type(name: &str) -> bool {
    [PrincipalType::Service, PrincipalType::Federated, PrincipalType::CanonicalUser]
        .iter()
        .any(|kind| kind.label(ANYBODY) == name)
}
