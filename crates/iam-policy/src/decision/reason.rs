//! The reason why a request is allowed or denied, in one sentence.

use crate::pattern::{Filling, filled};
use crate::principal::Naming;
use crate::request::Context;
use crate::statement::{Clause, ConditionTest, PrincipalType, Statement};

use super::weighing::{Miss, WeighedStatement, Weighing};
use super::{AllowSource, RequestCase};

impl RequestCase<'_> {
    pub(super) fn denied(&self, said: &WeighedStatement<'_, Naming>) -> String {
        format!("{} denies {}", named(said), self.asked())
    }

    pub(super) fn granted(&self, grant: AllowSource) -> String {
        let held = if self.is_root() && self.identity.allows.is_empty() {
            format!("the root user of account {} may do everything in it", self.account())
        } else {
            self.identity.allows.first().map(|said| self.allows(said)).unwrap_or_default()
        };
        let within = self.boundary.as_ref().and_then(|boundary| boundary.allows.first());
        let within = within.map(|said| format!("the boundary allows it too ({})", named(said)));
        let given = self.resource.as_ref().and_then(Weighing::nearest_allow);
        let parts = match grant {
            AllowSource::Identity => [Some(held), within, None],
            AllowSource::Resource => [given.map(|said| self.allows(&said)), None, None],
            AllowSource::Role => [given.map(|said| self.allows(&said)), within, None],
            AllowSource::Both => {
                [Some(held), within, given.map(|said| format!("{} allows it too", named(&said)))]
            }
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ") + &self.unasked(grant)
    }

    /// Returns a note on the policy that would also decide, but isn't given.
    fn unasked(&self, grant: AllowSource) -> String {
        match self.owner() {
            Some(owner) if grant == AllowSource::Identity && self.is_foreign() => {
                format!(
                    "; the resource is of account {owner}, which must allow it too: its policy \
                        isn't given"
                )
            }
            _ => String::new(),
        }
    }

    /// Returns the reason of an implicit deny: the missing permission, and the statement that came
    /// nearest.
    pub(super) fn missed(&self) -> String {
        let asked = self.asked();
        let held = self.identity.allows.first();
        let given = self.resource.as_ref().and_then(Weighing::nearest_allow);
        if !self.within_boundary() {
            let allows =
                held.map(|said| self.allows(said)).or_else(|| given.map(|said| self.allows(&said)));
            if let Some(allows) = allows {
                let near = self.boundary.as_ref().and_then(|boundary| boundary.near);
                return format!("{allows}, but the boundary doesn't: {}", self.near(near));
            }
        }
        let resource_near = self.resource.as_ref().and_then(|resource| resource.near);
        match (held, given) {
            (Some(said), None) if self.is_foreign() => {
                let owner = self.owner().unwrap_or_default();
                let near = self.near(resource_near);
                format!(
                    "{}, but the resource is of account {owner}, whose policy doesn't: {near}",
                    self.allows(said)
                )
            }
            (Some(said), None) => {
                format!(
                    "{}, but the policy of the resource must allow it too: {}",
                    self.allows(said),
                    self.near(resource_near)
                )
            }
            (None, Some(said)) => {
                let (account, near) = (self.account(), self.near(self.identity.near));
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
                format!("nothing allows {asked}: {}", self.near(near))
            }
        }
    }

    fn near(&self, near: Option<WeighedStatement<'_, Miss<'_>>>) -> String {
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

    fn allows(&self, said: &WeighedStatement<'_, Naming>) -> String {
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
