//! The condition keys of a principal's requests that follow from its attributes: its tags, and its
//! name where that changes.

use crate::address::PrincipalKind;
use crate::policy::action_matches;
use crate::policy::request::{Caller, Context};
use crate::policy::statement::{Effect, Policy};
use crate::value::{Tags, Value};

/// Returns the keys `aws:PrincipalTag/…` of a user's or a role's tags. `trust` is the policy of a
/// role, which says who may assume it.
///
/// "If a session tag has the same key as a tag of the role, the session tag's value overrides it"
/// (IAM User Guide, "Pass session tags in AWS STS"): so a role whose trust policy allows
/// `sts:TagSession` may have others.
pub(super) fn tag_keys(kind: PrincipalKind, tags: &Tags, trust: Option<&Value>) -> Context {
    let are_bound = match kind {
        PrincipalKind::User => true,
        PrincipalKind::Role => !trust.is_none_or(lets_sessions_have_tags),
        PrincipalKind::Group => false,
    };
    let key =
        |(tag, value): (&String, &String)| (format!("aws:PrincipalTag/{tag}"), vec![value.clone()]);
    tags.iter().filter(|_| are_bound).map(key).collect()
}

fn lets_sessions_have_tags(trust: &Value) -> bool {
    const TAG_SESSION: &str = "sts:TagSession";
    let Ok(policy) = Policy::compile("", trust) else { return true };
    policy.statements.iter().any(|statement| {
        let actions = &statement.actions;
        let is_named = actions.patterns.iter().any(|pattern| action_matches(pattern, TAG_SESSION));
        statement.effect == Effect::Allow && is_named != actions.not
    })
}

/// Returns the keys that follow from the ARN of a principal.
pub(super) fn name_keys(arn: &str) -> Context {
    Caller::aws(arn).circumstances(&Context::default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_bound_unless_a_session_may_have_others() {
        let tags: Tags = [("Team".to_owned(), "red".to_owned())].into_iter().collect();
        let trust = |actions: Value| {
            json!({"Statement": {"Effect": "Allow",
            "Principal": "*", "Action": actions}})
        };
        let count = |kind, trust: Option<&Value>| tag_keys(kind, &tags, trust).iter().count();
        let keys = tag_keys(PrincipalKind::User, &tags, None);
        assert_eq!(keys.get("aws:PrincipalTag/team"), Some(&["red".to_owned()][..]));
        let plain = trust(json!("sts:AssumeRole"));
        assert_eq!(count(PrincipalKind::Role, Some(&plain)), 1);
        for actions in [json!("sts:*"), json!(["sts:AssumeRole", "STS:tagsession"])] {
            assert_eq!(count(PrincipalKind::Role, Some(&trust(actions))), 0);
        }
        assert_eq!(count(PrincipalKind::Role, None), 0);
        assert_eq!(count(PrincipalKind::Group, None), 0);
    }
}
