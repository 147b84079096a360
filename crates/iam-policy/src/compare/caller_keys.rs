//! The condition keys of a caller's requests, as far as they are known before there is a request
//! (IAM User Guide, "AWS global condition context keys", the availability of each key).

use std::collections::BTreeMap;

use crate::pattern::KnownVariable;
use crate::principal::PrincipalEntity;
use crate::request::caller_key::{ACCOUNT, ARN, IS_SERVICE, SERVICE_NAME, TYPE, USERID, USERNAME};
use crate::request::{Caller, Context};
use crate::statement::PrincipalType;

use super::language::{CharClass, PatternToken};
use super::pattern::{Pattern, literal, literal_pattern, resource};

const SERVICE_NAMES: &str = "aws:principalservicenameslist";

/// The keys that are "always included in the request context".
const ALWAYS: &[&str] =
    &["aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:securetransport"];

/// The presence of a key in the requests of a caller, and its value if all have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyState<'k> {
    /// Each request has this value.
    Bound(&'k str),
    /// No request has the key.
    Absent,
    /// Each request has the key; its value depends on the request.
    Present,
    /// Requests may have the key.
    Open,
}

/// The values that a key may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ValueDomain {
    /// A value matches one of these.
    pub universes: Vec<Pattern>,
    /// A value matches none of these.
    pub excluded: Vec<Pattern>,
    /// The values that examples are made of, where one of them fits.
    pub preferred: Vec<String>,
}

/// The condition keys of a caller, as far as they are known. Nothing is known by default.
#[derive(Clone, Debug, Default)]
pub(super) struct CallerKeys {
    bound: BTreeMap<String, String>,
    /// Names, or with a `/` at their end beginnings of names.
    absent: Vec<&'static str>,
    present: Vec<&'static str>,
    domains: BTreeMap<&'static str, ValueDomain>,
    /// True if the caller stands for others of its kind, whose keys have other values.
    is_stand_in: bool,
}

impl CallerKeys {
    /// Returns the keys of the one caller that the policies are attached to, or that they name.
    pub fn of_named(caller: &Caller) -> Self {
        let known = caller.circumstances(&Context::default());
        let bound = known.iter().map(|(key, values)| (key.to_owned(), values.concat())).collect();
        let mut keys = Self { bound, present: ALWAYS.to_vec(), ..Self::default() };
        match caller.kind {
            PrincipalType::AWS => keys.add_entity(caller),
            PrincipalType::Service | PrincipalType::Federated => keys.absent = vec![USERNAME],
            PrincipalType::Everyone => keys.add_anonymous(),
            // A canonical id is an account, so its requests have the keys of a user or a role.
            PrincipalType::CanonicalUser => {}
        }
        keys
    }

    fn add_entity(&mut self, caller: &Caller) {
        let account = caller.account().unwrap_or_default();
        let Some(entity) = caller.entity() else { return };
        self.absent = vec![SERVICE_NAME, SERVICE_NAMES, USERNAME];
        self.present.push(USERID);
        match entity {
            PrincipalEntity::User(_) => self.absent.retain(|key| *key != USERNAME),
            PrincipalEntity::Session(role) => {
                // The ARN of a session doesn't have the path of its role.
                let partition = caller.name.split(':').nth(1).unwrap_or_default();
                let role_arn =
                    |path: &str| format!("arn:{partition}:iam::{account}:role{path}/{role}");
                self.leave_open(ARN, vec![literal(&role_arn("")), arn_like(&role_arn("/*"))]);
                self.prefer(ARN, role_arn(""));
            }
            // An account id has no partition.
            PrincipalEntity::Root if !caller.name.starts_with("arn:") => {
                self.leave_open(ARN, vec![arn_like(&format!("arn:?*:iam::{account}:root"))]);
                for partition in ["aws", "aws-cn", "aws-us-gov"] {
                    self.prefer(ARN, format!("arn:{partition}:iam::{account}:root"));
                }
                self.is_stand_in = true;
            }
            PrincipalEntity::Root | PrincipalEntity::Role(_) | PrincipalEntity::Federated(_) => {}
        }
    }

    /// Adds what a request without credentials has, and what it hasn't: "anonymous requests do not
    /// include this key".
    fn add_anonymous(&mut self) {
        self.absent = vec![
            USERNAME,
            ARN,
            IS_SERVICE,
            SERVICE_NAME,
            SERVICE_NAMES,
            "aws:principalorgid",
            "aws:principalorgpaths",
            "aws:principaltag/",
        ];
    }

    /// Returns the keys of any user or role that policies are attached to, for tests that don't ask
    /// which of them it is.
    pub fn of_unknown_holder() -> Self {
        let bound = [(IS_SERVICE.to_owned(), "false".to_owned())].into();
        let present = [ALWAYS, &[ARN, ACCOUNT, TYPE, USERID]].concat();
        let absent = vec![SERVICE_NAME, SERVICE_NAMES];
        let mut keys = Self { bound, absent, present, is_stand_in: true, ..Self::default() };
        keys.domains.entry(ACCOUNT).or_default().universes = vec![any_account()];
        for account in ["123456789012", "999999999999"] {
            keys.prefer(ACCOUNT, account.to_owned());
        }
        keys
    }

    /// Returns the keys of those whom the caller stands for: of its kind in its account, or without
    /// `account` in any account but `others`. None of them is one of the `named`.
    pub fn of_others(
        caller: &Caller,
        account: Option<&str>,
        others: &[String],
        named: &[Caller],
    ) -> Self {
        let mut keys = Self::of_named(caller);
        keys.is_stand_in = matches!(caller.kind, PrincipalType::AWS | PrincipalType::Service);
        match caller.kind {
            PrincipalType::AWS => keys.widen_entity(caller, account, others, named),
            PrincipalType::Service => {
                keys.leave_open(SERVICE_NAME, vec![literal_pattern("?*")]);
                keys.prefer(SERVICE_NAME, caller.name.clone());
                let services = named.iter().filter(|it| it.kind == PrincipalType::Service);
                let excluded = services.map(|it| literal(&it.name)).collect();
                keys.domains.entry(SERVICE_NAME).or_default().excluded = excluded;
            }
            PrincipalType::Everyone | PrincipalType::Federated | PrincipalType::CanonicalUser => {}
        }
        keys
    }

    /// Says that the caller has no ARN of a user or a role: whoever has one is among the callers of
    /// type AWS.
    pub fn without_entity(mut self) -> Self {
        let forms =
            ["arn:*:iam::*:user/*", "arn:*:iam::*:role/*", "arn:*:iam::*:root", "arn:*:sts::*:*"];
        let excluded = forms.map(arn_like);
        self.domains.entry(ARN).or_default().excluded.extend(excluded);
        self
    }

    fn widen_entity(
        &mut self,
        caller: &Caller,
        account: Option<&str>,
        others: &[String],
        named: &[Caller],
    ) {
        let forms = match caller.entity() {
            Some(PrincipalEntity::User(_)) => named_forms("iam", account, "user/", true),
            Some(PrincipalEntity::Role(_)) => named_forms("iam", account, "role/", true),
            Some(PrincipalEntity::Federated(_)) => {
                named_forms("sts", account, "federated-user/", false)
            }
            Some(PrincipalEntity::Root) => arns("iam", account, &literal("root")),
            Some(PrincipalEntity::Session(_)) | None => return,
        };
        let mut excluded: Vec<Pattern> = named
            .iter()
            .filter(|it| it.kind == PrincipalType::AWS)
            .filter(|it| !matches!(it.entity(), Some(PrincipalEntity::Session(_)) | None))
            .map(|it| literal(&it.name))
            .collect();
        if account.is_none() {
            let arns = others.iter().map(|other| arn_like(&format!("arn:*:*:*:{other}:*")));
            excluded.extend(arns);
            self.leave_open(ACCOUNT, vec![any_account()]);
            self.prefer(ACCOUNT, caller.account().unwrap_or_default().to_owned());
            let accounts = others.iter().map(|other| literal(other)).collect();
            self.domains.entry(ACCOUNT).or_default().excluded = accounts;
        }
        self.leave_open(ARN, forms);
        self.prefer(ARN, caller.name.clone());
        self.domains.entry(ARN).or_default().excluded = excluded;
        for (key, universe) in [(USERNAME, any_name()), (USERID, literal_pattern("?*"))] {
            if let Some(example) = self.bound.remove(key) {
                self.leave_open(key, vec![universe]);
                self.prefer(key, example);
            }
        }
    }

    fn leave_open(&mut self, key: &'static str, universes: Vec<Pattern>) {
        self.bound.remove(key);
        self.present.push(key);
        self.domains.entry(key).or_default().universes = universes;
    }

    fn prefer(&mut self, key: &'static str, value: String) {
        self.domains.entry(key).or_default().preferred.push(value);
    }

    /// Returns what is known of a key, by its name in lower case.
    pub fn state(&self, key: &str) -> KeyState<'_> {
        let is_absent = |name: &&'static str| match name.strip_suffix('/') {
            Some(_) => key.starts_with(*name),
            None => key == *name,
        };
        if let Some(value) = self.bound.get(key) {
            KeyState::Bound(value)
        } else if self.absent.iter().any(is_absent) {
            KeyState::Absent
        } else if self.present.contains(&key) {
            KeyState::Present
        } else {
            KeyState::Open
        }
    }

    /// Returns the same for the key of a variable.
    pub fn variable(&self, key: &str) -> KnownVariable {
        match self.state(&key.to_lowercase()) {
            KeyState::Bound(value) => KnownVariable::Value(value.to_owned()),
            KeyState::Absent => KnownVariable::Missing,
            KeyState::Present | KeyState::Open => KnownVariable::Open,
        }
    }

    pub fn domain(&self, key: &str) -> Option<&ValueDomain> {
        self.domains.get(key)
    }

    /// Returns a real caller whose requests have this context, and the keys that don't follow from
    /// it; `None` where the caller itself is one, or where nobody has these keys together.
    pub fn real_caller(&self, caller: &Caller, context: &Context) -> Option<(Caller, Context)> {
        if !self.is_stand_in {
            return None;
        }
        let value = |key: &str| context.get(key).and_then(<[String]>::first).map(String::as_str);
        let found = match caller.kind {
            PrincipalType::AWS => Caller::aws(self.real_arn(caller, &value)?),
            PrincipalType::Service => Caller::service(value(SERVICE_NAME)?),
            PrincipalType::Everyone | PrincipalType::Federated | PrincipalType::CanonicalUser => {
                return None;
            }
        };
        if caller.kind == PrincipalType::AWS && found.account().is_none() {
            return None;
        }
        let mut rest = context.clone();
        for (key, values) in found.circumstances(&Context::default()).iter() {
            if rest.get(key).is_some_and(|asked| asked == values) {
                rest = rest.without(key);
            }
        }
        Some((found, rest))
    }

    /// Returns true for a key that follows from the caller alone: a request of a stand-in has it
    /// only if somebody real has it.
    pub fn is_derived(&self, caller: &Caller, key: &str) -> bool {
        let derived: &[&str] = match caller.kind {
            PrincipalType::AWS => &[ARN, ACCOUNT, TYPE, USERNAME],
            PrincipalType::Service => &[SERVICE_NAME],
            PrincipalType::Everyone | PrincipalType::Federated | PrincipalType::CanonicalUser => {
                &[]
            }
        };
        self.is_stand_in && derived.contains(&key)
    }

    /// Returns the ARN of a caller with these keys; `None` where they are the caller's own.
    fn real_arn<'v>(
        &self,
        caller: &Caller,
        value: &impl Fn(&str) -> Option<&'v str>,
    ) -> Option<String> {
        if let Some(arn) = value(ARN) {
            return Some(arn.to_owned());
        }
        let (name, account) = (value(USERNAME), value(ACCOUNT));
        if name.is_none() && account.is_none() {
            return None;
        }
        let account = account.or_else(|| caller.account()).unwrap_or_default();
        let own = caller.name.splitn(6, ':').nth(5).unwrap_or_default();
        let Some(name) = name else { return Some(format!("arn:aws:iam::{account}:{own}")) };
        // One of that name may be a caller of its own. Others of the name have other paths.
        let excluded = |arn: &String| {
            let domain = self.domains.get(ARN);
            domain.is_some_and(|domain| domain.excluded.contains(&literal(arn)))
        };
        let mut arns = ["", "example/", "example/example/"]
            .into_iter()
            .map(|path| format!("arn:aws:iam::{account}:user/{path}{name}"));
        arns.find(|arn| !excluded(arn))
    }
}

/// The partitions of AWS that examples are in. Each of the others begins with `aws-`, too.
const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov"];

/// The account of examples, where it may be any.
const EXAMPLE_ACCOUNT: &str = "123456789012";

/// Returns the patterns of ARNs of an account, or of any account, that end so: one for each
/// partition. The first is that of the usual examples.
fn arns(service: &str, account: Option<&str>, end: &[PatternToken]) -> Vec<Pattern> {
    let others = [literal("aws-"), any_name()].concat();
    let partitions = PARTITIONS.iter().map(|partition| literal(partition)).chain([others]);
    let any = account.map_or_else(any_account, literal);
    let of = |partition: Pattern, account: &[PatternToken]| {
        let service = literal(&format!(":{service}::"));
        [&literal("arn:")[..], &partition, &service, account, &literal(":"), end].concat()
    };
    let usual = account.is_none().then(|| of(literal(PARTITIONS[0]), &literal(EXAMPLE_ACCOUNT)));
    usual.into_iter().chain(partitions.map(|partition| of(partition, &any))).collect()
}

/// Returns the patterns of the ARNs of users, roles or sessions: a name, after a path if they have
/// paths. A path "must begin and end with forward slashes", with "any ASCII character" between (IAM
/// API Reference, "CreateUser"). The paths of examples begin as names do.
fn named_forms(service: &str, account: Option<&str>, kind: &str, has_path: bool) -> Vec<Pattern> {
    let mut forms = arns(service, account, &[literal(kind), any_name()].concat());
    if has_path {
        let letter = PatternToken::OneOf(CharClass::Name);
        for first in [letter, PatternToken::One(true)] {
            let path = [first, PatternToken::Star(true), PatternToken::Char('/')];
            let end = [&literal(kind)[..], &path, &any_name()].concat();
            forms.extend(arns(service, account, &end));
        }
    }
    forms
}

/// Returns the pattern of the names of users and roles.
fn any_name() -> Pattern {
    vec![PatternToken::OneOf(CharClass::Name), PatternToken::ManyOf(CharClass::Name)]
}

fn any_account() -> Pattern {
    vec![PatternToken::OneOf(CharClass::Digit); 12]
}

/// Returns a pattern of ARNs. Its wildcards don't reach over a colon.
fn arn_like(text: &str) -> Pattern {
    resource(text, false).tokens
}
