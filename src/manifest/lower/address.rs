//! Finds the resource that a field of the manifest names.

use super::Lowering;
use crate::address::{Address, AddressLookupError, AddressQuery};
use crate::manifest::source::Span;
use crate::manifest::suggest;

impl Lowering<'_, '_, '_> {
    /// Finds the resource of that name among the known ones, or reports an error. `shown` spells an
    /// address as the field's examples do; `what` names the known ones.
    pub(super) fn find_address(
        &mut self,
        said: &str,
        spot: &Span,
        known: &[Address],
        shown: impl Fn(&Address) -> String,
        what: &str,
    ) -> Option<Address> {
        let (code, message, help) = match AddressQuery::new(said).find(known) {
            Ok(address) => return Some(address),
            Err(AddressLookupError::Ambiguous { candidates, .. }) => {
                let names: Vec<String> = candidates.iter().map(&shown).collect();
                let message = format!("`{said}` is ambiguous: several resources have this name");
                ("ambiguous-reference", message, format!("write {}", names.join(" or ")))
            }
            Err(AddressLookupError::Unknown { .. }) => {
                let names: Vec<String> = known.iter().map(&shown).collect();
                let help = suggest::suggest_name(said, names.iter().map(String::as_str), what);
                ("unknown-reference", format!("there is no `{said}` in this manifest"), help)
            }
        };
        self.scope.error(code, spot, message, help);
        None
    }
}
