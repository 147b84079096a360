//! An ARN of a policy, part by part.

use crate::pattern::{self, Filling};

/// An ARN or a pattern of ARNs. AWS completes one of fewer than six parts with `*`.
pub(super) struct Arn<'a> {
    pub text: &'a str,
    parts: Vec<&'a str>,
}

impl<'a> Arn<'a> {
    pub fn parse(text: &'a str) -> Self {
        Self { text, parts: pattern::arn_parts(text, Filling::Anything) }
    }

    /// Returns true if the text has all six parts.
    pub fn is_whole(&self) -> bool {
        self.parts.len() == 6
    }

    pub fn partition(&self) -> &'a str {
        self.part(1)
    }

    pub fn service(&self) -> &'a str {
        self.part(2)
    }

    pub fn region(&self) -> &'a str {
        self.part(3)
    }

    pub fn account(&self) -> &'a str {
        self.part(4)
    }

    pub fn resource(&self) -> &'a str {
        self.part(5)
    }

    fn part(&self, index: usize) -> &'a str {
        self.parts.get(index).copied().unwrap_or("*")
    }

    /// Returns the name of a bucket, if the ARN is that of a bucket or of its objects.
    pub fn s3_bucket(&self) -> Option<&'a str> {
        let of_bucket = self.service() == "s3" && self.region().is_empty() && self.is_whole();
        let name = self.resource().split(['/', ':']).next().unwrap_or_default();
        (of_bucket && !name.is_empty()).then_some(name)
    }

    /// Tells if this may be an ARN of one of S3's formats, as far as names are concerned: the name
    /// of a bucket has neither a slash nor a colon. True for any other format.
    pub fn may_have_s3_form(&self, format: &str) -> bool {
        let plain = without_variables(self.resource());
        match format.split_once(":s3:::") {
            Some((_, form)) if form.contains('/') => {
                !plain.split('/').next().unwrap_or_default().contains(':')
            }
            Some(_) => !plain.contains(['/', ':']),
            None => true,
        }
    }
}

/// Tells if a text is neither empty nor open: it has no wildcard and no variable.
pub(super) fn is_literal(text: &str) -> bool {
    !text.is_empty() && !is_open(text)
}

/// Tells if a text has a wildcard or a variable.
pub(super) fn is_open(text: &str) -> bool {
    text.contains(['*', '?']) || text.contains("${")
}

/// Returns the text with `*` in place of each variable.
pub(super) fn without_variables(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in pattern::letters(text) {
        plain.push(match letter {
            pattern::Letter::Written(c) | pattern::Letter::Special(c) => c,
            pattern::Letter::Variable(_) => '*',
        });
    }
    plain
}

/// Tells if a text has a wildcard, besides those in variables.
pub(super) fn has_wildcard(text: &str) -> bool {
    pattern::letters(text)
        .iter()
        .any(|letter| matches!(letter, pattern::Letter::Written('*' | '?')))
}
