//! AWS's wildcard patterns (`*` for any characters, `?` for one), and the policy variables in them.

use super::request::Context;
use super::statement::Clause;

/// The source of the values of policy variables (`${aws:username}`).
#[derive(Clone, Copy, Debug)]
pub(super) enum Filling<'a> {
    /// The context of a request. A pattern with a variable that has no value there matches nothing.
    From(&'a Context),
    /// No source: a variable is text like any other. Documents of version 2008-10-17 have no
    /// variables.
    Literal,
    /// No request: a variable may match any text.
    Anything,
    /// No request: a variable can't be relied upon to match.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PatternChar {
    Literal(char),
    One,
    Any,
    Never,
}

/// A piece of a text that may hold variables.
enum TextPiece<'a> {
    Text(&'a str),
    /// `${*}`, `${?}` or `${$}`: that character itself.
    Special(char),
    /// The inside of `${…}`.
    Variable(&'a str),
}

impl<'a> Filling<'a> {
    /// Returns the source for a statement. `variables` is true if its document has variables.
    pub fn of(context: &'a Context, variables: bool) -> Self {
        if variables { Self::From(context) } else { Self::Literal }
    }
}

/// Returns true if an action matches a pattern. AWS ignores the case of actions.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    text_matches(&pattern.to_lowercase(), &action.to_lowercase(), Filling::Literal)
}

impl Clause {
    /// Tells if the patterns of an `Action` or `NotAction` apply to an action, by its whole name.
    ///
    /// ```
    /// use iam_policy::statement::Clause;
    ///
    /// let all_but = Clause { not: true, patterns: vec!["s3:Put*".to_owned()] };
    /// assert!(all_but.applies_to("s3:GetObject") && !all_but.applies_to("s3:PutObject"));
    /// ```
    pub fn applies_to(&self, action: &str) -> bool {
        self.not != self.patterns.iter().any(|pattern| action_matches(pattern, action))
    }
}

/// Tells if a resource matches a pattern. Resources are compared part by part: a wildcard doesn't
/// match the colon before the next part of an ARN. AWS completes a pattern of fewer than six parts
/// with `*`, so that it matches nothing that is no ARN. A pattern with a variable without a value
/// matches no resource, in NotResource as in Resource (IAM User Guide, "Policy variables with no
/// value").
pub(super) fn resource_matches(pattern: &str, resource: &str, filling: Filling<'_>) -> bool {
    if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
        return true;
    }
    let patterns = arn_parts(pattern, filling);
    let parts: Vec<_> = resource.splitn(6, ':').collect();
    parts.len() == 6
        && patterns.iter().zip(parts).all(|(pattern, part)| text_matches(pattern, part, filling))
}

/// Returns true for a pattern of resources that IAM may read more widely than this crate. A `*` at
/// the end of a part of an ARN "can expand to match beyond the colon boundaries" (IAM User Guide,
/// "IAM JSON policy elements: Resource"); here it ends at the colon. Where only `*` follows, that
/// makes no difference.
///
/// ```
/// use iam_policy::may_cross_parts;
///
/// assert!(may_cross_parts("arn:aws:sns:*:123456789012:alerts"));
/// assert!(!may_cross_parts("arn:aws:sns:*:*:*"));
/// assert!(!may_cross_parts("arn:aws:s3:::relay-*"));
/// ```
pub fn may_cross_parts(pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    parts.iter().enumerate().any(|(nth, part)| {
        part.ends_with('*') && parts.iter().skip(nth + 1).any(|later| *later != "*")
    })
}

/// Tells if an ARN matches a pattern by ArnLike and ArnEquals, which "behave identically": each of
/// the six parts is compared on its own. A text that is no ARN of six parts matches nothing.
pub(super) fn arn_matches(pattern: &str, arn: &str, filling: Filling<'_>) -> bool {
    let patterns = arn_parts(pattern, filling);
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let whole = patterns.len() == 6 && parts.len() == 6;
    whole && patterns.iter().zip(parts).all(|(pattern, part)| text_matches(pattern, part, filling))
}

/// Tells if a text matches a pattern by StringLike.
pub(super) fn text_matches(pattern: &str, text: &str, filling: Filling<'_>) -> bool {
    if !pattern.contains(['*', '?', '$']) {
        return pattern == text;
    }
    let text: Vec<char> = text.chars().collect();
    glob(&tokens(pattern, filling), &text)
}

/// Returns the text with its variables filled in; no character of a value is a wildcard. `None`
/// where a variable has no value.
pub(super) fn filled(text: &str, filling: Filling<'_>) -> Option<String> {
    filled_with(text, filling, str::to_owned)
}

/// Returns the same, with the author's own text changed by `written`.
pub(super) fn filled_with(
    text: &str,
    filling: Filling<'_>,
    written: impl Fn(&str) -> String,
) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text, filling) {
        match piece {
            TextPiece::Text(text) => filled.push_str(&written(text)),
            TextPiece::Special(c) => filled.push(c),
            TextPiece::Variable(inside) => filled.push_str(&value(inside, filling)?),
        }
    }
    Some(filled)
}

/// Returns the value of a variable, or its default: `aws:username, 'nobody'`. A key with several
/// values can't be a variable (IAM User Guide, "Single-valued vs. multivalued context keys"), and
/// an empty value counts as none.
fn value(inside: &str, filling: Filling<'_>) -> Option<String> {
    let Filling::From(context) = filling else { return None };
    let default = default_of(inside);
    match context.get(variable_key(inside)) {
        Some([value]) if !value.is_empty() => Some(value.clone()),
        Some([_, _, ..]) => None,
        _ => default.map(str::to_owned),
    }
}

/// Returns the default of a variable.
pub(super) fn default_of(inside: &str) -> Option<&str> {
    let default = inside.split_once(',').map(|(_, default)| default.trim());
    default.and_then(|text| text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')))
}

/// Returns the variables of a text, each with its default.
pub(super) fn variables(text: &str) -> impl Iterator<Item = &str> {
    let variable = |piece| match piece {
        TextPiece::Variable(inside) => Some(inside),
        TextPiece::Text(_) | TextPiece::Special(_) => None,
    };
    pieces(text, Filling::Anything).into_iter().filter_map(variable)
}

/// Returns the text with the keys of its variables in lower case, since keys are not
/// case-sensitive.
pub(super) fn with_plain_variables(text: &str) -> String {
    respelt(text, |inside| {
        let default = inside.split_once(',').map_or("", |(_, default)| default.trim());
        let comma = if default.is_empty() { "" } else { ", " };
        Some(format!("${{{}{comma}{default}}}", variable_key(inside).to_lowercase()))
    })
    .unwrap_or_default()
}

/// Returns the text with the variables of a key as they are without their defaults.
pub(super) fn without_default(text: &str, key: &str) -> String {
    let plain = |inside: &str| {
        let is_of_key = variable_key(inside) == key;
        Some(format!("${{{}}}", if is_of_key { key } else { inside }))
    };
    respelt(text, plain).unwrap_or_default()
}

/// Returns the resource pattern with its variables filled in from the context; `None` where it then
/// matches nothing.
pub(super) fn resolved(pattern: &str, context: &Context) -> Option<String> {
    let filling = Filling::From(context);
    let plain = |text: String| text.chars().map(escaped).collect::<String>();
    let parts = arn_parts(pattern, filling).into_iter().enumerate().map(|(index, part)| {
        let fits = |value: &String| index == 5 || !value.contains(':');
        respelt(part, |inside| value(inside, filling).filter(fits).map(plain))
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join(":"))
}

/// The value of a variable, as far as it is known before there is a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KnownVariable {
    Value(String),
    /// No request has a value.
    Missing,
    /// Each request has several values: the text matches nothing, whatever the default is.
    Several,
    /// It depends on the request.
    Open,
}

/// The form of a text with variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariableForm {
    Text,
    Arn,
}

/// Returns the text with those variables filled in that are known; `None` where it then matches
/// nothing. In an ARN, no value with a colon fits into a part before the last.
pub(super) fn filled_as_known(
    text: &str,
    form: VariableForm,
    known: &dyn Fn(&str) -> KnownVariable,
) -> Option<String> {
    let value = |inside: &str, is_last: bool| {
        let (key, default) = (variable_key(inside), default_of(inside));
        let value = match known(key) {
            KnownVariable::Open => return Some(format!("${{{inside}}}")),
            KnownVariable::Several => return None,
            KnownVariable::Value(value) if !value.is_empty() => Some(value),
            KnownVariable::Value(_) | KnownVariable::Missing => default.map(str::to_owned),
        };
        let value = value.filter(|value| is_last || !value.contains(':'))?;
        Some(value.chars().map(escaped).collect())
    };
    if form == VariableForm::Text {
        return respelt(text, |inside| value(inside, true));
    }
    let parts = arn_parts(text, Filling::Anything).into_iter().enumerate();
    let parts = parts.map(|(index, part)| respelt(part, |inside| value(inside, index == 5)));
    Some(parts.collect::<Option<Vec<_>>>()?.join(":"))
}

/// Tells if the text has a variable, besides the characters `${*}`, `${?}` and `${$}`.
pub(super) fn has_variables(text: &str) -> bool {
    text.contains("${") && variables(text).next().is_some()
}

/// Returns the character as a pattern has to spell it to match just that character.
fn escaped(c: char) -> String {
    if matches!(c, '*' | '?' | '$') { format!("${{{c}}}") } else { c.to_string() }
}

fn respelt(text: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut respelt = String::with_capacity(text.len());
    for piece in pieces(text, Filling::Anything) {
        match piece {
            TextPiece::Text(text) => respelt.push_str(text),
            TextPiece::Special(c) => respelt.push_str(&escaped(c)),
            TextPiece::Variable(inside) => respelt.push_str(&variable(inside)?),
        }
    }
    Some(respelt)
}

/// Returns the condition key that a variable takes its value from.
pub(super) fn variable_key(inside: &str) -> &str {
    inside.split(',').next().unwrap_or_default().trim()
}

/// Returns the parts of an ARN, at most six. Colons inside a variable don't count.
pub(super) fn arn_parts<'a>(pattern: &'a str, filling: Filling<'_>) -> Vec<&'a str> {
    if matches!(filling, Filling::Literal) || !pattern.contains("${") {
        return pattern.splitn(6, ':').collect();
    }
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

fn pieces<'a>(text: &'a str, filling: Filling<'_>) -> Vec<TextPiece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${").filter(|_| !matches!(filling, Filling::Literal)) {
        let Some(length) = rest[start..].find('}') else { break };
        pieces.push(TextPiece::Text(&rest[..start]));
        pieces.push(match &rest[start + 2..start + length] {
            "*" => TextPiece::Special('*'),
            "?" => TextPiece::Special('?'),
            "$" => TextPiece::Special('$'),
            inside => TextPiece::Variable(inside),
        });
        rest = &rest[start + length + 1..];
    }
    pieces.push(TextPiece::Text(rest));
    pieces
}

/// One element of a pattern with its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter<'a> {
    /// A character as the author wrote it: `*` and `?` are wildcards.
    Written(char),
    /// The character itself.
    Special(char),
    /// The inside of `${…}`.
    Variable(&'a str),
}

pub(super) fn letters(text: &str) -> Vec<Letter<'_>> {
    let mut letters = Vec::with_capacity(text.len());
    for piece in pieces(text, Filling::Anything) {
        match piece {
            TextPiece::Text(text) => letters.extend(text.chars().map(Letter::Written)),
            TextPiece::Special(c) => letters.push(Letter::Special(c)),
            TextPiece::Variable(inside) => letters.push(Letter::Variable(inside)),
        }
    }
    letters
}

/// Returns the tokens of a pattern. The value of a variable is text: a `*` in the value of a tag is
/// no wildcard.
fn tokens(pattern: &str, filling: Filling<'_>) -> Vec<PatternChar> {
    let mut tokens = Vec::with_capacity(pattern.len());
    for piece in pieces(pattern, filling) {
        match (piece, filling) {
            (TextPiece::Text(text), _) => tokens.extend(text.chars().map(token)),
            (TextPiece::Special(c), _) => tokens.push(PatternChar::Literal(c)),
            (TextPiece::Variable(_), Filling::Anything) => tokens.push(PatternChar::Any),
            (TextPiece::Variable(inside), _) => match value(inside, filling) {
                Some(value) => tokens.extend(value.chars().map(PatternChar::Literal)),
                None => tokens.push(PatternChar::Never),
            },
        }
    }
    tokens
}

fn token(c: char) -> PatternChar {
    match c {
        '*' => PatternChar::Any,
        '?' => PatternChar::One,
        other => PatternChar::Literal(other),
    }
}

/// Matches a text. It goes back only to the last `*`, so that no pattern takes more than pattern ×
/// text steps.
fn glob(pattern: &[PatternChar], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(PatternChar::Any) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(PatternChar::One) => (p, t) = (p + 1, t + 1),
            Some(PatternChar::Literal(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after, from)) = retry else { return false };
                (p, t) = (after, from + 1);
                retry = Some((after, from + 1));
            }
        }
    }
    pattern[p..].iter().all(|token| *token == PatternChar::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        resource_matches(pattern, resource, Filling::Anything)
    }

    fn context(pairs: &[(&str, &[&str])]) -> Context {
        pairs
            .iter()
            .map(|(key, values)| {
                ((*key).to_owned(), values.iter().map(ToString::to_string).collect())
            })
            .collect()
    }

    #[test]
    fn actions_match_without_case() {
        assert!(action_matches("S3:Get*", "s3:GETOBJECT"));
        assert!(action_matches("*", "s3:GetObject"));
        assert!(action_matches("s3:?etObject", "s3:GetObject"));
        assert!(action_matches("s3:*Object*Tag*", "s3:GetObjectVersionTagging"));
        assert!(!action_matches("s3:Get", "s3:GetObject"));
        assert!(!action_matches("s3:?", "s3:"));
        assert!(!action_matches("${aws:username}", "s3:Get"), "actions have no variables");
    }

    #[test]
    fn resources_match_part_by_part() {
        let role = "arn:aws:iam::123456789012:role/a-ZappaLambdaExecutionRole";
        assert!(matches("arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole", role));
        assert!(matches("arn:*:iam::*:role/*", role));
        assert!(matches("arn:aws:iam", role), "AWS completes a short ARN");
        assert!(
            !matches("arn:aws", "arn:aws:iam::123456789012"),
            "of a pattern, not of what is asked about"
        );
        assert!(!matches("arn:*/*", role), "a wildcard doesn't reach over a colon");
        assert!(!matches("arn:aws:iam::?23456789012*:role:*", role));
        assert!(!matches("arn:aws:iam::123456789012:Role/*", role));
        assert!(matches(
            "arn:aws:logs:*:*:log-group:*",
            "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x:y"
        ));
        assert!(matches("**", role) && matches("*", "*"));
        assert!(!matches("arn:aws:s3:::*", "*"), "an action that is about no resource needs `*`");
        assert!(!matches("", role));
    }

    #[test]
    fn variables_match_only_where_they_may() {
        let pattern = "arn:aws:s3:::home/${aws:username}/*";
        assert!(matches(pattern, "arn:aws:s3:::home/bob/x"));
        assert!(!resource_matches(pattern, "arn:aws:s3:::home/bob/x", Filling::Nothing));
        assert!(matches("arn:aws:s3:::a${*}b", "arn:aws:s3:::a*b"));
        assert!(!matches("arn:aws:s3:::a${*}b", "arn:aws:s3:::axb"));
    }

    #[test]
    fn variables_are_the_same_in_every_spelling() {
        for text in ["a${AWS:UserName}*${$}", "a${ aws:username }*${$}"] {
            assert_eq!(with_plain_variables(text), "a${aws:username}*${$}");
        }
        assert_eq!(
            with_plain_variables("${aws:PrincipalTag/Team,'A b'}:x"),
            "${aws:principaltag/team, 'A b'}:x"
        );
        assert_eq!(with_plain_variables("no ${variable"), "no ${variable");
    }

    #[test]
    fn a_resolved_pattern_means_the_same_without_variables() {
        let context = context(&[("aws:username", &["a*"]), ("aws:PrincipalTag/t", &["x:y"])]);
        let table = [
            ("arn:aws:s3:::${*}/${aws:UserName}?*", Some("arn:aws:s3:::${*}/a${*}?*")),
            ("arn:aws:s3:::${aws:PrincipalTag/t}", Some("arn:aws:s3:::x:y")),
            ("arn:aws:s3::${aws:PrincipalTag/t}:*", None),
            ("arn:aws:s3:::${aws:userid}", None),
            ("arn:aws:s3:::${aws:userid, 'all'}", Some("arn:aws:s3:::all")),
        ];
        for (pattern, expected) in table {
            assert_eq!(resolved(pattern, &context).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn variables_are_filled_in_from_the_request() {
        let context = context(&[
            ("aws:username", &["bob"]),
            ("aws:PrincipalTag/team", &["a*"]),
            ("aws:TagKeys", &["x", "y"]),
            ("aws:PrincipalTag/none", &[""]),
            ("aws:PrincipalAccount", &["123456789012"]),
        ]);
        let table = [
            ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/bob/x", true),
            ("arn:aws:s3:::home/${AWS:UserName}/*", "arn:aws:s3:::home/bob/x", true),
            ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/eve/x", false),
            // The value is text.
            ("arn:aws:s3:::${aws:PrincipalTag/team}", "arn:aws:s3:::a*", true),
            ("arn:aws:s3:::${aws:PrincipalTag/team}", "arn:aws:s3:::ab", false),
            // No value: nothing matches, unless there is a default.
            ("arn:aws:s3:::${aws:userid}*", "arn:aws:s3:::x", false),
            ("arn:aws:s3:::${aws:PrincipalTag/none}*", "arn:aws:s3:::x", false),
            ("arn:aws:s3:::${aws:TagKeys}", "arn:aws:s3:::x", false),
            ("arn:aws:s3:::${aws:TagKeys, 'x'}", "arn:aws:s3:::x", false),
            ("arn:aws:s3:::${aws:userid, 'all'}", "arn:aws:s3:::all", true),
            ("arn:aws:s3:::${aws:userid,'all'}", "arn:aws:s3:::all", true),
            ("arn:aws:s3:::${aws:userid, all}", "arn:aws:s3:::all", false),
            ("arn:aws:s3:::${aws:username, 'all'}", "arn:aws:s3:::all", false),
            ("arn:aws:s3:::${aws:username, 'all'}", "arn:aws:s3:::bob", true),
            (
                "arn:aws:iam::${aws:PrincipalAccount}:role/x",
                "arn:aws:iam::123456789012:role/x",
                true,
            ),
            ("arn:aws:s3:::${}", "arn:aws:s3:::", false),
            ("arn:aws:s3:::${aws:username", "arn:aws:s3:::${aws:username", true),
        ];
        for (pattern, resource, expected) in table {
            assert_eq!(
                resource_matches(pattern, resource, Filling::From(&context)),
                expected,
                "{pattern} {resource}"
            );
        }
    }

    #[test]
    fn documents_of_the_old_version_have_no_variables() {
        let context = context(&[("aws:username", &["bob"])]);
        let old = Filling::of(&context, false);
        assert!(!resource_matches("arn:aws:s3:::${aws:username}", "arn:aws:s3:::bob", old));
        assert!(resource_matches(
            "arn:aws:s3:::${aws:username}",
            "arn:aws:s3:::${aws:username}",
            old
        ));
        assert!(
            resource_matches("arn:aws:s3:::${*}", "arn:aws:s3:::${x}", old),
            "a wildcard stays one"
        );
        assert_eq!(filled("${*}", old).as_deref(), Some("${*}"));
    }

    #[test]
    fn a_text_is_filled_in_whole_or_not_at_all() {
        let context = context(&[("aws:username", &["bob"])]);
        let filled = |text: &str| filled(text, Filling::From(&context));
        assert_eq!(filled("a/${aws:username}/${*}${?}${$}/*").as_deref(), Some("a/bob/*?$/*"));
        assert_eq!(filled("a/${aws:userid}"), None);
    }

    #[test]
    fn no_pattern_takes_long() {
        let (pattern, text) = ("a*".repeat(2_000), "a".repeat(20_000));
        assert!(text_matches(&pattern, &text, Filling::Literal));
        assert!(!text_matches(&format!("{pattern}b"), &text, Filling::Literal));
    }
}
