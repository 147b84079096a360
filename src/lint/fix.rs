//! Fixes the findings that have one right remedy in the files of a manifest's documents.

use crate::manifest::{Documents, Edits, edit_documents};
use crate::model::Desired;
use crate::policy::lint::fixes;

/// Returns the changed files, without writing them. What the manifest accepts stays.
pub fn fix_documents(desired: &Desired, documents: &Documents) -> Edits {
    edit_documents(documents, |address, document| {
        let on = address.to_string();
        let mut found = fixes(document);
        found.retain(|fix| {
            let accepts = |rule: &str| {
                desired.silenced.iter().any(|it| it.rule == rule && (it.on == "*" || it.on == on))
            };
            !fix.rule.is_some_and(accepts)
        });
        found
    })
}
