//! Lays `defaults:` under the entries of the sections, before anything is decoded. Every node keeps
//! its own place, so a problem in a default is reported where the default stands.

use super::extends;
use super::node::{MapEntry, Node, NodeContent};

/// The field whose maps hold the defaults of each section.
const FIELD: &str = "defaults";

/// Returns the manifest with the defaults in its entries. `defaults` itself stays, so that what no
/// entry uses is checked, too.
pub fn apply(root: Node) -> Node {
    let defaults = root.field(FIELD).map(Node::entries).unwrap_or_default();
    if defaults.is_empty() {
        return root;
    }
    let with_defaults = |entry: &MapEntry| {
        let default = defaults.iter().find(|default| default.key == entry.key);
        match default.filter(|_| &*entry.key != FIELD) {
            Some(default) => {
                MapEntry { node: section(&default.node, &entry.node), ..entry.clone() }
            }
            None => entry.clone(),
        }
    };
    let entries = root.entries().iter().map(with_defaults).collect();
    Node { spot: root.spot, content: NodeContent::Map(entries) }
}

/// Lays the default under each entry of a section.
fn section(default: &Node, section: &Node) -> Node {
    let NodeContent::Map(entries) = &section.content else { return section.clone() };
    if !matches!(default.content, NodeContent::Map(_)) {
        return section.clone();
    }
    let entry = |entry: &MapEntry| {
        let node = if entry.node.is_null() {
            // `ada:` with nothing after it is a user of whom nothing more is said.
            Node { spot: entry.node.spot.clone(), content: default.content.clone() }
        } else {
            extends::merge(default.clone(), entry.node.clone(), &|one, other| {
                !is_document(one) && !is_document(other)
            })
        };
        MapEntry { node, ..entry.clone() }
    };
    Node {
        spot: section.spot.clone(),
        content: NodeContent::Map(entries.iter().map(entry).collect()),
    }
}

/// Tells if a map is a policy document. It takes the place of a default whole: half of one document
/// and half of another mean nothing.
fn is_document(node: &Node) -> bool {
    let is_statement = |entry: &MapEntry| {
        entry.key.eq_ignore_ascii_case("Statement")
            && matches!(entry.node.content, NodeContent::List(_) | NodeContent::Map(_))
    };
    node.entries().iter().any(is_statement)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use serde_json::json;

    use crate::manifest::{Inputs, Loaded, load_manifest};

    const HEAD: &str = "version: 1\nname: relay\naccount: '123456789012'\nregion: us-east-1\n";
    const DOCUMENT: &str = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: \
        's3:ListAllMyBuckets', Resource: '*'}]}";

    fn loaded(files: &[(&str, &str)]) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        load_manifest(&folder.path().join(files[0].0), &Inputs::default())
    }

    /// Everything that a manifest wants, without the places.
    #[track_caller]
    fn wanted(files: &[(&str, &str)]) -> Vec<String> {
        let loaded = loaded(files);
        let Some(desired) = loaded.desired else { panic!("{:#?}", loaded.diagnostics) };
        let one = |(address, it): (&_, &crate::model::Resource)| {
            format!("{address} {:?} {:?} {:?}", it.attributes, it.depends_on, it.ignored)
        };
        desired.resources.iter().map(one).collect()
    }

    #[track_caller]
    fn same(short: &str, long: &str) {
        let text = |body: &str| format!("{HEAD}{body}");
        assert_eq!(wanted(&[("m.yaml", &text(short))]), wanted(&[("m.yaml", &text(long))]));
    }

    #[test]
    fn a_default_is_what_an_entry_would_say() {
        same(
            &format!(
                "defaults:
  policies: {{path: /limits/}}
  users: {{path: /people/, tags: {{team: web, cost: '1'}}, policies: [ceiling]}}
  roles: {{path: /app/, permissions_boundary: ceiling, lifecycle: {{ignore_changes: [tags]}}}}
  buckets: {{versioning: true, encryption: AES256}}
  groups: {{path: /teams/}}
policies: {{ceiling: {{document: {DOCUMENT}}}}}
users:
  ada:
  bob: {{tags: {{cost: '2', stage: dev}}, policies: []}}
  eve: {{path: null, tags: {{team: null}}, policies: null}}
groups: {{ops: {{}}}}
roles:
  web: {{trust: {{services: [lambda.amazonaws.com], roles: [api]}}}}
  api: {{trust: {{users: [ada]}}, path: /api/, permissions_boundary: null}}
buckets: {{logs: {{encryption: {{algorithm: aws:kms}}}}, data: {{versioning: false}}}}
"
            ),
            &format!(
                "policies: {{ceiling: {{path: /limits/, document: {DOCUMENT}}}}}
users:
  ada: {{path: /people/, tags: {{team: web, cost: '1'}}, policies: [ceiling]}}
  bob: {{path: /people/, tags: {{team: web, cost: '2', stage: dev}}, policies: []}}
  eve: {{tags: {{cost: '1'}}}}
groups: {{ops: {{path: /teams/}}}}
roles:
  web:
    path: /app/
    permissions_boundary: ceiling
    lifecycle: {{ignore_changes: [tags]}}
    trust: {{services: [lambda.amazonaws.com], roles: [api]}}
  api: {{trust: {{users: [ada]}}, path: /api/, lifecycle: {{ignore_changes: [tags]}}}}
buckets:
  logs: {{versioning: true, encryption: {{algorithm: aws:kms}}}}
  data: {{versioning: false, encryption: AES256}}
"
            ),
        );
    }

    #[test]
    fn the_short_form_of_trust_is_merged_and_a_document_takes_its_place_whole() {
        let trust = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sts:AssumeRole', \
            Principal: {AWS: 'arn:aws:iam::123456789012:root'}}]}";
        let deny = "{Version: '2012-10-17', Statement: [{Effect: Deny, Action: 's3:*', Resource: \
            '*'}]}";
        let default = DOCUMENT.replacen('{', "{Id: default, ", 1);
        same(
            &format!(
                "defaults:
  roles: {{trust: {{services: [lambda.amazonaws.com]}}, inline_policies: {{x: {default}}}}}
roles:
  a: {{trust: {{accounts: ['444455556666']}}}}
  b: {{trust: {trust}, inline_policies: {{x: {deny}}}}}
  c: {{}}
"
            ),
            &format!(
                "roles:
  a:
    trust: {{services: [lambda.amazonaws.com], accounts: ['444455556666']}}
    inline_policies: {{x: {default}}}
  b: {{trust: {trust}, inline_policies: {{x: {deny}}}}}
  c: {{trust: {{services: [lambda.amazonaws.com]}}, inline_policies: {{x: {default}}}}}
"
            ),
        );
    }

    #[test]
    fn the_defaults_of_a_base_and_of_its_child_are_merged_before_they_are_laid() {
        let base = "defaults: {users: {path: /base/, tags: {team: web, stage: dev}}, roles: \
            {path: /x/}}\nusers: {ada: {}}\n";
        let child = format!(
            "{HEAD}extends: base.yaml\ndefaults: {{users: {{path: /child/, tags: {{stage: \
                null}}}}, roles: null}}\nusers: {{bob: {{path: /bob/}}}}\n"
        );
        let long = format!(
            "{HEAD}users: {{ada: {{path: /child/, tags: {{team: web}}}}, bob: {{path: /bob/, tags: \
                {{team: web}}}}}}\n"
        );
        assert_eq!(
            wanted(&[("m.yaml", &child), ("base.yaml", base)]),
            wanted(&[("m.yaml", &long)])
        );
    }

    #[test]
    fn arns_are_made_of_the_paths_in_defaults() {
        same(
            "defaults: {roles: {path: /app/}}\nusers: {u: {tags: {r: '${roles.r.arn}'}}}\nroles: \
                {r: {trust: {services: [lambda.amazonaws.com]}}}\n",
            "users: {u: {tags: {r: '${roles.r.arn}'}}}\nroles: {r: {path: \
                /app/, trust: {services: [lambda.amazonaws.com]}}}\n",
        );
    }

    #[test]
    fn a_problem_in_a_default_is_told_once_and_where_the_default_stands() {
        let base = "defaults:\n  users:\n    path: people\n    colour: red\n  roles: {path: 5}\n";
        let child = format!("{HEAD}extends: base.yaml\nusers: {{ada: {{}}, bob: {{}}}}\n");
        let found = loaded(&[("m.yaml", &child), ("base.yaml", base)]).diagnostics;
        let told: Vec<_> = found
            .iter()
            .map(|it| {
                let place = it.place.as_ref().unwrap();
                (it.code, PathBuf::from(place.file.file_name().unwrap()), place.line)
            })
            .collect();
        let base = || Path::new("base.yaml").to_owned();
        assert_eq!(
            told,
            [("bad-path", base(), 3), ("unknown-field", base(), 4), ("wrong-type", base(), 5)]
        );
    }

    #[test]
    fn a_default_that_nothing_uses_is_no_problem() {
        let text = format!("{HEAD}defaults: {{roles: {{path: /app/}}}}\nusers: {{ada: {{}}}}\n");
        let loaded = loaded(&[("m.yaml", &text)]);
        assert_eq!(loaded.diagnostics, []);
        assert_eq!(loaded.desired.unwrap().resources.len(), 1);
    }

    #[test]
    fn a_tag_that_is_called_statement_is_merged_as_any_other() {
        let text = format!(
            "{HEAD}defaults: {{users: {{tags: {{team: web}}}}}}\nusers: {{ada: {{tags: \
                {{Statement: a}}}}}}\n"
        );
        let desired = loaded(&[("m.yaml", &text)]).desired.unwrap();
        let ada = &desired.resources[&"user.ada".parse().unwrap()];
        let tags = ada.attributes.get("tags").unwrap();
        assert_eq!((&tags["Statement"], &tags["team"]), (&json!("a"), &json!("web")));
    }
}
