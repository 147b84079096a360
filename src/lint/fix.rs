//! Fixes the findings that have one right remedy in the files of a manifest's documents.

use std::collections::BTreeMap;

use super::LintSubject;
use crate::diagnostic::Severity;
use crate::manifest::{Documents, Edits, edit_documents};
use crate::model::Desired;
use crate::policy::lint::{self as document, Fix, FixChange, Home, apply_fixes};
use crate::value::Value;

/// The reason why a change isn't made that would open what nobody could use.
const OPENS: &str = "the test never holds now, and would let in more than a policy should";

/// Returns the changed files, without writing them. What the manifest accepts stays, and so does
/// what would be worse after the change.
pub fn fix_documents(desired: &Desired, documents: &Documents) -> Edits {
    let subject = LintSubject::new(desired, documents);
    let bounding = subject.bounding();
    edit_documents(documents, |address, document| {
        let on = address.to_string();
        let accepts = |rule: &str| {
            desired.silenced.iter().any(|it| it.rule == rule && (it.on == "*" || it.on == on))
        };
        let mut found = document::fixes(document);
        found.retain(|fix| !fix.rule.is_some_and(accepts));
        let told = |fix: Fix| {
            let home = subject.home(address, &bounding);
            let opens = home.is_none_or(|home| opens(&home, document, &fix));
            (fix, opens.then_some(OPENS))
        };
        found.into_iter().map(told).collect()
    })
}

/// Tells if the document has an error or a warning after the change that it hasn't before. A
/// wildcard that becomes one lets in more.
fn opens(home: &Home<'_>, document: &Value, fix: &Fix) -> bool {
    if matches!(fix.change, FixChange::Arrange(_)) {
        return false;
    }
    let findings = |document: &Value| {
        let mut counts: BTreeMap<(&'static str, Severity), usize> = BTreeMap::new();
        for finding in document::lint(document, home) {
            if finding.severity <= Severity::Warning {
                *counts.entry((finding.rule, finding.severity)).or_default() += 1;
            }
        }
        counts
    };
    let before = findings(document);
    let is_known = |(kind, count): (_, usize)| before.get(&kind).is_some_and(|it| *it >= count);
    let changed = apply_fixes(document, std::slice::from_ref(fix));
    changed.is_none_or(|changed| !findings(&changed).into_iter().all(is_known))
}
