//! The reason why a request is allowed or denied, in one sentence.

use crate::pattern::{Filling, filled};
use crate::principal::Naming;
use crate::request::Context;
use crate::statement::{Clause, ConditionTest, PrincipalType, Statement};

use super::case::{AllowSource, RequestCase};
use super::weighing::{Miss, WeighedStatement, Weighing};

impl RequestCase<'_> {
    pub(super) fn denied(&self, said: &WeighedStatement<'_, Naming>) -> String {
        format!("{} denies {}", named(said), self.asked())
    }

    pub(super) fn granted(&self, grant: AllowSource) -> String {
        let held = self.held();
        let limit = |limit: Option<&Weighing<'_>>, word: &str| {
            let said = *limit?.allows.first()?;
            Some(format!("{word} it too ({})", named(&said)))
        };
        let within = limit(self.boundary.as_ref(), "the boundary allows");
        let session = limit(self.session.as_ref(), "the session's policies allow");
        let given = self.resource.as_ref().and_then(Weighing::nearest_allow);
        let parts = match grant {
            AllowSource::Identity => [Some(held), within, session, None],
            AllowSource::Resource => [given.map(|said| self.allows(&said)), None, None, None],
            AllowSource::Role => [given.map(|said| self.allows(&said)), within, session, None],
            AllowSource::Both => {
                let given = given.map(|said| format!("{} allows it too", named(&said)));
                [Some(held), within, session, given]
            }
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// Returns the reason why the caller's account allows the request.
    fn held(&self) -> String {
        if self.is_root() && self.identity.allows.is_empty() {
            self.root_allows()
        } else {
            self.identity.allows.first().map(|said| self.allows(said)).unwrap_or_default()
        }
    }

    pub(super) fn root_allows(&self) -> String {
        format!("the root user of account {} may do everything in it", self.account())
    }

    /// Returns the reason why a policy that isn't given would have to allow the request.
    pub(super) fn lacking(&self) -> String {
        let whose = match self.owner() {
            Some(owner) if self.is_foreign() => {
                format!("the resource is of account {owner}, which must allow it too")
            }
            _ if self.request.service() == "kms" => "the key's policy must allow it too".to_owned(),
            _ => "the role's trust policy must allow it too".to_owned(),
        };
        format!("{whose}: the policy of the resource isn't given")
    }

    /// Returns the reason why nothing can open another account's resource to the caller.
    pub(super) fn closed(&self) -> String {
        let (owner, service) = (self.owner().unwrap_or_default(), self.request.service());
        format!(
            "the resource is of account {owner}, and {service} has no resource-based policies that \
                could allow {} to another account",
            self.request.action
        )
    }

    /// Returns the policies of the organization or of the VPC endpoint that limit what others
    /// allow, and don't allow the request.
    pub(super) fn limit(&self) -> Option<String> {
        if let Some((number, level)) = self.service_control.first_without_allow() {
            let near = self.nearest_miss(level.near);
            return Some(format!("the service control policies of level {number} don't: {near}"));
        }
        let refusal =
            || format!("the policy of the VPC endpoint doesn't: {}", self.endpoint_refusal());
        (!self.passes_endpoint()).then(refusal)
    }

    pub(super) fn endpoint_refusal(&self) -> String {
        let endpoint = self.endpoint.as_ref();
        match endpoint.and_then(Weighing::nearest_allow) {
            Some(said) => {
                let given = named(&said);
                format!("{given} names an account, which stands for its root user alone")
            }
            None => self.nearest_miss(endpoint.and_then(|endpoint| endpoint.near)),
        }
    }

    /// Returns the reason of an implicit deny: the missing permission, and the statement that came
    /// nearest.
    pub(super) fn missed(&self) -> String {
        let asked = self.asked();
        let held = self.identity.allows.first();
        let given = self.resource.as_ref().and_then(Weighing::nearest_allow);
        let allows =
            held.map(|said| self.allows(said)).or_else(|| given.map(|said| self.allows(&said)));
        if let Some(missed) = allows.and_then(|allows| self.missed_limit(&allows)) {
            return missed;
        }
        if self.is_closed() && self.is_held() {
            return format!("{}, but {}", self.held(), self.closed());
        }
        let resource_near = self.resource.as_ref().and_then(|resource| resource.near);
        match (held, given) {
            (Some(said), None) if self.is_foreign() => {
                let owner = self.owner().unwrap_or_default();
                let near = self.nearest_miss(resource_near);
                format!(
                    "{}, but the resource is of account {owner}, whose policy doesn't: {near}",
                    self.allows(said)
                )
            }
            (Some(said), None) => {
                format!(
                    "{}, but the policy of the resource must allow it too: {}",
                    self.allows(said),
                    self.nearest_miss(resource_near)
                )
            }
            (None, Some(said)) => {
                let (account, near) = (self.account(), self.nearest_miss(self.identity.near));
                let given = named(&said);
                if self.is_foreign() {
                    format!(
                        "{given} allows {asked}, but account {account}, which the caller is of, \
                            must allow it too: {near}"
                    )
                } else {
                    format!(
                        "{given} leaves it to account {account} to allow {asked}, and nothing \
                            does: {near}"
                    )
                }
            }
            _ => {
                let layers = [self.identity.near, resource_near].into_iter().flatten();
                let near =
                    layers.reduce(
                        |one, other| if other.how.stage() > one.how.stage() { other } else { one },
                    );
                format!("nothing allows {asked}: {}", self.nearest_miss(near))
            }
        }
    }

    /// Returns the reason why the boundary or the policies of the session stop what another policy
    /// allows.
    fn missed_limit(&self, allows: &str) -> Option<String> {
        let near =
            |limit: Option<&Weighing<'_>>| self.nearest_miss(limit.and_then(|limit| limit.near));
        if !self.within_boundary() {
            let near = near(self.boundary.as_ref());
            return Some(format!("{allows}, but the boundary doesn't: {near}"));
        }
        if self.within_session() {
            return None;
        }
        let why = match &self.session {
            Some(session) => format!("the session's policies don't: {}", near(Some(session))),
            None => "a federated user has no permissions without session policies".to_owned(),
        };
        Some(format!("{allows}, but {why}"))
    }

    pub(super) fn nearest_miss(&self, near: Option<WeighedStatement<'_, Miss<'_>>>) -> String {
        let Some(said) = near else {
            return "there is no Allow at all".to_owned();
        };
        let name = named(&said);
        match said.how {
            Miss::Action => format!("no Allow is about {}", self.request.action),
            Miss::Principal => format!("{name} allows it to others, not to {}", self.who()),
            Miss::Resource => {
                let only = said.statement.resources.as_ref().map(clause).unwrap_or_default();
                format!("{name} allows it only on {only}{}", self.unfilled(said.statement))
            }
            Miss::Condition(test) => {
                format!("{name} allows it only if {}; {}", tested(test), found(test, &self.context))
            }
        }
    }

    /// Returns a note on a variable of the statement that has no value in the request.
    fn unfilled(&self, statement: &Statement) -> String {
        let filling = Filling::of(&self.context, statement.variables);
        let mut patterns = statement.resources.iter().flat_map(|clause| &clause.patterns);
        match patterns.find(|pattern| filled(pattern, filling).is_none()) {
            Some(pattern) => format!("; a variable in {pattern} has no value in the request"),
            None => String::new(),
        }
    }

    pub(super) fn allows(&self, said: &WeighedStatement<'_, Naming>) -> String {
        format!("{} allows {}", named(said), self.asked())
    }

    fn asked(&self) -> String {
        format!("{} on {}", self.request.action, self.request.resource)
    }

    fn who(&self) -> &str {
        if self.request.principal.kind == PrincipalType::Everyone {
            "an anonymous caller"
        } else {
            &self.request.principal.name
        }
    }

    fn account(&self) -> &str {
        self.request.principal.account().unwrap_or("of the caller")
    }
}

/// Returns `statement 2 "Deploy" of policy.json`.
fn named<T>(said: &WeighedStatement<'_, T>) -> String {
    format!("{} of {}", said.statement.title(), said.policy.name)
}

const MOST: usize = 3;

fn clause(clause: &Clause) -> String {
    let but = if clause.not { "what is not " } else { "" };
    format!("{but}{}", list(clause.patterns.iter().map(String::as_str)))
}

/// Returns `a, b or c`; of a long list the first few.
fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.collect();
    let (shown, rest) = texts.split_at(texts.len().min(MOST));
    let more = format!("{} more", rest.len());
    let mut shown: Vec<&str> = shown.to_vec();
    if !rest.is_empty() {
        shown.push(&more);
    }
    match shown.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
    }
}

/// Returns `StringEquals aws:x is "a" or "b"`.
fn tested(test: &ConditionTest) -> String {
    let values: Vec<String> = test.values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("{} {} {}", test.operator, test.key, list(values.iter().map(String::as_str)))
}

fn found(test: &ConditionTest, context: &Context) -> String {
    match context.get(&test.key) {
        None | Some([]) => format!("the request has no {}", test.key),
        Some(values) => {
            let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
            format!("in the request it is {}", values.join(", "))
        }
    }
}
