//! Lowers tags: the manifest's, the resource's own, and the one that names the owning manifest.

use std::collections::BTreeMap;

use super::Lowering;
use crate::kind::OWNER_TAG;
use crate::manifest::decode::{Declared, ExpandedText, NamedMap};
use crate::manifest::names;
use crate::value::{Tags, Value, from_tags};

/// AWS's limit on tags of one resource.
const MOST: usize = 50;

impl Lowering<'_, '_, '_> {
    /// Returns the tags of a resource. IAM ignores case in keys, S3 doesn't.
    pub(super) fn tags(
        &mut self,
        own: Option<&NamedMap<ExpandedText>>,
        ignores_case: bool,
    ) -> Value {
        let mut tags = Tags::from([(OWNER_TAG.to_owned(), self.header.name.clone())]);
        let mut folded = BTreeMap::new();
        let mut last = None;
        for tag in self.header.tags.iter().chain(super::declared(own)) {
            self.check_tag(tag);
            tags.insert(tag.name.clone(), tag.body.value.clone());
            last = Some(&tag.spot);
            if !ignores_case {
                continue;
            }
            let other = folded.insert(tag.name.to_lowercase(), &tag.name);
            if let Some(other) = other.filter(|other| **other != tag.name) {
                let message = format!(
                    "the tags `{other}` and `{}` are the same to IAM, which ignores case in tag \
                        keys",
                    tag.name
                );
                self.scope.error(
                    "duplicate-tag",
                    &tag.spot,
                    message,
                    "write both the same way, or remove one",
                );
            }
        }
        if let Some(spot) = last.filter(|_| tags.len() > MOST) {
            let message = format!(
                "these are {} tags with the manifest's own and relayctl's; AWS takes {MOST}",
                tags.len()
            );
            self.scope.error("too-many-tags", spot, message, "remove some of them");
        }
        from_tags(&tags)
    }

    fn check_tag(&mut self, tag: &Declared<ExpandedText>) {
        let (key, value) = (&tag.name, &tag.body);
        let lower = key.to_lowercase();
        if let Some(prefix) =
            ["aws:", "relayctl:"].iter().find(|prefix| lower.starts_with(**prefix))
        {
            let message = format!("the tag key `{key}` begins with `{prefix}`, which is reserved");
            self.scope.error("reserved-tag", &tag.spot, message, "choose another key");
        }
        let checked = names::length(key, 1, 128, "a tag key").and_then(|()| names::check_tag(key));
        self.check(checked, "bad-tag", &tag.spot, "shorten the key, or leave the character out");
        let checked = names::length(&value.value, 0, 256, "a tag value")
            .and_then(|()| names::check_tag(&value.value));
        self.check(
            checked,
            "bad-tag",
            &value.spot,
            "shorten the value, or leave the character out",
        );
    }
}
