//! Folds long lists into few words.

use std::collections::{BTreeMap, BTreeSet};

use super::weight::{escalating, is_everyone, is_outside, is_public};
use super::{TextRun, Tone, code, name, plain, series};
use crate::render::text::count;

/// The number of actions, or of principals, that are spelled out.
pub const SPELLED: usize = 3;

/// The number of resources that are spelled out; it is smaller because ARNs are long.
const SPELLED_RESOURCES: usize = 2;

/// The number of parts of a folded list of actions; if there are more, only numbers are shown.
const PARTS: usize = 8;

/// The number of principals of other accounts that are spelled out.
const SPELLED_OUTSIDERS: usize = 20;

/// A list as a sentence shows it.
pub struct Folded {
    pub pieces: Vec<TextRun>,
    /// True if something is left out.
    pub shortened: bool,
}

impl Folded {
    fn whole(pieces: Vec<TextRun>) -> Self {
        Self { pieces, shortened: false }
    }

    fn shortened(pieces: Vec<TextRun>) -> Self {
        Self { pieces, shortened: true }
    }
}

/// Returns `iam:GetRole and iam:PassRole`, or `iam:PassRole, iam: 5 actions, s3:Get*`. Patterns
/// allow more than single actions, so they are named where single actions are only counted. Actions
/// by which somebody gets more permissions are always named.
pub fn actions(list: &[String]) -> Folded {
    if list.iter().any(|action| action == "*") {
        return Folded::whole(vec![name("every action")]);
    }
    if list.len() <= SPELLED {
        return Folded::whole(series(list.iter().map(code).collect()));
    }
    let escalating = escalating(list);
    let mut services: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for action in list {
        let service = action.split_once(':').map_or("", |(service, _)| service);
        services.entry(service.to_lowercase()).or_default().push(action);
    }
    let parts: Vec<TextRun> = services
        .iter()
        .flat_map(|(service, actions)| of_service(service, actions, &escalating))
        .collect();
    let parts = if parts.len() > PARTS { counted_apart(list, &escalating) } else { parts };
    let shortened = parts.len() < list.len();
    let separated = parts.into_iter().enumerate();
    let pieces =
        separated.flat_map(|(at, part)| (at > 0).then(|| plain(", ")).into_iter().chain([part]));
    Folded { pieces: pieces.collect(), shortened }
}

/// Returns the escalating actions by name, and the number of the others.
fn counted_apart(list: &[String], escalating: &BTreeSet<&str>) -> Vec<TextRun> {
    let (named, others): (Vec<&str>, Vec<&str>) =
        list.iter().map(String::as_str).partition(|action| escalating.contains(action));
    let mut parts: Vec<TextRun> = named.into_iter().map(code).collect();
    if others.is_empty() {
        return parts;
    }
    let has_patterns = others.iter().any(|action| is_pattern(action));
    let what = if has_patterns { "actions and patterns" } else { "actions" };
    let services: BTreeSet<String> = (others.iter())
        .map(|action| action.split_once(':').map_or("", |(service, _)| service).to_lowercase())
        .collect();
    let more = if parts.is_empty() { "" } else { "more " };
    let services = count(services.len(), "service");
    parts.push(plain(format!("{} {more}{what} of {services}", others.len())));
    parts
}

fn of_service(service: &str, actions: &[&str], escalating: &BTreeSet<&str>) -> Vec<TextRun> {
    let (named, actions): (Vec<&str>, Vec<&str>) =
        actions.iter().partition(|action| escalating.contains(*action));
    let (patterns, single): (Vec<&str>, Vec<&str>) =
        actions.iter().partition(|action| is_pattern(action));
    let counted = |list: &[&str], what: &str| match list {
        list if list.len() > 1 => vec![plain(format!("{service}: {}", count(list.len(), what)))],
        list => list.iter().copied().map(code).collect(),
    };
    let mut parts: Vec<TextRun> = named.into_iter().map(code).collect();
    if patterns.len() <= SPELLED {
        parts.extend(patterns.into_iter().map(code));
    } else {
        parts.extend(counted(&patterns, "action pattern"));
    }
    parts.extend(counted(&single, "action"));
    parts
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Returns the shortest of many resources, which is mostly the widest, and the number of the
/// others.
pub fn resources(list: &[String]) -> Folded {
    if list.iter().any(|resource| resource == "*") {
        return Folded::whole(vec![code("*")]);
    }
    if list.len() <= SPELLED_RESOURCES {
        return Folded::whole(series(list.iter().map(code).collect()));
    }
    let shortest =
        list.iter().min_by_key(|resource| resource.chars().count()).cloned().unwrap_or_default();
    Folded::shortened(vec![
        code(shortest),
        plain(format!(" and {}", count(list.len() - 1, "more resource"))),
    ])
}

/// Returns the principals by the names that a policy has for them. `account` is the own one, if it
/// is known.
pub fn principals(list: &[String], account: Option<&str>) -> Folded {
    Folded {
        pieces: series(principal_items(list, account)),
        shortened: list.len() > SPELLED && !is_public(list),
    }
}

pub fn principal_items(list: &[String], account: Option<&str>) -> Vec<TextRun> {
    if let Some(everyone) = list.iter().find(|principal| is_everyone(principal)) {
        let text = if everyone == "*" { "anyone".to_owned() } else { everyone.clone() };
        return vec![TextRun { tone: Tone::Public, text }];
    }
    match list.len() {
        0 => vec![name("somebody")],
        1..=SPELLED => list.iter().map(name).collect(),
        _ => {
            let is_outsider =
                |who: &&String| account.is_some_and(|account| is_outside(who, account));
            let outsiders = list.iter().filter(is_outsider).take(SPELLED_OUTSIDERS);
            let mut items: Vec<TextRun> = outsiders.map(name).collect();
            let others = list.len() - items.len();
            let more = if items.is_empty() { "principal" } else { "more principal" };
            items.extend((others > 0).then(|| name(count(others, more))));
            items
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::access::read;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }

    fn said(items: &[&str]) -> (String, bool) {
        let folded = actions(&list(items));
        (read(&folded.pieces), folded.shortened)
    }

    #[test]
    fn few_actions_are_named_and_many_are_counted_by_service() {
        assert_eq!(said(&["iam:PassRole"]), ("iam:PassRole".to_owned(), false));
        assert_eq!(said(&["s3:A", "s3:B", "s3:C"]), ("s3:A, s3:B and s3:C".to_owned(), false));
        assert_eq!(
            said(&["iam:A", "s3:A", "s3:B", "s3:C"]),
            ("iam:A, s3: 3 actions".to_owned(), true)
        );
        let relay =
            said(&["iam:AttachRolePolicy", "iam:CreateRole", "iam:GetRole", "iam:PassRole"]);
        assert_eq!(
            relay,
            ("iam:AttachRolePolicy, iam:CreateRole, iam:PassRole, iam:GetRole".to_owned(), false)
        );
        assert_eq!(said(&["s3:A", "*"]), ("every action".to_owned(), false));
    }

    #[test]
    fn patterns_are_wide_so_they_are_named() {
        let (text, shortened) = said(&["S3:List*", "s3:A", "s3:B", "s3:Get*", "sts:*"]);
        assert_eq!((text.as_str(), shortened), ("S3:List*, s3:Get*, s3: 2 actions, sts:*", true));
        assert_eq!(said(&["s3:A*", "s3:B*", "s3:C*", "s3:D?"]).0, "s3: 4 action patterns");
        assert_eq!(said(&["a:*", "b:*", "c:*", "d:*"]), ("a:*, b:*, c:*, d:*".to_owned(), false));
    }

    #[test]
    fn very_many_are_only_numbers() {
        let many: Vec<String> = (0..20).map(|n| format!("service{n}:Do")).collect();
        assert_eq!(read(&actions(&many).pieces), "20 actions of 20 services");
        let many: Vec<String> = (0..20).map(|n| format!("service{n}:Do*")).collect();
        assert_eq!(read(&actions(&many).pieces), "20 actions and patterns of 20 services");
    }

    #[test]
    fn actions_that_give_more_permissions_are_named_among_very_many() {
        let mut many: Vec<String> = (0..20).map(|n| format!("service{n}:Do")).collect();
        many.extend(["iam:PutUserPolicy".to_owned(), "iam:PassRole".to_owned()]);
        let said = "iam:PutUserPolicy, iam:PassRole, 20 more actions of 20 services";
        assert_eq!(read(&actions(&many).pieces), said);
        // Starting somebody's build is a path with iam:PassRole, and nothing by itself.
        many.push("codebuild:StartBuild".to_owned());
        assert!(read(&actions(&many).pieces).contains("codebuild:StartBuild"));
    }

    #[test]
    fn of_many_resources_the_widest_is_named() {
        let folded = resources(&list(&["arn:aws:s3:::long", "arn:aws:s3:::a", "arn:aws:s3:::b"]));
        assert_eq!(read(&folded.pieces), "arn:aws:s3:::a and 2 more resources");
        assert!(folded.shortened);
        assert_eq!(read(&resources(&list(&["arn:aws:s3:::a", "*"])).pieces), "*");
    }

    #[test]
    fn the_world_is_called_anyone() {
        let folded = principals(&list(&["123456789012", "*"]), None);
        assert_eq!(folded.pieces, [TextRun { tone: Tone::Public, text: "anyone".to_owned() }]);
        let four = list(&["1", "2", "3", "4"]);
        assert_eq!(read(&principals(&four, None).pieces), "4 principals");
    }

    #[test]
    fn other_accounts_are_named_among_many_principals() {
        let own = ["a", "b", "c", "d"].map(|it| format!("arn:aws:iam::123456789012:role/{it}"));
        let mut all = own.to_vec();
        all.push("arn:aws:iam::666666666666:root".to_owned());
        let folded = principals(&all, Some("123456789012"));
        assert_eq!(read(&folded.pieces), "arn:aws:iam::666666666666:root and 4 more principals");
        assert!(folded.shortened);
    }
}
