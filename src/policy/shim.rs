use super::pattern::*;
use super::request::{Caller, Request};
use super::statement::*;
impl Principals {
    pub fn names(&self, caller: &Caller) -> bool {
        let hit = self.names.iter().any(|(k, n)| {
            *k == PrincipalType::Everyone
                || (*k == caller.kind && (n == &caller.name || (n.len() == 12 && caller.name.contains(n.as_str()))))
        });
        hit != self.not
    }
}
impl Statement {
    pub fn applies(&self, r: &Request) -> bool {
        let a = self.actions.patterns.iter().any(|p| action_matches(p, &r.action)) != self.actions.not;
        let fill = |p: &str| {
            if self.variables {
                r.context.iter().fold(p.to_owned(), |p, (k, v)| p.replace(&format!("${{{k}}}"), &v[0]))
            } else {
                p.to_owned()
            }
        };
        let res = self.resources.as_ref().is_none_or(|c| {
            c.patterns.iter().any(|p| resource_matches(&fill(p), &r.resource, Variables::Fail)) != c.not
        });
        let p = self.principals.as_ref().is_none_or(|p| p.names(&r.principal));
        a && res
            && p
            && self.conditions.iter().all(|t| {
                let v = r.context.get(&t.key);
                match t.operator.comparison {
                    Comparison::StringEquals => v.is_some_and(|v| v.iter().any(|v| t.values.contains(v))),
                    Comparison::StringNotEquals => !v.is_some_and(|v| v.iter().any(|v| t.values.contains(v))),
                    Comparison::StringLike => {
                        v.is_some_and(|v| v.iter().any(|v| t.values.iter().any(|p| action_matches(p, v))))
                    }
                    Comparison::Bool => v.is_some_and(|v| v.iter().any(|v| t.values.contains(v))),
                    _ => false,
                }
            })
    }
}
