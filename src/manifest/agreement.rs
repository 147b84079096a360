//! A stub: the checks across resources are written elsewhere.

use crate::diagnostic::Diagnostic;
use crate::model::Desired;

pub fn check(_desired: &Desired) -> Vec<Diagnostic> {
    Vec::new()
}
