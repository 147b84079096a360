//! The identity providers that trust policies name.

use crate::manifest::decode::ExpandedText;
use crate::manifest::lower::Lowering;
use crate::manifest::names;

/// The issuers that IAM knows without a provider in the account ("Create a role for OpenID Connect
/// federation", IAM User Guide), and their claims for the audience and the subject ("IAM and AWS
/// STS condition context keys").
const BUILT_IN: [(&str, &str, &str); 4] = [
    ("accounts.google.com", "aud", "sub"),
    ("cognito-identity.amazonaws.com", "aud", "sub"),
    ("graph.facebook.com", "app_id", "id"),
    ("www.amazon.com", "app_id", "user_id"),
];

/// An OIDC provider as a trust policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrustedIssuer {
    /// The Federated principal: an ARN, or the name of a built-in issuer.
    pub principal: String,
    /// The issuer without `https://`, with which the condition keys begin.
    pub issuer: String,
    audience_claim: &'static str,
    subject_claim: &'static str,
}

impl TrustedIssuer {
    /// Returns the condition key of the audience.
    pub fn audience_key(&self) -> String {
        format!("{}:{}", self.issuer, self.audience_claim)
    }

    /// Returns the condition key of the subject.
    pub fn subject_key(&self) -> String {
        format!("{}:{}", self.issuer, self.subject_claim)
    }
}

impl Lowering<'_, '_, '_> {
    /// Returns the OIDC provider that a trust policy names by `HOST[/PATH]`, its URL, or its ARN.
    /// Every short form comes through here, so this decides which providers may be named.
    pub(super) fn trusted_issuer(&mut self, said: &ExpandedText) -> Option<TrustedIssuer> {
        let text = said.value.as_str();
        let issuer = if text.starts_with("arn:") {
            self.own_provider(said, "oidc-provider", "an OIDC provider")?
        } else {
            text.strip_prefix("https://").unwrap_or(text).to_owned()
        };
        if let Err((message, help)) = check_issuer(&issuer) {
            self.scope.error("bad-provider", &said.spot, message, help);
            return None;
        }
        let built_in = BUILT_IN.iter().find(|(name, ..)| *name == issuer);
        if let Some((_, audience_claim, subject_claim)) = built_in {
            return Some(TrustedIssuer {
                principal: issuer.clone(),
                issuer,
                audience_claim,
                subject_claim,
            });
        }
        Some(TrustedIssuer {
            principal: self.provider_arn("oidc-provider", &issuer),
            issuer,
            audience_claim: "aud",
            subject_claim: "sub",
        })
    }

    /// Returns the ARN of the SAML provider that a trust policy names by its name or its ARN.
    /// Every short form comes through here, so this decides which providers may be named.
    pub(super) fn trusted_saml_provider(&mut self, said: &ExpandedText) -> Option<String> {
        let name = if said.value.starts_with("arn:") {
            self.own_provider(said, "saml-provider", "a SAML provider")?
        } else {
            said.value.clone()
        };
        // "CreateSAMLProvider", IAM API Reference.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let checked = match name.chars().find(|c| !allowed(*c)) {
            Some(bad) => Err(format!(
                "the SAML provider `{name}` holds {bad:?}: IAM takes letters, digits and ._- in \
                    its name"
            )),
            None => names::length(&name, 1, 128, "the name of a SAML provider"),
        };
        if let Err(message) = checked {
            let help = "write the provider's name or its ARN, for example corp";
            self.scope.error("bad-provider", &said.spot, message, help);
            return None;
        }
        Some(self.provider_arn("saml-provider", &name))
    }

    fn provider_arn(&self, kind: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}/{name}", self.header.partition, self.header.account)
    }

    /// Returns the provider's name in its ARN, which has to be one of the manifest's account: STS
    /// looks for the provider in the account of the role.
    fn own_provider(&mut self, said: &ExpandedText, kind: &str, what: &str) -> Option<String> {
        let wanted = self.provider_arn(kind, "");
        if let Some(name) = said.value.strip_prefix(&wanted) {
            return Some(name.to_owned());
        }
        let parts: Vec<&str> = said.value.splitn(6, ':').collect();
        let (message, help) = match parts.as_slice() {
            [_, of, "iam", "", owner, resource]
                if resource.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/')) =>
            {
                let message = format!(
                    "`{}` is in account {owner}, partition {of}: a role trusts only providers of \
                        its own account",
                    said.value
                );
                let name = &resource[kind.len() + 1..];
                (message, format!("write {wanted}{name}, or only {name}"))
            }
            _ => (
                format!("`{}` is not the ARN of {what}", said.value),
                format!("write for example {wanted}NAME"),
            ),
        };
        self.scope.error("bad-provider", &said.spot, message, help);
        None
    }
}

/// Tells if AWS knows an issuer without a provider in the account.
pub fn is_built_in(issuer: &str) -> bool {
    BUILT_IN.iter().any(|(name, ..)| *name == issuer)
}

/// Checks the issuer of an OIDC provider, without `https://` ("CreateOpenIDConnectProvider", IAM
/// API Reference).
pub fn check_issuer(issuer: &str) -> Result<(), (String, String)> {
    let example = || "write HOST or HOST/PATH, for example gitlab.com".to_owned();
    let (host, path) = issuer.split_once('/').unwrap_or((issuer, ""));
    if issuer.contains("://") {
        let message = format!("`{issuer}`: the address of an OIDC provider begins with https://");
        return Err((message, example()));
    }
    if host.contains(':') {
        let message = format!("`{issuer}` has a port, which IAM takes in no OIDC provider");
        return Err((message, "leave the port out".to_owned()));
    }
    let in_host = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let in_path = |c: char| c.is_ascii_alphanumeric() || "-._~/%+=,@!".contains(c);
    if !host.contains('.') || !host.chars().all(in_host) || !path.chars().all(in_path) {
        return Err((format!("`{issuer}` is not the address of an OIDC provider"), example()));
    }
    let checked = names::length(issuer, 1, 255 - "https://".len(), "an OIDC provider");
    checked.map_err(|message| (message, "use a shorter address".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_hosts_with_paths() {
        for good in [
            "gitlab.com",
            "token.actions.githubusercontent.com/acme",
            "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF",
            "acme.eu.auth0.com/",
            &format!("a.b/{}", "x".repeat(243)),
        ] {
            assert!(check_issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "gitlab",
            "http://gitlab.com",
            "gitlab.com:8443/x",
            "gitlab.com/x?y=z",
            "*.gitlab.com",
            "git lab.com",
            &format!("a.b/{}", "x".repeat(244)),
        ] {
            assert!(check_issuer(bad).is_err(), "{bad}");
        }
    }
}
