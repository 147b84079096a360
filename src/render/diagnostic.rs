//! Errors and warnings with the lines they speak of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;

pub fn list(_diagnostics: &[Diagnostic], _sources: &BTreeMap<PathBuf, String>, _color: bool) -> String {
    todo!()
}
