//! The laws of policy documents: however AWS or an author spells a document, it stays the same
//! document; and a document that means something else is never taken for it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a hand-made answer is to the calls that a test is about"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::sample::select;
use relayctl::address::Address;
use relayctl::call::iam::{
    AuthorizationDetails, Inline, ManagedPolicy, PolicyDetail, PolicyVersion, Role, RoleDetail,
    User, UserDetail,
};
use relayctl::call::{
    Failure, FailureKind, IamRead, IamReply, Read, Reply, S3Read, S3Reply, StepOutput, Write,
};
use relayctl::diff::diff;
use relayctl::engine::resolve;
use relayctl::kind::OWNER_TAG;
use relayctl::model::{Desired, Recorded, RecordedObject, Resource, Status};
use relayctl::plan::build::build;
use relayctl::plan::{PlanHeader, PlanMode, StateStamp};
use relayctl::policy::decision::{Policies, Verdict};
use relayctl::policy::request::{Caller, Context, Request};
use relayctl::policy::{
    Usage, allows, canonical, compact, comparison_key, equivalent, locate, parse, trusts, validate,
};
use relayctl::port::Provider;
use relayctl::value::{Attributes, Tags, Value};
use serde_json::json;

/// The meaning of a document, free of spelling. Texts stand in their simplest spelling.
#[derive(Clone, Debug, PartialEq)]
struct Meaning {
    version: &'static str,
    id: Option<String>,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    sid: Option<String>,
    allow: bool,
    principals: BTreeMap<&'static str, BTreeSet<String>>,
    complement: (bool, bool),
    actions: BTreeSet<String>,
    resources: BTreeSet<String>,
    conditions: BTreeMap<&'static str, BTreeMap<&'static str, BTreeSet<String>>>,
}

fn action() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (select(vec!["s3", "iam", "lambda", "execute-api"]), "[a-c]{1,3}[*?]?")
            .prop_map(|(vendor, name)| format!("{vendor}:{name}")),
    ]
}

fn resource() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        "[A-Ca-c]{1,2}[*]?".prop_map(|key| format!("arn:aws:s3:::{key}")),
        "[a-c]{1,2}"
            .prop_map(|name| format!("arn:aws:iam::123456789012:role/{name}/${{aws:username}}")),
    ]
}

fn some<T: Ord + std::fmt::Debug>(
    one: impl Strategy<Value = T>,
) -> impl Strategy<Value = BTreeSet<T>> {
    prop::collection::btree_set(one, 1..4)
}

fn principals() -> impl Strategy<Value = BTreeMap<&'static str, BTreeSet<String>>> {
    let aws = select(vec![
        "123456789012",
        "210987654321",
        "arn:aws:iam::123456789012:role/x",
        "arn:aws:iam::123456789012:user/root",
    ]);
    let service =
        select(vec!["lambda.amazonaws.com", "apigateway.amazonaws.com", "events.amazonaws.com"]);
    let names = |kind, names: prop::sample::Select<&'static str>| {
        some(names.prop_map(str::to_owned)).prop_map(move |set| (kind, set))
    };
    prop::collection::vec(prop_oneof![names("AWS", aws), names("Service", service)], 0..3)
        .prop_map(BTreeMap::from_iter)
}

fn conditions()
-> impl Strategy<Value = BTreeMap<&'static str, BTreeMap<&'static str, BTreeSet<String>>>> {
    let key = select(vec!["aws:username", "aws:SourceIp", "s3:prefix", "aws:RequestTag/Stage"]);
    let value = select(vec!["true", "false", "7", "10", "dev", "Dev"]).prop_map(str::to_owned);
    let operator =
        select(vec!["StringEquals", "ForAnyValue:StringLikeIfExists", "Bool", "NumericLessThan"]);
    prop::collection::btree_map(operator, prop::collection::btree_map(key, some(value), 1..3), 0..3)
}

fn statement() -> impl Strategy<Value = Statement> {
    let texts = (some(action()), some(resource()), principals(), conditions());
    (prop::option::of("[A-C]{1,2}"), any::<bool>(), any::<(bool, bool)>(), texts).prop_map(
        |(sid, allow, complement, (actions, resources, principals, conditions))| Statement {
            sid,
            allow,
            principals,
            complement,
            actions,
            resources,
            conditions,
        },
    )
}

fn meaning() -> impl Strategy<Value = Meaning> {
    let statements = prop::collection::vec(statement(), 1..5);
    (select(vec!["2012-10-17", "2008-10-17"]), prop::option::of("[a-c]{1,2}"), statements)
        .prop_map(|(version, id, statements)| Meaning { version, id, statements })
}

/// Choices of spelling, endless and repeatable from a seed (splitmix64).
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }

    /// A list in any order, some of it twice, or a single value alone.
    fn list(&mut self, mut values: Vec<Value>) -> Value {
        if values.len() == 1 && self.yes() {
            return values.remove(0);
        }
        if !values.is_empty() && self.yes() {
            let again = values[self.below(values.len())].clone();
            values.push(again);
        }
        self.shuffle(&mut values);
        Value::Array(values)
    }

    fn case(&mut self, text: &str) -> String {
        text.chars().map(|c| if self.yes() { c.to_ascii_uppercase() } else { c }).collect()
    }
}

/// The distance of a spelling from the plain one.
#[derive(Clone, Copy, PartialEq)]
enum Liberty {
    /// Canonical form takes it back.
    Form,
    /// And the case of what AWS compares without case.
    Case,
}

fn spell(meaning: &Meaning, choices: &mut Choices, liberty: Liberty) -> Value {
    let mut statements: Vec<_> =
        meaning.statements.iter().map(|one| spell_statement(one, choices, liberty)).collect();
    // A statement that stands twice, in two spellings, does no more than once.
    if choices.yes() {
        let again = &meaning.statements[choices.below(meaning.statements.len())];
        statements.push(spell_statement(again, choices, liberty));
    }
    choices.shuffle(&mut statements);
    let mut document = json!({"Version": meaning.version, "Statement": choices.list(statements)});
    if let Some(id) = &meaning.id {
        document["Id"] = json!(id);
    }
    document
}

fn spell_statement(meaning: &Statement, choices: &mut Choices, liberty: Liberty) -> Value {
    let mut statement = json!({"Effect": if meaning.allow { "Allow" } else { "Deny" }});
    match &meaning.sid {
        Some(sid) => statement["Sid"] = json!(sid),
        None if choices.yes() => statement["Sid"] = json!(""),
        None => {}
    }
    let actions = meaning.actions.iter();
    let actions = actions
        .map(|one| json!(if liberty == Liberty::Case { choices.case(one) } else { one.clone() }))
        .collect();
    statement[if meaning.complement.0 { "NotAction" } else { "Action" }] = choices.list(actions);
    let resources = meaning.resources.iter().map(|one| json!(one)).collect();
    statement[if meaning.complement.1 { "NotResource" } else { "Resource" }] =
        choices.list(resources);
    spell_principals(&mut statement, &meaning.principals, choices);
    spell_conditions(&mut statement, &meaning.conditions, choices, liberty);
    statement
}

fn spell_principals(
    statement: &mut Value,
    principals: &BTreeMap<&str, BTreeSet<String>>,
    choices: &mut Choices,
) {
    let mut spelt = json!({});
    for (kind, names) in principals {
        let names = names.iter().map(|name| json!(spell_principal(name, choices))).collect();
        spelt[kind] = choices.list(names);
    }
    if choices.yes() {
        spelt["CanonicalUser"] = json!([]);
    }
    if !principals.is_empty() || choices.yes() {
        statement["Principal"] = spelt;
    }
}

fn spell_principal(name: &str, choices: &mut Choices) -> String {
    let partition = ["aws", "aws-cn", "aws-us-gov"][choices.below(3)];
    let is_account = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_account && choices.yes() {
        format!("arn:{partition}:iam::{name}:root")
    } else {
        name.to_owned()
    }
}

fn spell_conditions(
    statement: &mut Value,
    conditions: &BTreeMap<&str, BTreeMap<&str, BTreeSet<String>>>,
    choices: &mut Choices,
    liberty: Liberty,
) {
    let mut spelt = json!({});
    for (operator, keys) in conditions {
        for (key, values) in keys {
            let values = values.iter().map(|value| spell_value(value, choices)).collect();
            let key = if liberty == Liberty::Case { choices.case(key) } else { (*key).to_owned() };
            spelt[operator][key] = choices.list(values);
        }
    }
    if choices.yes() {
        spelt["IpAddress"] = json!({});
    }
    if !conditions.is_empty() || choices.yes() {
        statement["Condition"] = spelt;
    }
}

/// `true` and `"true"`, `7` and `"7"`.
fn spell_value(text: &str, choices: &mut Choices) -> Value {
    match serde_json::from_str(text) {
        Ok(value) if choices.yes() => value,
        _ => json!(text),
    }
}

/// JSON text with keys in any order and white space anywhere, escapes and CRLF.
fn write(value: &Value, choices: &mut Choices, out: &mut String) {
    let space = |choices: &mut Choices, out: &mut String| {
        out.push_str(["", " ", "\r\n", "\n\t"][choices.below(4)]);
    };
    space(choices, out);
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            choices.shuffle(&mut members);
            out.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                space(choices, out);
                write_text(key, choices, out);
                out.push(':');
                write(member, choices, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(element, choices, out);
            }
            out.push(']');
        }
        Value::String(text) => write_text(text, choices, out),
        plain => out.push_str(&plain.to_string()),
    }
    space(choices, out);
}

fn write_text(text: &str, choices: &mut Choices, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if c.is_ascii_alphanumeric() && choices.below(8) > 0 {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('"');
}

/// A change after which AWS does something else, or the document carries another name.
fn alter(meaning: &mut Meaning, at: usize, how: usize) {
    let at = at % meaning.statements.len();
    let statement = &mut meaning.statements[at];
    match how {
        0 => drop(statement.actions.insert("zz:new".to_owned())),
        1 => drop(statement.actions.pop_first()),
        2 => statement.allow = !statement.allow,
        3 => {
            statement.resources.pop_first();
            statement.resources.insert("arn:aws:sqs:::other".to_owned());
        }
        4 => drop(
            statement
                .conditions
                .entry("StringLike")
                .or_default()
                .insert("aws:username", BTreeSet::from(["new".to_owned()])),
        ),
        5 => {
            match statement.conditions.values_mut().next().and_then(|keys| keys.values_mut().next())
            {
                Some(values) => drop(values.insert("other".to_owned())),
                None => drop(statement.conditions.insert(
                    "Null",
                    BTreeMap::from([("aws:username", BTreeSet::from(["true".to_owned()]))]),
                )),
            }
        }
        6 => statement.complement.0 = !statement.complement.0,
        7 => statement.complement.1 = !statement.complement.1,
        8 => drop(statement.principals.entry("AWS").or_default().insert("999999999999".to_owned())),
        9 => statement.sid = Some("Other".to_owned()),
        10 => drop(meaning.statements.remove(at)),
        11 => {
            meaning.version =
                if meaning.version == "2012-10-17" { "2008-10-17" } else { "2012-10-17" }
        }
        _ => meaning.id = Some("other".to_owned()),
    }
}

fn same(one: &Meaning, other: &Meaning) -> bool {
    let set = |meaning: &Meaning| meaning.statements.iter().cloned().collect::<BTreeSet<_>>();
    one.version == other.version && one.id == other.id && set(one) == set(other)
}

/// The document with its actions in lower case.
fn without_action_case(document: &Value) -> Value {
    let mut document = document.clone();
    for statement in document["Statement"].as_array_mut().into_iter().flatten() {
        for name in ["Action", "NotAction"] {
            if let Some(actions) = statement.get_mut(name) {
                *actions = serde_json::from_str(&actions.to_string().to_lowercase()).unwrap();
            }
        }
    }
    document
}

/// Any JSON, with keys that make it look like a policy now and then.
fn anything() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        select(vec![
            "Allow",
            "*",
            "s3:Get*",
            "arn:aws:s3:::b",
            "arn:aws:iam::1:role/x",
            "${aws:username}",
            "a:b:c",
            ""
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let key = prop_oneof![
        4 => select(vec!["Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
            "NotResource", "Condition", "AWS", "Service", "StringEquals", "Bool", "aws:username", "AWS:UserName"]).prop_map(str::to_owned),
        1 => ".{0,3}",
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const USAGES: [Usage; 5] =
    [Usage::Managed, Usage::UserInline, Usage::RoleInline, Usage::Trust, Usage::Bucket];

/// Evaluates the document attached to the caller, attached to the resource, and without a request.
/// None: it can't be read.
fn decided(
    document: &Value,
    action: &str,
    resource: &str,
) -> Option<(Verdict, Vec<Verdict>, bool, bool)> {
    let policy = relayctl::policy::statement::Policy::compile("p", document).ok()?;
    let of = |principal: &Caller, policies: Policies<'_>| {
        let (principal, action, resource) =
            (principal.clone(), action.to_owned(), resource.to_owned());
        let context = Context::from_iter([("s3:prefix".to_owned(), vec!["home/".to_owned()])]);
        policies.decide(&Request { principal, action, resource, context }).verdict
    };
    let callers = [
        Caller::aws("arn:aws:iam::123456789012:user/ada"),
        Caller::service("lambda.amazonaws.com"),
    ];
    let held = std::slice::from_ref(&policy);
    let identity = of(&callers[0], Policies { identity: held, ..Policies::default() });
    let on_resource = Policies { resource: Some(&policy), ..Policies::default() };
    let by_resource = callers.iter().map(|caller| of(caller, on_resource)).collect();
    Some((
        identity,
        by_resource,
        allows(held, action, resource),
        trusts(&policy, "lambda.amazonaws.com"),
    ))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_spelling_has_the_same_canonical_form(meaning in meaning(), one: u64, other: u64) {
        let one = spell(&meaning, &mut Choices(one), Liberty::Form);
        let other = spell(&meaning, &mut Choices(other), Liberty::Form);
        prop_assert_eq!(canonical(&one), canonical(&other));
        prop_assert!(equivalent(&one, &other));
    }

    #[test]
    fn case_stays_in_canonical_form_but_changes_nothing(meaning in meaning(), one: u64, other: u64) {
        let one = spell(&meaning, &mut Choices(one), Liberty::Case);
        let other = spell(&meaning, &mut Choices(other), Liberty::Case);
        prop_assert!(equivalent(&one, &other), "{} and {}", one, other);
        prop_assert!(equivalent(&one, &canonical(&other)));
        prop_assert_eq!(comparison_key(&one), comparison_key(&other));
    }

    #[test]
    fn only_the_case_of_actions_makes_canonical_forms_differ(mut meaning in meaning(), one: u64, other: u64) {
        for statement in &mut meaning.statements {
            statement.conditions.clear();
        }
        let one = canonical(&spell(&meaning, &mut Choices(one), Liberty::Case));
        let other = canonical(&spell(&meaning, &mut Choices(other), Liberty::Case));
        prop_assert_eq!(without_action_case(&one), without_action_case(&other));
    }

    #[test]
    fn text_reads_back_as_what_it_means(meaning in meaning(), seed: u64) {
        let mut choices = Choices(seed);
        let spelt = spell(&meaning, &mut choices, Liberty::Case);
        let mut text = String::new();
        write(&spelt, &mut choices, &mut text);
        let read = parse(&text).expect("it is JSON");
        prop_assert_eq!(&*read, &spelt);
        let again = parse(&compact(&canonical(&read)));
        prop_assert_eq!(again.as_deref(), Ok(&canonical(&spelt)));
    }

    #[test]
    fn another_meaning_is_never_equivalent(before in meaning(), at: usize, how in 0..13_usize, one: u64, other: u64) {
        let mut after = before.clone();
        alter(&mut after, at, how);
        let usable = |meaning: &Meaning| !meaning.statements.is_empty();
        prop_assume!(usable(&after) && !same(&before, &after));
        let one = spell(&before, &mut Choices(one), Liberty::Case);
        let other = spell(&after, &mut Choices(other), Liberty::Case);
        prop_assert!(!equivalent(&one, &other), "{} and {}", one, other);
        prop_assert_ne!(canonical(&one), canonical(&other));
    }

    #[test]
    fn spelling_changes_no_decision(meaning in meaning(), one: u64, other: u64, action in action(), resource in resource()) {
        let one = spell(&meaning, &mut Choices(one), Liberty::Case);
        let other = spell(&meaning, &mut Choices(other), Liberty::Case);
        prop_assert_eq!(decided(&one, &action, &resource), decided(&other, &action, &resource));
        prop_assert_eq!(decided(&one, &action, &resource), decided(&canonical(&one), &action, &resource));
    }

    #[test]
    fn canonical_form_is_final_for_any_value(value in anything()) {
        let once = canonical(&value);
        prop_assert_eq!(canonical(&once), once.clone());
        prop_assert!(equivalent(&value, &once));
    }

    #[test]
    fn every_finding_has_its_place(value in anything(), seed: u64) {
        let mut text = String::new();
        write(&value, &mut Choices(seed), &mut text);
        for usage in USAGES {
            for finding in validate(&value, usage) {
                prop_assert!(value.pointer(&finding.pointer).is_some(), "{:?}", finding);
                prop_assert!(locate(&text, &finding.pointer).is_some(), "{:?} in {}", finding, text);
            }
        }
    }

    #[test]
    fn canonical_form_is_valid_where_the_document_was(meaning in meaning(), seed: u64) {
        let spelt = spell(&meaning, &mut Choices(seed), Liberty::Form);
        for usage in USAGES {
            if validate(&spelt, usage).is_empty() {
                prop_assert_eq!(validate(&canonical(&spelt), usage), []);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"[\[\]{}:,"a1.eE+\-\\u0 \r\n\tétruefalsn/*']{0,40}"#, pointer in "(/[a01~]{0,3}){0,3}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
        let _ = locate(&text, &pointer);
    }
}

/// An account in which everything is as declared, but every document and list comes back spelt and
/// ordered otherwise at each read.
struct Respelling {
    meaning: Meaning,
    choices: Mutex<Choices>,
}

impl Respelling {
    fn document(&self) -> Value {
        spell(&self.meaning, &mut self.choices.lock().unwrap(), Liberty::Case)
    }

    fn shuffled<T>(&self, mut list: Vec<T>) -> Vec<T> {
        self.choices.lock().unwrap().shuffle(&mut list);
        list
    }

    fn user(&self) -> UserDetail {
        UserDetail {
            user: User {
                name: "u".into(),
                id: "AIDA1".into(),
                arn: USER.into(),
                path: "/".into(),
                tags: tags(),
                ..User::default()
            },
            attached: self.shuffled(vec![POLICY.to_owned(), READ_ONLY.to_owned()]),
            inline: self.shuffled(vec![self.inline("i"), self.inline("j")]),
            groups: Vec::new(),
        }
    }

    fn inline(&self, name: &str) -> Inline {
        Inline { name: name.to_owned(), document: self.document().into() }
    }

    fn role(&self) -> Role {
        Role {
            name: "r".into(),
            id: "AROA1".into(),
            arn: ROLE.into(),
            path: "/".into(),
            max_session_duration: 3600,
            trust: self.document().into(),
            tags: tags(),
            ..Role::default()
        }
    }

    fn policy() -> ManagedPolicy {
        let default_version = "v2".to_owned();
        ManagedPolicy {
            name: "p".into(),
            id: "ANPA1".into(),
            arn: POLICY.into(),
            path: "/".into(),
            tags: tags(),
            default_version,
            ..ManagedPolicy::default()
        }
    }

    fn versions(&self) -> Vec<PolicyVersion> {
        let version = |id: &str, is_default| PolicyVersion {
            id: id.to_owned(),
            is_default,
            document: Some(self.document().into()),
        };
        self.shuffled(vec![version("v1", false), version("v2", true)])
    }
}

#[async_trait::async_trait]
impl Provider for Respelling {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        Ok(match read {
            Read::Iam(IamRead::GetAccountAuthorizationDetails { .. }) => {
                Reply::Iam(IamReply::AuthorizationDetails(AuthorizationDetails {
                    users: vec![self.user()],
                    roles: vec![RoleDetail { role: self.role(), ..RoleDetail::default() }],
                    policies: vec![PolicyDetail {
                        policy: Self::policy(),
                        versions: self.versions(),
                    }],
                    ..AuthorizationDetails::default()
                }))
            }
            Read::Iam(IamRead::GetRole { .. }) => Reply::Iam(IamReply::Role(self.role())),
            Read::Iam(IamRead::GetPolicy { .. }) => Reply::Iam(IamReply::Policy(Self::policy())),
            Read::S3(S3Read::HeadBucket(_)) => {
                Reply::S3(S3Reply::Bucket { region: "us-east-1".into() })
            }
            Read::S3(S3Read::GetBucketTagging(_)) => Reply::S3(S3Reply::Tags(tags())),
            Read::S3(S3Read::GetBucketPolicy(_)) => {
                Reply::S3(S3Reply::Policy(self.document().into()))
            }
            other => {
                return Err(Failure::new(
                    FailureKind::Other,
                    other.action(),
                    "Unexpected",
                    format!("{other:?}"),
                ));
            }
        })
    }

    async fn write(&self, write: &Write, _carried: &StepOutput) -> Result<Reply, Failure> {
        panic!("an empty plan writes nothing, not {write:?}");
    }
}

const USER: &str = "arn:aws:iam::123456789012:user/u";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const POLICY: &str = "arn:aws:iam::123456789012:policy/p";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn tags() -> Tags {
    Tags::from([(OWNER_TAG.to_owned(), "laws".to_owned())])
}

/// Everything that holds a document or a list, declared in one spelling.
fn declared(document: &Value) -> (Desired, Recorded) {
    let objects = [
        (
            "policy.p",
            "ANPA1",
            json!({"name": "p", "arn": POLICY, "path": "/", "tags": tags(), "document": document}),
        ),
        ("user.u", "AIDA1", json!({"name": "u", "arn": USER, "path": "/", "tags": tags()})),
        ("user_policy.u/i", "u:i", json!({"user": "u", "name": "i", "document": document})),
        ("user_policy.u/j", "u:j", json!({"user": "u", "name": "j", "document": document})),
        (
            "user_policy_attachment.u/p",
            "u|arn:aws:iam::123456789012:policy/p",
            json!({"user": "u", "policy_arn": POLICY}),
        ),
        (
            "role.r",
            "AROA1",
            json!({"name": "r", "arn": ROLE, "path": "/", "tags": tags(), "trust": document}),
        ),
        (
            "bucket.b",
            "b",
            json!({"name": "b", "arn": "arn:aws:s3:::b", "region": "us-east-1", "tags": tags(), "policy": document}),
        ),
    ];
    let mut desired =
        Desired { name: "laws".into(), region: "us-east-1".into(), ..Desired::default() };
    let mut recorded = Recorded::new();
    for (address, id, attributes) in objects {
        let address: Address = address.parse().unwrap();
        let attributes: Attributes = attributes.as_object().unwrap().clone().into_iter().collect();
        let entry = RecordedObject {
            status: Status::Done,
            id: Some(id.to_owned()),
            attributes: attributes.clone(),
            depends_on: BTreeSet::new(),
        };
        recorded.insert(address.clone(), entry);
        desired.resources.insert(address, Resource { attributes, ..Resource::default() });
    }
    (desired, recorded)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The first law: what is as declared is left alone, however AWS spells it and in whatever
    /// order.
    #[test]
    fn a_plan_over_respelt_answers_is_empty(meaning in meaning(), one: u64, other: u64) {
        let document = canonical(&spell(&meaning, &mut Choices(one), Liberty::Form));
        let (desired, recorded) = declared(&document);
        let account = Respelling { meaning, choices: Mutex::new(Choices(other)) };
        let live = futures::executor::block_on(resolve(&account, &desired, &recorded, false, 4));
        let decisions = diff(&desired, &recorded, &live, false);
        let header = PlanHeader::new(&desired, PlanMode::Apply);
        let plan = build(header, StateStamp::of(None), decisions, &desired, &recorded).unwrap();
        prop_assert!(plan.is_empty() && plan.steps.is_empty(), "{:#?}", plan);
        prop_assert_eq!(plan.changes.len(), desired.resources.len());
    }
}
