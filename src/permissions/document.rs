//! Turns permissions into policies, grouped so that a person can read them, but no wider.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use crate::call::Permission;
use crate::policy::catalogue::{self, AccessLevel, ValueType};
use crate::policy::{Usage, document_size, limit};
use crate::value::Value;

/// The condition keys of a request that the policy tests: the attached policy, and the boundary.
/// Tags are not tested, so that a new tag needs no new policy.
const ASKED: [&str; 2] = ["iam:PermissionsBoundary", "iam:PolicyARN"];

/// The allowed values by condition key; a key without restriction is left out.
type Conditions = BTreeMap<String, BTreeSet<String>>;

/// One statement of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionStatement {
    pub sid: String,
    pub actions: BTreeSet<&'static str>,
    pub resources: BTreeSet<String>,
    pub conditions: Conditions,
}

/// Returns the statements that allow exactly these permissions.
pub fn statements(needed: &BTreeSet<Permission>) -> Vec<PermissionStatement> {
    let mut alike: BTreeMap<(Title, BTreeSet<String>, Conditions), BTreeSet<&'static str>> =
        BTreeMap::new();
    for ((action, conditions), resources) in by_action(needed) {
        let title = Title::of(action, &resources, &conditions);
        alike.entry((title, resources, conditions)).or_default().insert(action);
    }
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let statement = |((title, resources, conditions), actions): ((Title, _, _), _)| {
        let name = title.name();
        let count = used.entry(name.clone()).or_default();
        *count += 1;
        let sid = if *count == 1 { name } else { format!("{name}{count}") };
        PermissionStatement { sid, actions, resources, conditions }
    };
    alike.into_iter().map(statement).collect()
}

/// Groups the resources of each action by their conditions. A resource that is needed with several
/// values of a key gets one condition with all of them; one that is also needed unconditionally
/// gets none.
fn by_action(
    needed: &BTreeSet<Permission>,
) -> BTreeMap<(&'static str, Conditions), BTreeSet<String>> {
    let mut by_resource: BTreeMap<(&'static str, &str), Conditions> = BTreeMap::new();
    let mut free: BTreeSet<(&'static str, &str)> = BTreeSet::new();
    for permission in needed {
        let at = (permission.action, permission.resource.as_str());
        let asked = conditions(permission);
        if asked.is_empty() {
            free.insert(at);
        }
        let known = by_resource.entry(at).or_default();
        for (key, values) in asked {
            known.entry(key).or_default().extend(values);
        }
    }
    let mut grouped: BTreeMap<(&'static str, Conditions), BTreeSet<String>> = BTreeMap::new();
    for ((action, resource), conditions) in by_resource {
        let conditions =
            if free.contains(&(action, resource)) { Conditions::new() } else { conditions };
        grouped.entry((action, conditions)).or_default().insert(resource.to_owned());
    }
    grouped
}

fn conditions(permission: &Permission) -> Conditions {
    let asked = permission.context.iter().filter(|(key, _)| ASKED.contains(&key.as_str()));
    let bound = asked.filter(|(_, values)| !values.iter().any(|value| value == "*"));
    bound.map(|(key, values)| (key.clone(), values.iter().cloned().collect())).collect()
}

/// The title of a statement. Titles are in the order of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Title {
    verb: StatementVerb,
    noun: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StatementVerb {
    Read,
    Change,
    Attach,
    Bound,
}

impl Title {
    fn of(action: &str, resources: &BTreeSet<String>, conditions: &Conditions) -> Self {
        let level = catalogue::action(action).map(|action| action.access);
        let verb = if conditions.contains_key("iam:PolicyARN") {
            StatementVerb::Attach
        } else if conditions.contains_key("iam:PermissionsBoundary") {
            StatementVerb::Bound
        } else if matches!(level, Some(AccessLevel::List | AccessLevel::Read)) {
            StatementVerb::Read
        } else {
            StatementVerb::Change
        };
        let noun = noun(action, resources.first().map_or("", String::as_str));
        Self { verb, noun }
    }

    fn name(self) -> String {
        let noun = self.noun;
        match self.verb {
            StatementVerb::Read => format!("Read{noun}"),
            StatementVerb::Change => format!("Change{noun}"),
            StatementVerb::Attach => format!("AttachTo{noun}"),
            StatementVerb::Bound => format!("Bound{noun}"),
        }
    }
}

/// Returns the noun for an ARN's resource. A bucket's ARN has no slash, an object's has one.
fn noun(action: &str, arn: &str) -> &'static str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match (
        action.split(':').next().unwrap_or_default(),
        resource.split_once('/').map(|(kind, _)| kind),
    ) {
        ("iam", Some("user")) => "Users",
        ("iam", Some("role")) => "Roles",
        ("iam", Some("group")) => "Groups",
        ("iam", Some("policy")) => "Policies",
        ("iam", Some("instance-profile")) => "InstanceProfiles",
        ("iam", Some("oidc-provider")) => "OidcProviders",
        ("iam", Some("mfa" | "sms-mfa" | "u2f")) => "MfaDevices",
        ("iam", _) => "Account",
        ("s3", Some(_)) => "Objects",
        ("s3", None) => "Buckets",
        (_, _) => "Other",
    }
}

impl PermissionStatement {
    pub fn document(&self) -> Value {
        let mut elements = Map::from_iter([
            ("Sid".to_owned(), json!(self.sid)),
            ("Effect".to_owned(), json!("Allow")),
            ("Action".to_owned(), json!(self.actions)),
            ("Resource".to_owned(), json!(self.resources)),
        ]);
        if !self.conditions.is_empty() {
            let mut operators: BTreeMap<&str, BTreeMap<&String, &BTreeSet<String>>> =
                BTreeMap::new();
            for (key, values) in &self.conditions {
                operators.entry(operator(key)).or_default().insert(key, values);
            }
            elements.insert("Condition".to_owned(), json!(operators));
        }
        Value::Object(elements)
    }

    /// Splits the statement into two, for documents that have no room for all of it.
    fn halved(&self) -> Option<(Self, Self)> {
        let middle = self
            .resources
            .iter()
            .nth(self.resources.len() / 2)
            .filter(|_| self.resources.len() > 1)?;
        let mut first = self.clone();
        let second = Self { resources: first.resources.split_off(middle), ..self.clone() };
        Some((first, second))
    }
}

fn operator(key: &str) -> &'static str {
    match catalogue::condition_key(key).map(|key| key.value) {
        Some(ValueType::Arn | ValueType::ArrayOfArn) => "ArnEquals",
        _ => "StringEquals",
    }
}

/// Packs all statements into few documents within IAM's size limit for a managed policy.
pub fn policies(statements: &[PermissionStatement]) -> Vec<Value> {
    let mut documents = Vec::new();
    let mut open: Vec<Value> = Vec::new();
    let mut waiting: Vec<PermissionStatement> = statements.iter().rev().cloned().collect();
    while let Some(statement) = waiting.pop() {
        let mut with = open.clone();
        with.push(statement.document());
        if fits(&with) {
            open = with;
        } else if !open.is_empty() {
            documents.push(document(&open));
            open.clear();
            waiting.push(statement);
        } else if let Some((first, second)) = statement.halved() {
            waiting.extend([second, first]);
        } else {
            documents.push(document(&with));
        }
    }
    if !open.is_empty() {
        documents.push(document(&open));
    }
    documents
}

fn fits(statements: &[Value]) -> bool {
    document_size(&document(statements), Usage::Managed) <= limit(Usage::Managed)
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}
