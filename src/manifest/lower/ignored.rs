//! Lowers `lifecycle: {ignore_changes: […]}`.

use super::Lowering;
use crate::address::Address;
use crate::kind::{self, Field, FieldForm};
use crate::manifest::decode::ExpandedText;
use crate::manifest::suggest::nearest;
use crate::model::IgnoredFields;

/// The word that means all fields, as in Terraform.
const ALL: &str = "all";

impl Lowering<'_, '_, '_> {
    /// Applies `lifecycle: {ignore_changes: […]}`.
    pub(super) fn ignore(&mut self, address: &Address, listed: Option<&Vec<ExpandedText>>) {
        let kind = kind::kind_of(address.kind());
        let has_tags = kind.facts().ownership.has_tags();
        let fields: Vec<&Field> =
            kind.fields().iter().filter(|field| has_tags && field.can_be_ignored()).collect();
        let mut ignored = IgnoredFields::default();
        for text in listed.into_iter().flatten() {
            if text.value == ALL {
                for field in &fields {
                    ignored.add_field(field.name);
                }
                continue;
            }
            let (name, key) = split(&text.value);
            match (fields.iter().find(|field| field.name == name), key) {
                (Some(_), None) => ignored.add_field(name),
                (Some(field), Some(key)) if field.form == FieldForm::Keyed => {
                    ignored.add_key(name, key);
                }
                (Some(_), Some(_)) => {
                    let message = format!("`{name}` of {address} has no keys");
                    let help = format!("write `{name}`, which ignores all of it");
                    self.scope.error("bad-field", &text.spot, message, help);
                }
                (None, _) => {
                    let message = format!("`{name}` is no field of {address} that can be ignored");
                    let help = remedy(name, &fields);
                    self.scope.error("unknown-field", &text.spot, message, help);
                }
            }
        }
        if let Some(resource) = self.resources.get_mut(address) {
            resource.ignored = ignored;
        }
    }
}

fn remedy(name: &str, fields: &[&Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    if names.is_empty() {
        return "remove it: nothing of this resource can be ignored".to_owned();
    }
    let list = format!("{}; or `{ALL}`", names.join(", "));
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? The fields are {list}"),
        None => format!("the fields are {list}"),
    }
}

/// Splits `tags["a.b"]` and `tags.stage` into the field and the key.
fn split(text: &str) -> (&str, Option<&str>) {
    let quoted = |text| {
        ['"', '\'']
            .into_iter()
            .find_map(|quote| str::strip_suffix(str::strip_prefix(text, quote)?, quote))
    };
    if let Some((field, key)) = text.strip_suffix(']').and_then(|it| it.split_once('[')) {
        return (field, Some(quoted(key).unwrap_or(key)));
    }
    match text.split_once('.') {
        Some((field, key)) => (field, Some(key)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_in_brackets_or_after_a_dot() {
        assert_eq!(split("description"), ("description", None));
        assert_eq!(split("tags.stage"), ("tags", Some("stage")));
        assert_eq!(split("tags.a.b"), ("tags", Some("a.b")));
        assert_eq!(split("tags[\"a.b\"]"), ("tags", Some("a.b")));
        assert_eq!(split("tags['a.b']"), ("tags", Some("a.b")));
        assert_eq!(split("tags[stage]"), ("tags", Some("stage")));
    }
}
