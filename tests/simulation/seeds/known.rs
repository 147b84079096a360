//! What the manifest or the state names, and what is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use relayctl::address::{Address, KindName};
use relayctl::model::{Desired, Recorded, Status};
use relayctl::plan::PlanMode;
use relayctl::state::State;
use relayctl::value::{Attributes, text_of};
use serde_json::{Value, json};

use crate::support::laws::present_name;
use crate::support::world::{STATE_TAG, World};

/// A thing that is others': a user, an attachment, a tag.
pub type Path = Vec<String>;

pub const SECTIONS: [(&str, &str); 5] = [
    ("users", "user"),
    ("roles", "role"),
    ("groups", "group"),
    ("policies", "policy"),
    ("buckets", "bucket"),
];

/// Objects that the manifest or the state names, with exclusive owners and profiles to take over;
/// by their present names.
pub struct Known {
    pub desired: Desired,
    /// The ids of the manifest's objects when the run began.
    ours: BTreeSet<String>,
    /// The ids of what runs had made by then.
    made: BTreeSet<String>,
    /// What carries the tag of another manifest, or of another state: kind and name.
    pub foreign: BTreeSet<(&'static str, String)>,
    /// (user, u0, attached, ARN), (role, r0, inline, name), (user, u0, tags, key)
    parts: BTreeSet<Path>,
    exclusive: BTreeSet<(String, String)>,
    /// Users and groups whose memberships that the manifest doesn't name go.
    exclusive_members: BTreeSet<(String, String)>,
    /// Buckets whose objects may go.
    forced: BTreeSet<String>,
    replaced_profiles: BTreeSet<String>,
}

pub fn owned(parts: [&str; 4]) -> Path {
    parts.map(str::to_owned).into()
}

impl Known {
    pub fn of(world: &World, mode: PlanMode, state: Option<&State>, contents: &Value) -> Self {
        let desired: Desired = world.desired(mode);
        let mut known = Self {
            ours: BTreeSet::new(),
            made: world.cloud.seen.lock().unwrap().ours.clone(),
            foreign: BTreeSet::new(),
            desired: desired.clone(),
            parts: BTreeSet::new(),
            exclusive: BTreeSet::new(),
            exclusive_members: BTreeSet::new(),
            forced: BTreeSet::new(),
            replaced_profiles: BTreeSet::new(),
        };
        for (address, resource) in &desired.resources {
            known.add(address, &resource.attributes);
            let named = (address.kind().to_string(), known.present(address.kind(), address.name()));
            if resource.exclusive {
                known.exclusive.insert(named.clone());
            }
            let all = ["exclusive_groups", "exclusive_members"];
            if all.iter().any(|field| resource.attributes.get(field) == Some(&json!(true))) {
                known.exclusive_members.insert(named);
            }
        }
        let none = Recorded::new();
        let recorded = state.map_or(&none, |state| &state.resources);
        for (address, entry) in recorded {
            known.add(address, &entry.attributes);
            let attached = entry.id.as_deref().and_then(|id| id.split_once('|'));
            if let Some((holder, arn)) = attached {
                let kind = holder_kind(address);
                let holder = known.present_word(kind, holder);
                known.parts.insert(owned([kind, &holder, "attached", arn]));
            }
        }
        known.tell_owners(contents, recorded);
        known
    }

    /// By the tags; without one, by what the state records.
    fn tell_owners(&mut self, contents: &Value, recorded: &Recorded) {
        for (section, kind) in SECTIONS {
            for (name, object) in contents[section].as_object().into_iter().flatten() {
                let id = object["id"].as_str().unwrap_or(name);
                let tags = &object["tags"];
                let state = tags["relayctl:state"].as_str();
                let is_ours = match tags["relayctl:manifest"].as_str() {
                    Some(owner) => {
                        let ours = owner == self.desired.name
                            && state.is_none_or(|state| state == STATE_TAG);
                        if !ours {
                            self.foreign.insert((kind, name.clone()));
                        }
                        ours
                    }
                    None => self.made.contains(id) && is_recorded(recorded, kind, name, id),
                };
                if is_ours {
                    self.ours.insert(id.to_owned());
                }
            }
        }
    }

    /// Tells if the tags name the manifest and its state.
    fn has_our_tags(&self, object: &Value) -> bool {
        let tags = &object["tags"];
        tags["relayctl:manifest"].as_str() == Some(&self.desired.name)
            && tags["relayctl:state"].as_str().is_none_or(|state| state == STATE_TAG)
    }

    fn present(&self, kind: KindName, name: &str) -> String {
        present_name(&self.desired, kind, name)
    }

    fn present_word(&self, kind: &str, name: &str) -> String {
        kind.parse().map_or_else(|_| name.to_owned(), |kind| self.present(kind, name))
    }

    /// The manifest's when the run began, or made by it since.
    fn is_ours(&self, id: &str, made: &BTreeSet<String>) -> bool {
        self.ours.contains(id) || made.contains(id) && !self.made.contains(id)
    }

    fn add(&mut self, address: &Address, attributes: &Attributes) {
        let holder = holder_kind(address);
        let name = self.present_word(holder, text_of(attributes, holder));
        match address.kind() {
            KindName::PolicyAttachment(_) => {
                let part = [holder, &name, "attached", text_of(attributes, "policy_arn")];
                self.parts.insert(owned(part));
            }
            KindName::InlinePolicy(_) => {
                self.parts.insert(owned([holder, &name, "inline", text_of(attributes, "name")]));
            }
            KindName::UserGroupMembership => {
                let [group, user] = ["group", "user"]
                    .map(|kind| self.present_word(kind, text_of(attributes, kind)));
                self.parts.insert(owned(["group", &group, "members", &user]));
            }
            kind => {
                let tags = attributes.get("tags").and_then(Value::as_object).into_iter().flatten();
                let name = self.present(kind, address.name());
                let named =
                    |(key, _): (&String, &Value)| owned([kind.as_str(), &name, "tags", key]);
                self.parts.extend(tags.map(named));
                if attributes.get("force_destroy") == Some(&json!(true)) {
                    self.forced.insert(address.name().to_owned());
                }
                if attributes.get("replace_profile") == Some(&json!(true)) {
                    self.replaced_profiles.insert(text_of(attributes, "profile").to_owned());
                }
            }
        }
    }

    fn is_member(&self, group: &str, user: &str) -> bool {
        let [group, user] =
            [("group", group), ("user", user)].map(|(kind, name)| self.present_word(kind, name));
        self.parts.contains(&owned(["group", &group, "members", &user]))
    }

    /// Tells if an undeclared membership goes: by the user's setting, or by that of a group of
    /// ours.
    pub fn may_remove(&self, user: &str, group: Option<&String>) -> bool {
        let is_exclusive = |kind: &str, name: &str| {
            self.exclusive_members.contains(&(kind.to_owned(), self.present_word(kind, name)))
        };
        is_exclusive("user", user) || group.is_some_and(|group| is_exclusive("group", group))
    }

    /// The members of a group that are others': by their present names.
    fn others_in(&self, group: &String, object: &Value, is_ours: bool) -> Vec<String> {
        let members = object["members"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let is_others = |user: &&str| {
            let is_foreign = self.foreign.contains(&("user", (*user).to_owned()));
            !self.may_remove(user, is_ours.then_some(group))
                && (is_foreign || !self.is_member(group, user))
        };
        members.filter(is_others).map(|user| self.present_word("user", user)).collect()
    }

    pub fn theirs(&self, world: &World, contents: &Value) -> BTreeMap<Path, Value> {
        let seen = world.cloud.seen.lock().unwrap().clone();
        let mut found = BTreeMap::new();
        let mut put =
            |path: [&str; 4], value: &Value| drop(found.insert(owned(path), value.clone()));
        for (section, kind) in SECTIONS {
            for (name, object) in contents[section].as_object().into_iter().flatten() {
                let id = object["id"].as_str().unwrap_or(name);
                let is_ours = self.is_ours(id, &seen.ours);
                let present = self.present_word(kind, name);
                for user in self.others_in(name, object, is_ours) {
                    put([kind, id, "members", &user], &Value::Null);
                }
                if !is_ours {
                    let mut rest = object.clone();
                    rest.as_object_mut().and_then(|rest| rest.remove("members"));
                    put([kind, id, "whole", ""], &rest);
                    continue;
                }
                let mut parts = vec![("tags", &object["tags"])];
                if !self.exclusive.contains(&(kind.to_owned(), present.clone())) {
                    parts
                        .extend([("attached", &object["attached"]), ("inline", &object["inline"])]);
                }
                for (part, all) in parts {
                    let listed = all
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|it| Some((it.as_str()?, it)));
                    let mapped =
                        all.as_object().into_iter().flatten().map(|(key, it)| (key.as_str(), it));
                    for (key, it) in listed.chain(mapped) {
                        if !self.parts.contains(&owned([kind, &present, part, key]))
                            && !["relayctl:manifest", "relayctl:state"].contains(&key)
                        {
                            put([kind, id, part, key], it);
                        }
                    }
                }
                for (key, it) in object["keys"].as_object().into_iter().flatten() {
                    if !seen.made.contains(key) {
                        put([kind, id, "keys", key], it);
                    }
                }
                for (what, it) in object["belongings"].as_object().into_iter().flatten() {
                    if *it != json!(false) && *it != json!([]) {
                        put([kind, id, "belongings", what], it);
                    }
                }
                if object["objects"].as_array().is_some_and(|all| !all.is_empty())
                    && !self.forced.contains(name)
                {
                    put([kind, id, "objects", ""], &object["objects"]);
                }
            }
        }
        let profiles = contents["instance_profiles"].as_object().into_iter().flatten();
        for (name, profile) in profiles.filter(|(_, profile)| !self.has_our_tags(profile)) {
            put(["account", "", "instance_profile", name], profile);
        }
        let credentials = std::fs::read_to_string(world.path("credentials")).unwrap_or_default();
        for section in sections(&credentials).into_iter().filter(|section| is_theirs(section)) {
            let name =
                section.lines().next().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            if !self.replaced_profiles.contains(&name) {
                put(["file", "credentials", "profile", &name], &json!(section.trim()));
            }
        }
        for (section, kind) in SECTIONS {
            for (name, object) in contents[section].as_object().into_iter().flatten() {
                let id = object["id"].as_str().unwrap_or(name);
                found.insert([kind, id, "there"].map(str::to_owned).into(), Value::Null);
            }
        }
        found.retain(|path, _| path.len() == 4 || self.is_ours(&path[1], &seen.ours));
        found
    }
}

fn is_theirs(section: &str) -> bool {
    section.contains("AKIATHEIRS") || section.contains("AKIAFOREIGN")
}

pub fn sections(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            found.push(String::new());
        }
        if let Some(section) = found.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    found
}

fn holder_kind(address: &Address) -> &'static str {
    match address.kind() {
        KindName::PolicyAttachment(kind) | KindName::InlinePolicy(kind) => kind.as_str(),
        _ => "",
    }
}

/// Tells if the state records this object, or that it is to be made. A bucket without a tag may be
/// another one of its name.
fn is_recorded(recorded: &Recorded, kind: &str, name: &str, id: &str) -> bool {
    recorded.iter().filter(|(address, _)| address.kind().as_str() == kind).any(
        |(address, entry)| {
            let is_named = address.name().eq_ignore_ascii_case(name);
            match entry.status {
                Status::Intended => is_named,
                Status::Done => kind != "bucket" && entry.id.as_deref() == Some(id),
            }
        },
    )
}
