//! Splits text with `${…}` and `<PLACEHOLDER>`s in it into parts.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplatePart<'t> {
    Literal(&'t str),
    /// `${body}`. The body may hold variables itself: `${roles.app-${var.stage}.arn}`.
    Variable {
        whole: &'t str,
        body: &'t str,
    },
    /// `<ACCOUNT_ID>`, as in published policy documents.
    Placeholder(&'t str),
    /// A `${` without its `}`.
    Unclosed(&'t str),
}

pub fn parts(text: &str) -> Vec<TemplatePart<'_>> {
    let mut parts = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find(['$', '<']) {
        let start = at + found;
        let part = if text[start..].starts_with("${") {
            Some(variable(&text[start..]))
        } else {
            placeholder(&text[start..])
        };
        let Some((part, length)) = part else {
            at = start + 1;
            continue;
        };
        if literal < start {
            parts.push(TemplatePart::Literal(&text[literal..start]));
        }
        parts.push(part);
        at = start + length;
        literal = at;
    }
    if literal < text.len() {
        parts.push(TemplatePart::Literal(&text[literal..]));
    }
    parts
}

fn variable(text: &str) -> (TemplatePart<'_>, usize) {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        if text[at..].starts_with("${") {
            depth += 1;
        } else if character == '}' {
            depth -= 1;
            if depth == 0 {
                return (
                    TemplatePart::Variable { whole: &text[..=at], body: &text[2..at] },
                    at + 1,
                );
            }
        }
    }
    (TemplatePart::Unclosed(text), text.len())
}

fn placeholder(text: &str) -> Option<(TemplatePart<'_>, usize)> {
    let inner = text.strip_prefix('<')?;
    let is_part = |byte: u8| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
    };
    // Nothing is looked for beyond the name: a text may hold a million `<`.
    let end = inner.bytes().take_while(|byte| is_part(*byte)).count();
    let name = &inner[..end];
    (inner[end..].starts_with('>') && name.starts_with(|first: char| first.is_ascii_uppercase()))
        .then_some((TemplatePart::Placeholder(&text[..end + 2]), end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_taken_apart() {
        use TemplatePart::{Literal, Placeholder, Unclosed, Variable};
        assert_eq!(parts("a$b<c>"), [Literal("a$b<c>")]);
        assert_eq!(
            parts("arn:${x}:<ACCOUNT_ID>ä"),
            [
                Literal("arn:"),
                Variable { whole: "${x}", body: "x" },
                Literal(":"),
                Placeholder("<ACCOUNT_ID>"),
                Literal("ä")
            ]
        );
        assert_eq!(parts("${a-${b}.c}"), [Variable { whole: "${a-${b}.c}", body: "a-${b}.c" }]);
        assert_eq!(parts("x${y"), [Literal("x"), Unclosed("${y")]);
        assert_eq!(parts("<1> <a> <_X> < X>"), [Literal("<1> <a> <_X> < X>")]);
    }
}
