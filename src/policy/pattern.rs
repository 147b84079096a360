//! AWS's wildcard patterns: `*` for any characters, `?` for one.

/// What a policy variable (`${aws:username}`) stands for in a pattern, when no request is there to fill it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variables {
    /// It may be filled in to match.
    Match,
    /// It can't be relied upon to match.
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
    Never,
}

/// Actions know no case.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    glob(&wildcards(&pattern), &characters(&action))
}

/// Resources are compared part by part: a wildcard doesn't reach over the colon into the next part of an ARN, and AWS
/// completes an ARN of fewer than six parts with `*`.
pub(super) fn resource_matches(pattern: &str, resource: &str, variables: Variables) -> bool {
    if pattern == "*" {
        return true;
    }
    let patterns = arn_parts(pattern);
    let parts: Vec<_> = resource.splitn(6, ':').collect();
    let matching = |(index, part): (usize, &&str)| match patterns.get(index) {
        Some(pattern) => glob(&tokens(pattern, variables), &characters(part)),
        None => true,
    };
    parts.len() >= patterns.len() && parts.iter().enumerate().all(matching)
}

/// Six parts at most; the colons inside a variable don't count.
pub(super) fn arn_parts(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (index, c) in pattern.char_indices() {
        match c {
            '$' if pattern[index..].starts_with("${") => inside = true,
            '}' => inside = false,
            ':' if !inside && parts.len() < 5 => {
                parts.push(&pattern[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[start..]);
    parts
}

fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn wildcards(pattern: &str) -> Vec<Token> {
    pattern.chars().map(token).collect()
}

fn token(c: char) -> Token {
    match c {
        '*' => Token::Any,
        '?' => Token::One,
        other => Token::Literal(other),
    }
}

/// `${*}`, `${?}` and `${$}` are those characters themselves.
fn tokens(pattern: &str, variables: Variables) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        tokens.extend(rest[..start].chars().map(token));
        tokens.push(match (&rest[start + 2..start + length], variables) {
            ("*", _) => Token::Literal('*'),
            ("?", _) => Token::Literal('?'),
            ("$", _) => Token::Literal('$'),
            (_, Variables::Match) => Token::Any,
            (_, Variables::Fail) => Token::Never,
        });
        rest = &rest[start + length + 1..];
    }
    tokens.extend(rest.chars().map(token));
    tokens
}

/// Goes back only to the last `*`, so that no pattern takes more than pattern × text steps.
fn glob(pattern: &[Token], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(Token::One) => (p, t) = (p + 1, t + 1),
            Some(Token::Literal(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after, from)) = retry else { return false };
                (p, t) = (after, from + 1);
                retry = Some((after, from + 1));
            }
        }
    }
    pattern[p..].iter().all(|token| *token == Token::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        resource_matches(pattern, resource, Variables::Match)
    }

    #[test]
    fn actions_match_without_case() {
        assert!(action_matches("S3:Get*", "s3:GETOBJECT"));
        assert!(action_matches("*", "s3:GetObject"));
        assert!(action_matches("s3:?etObject", "s3:GetObject"));
        assert!(action_matches("s3:*Object*Tag*", "s3:GetObjectVersionTagging"));
        assert!(!action_matches("s3:Get", "s3:GetObject"));
        assert!(!action_matches("s3:?", "s3:"));
    }

    #[test]
    fn resources_match_part_by_part() {
        let role = "arn:aws:iam::123456789012:role/a-ZappaLambdaExecutionRole";
        assert!(matches("arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole", role));
        assert!(matches("arn:*:iam::*:role/*", role));
        assert!(matches("arn:aws:iam", role), "AWS completes a short ARN");
        assert!(!matches("arn:*/*", role), "a wildcard doesn't reach over a colon");
        assert!(!matches("arn:aws:iam::123456789012:Role/*", role));
        assert!(matches("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x:y"));
    }

    #[test]
    fn variables_match_only_where_they_may() {
        let pattern = "arn:aws:s3:::home/${aws:username}/*";
        assert!(matches(pattern, "arn:aws:s3:::home/bob/x"));
        assert!(!resource_matches(pattern, "arn:aws:s3:::home/bob/x", Variables::Fail));
        assert!(matches("arn:aws:s3:::a${*}b", "arn:aws:s3:::a*b"));
        assert!(!matches("arn:aws:s3:::a${*}b", "arn:aws:s3:::axb"));
    }
}
