//! Lowers `lint:`, findings that are accepted.

use super::Lowering;
use crate::address::Address;
use crate::manifest::decode::{ExpandedText, Located};
use crate::manifest::scope::Section;
use crate::manifest::shape;
use crate::model::LintSuppression;

impl Lowering<'_, '_, '_> {
    /// Returns the lint suppressions. Rule names are not checked here: the module `lint`, which has
    /// the rules, does that.
    pub(super) fn silenced(&mut self, lint: Option<&shape::Lint>) -> Vec<LintSuppression> {
        let allowed = lint.and_then(|lint| lint.allow.as_deref()).unwrap_or_default();
        allowed.iter().filter_map(|one| self.silence(one)).collect()
    }

    fn silence(&mut self, one: &Located<shape::Silence>) -> Option<LintSuppression> {
        let fields = [
            ("rule", &one.value.rule, "name the rule, as `relayctl lint` prints it"),
            (
                "on",
                &one.value.on,
                "write what it is about, for example policy.NAME, or \"*\" for everything",
            ),
            (
                "because",
                &one.value.because,
                "say why it is accepted: whoever reads this next will ask",
            ),
        ];
        let [rule, on, because] =
            fields.map(|(name, text, help)| self.said(name, text.as_ref(), one, help));
        let on = on?;
        let subject = if on.value == "*" { None } else { self.known_address(on) };
        Some(LintSuppression {
            rule: rule?.value.clone(),
            on: subject.map_or_else(|| on.value.clone(), |address| address.to_string()),
            because: because?.value.clone(),
            place: Some(one.spot.place()),
        })
    }

    fn said<'t>(
        &mut self,
        name: &str,
        text: Option<&'t ExpandedText>,
        of: &Located<shape::Silence>,
        help: &str,
    ) -> Option<&'t ExpandedText> {
        let Some(text) = text else {
            self.missing(name, "an accepted finding", &of.spot, help);
            return None;
        };
        if text.value.trim().is_empty() {
            self.scope.error("missing-field", &text.spot, format!("`{name}` is empty"), help);
            return None;
        }
        Some(text)
    }

    fn known_address(&mut self, on: &ExpandedText) -> Option<Address> {
        // Names are looked up as well as resources: an entry with a mistake in it is declared, but
        // no resource has been made of it.
        let mut known: Vec<Address> = self.resources.keys().cloned().collect();
        for section in Section::ALL {
            let names = self.scope.names(section);
            known.extend(names.into_iter().map(|name| Address::new(section.kind(), name)));
        }
        self.find_address(&on.value, &on.spot, &known, Address::to_string, "addresses")
    }
}
