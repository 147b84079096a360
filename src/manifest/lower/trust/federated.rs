//! Lowers the short forms for users of identity providers: the trust policy's statements with the
//! conditions on audience and subject.

use serde_json::{Map, json};

use super::provider::TrustedIssuer;
use super::sign_in;
use super::statement::TrustStatement;
use super::subject::{self, Refused};
use crate::manifest::decode::{ExpandedText, Located};
use crate::manifest::lower::Lowering;
use crate::manifest::names;
use crate::manifest::shape::{TrustedEks, TrustedGithub, TrustedGitlab, TrustedOidc, TrustedSaml};
use crate::manifest::source::Span;
use crate::value::Value;

const GITHUB: &str = "token.actions.githubusercontent.com";
const GITLAB: &str = "gitlab.com";
/// The audience that GitHub's action and EKS ask for.
const STS: &str = "sts.amazonaws.com";

/// Subjects of one provider that may assume the role with a token for one of the audiences.
struct TrustedSubjects {
    provider: TrustedIssuer,
    audiences: Vec<String>,
    subjects: Vec<String>,
}

/// A part of the subject, by the field that says it.
type Choice<'a> = (&'static str, Option<Result<String, (Refused, &'a Span)>>);

/// The entries of a short form that are for users of identity providers.
pub(super) struct FederatedEntries<'a> {
    pub github: &'a [Located<TrustedGithub>],
    pub gitlab: &'a [Located<TrustedGitlab>],
    pub eks: &'a [Located<TrustedEks>],
    pub oidc: &'a [Located<TrustedOidc>],
    pub saml: &'a [Located<TrustedSaml>],
    /// False if a part of the role could not be read: what is missing is then not reported.
    pub is_complete: bool,
}

impl Lowering<'_, '_, '_> {
    /// Returns the statements of the entries; `None` if something in them is wrong.
    pub(super) fn federated(
        &mut self,
        entries: &FederatedEntries<'_>,
    ) -> Option<Vec<TrustStatement>> {
        let complete = entries.is_complete;
        let mut trusted = Vec::new();
        trusted.extend(entries.github.iter().map(|it| self.github(it, complete)));
        trusted.extend(entries.gitlab.iter().map(|it| self.gitlab(it, complete)));
        trusted.extend(entries.eks.iter().map(|it| self.eks(it, complete)));
        trusted.extend(entries.oidc.iter().map(|it| self.oidc(it, complete)));
        let saml: Vec<_> = entries.saml.iter().map(|it| self.saml(it, complete)).collect();
        let trusted = trusted.into_iter().collect::<Option<Vec<_>>>()?;
        let mut statements = web_statements(trusted);
        statements.extend(saml.into_iter().collect::<Option<Vec<_>>>()?);
        Some(statements)
    }

    fn github(
        &mut self,
        entry: &Located<TrustedGithub>,
        complete: bool,
    ) -> Option<TrustedSubjects> {
        let it = &entry.value;
        let provider = self.provider_or(it.provider.as_ref(), GITHUB, &entry.spot);
        let audience = self.audience_or(it.audience.as_ref(), STS);
        let repository = self.needed(
            it.repository.as_ref(),
            "repository",
            (&entry.spot, "a github entry"),
            complete,
        );
        let repository = repository
            .and_then(|said| self.accept(said, subject::check_repository(&said.value), said));
        let wants_pulls = it.pull_request.as_ref().is_some_and(|flag| flag.value);
        let rest = self.only_choice(
            vec![
                (
                    "branch",
                    choice(it.branch.as_ref(), |text| github_ref("branch", "refs/heads/", text)),
                ),
                ("tag", choice(it.tag.as_ref(), |text| github_ref("tag", "refs/tags/", text))),
                ("ref", choice(it.r#ref.as_ref(), |text| github_ref("ref", "", text))),
                ("environment", choice(it.environment.as_ref(), environment)),
                ("pull_request", wants_pulls.then(|| Ok("pull_request".to_owned()))),
                ("subject", choice(it.subject.as_ref(), |text| checked_rest(text, "repo:"))),
            ],
            (&entry.spot, "a github entry", "{repository: acme/web, branch: main}"),
            complete,
        );
        Some(TrustedSubjects {
            provider: provider?,
            audiences: vec![audience?],
            subjects: vec![format!("repo:{}:{}", repository?.value, rest?)],
        })
    }

    fn gitlab(
        &mut self,
        entry: &Located<TrustedGitlab>,
        complete: bool,
    ) -> Option<TrustedSubjects> {
        let it = &entry.value;
        let provider = self.provider_or(it.provider.as_ref(), GITLAB, &entry.spot);
        let issuer = provider.as_ref().map_or(GITLAB, |provider| &provider.issuer);
        let audience = self.audience_or(it.audience.as_ref(), &format!("https://{issuer}"));
        let project =
            self.needed(it.project.as_ref(), "project", (&entry.spot, "a gitlab entry"), complete);
        let project =
            project.and_then(|said| self.accept(said, subject::check_project(&said.value), said));
        let rest = self.only_choice(
            vec![
                ("branch", choice(it.branch.as_ref(), |text| gitlab_ref("branch", text))),
                ("tag", choice(it.tag.as_ref(), |text| gitlab_ref("tag", text))),
                ("ref", choice(it.r#ref.as_ref(), |text| gitlab_ref("ref", text))),
                (
                    "subject",
                    choice(it.subject.as_ref(), |text| checked_rest(text, "project_path:")),
                ),
            ],
            (&entry.spot, "a gitlab entry", "{project: acme/web, branch: main}"),
            complete,
        );
        Some(TrustedSubjects {
            provider: provider?,
            audiences: vec![audience?],
            subjects: vec![format!("project_path:{}:{}", project?.value, rest?)],
        })
    }

    fn eks(&mut self, entry: &Located<TrustedEks>, complete: bool) -> Option<TrustedSubjects> {
        let it = &entry.value;
        let what = (&entry.spot, "an eks entry");
        let provider = self
            .needed(it.provider.as_ref(), "provider", what, complete)
            .and_then(|said| self.trusted_issuer(said));
        let audience = self.audience_or(it.audience.as_ref(), STS);
        let namespace =
            self.needed(it.namespace.as_ref(), "namespace", what, complete).and_then(|said| {
                let checked = subject::check_kubernetes("namespace", &said.value, 63);
                self.accept(said, checked, said)
            });
        let account = self
            .needed(it.service_account.as_ref(), "service_account", what, complete)
            .and_then(|said| {
                let checked = subject::check_kubernetes("service account", &said.value, 253);
                self.accept(said, checked, said)
            });
        Some(TrustedSubjects {
            provider: provider?,
            audiences: vec![audience?],
            subjects: vec![format!(
                "system:serviceaccount:{}:{}",
                namespace?.value, account?.value
            )],
        })
    }

    fn oidc(&mut self, entry: &Located<TrustedOidc>, complete: bool) -> Option<TrustedSubjects> {
        let it = &entry.value;
        let what = (&entry.spot, "an oidc entry");
        let provider = self
            .needed(it.provider.as_ref(), "provider", what, complete)
            .and_then(|said| self.trusted_issuer(said));
        let subjects = self
            .needed(it.subjects.as_ref().filter(|it| !it.is_empty()), "subjects", what, complete)
            .and_then(|list| {
                self.accept_all(list, |text| subject::check_claim(text, "the subject"))
            });
        let audiences = self
            .needed(it.audiences.as_ref().filter(|it| !it.is_empty()), "audiences", what, complete)
            .and_then(|list| self.accept_all(list, subject::check_audience));
        Some(TrustedSubjects { provider: provider?, audiences: audiences?, subjects: subjects? })
    }

    fn saml(&mut self, entry: &Located<TrustedSaml>, complete: bool) -> Option<TrustStatement> {
        let it = &entry.value;
        let arn = self
            .needed(it.provider.as_ref(), "provider", (&entry.spot, "a saml entry"), complete)
            .and_then(|said| self.trusted_saml_provider(said));
        let partition = self.header.partition.clone();
        let mut audiences = vec![sign_in::audience(&partition, None)];
        let mut is_complete = true;
        for region in it.regions.iter().flatten() {
            let checked = names::region(&region.value)
                .and_then(|()| sign_in::check_region(&partition, &region.value));
            let help = format!("write for example {}", self.header.region);
            let checked = checked.map_err(|message| (message, help));
            is_complete &= self.accept((), checked, region).is_some();
            audiences.push(sign_in::audience(&partition, Some(&region.value)));
        }
        let condition = json!({"SAML:aud": one_or_list(audiences)});
        is_complete.then_some(())?;
        Some(TrustStatement {
            principals: Map::from_iter([("Federated".to_owned(), arn?.into())]),
            action: "sts:AssumeRoleWithSAML",
            condition: Map::from_iter([("StringEquals".to_owned(), condition)]),
        })
    }

    fn provider_or(
        &mut self,
        said: Option<&ExpandedText>,
        default: &str,
        spot: &Span,
    ) -> Option<TrustedIssuer> {
        let default = || ExpandedText { value: default.to_owned(), spot: spot.clone() };
        let said = said.cloned().unwrap_or_else(default);
        self.trusted_issuer(&said)
    }

    fn audience_or(&mut self, said: Option<&ExpandedText>, default: &str) -> Option<String> {
        let Some(said) = said else { return Some(default.to_owned()) };
        self.accept(said.value.clone(), subject::check_audience(&said.value), said)
    }

    /// Returns a field that cannot be left out; reports it if it is.
    fn needed<'f, T>(
        &mut self,
        field: Option<&'f T>,
        name: &str,
        (spot, what): (&Span, &str),
        complete: bool,
    ) -> Option<&'f T> {
        if field.is_none() && complete {
            self.missing(name, what, spot, &format!("add `{name}:` to the entry"));
        }
        field
    }

    /// Returns the value if the check passed; reports what is wrong otherwise.
    fn accept<T>(
        &mut self,
        value: T,
        checked: Result<(), Refused>,
        said: &ExpandedText,
    ) -> Option<T> {
        match checked {
            Ok(()) => Some(value),
            Err((message, help)) => {
                self.scope.error("bad-trust", &said.spot, message, help);
                None
            }
        }
    }

    fn accept_all(
        &mut self,
        list: &[ExpandedText],
        check: fn(&str) -> Result<(), Refused>,
    ) -> Option<Vec<String>> {
        let accepted: Vec<_> = list
            .iter()
            .map(|said| self.accept(said.value.clone(), check(&said.value), said))
            .collect();
        accepted.into_iter().collect()
    }

    /// Returns the only part of the subject that an entry says.
    fn only_choice(
        &mut self,
        choices: Vec<Choice<'_>>,
        (spot, what, example): (&Span, &str, &str),
        complete: bool,
    ) -> Option<String> {
        let fields: Vec<&str> = choices.iter().map(|(field, _)| *field).collect();
        let mut said: Vec<_> =
            choices.into_iter().filter_map(|(field, part)| Some((field, part?))).collect();
        if said.len() == 1 {
            return match said.pop()?.1 {
                Ok(part) => Some(part),
                Err(((message, help), spot)) => {
                    self.scope.error("bad-trust", spot, message, help);
                    None
                }
            };
        }
        if said.is_empty() && !complete {
            return None;
        }
        let found = if said.is_empty() {
            "none of them".to_owned()
        } else {
            said.iter().map(|(field, _)| *field).collect::<Vec<_>>().join(" and ")
        };
        let message =
            format!("{what} has exactly one of {}, but this one has {found}", fields.join(", "));
        self.scope.error("bad-trust", spot, message, format!("write for example {example}"));
        None
    }
}

/// Returns a part of the subject, if its field is there.
fn choice(
    said: Option<&ExpandedText>,
    part: impl FnOnce(&str) -> Result<String, Refused>,
) -> Option<Result<String, (Refused, &Span)>> {
    let said = said?;
    Some(part(&said.value).map_err(|refused| (refused, &said.spot)))
}

/// Returns the end of a subject of GitHub ("OpenID Connect reference", GitHub Docs).
fn github_ref(what: &'static str, prefix: &str, text: &str) -> Result<String, Refused> {
    subject::check_ref(what, text).map(|()| format!("ref:{prefix}{text}"))
}

fn environment(name: &str) -> Result<String, Refused> {
    subject::check_claim(name, "the environment")?;
    Ok(format!("environment:{}", subject::escape_colons(name)))
}

fn checked_rest(text: &str, begins: &str) -> Result<String, Refused> {
    subject::check_rest(text, begins).map(|()| text.to_owned())
}

/// Returns the end of a subject of GitLab ("OpenID Connect (OIDC) Authentication Using ID Tokens",
/// GitLab Docs).
fn gitlab_ref(what: &'static str, text: &str) -> Result<String, Refused> {
    subject::check_ref(what, text)?;
    let short = |kind: &str, name: &str| Ok(format!("ref_type:{kind}:ref:{name}"));
    match (what, text.strip_prefix("refs/heads/"), text.strip_prefix("refs/tags/")) {
        ("ref", Some(branch), _) => short("branch", branch),
        ("ref", _, Some(tag)) => short("tag", tag),
        ("ref", None, None) => Err((
            format!("GitLab's subjects name branches and tags, and `{text}` is neither"),
            "write refs/heads/BRANCH or refs/tags/TAG".to_owned(),
        )),
        (kind, ..) => short(kind, text),
    }
}

/// Returns the statements. Subjects of one provider with the same audience share one, if their
/// comparison is the same: two comparisons in one statement would both have to hold.
fn web_statements(trusted: Vec<TrustedSubjects>) -> Vec<TrustStatement> {
    let mut groups: Vec<(TrustedIssuer, Vec<String>, bool, Vec<String>)> = Vec::new();
    for TrustedSubjects { provider, audiences, subjects } in trusted {
        for subject in subjects {
            let is_pattern = subject::is_pattern(&subject);
            let known = groups.iter_mut().find(|(of, by, pattern, _)| {
                *of == provider && *by == audiences && *pattern == is_pattern
            });
            match known {
                Some((.., others)) if others.contains(&subject) => {}
                Some((.., others)) => others.push(subject),
                None => {
                    groups.push((provider.clone(), audiences.clone(), is_pattern, vec![subject]));
                }
            }
        }
    }
    groups
        .into_iter()
        .map(|(provider, audiences, is_pattern, subjects)| {
            web_statement(&provider, audiences, is_pattern, subjects)
        })
        .collect()
}

fn web_statement(
    provider: &TrustedIssuer,
    audiences: Vec<String>,
    is_pattern: bool,
    subjects: Vec<String>,
) -> TrustStatement {
    let audience = (provider.audience_key(), one_or_list(audiences));
    let subject = (provider.subject_key(), one_or_list(subjects));
    let operators = if is_pattern {
        vec![("StringEquals", vec![audience]), ("StringLike", vec![subject])]
    } else {
        vec![("StringEquals", vec![audience, subject])]
    };
    let condition = operators
        .into_iter()
        .map(|(operator, tests)| (operator.to_owned(), tests.into_iter().collect()))
        .collect();
    TrustStatement {
        principals: Map::from_iter([("Federated".to_owned(), provider.principal.clone().into())]),
        action: "sts:AssumeRoleWithWebIdentity",
        condition,
    }
}

/// Returns the only value as text, several as a list.
fn one_or_list(mut values: Vec<String>) -> Value {
    match values.len() {
        1 => values.remove(0).into(),
        _ => values.into(),
    }
}
