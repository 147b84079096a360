//! Random manifests: a few names, used again and again, so that edits meet what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use relayctl_oracle::Dice;
use serde_json::{Map, Value, json};

pub const POLICIES: [&str; 3] = ["p0", "p1", "p2"];
pub const USERS: [&str; 3] = ["u0", "u1", "u2"];
pub const ROLES: [&str; 2] = ["r0", "r1"];
pub const GROUPS: [&str; 2] = ["g0", "g1"];
pub const BUCKETS: [&str; 2] = ["seeds-b0", "seeds-b1"];
/// The name of the manifest beside.
pub const BESIDE: &str = "beside";
/// AWS's own, some of which only others attach.
pub const MANAGED: [&str; 3] = [
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::aws:policy/SecurityAudit",
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
];

pub const PATHS: [&str; 2] = ["/", "/relay/"];

/// The names that things may be given by a change of name.
const RENAMED: [(Section, &[&str]); 4] = [
    ("policies", &["p0", "p1", "p2", "p3", "P0"]),
    ("users", &["u0", "u1", "u2", "u3", "U0", "U1"]),
    ("roles", &["r0", "r1", "r2", "R0"]),
    ("groups", &["g0", "g1", "g2", "G0"]),
];

type Section = &'static str;

/// The word of a section in addresses.
fn word(section: Section) -> &'static str {
    match section {
        "policies" => "policy",
        "users" => "user",
        "roles" => "role",
        "groups" => "group",
        _ => "bucket",
    }
}

/// Declarations by section and name. References to undeclared ones are left out when it is written,
/// so any declaration can be taken away.
#[derive(Clone, Debug)]
pub struct GeneratedManifest {
    name: &'static str,
    declared: BTreeMap<(Section, String), Value>,
    /// `moved:`, the section with the old name and the new one.
    moved: Vec<(Section, String, String)>,
    /// `removed:` with `destroy: false`.
    released: BTreeSet<(Section, String)>,
    /// The names that another manifest in the account has, too; `None` if there is none beside.
    shared: Option<Vec<&'static str>>,
}

#[derive(Clone)]
pub enum Edit {
    Put {
        section: Section,
        name: String,
        body: Value,
    },
    Set {
        section: Section,
        name: String,
        field: String,
        value: Value,
    },
    Drop {
        section: Section,
        name: String,
    },
    /// Another name, with an entry in `moved:` unless it differs in case only.
    Move {
        section: Section,
        from: String,
        to: String,
    },
    /// Removes the entries of `moved:`.
    ForgetMoves,
    /// Takes a declaration away and adds an entry to `removed:`.
    Release {
        section: Section,
        name: String,
    },
}

impl Edit {
    pub fn draw(dice: &mut Dice) -> Self {
        match dice.below(24) {
            0..5 => {
                let (section, names) = *dice.pick(&RENAMED);
                let [from, to] = [(); 2].map(|()| (*dice.pick(names)).to_owned());
                return Self::Move { section, from, to };
            }
            5 => return Self::ForgetMoves,
            6 => {
                let (section, name, _) = resource(dice);
                return Self::Release { section, name };
            }
            _ => {}
        }
        let (section, name, body) = resource(dice);
        if dice.one_in(4) {
            return Self::Drop { section, name };
        }
        let fields: Vec<(String, Value)> =
            body.as_object().into_iter().flatten().map(clone).collect();
        if dice.one_in(2) && !fields.is_empty() {
            let (field, value) = dice.pick(&fields).clone();
            return Self::Set { section, name, field, value };
        }
        Self::Put { section, name, body }
    }

    /// Returns true if it matters whether the manifest was applied before.
    pub fn forgets(&self) -> bool {
        matches!(self, Self::ForgetMoves | Self::Release { .. })
    }

    pub fn first(dice: &mut Dice) -> Self {
        let (section, name, body) = resource(dice);
        Self::Put { section, name, body }
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { section, name, body } => write!(f, "{section}.{name} = {body}"),
            Self::Set { section, name, field, value } => {
                write!(f, "{section}.{name}.{field} = {value}")
            }
            Self::Drop { section, name } => write!(f, "without {section}.{name}"),
            Self::Move { section, from, to } => write!(f, "{section}.{from} is {to} now"),
            Self::ForgetMoves => write!(f, "without moved:"),
            Self::Release { section, name } => write!(f, "{section}.{name} is let go"),
        }
    }
}

fn clone((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn resource(dice: &mut Dice) -> (Section, String, Value) {
    let of = |dice: &mut Dice, names: &[&str]| (*dice.pick(names)).to_owned();
    match dice.below(12) {
        0..3 => ("policies", of(dice, &POLICIES), policy(dice)),
        3..6 => {
            let name = of(dice, &USERS);
            let body = user(dice, &name);
            ("users", name, body)
        }
        6..8 => ("roles", of(dice, &ROLES), role(dice)),
        8..10 => ("groups", of(dice, &GROUPS), group(dice)),
        10 => ("buckets", of(dice, &BUCKETS), bucket(dice)),
        _ => ("stages", "dev".to_owned(), stage(dice)),
    }
}

pub fn document(dice: &mut Dice) -> Value {
    let statement = |actions: Value, resource: &str| json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    let all = [
        json!([statement(json!("s3:GetObject"), "arn:aws:s3:::seeds-b0/*")]),
        json!([statement(json!(["s3:PutObject", "s3:GetObject"]), "arn:aws:s3:::seeds-b0/*")]),
        json!([
            statement(json!("logs:*"), "*"),
            statement(json!("s3:ListBucket"), "arn:aws:s3:::seeds-b1")
        ]),
        json!([{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]),
    ];
    json!({"Version": "2012-10-17", "Statement": dice.pick(&all)})
}

pub fn tags(dice: &mut Dice) -> Value {
    let all = [
        json!({"stage": "dev"}),
        json!({"stage": "prod"}),
        json!({"team": "a", "stage": "dev"}),
        json!({}),
    ];
    dice.pick(&all).clone()
}

struct Body<'a> {
    dice: &'a mut Dice,
    fields: Map<String, Value>,
}

impl Body<'_> {
    fn maybe(&mut self, one_in: usize, field: &str, value: impl FnOnce(&mut Dice) -> Value) {
        if self.dice.one_in(one_in) {
            self.always(field, value);
        }
    }

    fn always(&mut self, field: &str, value: impl FnOnce(&mut Dice) -> Value) {
        self.fields.insert(field.to_owned(), value(self.dice));
    }
}

fn body(dice: &mut Dice, fill: impl FnOnce(&mut Body)) -> Value {
    let mut body = Body { dice, fields: Map::new() };
    fill(&mut body);
    body.fields.into()
}

fn policy(dice: &mut Dice) -> Value {
    body(dice, |it| {
        it.always("document", document);
        it.maybe(4, "path", |dice| json!(dice.pick(&PATHS)));
        it.maybe(5, "description", |dice| json!(dice.pick(&["one", "other"])));
        it.maybe(3, "tags", tags);
    })
}

fn attached(dice: &mut Dice) -> Value {
    let all = POLICIES.iter().chain(&MANAGED[..2]);
    all.filter(|_| dice.one_in(3)).collect::<Vec<_>>().into_iter().map(|it| json!(it)).collect()
}

fn inline(dice: &mut Dice) -> Value {
    ["i0", "i1"]
        .iter()
        .filter(|_| dice.one_in(2))
        .map(|name| (*name).to_owned())
        .collect::<Vec<_>>()
        .into_iter()
        .fold(json!({}), |mut all, name| {
            all[name] = document(dice);
            all
        })
}

fn holder(it: &mut Body) {
    it.maybe(2, "policies", attached);
    it.maybe(3, "inline_policies", inline);
    it.maybe(4, "path", |dice| json!(dice.pick(&PATHS)));
    it.maybe(3, "tags", tags);
    it.maybe(6, "permissions_boundary", |dice| json!(dice.pick(&POLICIES)));
    it.maybe(8, "exclusive", |dice| json!(dice.one_in(2)));
}

fn group(dice: &mut Dice) -> Value {
    body(dice, |it| {
        it.maybe(2, "policies", attached);
        it.maybe(3, "inline_policies", inline);
        it.maybe(4, "path", |dice| json!(dice.pick(&PATHS)));
        it.maybe(6, "exclusive", |dice| json!(dice.one_in(2)));
        it.maybe(6, "exclusive_members", |dice| json!(dice.one_in(2)));
    })
}

fn groups(dice: &mut Dice) -> Value {
    GROUPS.iter().filter(|_| dice.one_in(2)).map(|it| json!(it)).collect()
}

fn user(dice: &mut Dice, name: &str) -> Value {
    body(dice, |it| {
        holder(it);
        it.maybe(2, "groups", groups);
        it.maybe(8, "exclusive_groups", |dice| json!(dice.one_in(2)));
        it.maybe(2, "access_key", |dice| {
            // Now and then a profile that another user has, has had, or will have.
            let profile = match dice.below(8) {
                0 | 1 => format!("{name}-other"),
                2 | 3 => dice.pick(&USERS).to_string(),
                _ => name.to_owned(),
            };
            body(dice, |it| {
                it.always("profile", |_| json!(profile));
                it.maybe(3, "csv", |_| json!(format!("{name}.csv")));
                it.maybe(3, "output", |dice| json!(dice.pick(&["json", "text"])));
                it.maybe(5, "replace_profile", |dice| json!(dice.one_in(2)));
            })
        });
    })
}

fn role(dice: &mut Dice) -> Value {
    body(dice, |it| {
        it.always("trust", |dice| {
            dice.pick(&[
                json!({"services": ["lambda.amazonaws.com"]}),
                json!({"services": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]}),
                json!({"services": ["lambda.amazonaws.com"], "users": ["u0"]}),
                json!({"services": ["lambda.amazonaws.com"], "users": ["u0", "u1"]}),
            ])
            .clone()
        });
        holder(it);
        it.maybe(4, "description", |dice| json!(dice.pick(&["one", "other", ""])));
        it.maybe(4, "max_session_duration", |dice| json!(dice.pick(&[3600, 7200])));
        // Without dice of its own: the seeds stay those that are known to hold.
        let is_long = it.fields.contains_key("max_session_duration");
        if is_long || it.fields.contains_key("inline_policies") {
            it.always("instance_profile", |_| json!(is_long));
        }
    })
}

fn bucket(dice: &mut Dice) -> Value {
    body(dice, |it| {
        it.maybe(2, "versioning", |dice| json!(dice.one_in(2)));
        it.maybe(3, "encryption", |_| json!("AES256"));
        it.maybe(3, "tags", tags);
        it.maybe(3, "force_destroy", |dice| json!(dice.one_in(2)));
        it.maybe(4, "ownership", |dice| {
            json!(dice.pick(&["BucketOwnerEnforced", "BucketOwnerPreferred"]))
        });
        it.maybe(3, "policy", |_| json!("r0"));
        it.maybe(
            4,
            "lifecycle",
            |dice| json!([{"id": "old", "expiration_days": dice.pick(&[30, 60])}]),
        );
    })
}

fn stage(dice: &mut Dice) -> Value {
    body(dice, |it| {
        it.always("app_function", |_| json!("app.app"));
        it.always("project_name", |dice| json!(dice.pick(&["one", "other"])));
        it.maybe(2, "bucket", |dice| json!(dice.pick(&BUCKETS)));
        it.maybe(3, "user", |dice| json!(dice.pick(&USERS)));
    })
}

impl GeneratedManifest {
    pub fn new(name: &'static str) -> Self {
        let (declared, moved, released) = Default::default();
        Self { name, declared, moved, released, shared: None }
    }

    /// Another manifest beside it, which has at most one name in common with it.
    pub fn beside(dice: &mut Dice) -> Self {
        let names: Vec<&'static str> = [&POLICIES[..], &USERS, &ROLES, &GROUPS, &BUCKETS].concat();
        let shared = if dice.one_in(2) { vec![*dice.pick(&names)] } else { Vec::new() };
        Self { shared: Some(shared), ..Self::new(BESIDE) }
    }

    pub fn edit(&mut self, edit: &Edit) {
        match edit.clone() {
            Edit::Put { section, name, mut body } => {
                self.remove(section, &name);
                self.keep_sinks_apart(&name, &mut body["access_key"]);
                if body["access_key"].is_null() {
                    body.as_object_mut().map(|body| body.remove("access_key"));
                }
                drop(self.declared.insert((section, name), body));
            }
            Edit::Drop { section, name } => self.remove(section, &name),
            Edit::Set { section, name, field, mut value } => {
                if field == "access_key" {
                    self.keep_sinks_apart(&name, &mut value);
                }
                if let Some(body) =
                    self.declared.get_mut(&(section, name)).filter(|_| !value.is_null())
                {
                    body[field] = value;
                }
            }
            Edit::Move { section, from, to } => self.rename(section, &from, &to),
            Edit::ForgetMoves => self.moved.clear(),
            Edit::Release { section, name } if section != "stages" => {
                self.remove(section, &name);
                self.released.insert((section, name));
            }
            Edit::Release { .. } => {}
        }
    }

    /// Takes a declaration away, in whatever case its name is.
    fn remove(&mut self, section: Section, name: &str) {
        self.declared.retain(|(of, other), _| *of != section || !other.eq_ignore_ascii_case(name));
    }

    /// Removes a key whose csv a renamed user has.
    fn keep_sinks_apart(&self, user: &str, key: &mut Value) {
        let users = self
            .declared
            .iter()
            .filter(|((section, name), _)| *section == "users" && !name.eq_ignore_ascii_case(user));
        let mut others = users.map(|(_, body)| &body["access_key"]);
        let is_same = |one: &Value, other: &Value| !one.is_null() && one == other;
        if others.any(|it| is_same(&it["csv"], &key["csv"])) {
            *key = Value::Null;
        }
    }

    fn rename(&mut self, section: Section, from: &str, to: &str) {
        let is_taken = self
            .declared
            .keys()
            .any(|(of, name)| *of == section && name != from && name.eq_ignore_ascii_case(to));
        if is_taken || from == to {
            return;
        }
        let Some(body) = self.declared.remove(&(section, from.to_owned())) else { return };
        self.declared.insert((section, to.to_owned()), body);
        for body in self.declared.values_mut() {
            rename_in(section, body, from, to);
        }
        if !from.eq_ignore_ascii_case(to) {
            self.moved.retain(|(of, old, new)| *of != section || (old != from && new != to));
            self.moved.push((section, from.to_owned(), to.to_owned()));
        }
    }

    fn has(&self, section: Section, name: &str) -> bool {
        self.declared.contains_key(&(section, name.to_owned()))
    }

    /// Returns true if this name, or one that IAM takes for the same, is declared.
    fn has_like(&self, section: Section, name: &str) -> bool {
        self.declared.keys().any(|(of, it)| *of == section && it.eq_ignore_ascii_case(name))
    }

    /// The entries that contradict nothing: the old name is gone, and leads to a declared one.
    fn moves(&self) -> Vec<Value> {
        let next = |section: Section, name: &str| {
            let entry = self.moved.iter().find(|(of, old, _)| *of == section && old == name);
            entry.map(|(_, _, new)| new.as_str())
        };
        let leads_to_one = |(section, from, _): &&(Section, String, String)| {
            let (mut at, mut steps) = (from.as_str(), 0);
            while let Some(new) = next(section, at).filter(|_| steps <= self.moved.len()) {
                (at, steps) = (new, steps + 1);
            }
            !self.has_like(section, from) && self.has(section, at)
        };
        let entries = self.moved.iter().filter(leads_to_one);
        entries
            .map(|(section, from, to)| {
                let [from, to] = [from, to].map(|name| format!("{}.{name}", word(section)));
                json!({"from": from, "to": to})
            })
            .collect()
    }

    /// A profile holds one key: tells if a user before this one has it.
    fn has_profile(&self, name: &str, profile: &Value) -> bool {
        let before = self
            .declared
            .iter()
            .filter(|((section, user), _)| *section == "users" && &**user < name);
        before.map(|(_, body)| &body["access_key"]["profile"]).any(|it| it == profile)
    }

    /// As a manifest; JSON is YAML.
    pub fn text(&self) -> String {
        let mut root = json!({
            "version": 1, "name": self.name, "account": "123456789012", "region": "us-east-1",
            "tags": {"project": self.name},
        });
        for ((section, name), body) in &self.declared {
            let mut body = body.clone();
            self.tidy(section, name, &mut body);
            match *section {
                "stages" => {
                    root["zappa_settings"] =
                        json!({"file": "zappa_settings.json", "stages": {name: body}});
                }
                _ => root[*section][name] = body,
            }
        }
        let moves = self.moves();
        let is_moved = |address: &str| moves.iter().any(|it| it["from"] == address);
        let released = self.released.iter().filter(|(section, name)| !self.has_like(section, name));
        let released: Vec<Value> = released
            .map(|(section, name)| format!("{}.{name}", word(section)))
            .filter(|address| !is_moved(address))
            .map(|address| json!({"from": address, "destroy": false}))
            .collect();
        for (field, entries) in [("moved", moves), ("removed", released)] {
            if !entries.is_empty() {
                root[field] = entries.into();
            }
        }
        let text = serde_json::to_string_pretty(&root).expect("JSON");
        self.shared.as_ref().map_or(text.clone(), |shared| with_own_names(text, shared))
    }

    /// Without what it says of others that are not declared.
    fn tidy(&self, section: Section, name: &str, body: &mut Value) {
        let Some(fields) = body.as_object_mut() else { return };
        let is_known = |name: &Value| {
            name.as_str().is_some_and(|it| it.contains(':') || self.has("policies", it))
        };
        if let Some(policies) = fields.get_mut("policies").and_then(Value::as_array_mut) {
            policies.retain(is_known);
        }
        if let Some(groups) = fields.get_mut("groups").and_then(Value::as_array_mut) {
            groups.retain(|group| group.as_str().is_some_and(|group| self.has("groups", group)));
        }
        if fields.get("permissions_boundary").is_some_and(|it| !is_known(it)) {
            fields.remove("permissions_boundary");
        }
        if let Some(users) = fields
            .get_mut("trust")
            .and_then(|trust| trust.get_mut("users"))
            .and_then(Value::as_array_mut)
        {
            users.retain(|user| user.as_str().is_some_and(|user| self.has("users", user)));
        }
        if section == "buckets"
            && let Some(role) = fields.remove("policy")
            && let Some(role) = role.as_str().filter(|role| self.has("roles", role))
        {
            fields.insert(
                "policy".to_owned(),
                json!({"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"AWS": format!("${{roles.{role}.arn}}")},
                    "Action": "s3:ListBucket",
                    "Resource": format!("arn:aws:s3:::{name}"),
                }]}),
            );
        }
        if section == "users"
            && let Some(profile) = fields.get_mut("access_key").and_then(|it| it.get_mut("profile"))
            && self.has_profile(name, profile)
        {
            *profile = json!(format!("{name}-own"));
        }
        if section == "stages" {
            let has_key = |user: &str| {
                self.declared
                    .get(&("users", user.to_owned()))
                    .is_some_and(|body| body.get("access_key").is_some())
            };
            if fields.get("user").and_then(Value::as_str).is_some_and(|user| !has_key(user)) {
                fields.remove("user");
            }
            if fields
                .get("bucket")
                .and_then(Value::as_str)
                .is_some_and(|name| !self.has("buckets", name))
            {
                fields.remove("bucket");
            }
        }
    }
}

/// Makes what one declaration says of a renamed one say the new name.
fn rename_in(section: Section, body: &mut Value, from: &str, to: &str) {
    let rename = |value: &mut Value| {
        if *value == from {
            *value = json!(to);
        }
    };
    let lists: &[&str] = match section {
        "policies" => &["/policies", "/permissions_boundary"],
        "users" => &["/trust/users", "/user"],
        "roles" => &["/policy"],
        _ => &["/groups"],
    };
    for path in lists {
        match body.pointer_mut(path) {
            Some(Value::Array(names)) => {
                names.iter_mut().for_each(rename);
                let mut seen = BTreeSet::new();
                names.retain(|name| seen.insert(name.to_string()));
            }
            Some(name) => rename(name),
            None => {}
        }
    }
}

/// The text with other names for all but the shared ones.
fn with_own_names(mut text: String, shared: &[&str]) -> String {
    let names = RENAMED.iter().flat_map(|(_, names)| names.iter().copied()).chain(BUCKETS);
    let is_shared = |name: &str| shared.iter().any(|it| it.eq_ignore_ascii_case(name));
    for name in names.filter(|name| !is_shared(name)) {
        for (before, after) in
            [("\"", "\""), (".", "\""), ("roles.", "."), (":::", "\""), (":::", "/")]
        {
            let own = format!("{before}own-{name}{after}");
            text = text.replace(&format!("{before}{name}{after}"), &own);
        }
    }
    text
}
