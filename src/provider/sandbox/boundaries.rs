//! Permissions boundaries: only a policy that exists can be one.

use super::account::Account;
use super::names;
use super::refusal::{Outcome, Refusal};

pub(super) fn check(account: &Account, arn: &str) -> Outcome<()> {
    names::policy_arn(arn)?;
    if account.attachable(arn) {
        return Ok(());
    }
    Err(Refusal::no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}
