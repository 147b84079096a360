//! Evaluates the symbols of `${…}`: the manifest's header, its variables, the environment.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{DecodeScope, TextPosition};
use crate::call::partition;
use crate::manifest::node::Node;
use crate::manifest::source::Span;
use crate::manifest::suggest;

impl DecodeScope<'_> {
    pub(super) fn compute(&mut self, symbol: &str, at: &dyn Fn() -> Span) -> Option<String> {
        match symbol {
            "region" if self.inputs.region.is_some() => self.inputs.region.clone(),
            "account" | "name" | "region" => self.scalar(self.root.field(symbol)?),
            "partition" => Some(partition(&self.evaluate("region", at)?).to_owned()),
            "unique" => {
                let account = self.evaluate("account", at)?;
                let name = match self.root.field("unique_name") {
                    Some(node) => self.scalar(node)?,
                    None => self.evaluate("name", at)?,
                };
                Some(unique(&account, &name))
            }
            _ => match symbol.split_once('.') {
                Some(("var", name)) => self.variable(name, at),
                Some(("env", name)) => self.environment(name, at),
                _ => {
                    self.unknown_symbol(symbol, at);
                    None
                }
            },
        }
    }

    fn scalar(&mut self, node: &Node) -> Option<String> {
        let Some(written) = node.written() else {
            let message =
                format!("a variable is text, a number or a boolean, but this is {}", node.kind());
            self.error(
                "wrong-type",
                &node.spot,
                message,
                "write one value; lists and maps cannot be put into text",
            );
            return None;
        };
        self.expand(&written, TextPosition::Plain, &|| node.spot.clone()).map(Cow::into_owned)
    }

    fn variable(&mut self, name: &str, at: &dyn Fn() -> Span) -> Option<String> {
        let declared = self.variables.get(name).copied();
        match (self.inputs.variables.get(name), declared) {
            (Some(given), Some(_)) => Some(given.clone()),
            (None, Some(node)) => self.scalar(node),
            (_, None) => {
                let help = suggest::suggest_name(name, self.variable_names(), "variables");
                let message = format!("there is no variable `{name}` in `variables:`");
                self.error("unknown-variable", &at(), message, help);
                None
            }
        }
    }

    fn environment(&mut self, name: &str, at: &dyn Fn() -> Span) -> Option<String> {
        if !self.inputs.allowed_environment.contains(name) {
            self.forbidden_environment(name, at);
            return None;
        }
        let value = (self.inputs.environment)(name);
        if value.is_none() {
            let message = format!("the environment variable {name} is not set");
            let help = format!(
                "set it before running relayctl, or use a variable with a value of its own: \
                    ${{var.{name}}}"
            );
            self.error("unset-environment", &at(), message, help);
        }
        value
    }

    /// Refuses a variable of the environment that the caller does not allow. A manifest may be a
    /// stranger's, and what it reads would stand in the plan and its comment.
    fn forbidden_environment(&mut self, name: &str, at: &dyn Fn() -> Span) {
        let message = format!("the manifest may not read the environment variable {name}");
        let help = format!(
            "its value would stand in plans and tags; if that is meant, run it with `--allow-env \
                {name}`, or with RELAYCTL_ALLOW_ENV={name}"
        );
        self.error("environment-not-allowed", &at(), message, help);
    }

    fn unknown_symbol(&mut self, symbol: &str, at: &dyn Fn() -> Span) {
        const KNOWN: [&str; 5] = ["account", "region", "partition", "name", "unique"];
        let help = if symbol.contains(':') {
            "IAM's own policy variables mean something only inside policy documents".to_owned()
        } else if self.variable_names().contains(&symbol) {
            format!("write ${{var.{symbol}}}")
        } else if let Some(near) = suggest::nearest(symbol, KNOWN) {
            format!("did you mean ${{{near}}}?")
        } else {
            "known are ${account}, ${region}, ${partition}, ${name}, ${unique}, ${var.X}, \
                ${env.X}, and ${policies.X.arn}, ${users.X.arn}, ${roles.X.arn}, ${buckets.X.arn}"
                .to_owned()
        };
        self.error("unknown-variable", &at(), format!("`${{{symbol}}}` is not known"), help);
    }
}

/// Returns eight characters that depend only on the account and the manifest's name. A bucket's
/// name with them in it is unique worldwide and never changes.
fn unique(account: &str, name: &str) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(format!("{account}/{name}"));
    let mut number =
        digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut text = String::new();
    for _ in 0..8 {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        text.push(char::from(ALPHABET[digit]));
        number /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_depends_on_account_and_name_only() {
        let one = unique("123456789012", "relay");
        assert_eq!(one.len(), 8);
        assert!(one.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        // The names of existing buckets contain this value: it must never change.
        assert_eq!(one, "hcdbg0em");
        assert_ne!(one, unique("123456789013", "relay"));
        assert_ne!(one, unique("123456789012", "relay2"));
    }
}
