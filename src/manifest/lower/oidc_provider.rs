//! Lowers OIDC providers.

use std::collections::BTreeSet;

use super::Lowering;
use super::trust::{check_issuer, is_built_in};
use crate::address::{Address, KindName};
use crate::diagnostic::Diagnostic;
use crate::manifest::decode::{Declared, ExpandedText};
use crate::manifest::names;
use crate::manifest::scope::Section;
use crate::manifest::shape::OidcProvider;
use crate::value::Attributes;

/// AWS's limits ("IAM and AWS STS quotas", IAM User Guide).
const CLIENT_IDS: usize = 100;
const THUMBPRINTS: usize = 5;

impl Lowering<'_, '_, '_> {
    pub(super) fn oidc_provider(&mut self, provider: &Declared<OidcProvider>) {
        let (name, body) = (Section::OidcProviders.plain_name(&provider.name), &provider.body);
        if let Err((message, help)) = check_issuer(name) {
            self.scope.error("bad-provider", &provider.spot, message, help);
        }
        if is_built_in(name) {
            let place = Some(provider.spot.place());
            let message = format!("AWS knows {name} without a provider in the account");
            let warning = Diagnostic::warning("needless-provider", place, message);
            self.scope.problems.push(warning.help("remove it: trust policies name it as it is"));
        }
        let address = Address::new(KindName::OidcProvider, name);
        if self.resources.contains_key(&address) {
            let message = format!(
                "the OIDC provider `{name}` is declared twice: https:// is no part of its name"
            );
            let help = "put both entries into one";
            return self.scope.error("duplicate-key", &provider.spot, message, help);
        }
        let mut attributes = Attributes::from([
            ("name", name.into()),
            ("arn", self.arn(Section::OidcProviders, name)),
            ("tags", self.tags(body.tags.as_ref(), false)),
        ]);
        let client_ids = self.client_ids(body.client_ids.as_deref().unwrap_or_default());
        attributes.insert("client_ids", client_ids.into_iter().collect());
        if let Some(thumbprints) = &body.thumbprints {
            attributes.insert("thumbprints", self.thumbprints(thumbprints).into_iter().collect());
        }
        self.soft(&address, provider.references.iter().cloned());
        self.add(address.clone(), attributes, BTreeSet::new(), &provider.spot);
        self.protect(&address, body.lifecycle.as_ref().and_then(|it| it.prevent_destroy.as_ref()));
        self.ignore(&address, body.lifecycle.as_ref().and_then(|it| it.ignore_changes.as_ref()));
    }

    fn client_ids(&mut self, said: &[ExpandedText]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for id in said {
            let checked = names::length(&id.value, 1, 255, "a client id");
            self.check(checked, "bad-client-id", &id.spot, "write the audience of the tokens");
            self.add_once(&mut found, id, "duplicate-client-id");
        }
        if let Some(last) = said.last().filter(|_| found.len() > CLIENT_IDS) {
            let message = format!("these are {} client ids; AWS takes {CLIENT_IDS}", found.len());
            self.scope.error("out-of-range", &last.spot, message, "remove some of them");
        }
        found
    }

    fn thumbprints(&mut self, said: &[ExpandedText]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for thumbprint in said {
            let hex = thumbprint.value.chars().all(|c| c.is_ascii_hexdigit());
            if thumbprint.value.len() != 40 || !hex {
                let message = format!("`{}` is no thumbprint", thumbprint.value);
                let help = "write the SHA-1 of the certificate as 40 hexadecimal digits; IAM finds \
                    it itself if `thumbprints` is left out";
                self.scope.error("bad-thumbprint", &thumbprint.spot, message, help);
            }
            let lower = ExpandedText {
                value: thumbprint.value.to_lowercase(),
                spot: thumbprint.spot.clone(),
            };
            self.add_once(&mut found, &lower, "duplicate-thumbprint");
        }
        if let Some(last) = said.last().filter(|_| found.len() > THUMBPRINTS) {
            let message = format!("these are {} thumbprints; AWS takes {THUMBPRINTS}", found.len());
            self.scope.error("out-of-range", &last.spot, message, "remove some of them");
        }
        found
    }

    /// Adds a text to a set, or reports that the list has it twice.
    fn add_once(&mut self, found: &mut BTreeSet<String>, text: &ExpandedText, code: &'static str) {
        if !found.insert(text.value.clone()) {
            let message = format!("`{}` is in this list twice", text.value);
            self.scope.error(code, &text.spot, message, "remove one of the two");
        }
    }
}
