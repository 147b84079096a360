//! Conversion of lifecycle rules to S3's form and back.

use aws_sdk_s3::types;

use super::failure::FailureCause;
use crate::call::s3::{LifecycleRule, Transition};

pub(super) fn to_s3(rule: &LifecycleRule) -> Result<types::LifecycleRule, FailureCause> {
    let status = if rule.enabled {
        types::ExpirationStatus::Enabled
    } else {
        types::ExpirationStatus::Disabled
    };
    let transitions = rule.transitions.iter().map(|step| {
        let class = types::TransitionStorageClass::from(step.storage_class.as_str());
        types::Transition::builder().days(step.days).storage_class(class).build()
    });
    let transitions: Vec<_> = transitions.collect();
    Ok(types::LifecycleRule::builder()
        .id(&rule.id)
        .status(status)
        .filter(types::LifecycleRuleFilter::builder().prefix(&rule.prefix).build())
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_expiration(
            rule.expiration_days
                .map(|days| types::LifecycleExpiration::builder().days(days).build()),
        )
        .set_noncurrent_version_expiration(rule.noncurrent_expiration_days.map(|days| {
            types::NoncurrentVersionExpiration::builder().noncurrent_days(days).build()
        }))
        .set_abort_incomplete_multipart_upload(rule.abort_multipart_days.map(|days| {
            types::AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()
        }))
        .build()?)
}

/// Converts a rule of S3's. S3's rules can express more than a manifest. The rest is written behind
/// the prefix, where it makes the rule differ from every rule of a manifest: somebody's tag filter
/// is a difference that the plan must show.
pub(super) fn from_s3(rule: types::LifecycleRule) -> LifecycleRule {
    let beyond = beyond(&rule);
    let prefix = prefix(&rule);
    let transitions = rule.transitions.unwrap_or_default().into_iter().map(|step| Transition {
        days: step.days.unwrap_or_default(),
        storage_class: step
            .storage_class
            .map(|class| class.as_str().to_owned())
            .unwrap_or_default(),
    });
    LifecycleRule {
        id: rule.id.unwrap_or_default(),
        enabled: rule.status == types::ExpirationStatus::Enabled,
        prefix: if beyond.is_empty() {
            prefix
        } else {
            format!("{prefix} (and {})", beyond.join(", "))
        },
        expiration_days: rule.expiration.and_then(|expiration| expiration.days),
        noncurrent_expiration_days: rule
            .noncurrent_version_expiration
            .and_then(|expiration| expiration.noncurrent_days),
        abort_multipart_days: rule
            .abort_incomplete_multipart_upload
            .and_then(|abort| abort.days_after_initiation),
        transitions: transitions.collect(),
    }
}

/// Returns the prefix: it is in the filter; in the filter's And, if there are several conditions;
/// or in the rule itself, the form from before filters.
fn prefix(rule: &types::LifecycleRule) -> String {
    let filter = rule.filter.as_ref();
    let within = filter.and_then(|filter| filter.and.as_ref()).and_then(|and| and.prefix.clone());
    #[allow(
        deprecated,
        reason = "buckets still hold rules of the old form, and S3 gives them back so"
    )]
    let old = rule.prefix.clone();
    filter.and_then(|filter| filter.prefix.clone()).or(within).or(old).unwrap_or_default()
}

fn beyond(rule: &types::LifecycleRule) -> Vec<String> {
    let mut beyond = Vec::new();
    if let Some(filter) = &rule.filter {
        let and = filter.and.as_ref();
        let tags =
            filter.tag.iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten());
        beyond.extend(tags.map(|tag| format!("tag {}={}", tag.key, tag.value)));
        let greater =
            filter.object_size_greater_than.or(and.and_then(|and| and.object_size_greater_than));
        beyond.extend(greater.map(|size| format!("size > {size}")));
        let less = filter.object_size_less_than.or(and.and_then(|and| and.object_size_less_than));
        beyond.extend(less.map(|size| format!("size < {size}")));
    }
    if let Some(expiration) = &rule.expiration {
        beyond.extend(expiration.date.map(|date| format!("expiration on {date}")));
        let markers = expiration.expired_object_delete_marker.unwrap_or_default();
        beyond.extend(markers.then(|| "expired delete markers".to_owned()));
    }
    let dates = rule.transitions.iter().flatten().filter_map(|step| step.date);
    beyond.extend(dates.map(|date| format!("transition on {date}")));
    let kept = rule
        .noncurrent_version_expiration
        .as_ref()
        .and_then(|expiration| expiration.newer_noncurrent_versions);
    beyond.extend(kept.map(|kept| format!("{kept} noncurrent versions kept")));
    let noncurrent = rule.noncurrent_version_transitions.iter().flatten();
    beyond.extend(noncurrent.map(|step| {
        let class = step
            .storage_class
            .as_ref()
            .map_or("another class", types::TransitionStorageClass::as_str);
        format!(
            "noncurrent versions to {class} after {} days",
            step.noncurrent_days.unwrap_or_default()
        )
    }));
    beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> LifecycleRule {
        LifecycleRule {
            id: "logs".into(),
            enabled: true,
            prefix: "logs/".into(),
            expiration_days: Some(90),
            noncurrent_expiration_days: Some(7),
            abort_multipart_days: Some(3),
            transitions: vec![Transition { days: 30, storage_class: "STANDARD_IA".into() }],
        }
    }

    #[test]
    fn a_rule_survives_the_way_to_s3_and_back() {
        let bare = LifecycleRule {
            id: "bare".into(),
            expiration_days: Some(1),
            ..LifecycleRule::default()
        };
        for rule in [full(), bare] {
            assert_eq!(from_s3(to_s3(&rule).unwrap()), rule);
        }
    }

    #[test]
    fn what_a_manifest_cannot_say_makes_a_difference() {
        let tag = types::Tag::builder().key("team").value("x").build().unwrap();
        let and = types::LifecycleRuleAndOperator::builder().prefix("logs/").tags(tag).build();
        let mut rule = to_s3(&full()).unwrap();
        rule.filter = Some(types::LifecycleRuleFilter::builder().and(and).build());
        rule.noncurrent_version_expiration = Some(
            types::NoncurrentVersionExpiration::builder()
                .noncurrent_days(7)
                .newer_noncurrent_versions(2)
                .build(),
        );
        assert_eq!(from_s3(rule).prefix, "logs/ (and tag team=x, 2 noncurrent versions kept)");
    }

    #[test]
    fn the_prefix_is_found_in_the_old_form_too() {
        let mut rule = to_s3(&full()).unwrap();
        rule.filter = None;
        #[allow(deprecated, reason = "the old form is what is tested")]
        {
            rule.prefix = Some("old/".into());
        }
        assert_eq!(from_s3(rule).prefix, "old/");
    }
}
