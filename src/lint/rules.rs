//! The one list of all rules: names, severities, what each is about. `lint --list`, `--explain`, the rules of SARIF and the
//! check of `lint: {allow: […]}` derive from it.

use super::holders::ADMINISTRATOR_POLICY;
use super::silence::UNUSED_SILENCE;
use crate::policy::lint as document;

pub use crate::policy::lint::{Rule, explain};

/// The rules on manifests. Those on documents, and those of the ways to more permissions, are listed by `iam-policy`.
const ON_MANIFESTS: [Rule; 2] = [ADMINISTRATOR_POLICY, UNUSED_SILENCE];

/// Returns all rules, in the order in which they are listed.
pub fn rules() -> impl Iterator<Item = Rule> {
    document::rules().chain(ON_MANIFESTS).chain(document::escalation_rules())
}

/// Returns the rule of that name.
pub fn named(name: &str) -> Option<Rule> {
    rules().find(|rule| rule.name == name)
}

/// Returns what to do about a name that no rule has; none where a rule has it.
pub fn unknown(name: &str) -> Option<String> {
    let remedy = || match nearest(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "see `relayctl lint --list`".to_owned(),
    };
    named(name).is_none().then(remedy)
}

/// Returns the name of the rule that was likely meant.
fn nearest(name: &str) -> Option<&'static str> {
    let near = |candidate: &str| strsim::jaro_winkler(candidate, name);
    let best = rules().map(|rule| rule.name).max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(best) > 0.85).then_some(best)
}
