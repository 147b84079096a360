//! The callers that policies with principals tell apart: every principal that is named, and for
//! each kind of caller and each account one that isn't.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;

use crate::pattern::{variable_key, variables};
use crate::principal::{ANYBODY, PrincipalEntity, account_of, whole_account};
use crate::request::Caller;
use crate::request::caller_key::{ACCOUNT, ARN, TYPE, USERID, USERNAME};
use crate::statement::{ConditionTest, PrincipalType, Principals, Statement};

use super::caller_keys::CallerKeys;

/// A caller that is told apart, and what is known of its keys.
pub(super) struct Representative {
    pub caller: Caller,
    pub keys: CallerKeys,
}

/// The questions of conditions about callers.
#[derive(Debug, Default)]
pub(super) struct CallerQuestions {
    /// True if the answer depends on the type or the name of a user or a role.
    pub identity: bool,
    /// The accounts that they name.
    pub accounts: BTreeSet<String>,
    /// The users and roles that they name.
    pub callers: BTreeSet<Caller>,
}

/// The most accounts, and the most users and roles, of conditions that are told apart from others.
const MOST_NAMED: usize = 16;

impl CallerQuestions {
    pub fn from_statements<'a>(statements: impl Iterator<Item = &'a Statement>) -> Self {
        let mut questions = Self::default();
        for statement in statements {
            for test in &statement.conditions {
                questions.add_key(&test.key);
                questions.add_accounts(test);
            }
            if statement.variables {
                let values = statement.conditions.iter().flat_map(|test| &test.values);
                let patterns = statement.resources.iter().flat_map(|clause| &clause.patterns);
                for text in values.chain(patterns) {
                    variables(text).for_each(|inside| questions.add_key(variable_key(inside)));
                }
            }
        }
        if questions.accounts.len() > MOST_NAMED {
            questions.accounts.clear();
        }
        if questions.callers.len() > MOST_NAMED {
            questions.callers.clear();
        }
        questions
    }

    fn add_key(&mut self, key: &str) {
        let keys = [ARN, TYPE, USERNAME, USERID];
        self.identity |= keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    }

    fn add_accounts(&mut self, test: &ConditionTest) {
        let is = |key: &str| test.key.eq_ignore_ascii_case(key);
        if is(ACCOUNT) || is(ARN) {
            let accounts = test.values.iter().filter_map(|value| account_of(value));
            self.accounts.extend(accounts.map(str::to_owned));
        }
        if is(ARN) {
            let values = test.values.iter().filter(|value| !value.contains(['*', '?', '$']));
            let callers = values.map(|value| Caller::aws(value.clone()));
            self.callers.extend(callers.filter(is_user_or_role));
        }
    }
}

/// Tells if the caller is a user or a role, whose ARN says which: that of a session has no path.
fn is_user_or_role(caller: &Caller) -> bool {
    let entity = caller.entity();
    let is_one = matches!(entity, Some(PrincipalEntity::User(_) | PrincipalEntity::Role(_)));
    is_one && caller.account().is_some()
}

/// Returns one caller of each kind. `named` are the principals of all statements that are compared.
pub(super) fn representatives<'a>(
    named: impl Iterator<Item = &'a Principals>,
    questions: &CallerQuestions,
) -> Vec<Representative> {
    let principals: Vec<&Principals> = named.collect();
    let named = named_callers(&principals, questions);
    let all = principals.iter().flat_map(|principals| &principals.names);
    let accounts: BTreeSet<String> = all
        .filter(|(kind, _)| *kind == PrincipalType::AWS)
        .filter_map(|(_, name)| account_of(name).map(str::to_owned))
        .chain(questions.accounts.iter().cloned())
        .collect();
    let accounts: Vec<String> = accounts.into_iter().collect();
    let mut found: BTreeMap<Caller, CallerKeys> =
        named.iter().map(|caller| (caller.clone(), CallerKeys::of_named(caller))).collect();
    for account in &accounts {
        add_others(&mut found, Some(account), &accounts, &named, questions);
    }
    add_others(&mut found, None, &accounts, &named, questions);
    let mut add = |make: &dyn Fn(&str) -> Caller| {
        let caller = unnamed(&named, make);
        let keys = CallerKeys::of_others(&caller, None, &accounts, &named);
        // Under the name of its type, a session of a role may be meant.
        let is_named = principals.iter().any(|principals| {
            principals.names.iter().any(|(kind, name)| *kind == caller.kind && name == ANYBODY)
        });
        found.insert(caller, if is_named { keys } else { keys.without_entity() });
    };
    add(&|example| Caller::service(format!("{example}.amazonaws.com")));
    add(&|example| Caller {
        kind: PrincipalType::Federated,
        name: format!("arn:aws:iam::123456789012:oidc-provider/{example}.com"),
    });
    add(&|example| Caller { kind: PrincipalType::CanonicalUser, name: canonical_id(example) });
    let everyone = Caller { kind: PrincipalType::Everyone, name: "*".to_owned() };
    let keys = CallerKeys::of_named(&everyone);
    found.insert(everyone, keys);
    found.into_iter().map(|(caller, keys)| Representative { caller, keys }).collect()
}

/// Returns those whom policies without principals may be attached to: the users and roles that
/// conditions name, and of each account one user, one role, and one federated user, who has the
/// policies of a user. No policies are attached to a root user.
pub(super) fn holders(questions: &CallerQuestions) -> Vec<Representative> {
    if !questions.identity {
        let caller = Caller::aws("arn:aws:iam::123456789012:user/example");
        return vec![Representative { caller, keys: CallerKeys::of_unknown_holder() }];
    }
    let accounts: Vec<String> = questions.accounts.iter().cloned().collect();
    let named: Vec<Caller> = questions.callers.iter().cloned().collect();
    let usual = Some("123456789012".to_owned()).filter(|it| !accounts.contains(it));
    let other = usual.unwrap_or_else(|| unnamed_account(&accounts));
    let of = std::iter::once((None, &other)).chain(accounts.iter().map(|it| (Some(&**it), it)));
    let mut found = Vec::new();
    for (account, id) in of {
        for form in ["iam::{}:user/", "iam::{}:role/", "sts::{}:federated-user/"] {
            let form = form.replace("{}", id);
            let caller =
                unnamed(&named, &|example| Caller::aws(format!("arn:aws:{form}{example}")));
            let keys = CallerKeys::of_others(&caller, account, &accounts, &named);
            found.push(Representative { caller, keys });
        }
    }
    found.extend(named.into_iter().map(|caller| {
        let keys = CallerKeys::of_named(&caller);
        Representative { caller, keys }
    }));
    found
}

/// Returns the callers that the principals, or the conditions, name one by one.
fn named_callers(principals: &[&Principals], questions: &CallerQuestions) -> Vec<Caller> {
    let mut callers: BTreeSet<Caller> = questions.callers.clone();
    for principals in principals {
        for (kind, name) in &principals.names {
            // An account stands for its root user and for all of its users and roles, and `*` for
            // all of its type. But an excepted account excepts its root user, and nobody else.
            let is_account = *kind == PrincipalType::AWS && whole_account(name).is_some();
            if name != ANYBODY && (!is_account || principals.not) {
                callers.insert(Caller { kind: *kind, name: name.clone() });
            }
        }
    }
    callers.into_iter().collect()
}

/// Adds those users and roles of an account, or of an account that isn't named, that aren't named
/// themselves. A role stands for all of them unless conditions tell them apart.
fn add_others(
    found: &mut BTreeMap<Caller, CallerKeys>,
    account: Option<&str>,
    accounts: &[String],
    named: &[Caller],
    questions: &CallerQuestions,
) {
    let of = account.map_or_else(|| unnamed_account(accounts), str::to_owned);
    let forms: &[&str] = if questions.identity {
        &["iam::{}:role/", "iam::{}:user/", "iam::{}:root", "sts::{}:federated-user/"]
    } else {
        &["iam::{}:role/"]
    };
    for form in forms {
        let arn = format!("arn:aws:{}", form.replace("{}", &of));
        let caller = unnamed(named, &|example| {
            Caller::aws(if arn.ends_with('/') { format!("{arn}{example}") } else { arn.clone() })
        });
        let keys = CallerKeys::of_others(&caller, account, accounts, named);
        found.entry(caller).or_insert(keys);
    }
}

/// Returns an account that is none of these.
fn unnamed_account(accounts: &[String]) -> String {
    (0..=accounts.len() as u64)
        .map(|number| format!("{:012}", 999_999_999_999_u64 - number))
        .find(|other| !accounts.contains(other))
        .unwrap_or_default()
}

/// Returns an id of the form that S3 has for accounts: 64 hexadecimal digits.
fn canonical_id(example: &str) -> String {
    format!("{:0<64.64}", HEXLOWER.encode(example.as_bytes()))
}

fn unnamed(taken: &[Caller], make: &dyn Fn(&str) -> Caller) -> Caller {
    let candidates = std::iter::once("example".to_owned())
        .chain((1..=taken.len()).map(|number| format!("example-{number}")));
    let mut callers = candidates.map(|name| make(&name));
    callers.find(|caller| !taken.contains(caller)).unwrap_or_else(|| make("example"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_somebody_for_every_kind_who_is_not_named() {
        let named = Principals {
            not: false,
            names: vec![
                (PrincipalType::AWS, "123456789012".to_owned()),
                (PrincipalType::AWS, "arn:aws:iam::999999999999:role/example".to_owned()),
                (PrincipalType::Service, "lambda.amazonaws.com".to_owned()),
                (PrincipalType::Everyone, "*".to_owned()),
            ],
        };
        let callers: Vec<String> =
            representatives([&named].into_iter(), &CallerQuestions::default())
                .into_iter()
                .map(|it| it.caller.name)
                .collect();
        assert_eq!(
            callers,
            [
                "*",
                "arn:aws:iam::123456789012:role/example",
                "arn:aws:iam::999999999998:role/example",
                "arn:aws:iam::999999999999:role/example",
                "arn:aws:iam::999999999999:role/example-1",
                "example.amazonaws.com",
                "lambda.amazonaws.com",
                "arn:aws:iam::123456789012:oidc-provider/example.com",
                "6578616d706c6500000000000000000000000000000000000000000000000000",
            ]
        );
    }
}
