//! The actions that a holder's policies allow somewhere, by service.
//!
//! Most holders have the permissions of few paths. This tells which, before any resource is
//! compared.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use crate::pattern::action_matches;
use crate::statement::{Clause, Effect};

use super::grants::Holder;
use super::path::Path;

/// The action patterns of all Allow statements of a holder.
pub(super) struct AllowedActions<'a> {
    holder: &'a Holder<'a>,
    /// The patterns of `Action`, by the service that they name.
    by_service: BTreeMap<String, Vec<&'a str>>,
    /// The patterns of `Action` with a wildcard in the service: `*`.
    of_any_service: Vec<&'a str>,
    /// Each `NotAction`.
    excepting: Vec<&'a Clause>,
    answers: RefCell<HashMap<&'static str, bool>>,
}

impl<'a> AllowedActions<'a> {
    pub fn from_holder(holder: &'a Holder<'a>) -> Self {
        let mut all = Self {
            holder,
            by_service: BTreeMap::new(),
            of_any_service: Vec::new(),
            excepting: Vec::new(),
            answers: RefCell::default(),
        };
        let statements = holder.policies.iter().flat_map(|policy| &policy.statements);
        for statement in statements.filter(|it| it.effect == Effect::Allow) {
            if !holder.budget.spend(1 + statement.actions.patterns.len()) {
                break;
            }
            if statement.actions.not {
                all.excepting.push(&statement.actions);
                continue;
            }
            for pattern in &statement.actions.patterns {
                match pattern.split_once(':') {
                    Some((service, _)) if !service.contains(['*', '?']) => {
                        let service = service.to_ascii_lowercase();
                        all.by_service.entry(service).or_default().push(pattern);
                    }
                    _ => all.of_any_service.push(pattern),
                }
            }
        }
        all
    }

    /// Tells if each need of the path has an action that some statement allows.
    pub fn has_all(&self, path: &Path) -> bool {
        path.needs.iter().all(|need| need.any.iter().any(|action| self.has(action)))
    }

    fn has(&self, action: &'static str) -> bool {
        if let Some(answer) = self.answers.borrow().get(action) {
            return *answer;
        }
        let answer = self.look_up(action);
        self.answers.borrow_mut().insert(action, answer);
        answer
    }

    fn look_up(&self, action: &str) -> bool {
        let matches =
            |pattern: &str| self.holder.budget.spend(4) && action_matches(pattern, action);
        let service = action.split(':').next().unwrap_or_default();
        let named = self.by_service.get(service).into_iter().flatten();
        if self.of_any_service.iter().chain(named).any(|pattern| matches(pattern)) {
            return true;
        }
        let excepts = |clause: &Clause| clause.patterns.iter().any(|pattern| matches(pattern));
        self.excepting.iter().any(|clause| !excepts(clause))
    }
}
