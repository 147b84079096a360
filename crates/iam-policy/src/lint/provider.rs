//! The OIDC providers whose tokens are documented, and the claims that say whose a token is.
//!
//! A shared provider has one issuer for all of its customers, and a claim tells them apart; IAM
//! refuses a trust policy that doesn't test that claim ("Identity-provider controls for shared OIDC
//! providers", IAM User Guide). The issuer of a private provider is one organization's.

use crate::pattern::{Filling, text_matches};

/// The users of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tenancy {
    /// All customers of the provider.
    Shared,
    /// One organization.
    Private,
    /// The issuer is in no list.
    Unknown,
}

/// The part of a claim's value that says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimForm {
    /// One project, environment or user.
    Id,
    /// An owner with all of its projects.
    Owner,
    /// `OWNER/REPOSITORY`, and perhaps more.
    Path,
    /// A part of what its owner has. It says nothing by itself.
    Part,
    /// `label:value:label:value`, in any order; the other labels say nothing.
    Labels(&'static [(&'static str, ClaimForm)]),
    /// `system:serviceaccount:NAMESPACE:NAME`
    ServiceAccount,
    /// A text with segments, the first of which says whose it is.
    Text,
    /// The form of one of the others, by its first label.
    Unknown,
}

/// The subjects that a value of a claim reaches, the widest set first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClaimReach {
    Anybody,
    /// All projects of an owner.
    Owner,
    Project,
}

/// A provider, by its issuer.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownProvider {
    /// The issuer without `https://`. `*` stands for the name of a customer.
    issuer: &'static str,
    pub tenancy: Tenancy,
    /// The claims that say whose a token is. The first one is the one to demand.
    pub owner_claims: &'static [(&'static str, ClaimForm)],
    /// True if IAM demands the first claim.
    pub is_required: bool,
    /// True if STS maps chosen claims of it to condition keys.
    pub has_mapped_claims: bool,
    /// An example for the first claim.
    pub example: &'static str,
}

const fn shared(
    issuer: &'static str,
    owner_claims: &'static [(&'static str, ClaimForm)],
    example: &'static str,
) -> KnownProvider {
    KnownProvider {
        issuer,
        tenancy: Tenancy::Shared,
        owner_claims,
        is_required: true,
        has_mapped_claims: false,
        example,
    }
}

const fn private(
    issuer: &'static str,
    owner_claims: &'static [(&'static str, ClaimForm)],
    example: &'static str,
) -> KnownProvider {
    KnownProvider {
        tenancy: Tenancy::Private,
        is_required: false,
        ..shared(issuer, owner_claims, example)
    }
}

/// Adds that STS maps claims.
const fn mapped(provider: KnownProvider) -> KnownProvider {
    KnownProvider { has_mapped_claims: true, ..provider }
}

/// Adds that IAM demands no claim.
const fn free(provider: KnownProvider) -> KnownProvider {
    KnownProvider { is_required: false, ..provider }
}

const GITHUB_SUBJECT: ClaimForm = ClaimForm::Labels(&[
    ("repo", ClaimForm::Path),
    ("repository", ClaimForm::Path),
    ("repository_id", ClaimForm::Id),
    ("repository_owner", ClaimForm::Owner),
    ("repository_owner_id", ClaimForm::Owner),
    ("job_workflow_ref", ClaimForm::Path),
    ("workflow_ref", ClaimForm::Path),
    ("enterprise", ClaimForm::Owner),
    ("enterprise_id", ClaimForm::Owner),
]);
const GITHUB: &[(&str, ClaimForm)] = &[
    ("sub", GITHUB_SUBJECT),
    ("repository", ClaimForm::Path),
    ("repository_id", ClaimForm::Id),
    ("repository_owner_id", ClaimForm::Owner),
    ("job_workflow_ref", ClaimForm::Path),
    ("enterprise_id", ClaimForm::Owner),
];
const GITHUB_EXAMPLE: &str = "repo:OWNER/REPOSITORY:ref:refs/heads/main";

const GITLAB_SUBJECT: ClaimForm = ClaimForm::Labels(&[("project_path", ClaimForm::Path)]);
const GITLAB_EXAMPLE: &str = "project_path:GROUP/PROJECT:ref_type:branch:ref:main";

const TERRAFORM_SUBJECT: ClaimForm = ClaimForm::Labels(&[
    ("organization", ClaimForm::Owner),
    ("project", ClaimForm::Part),
    ("workspace", ClaimForm::Part),
    ("stack", ClaimForm::Part),
    ("pipeline", ClaimForm::Part),
]);

const TEXT: &[(&str, ClaimForm)] = &[("sub", ClaimForm::Text)];
const AUDIENCE: &[(&str, ClaimForm)] = &[("aud", ClaimForm::Id)];

/// The providers. A more exact issuer stands before a pattern.
static PROVIDERS: &[KnownProvider] = &[
    mapped(shared("token.actions.githubusercontent.com", GITHUB, GITHUB_EXAMPLE)),
    mapped(private("token.actions.githubusercontent.com/*", GITHUB, GITHUB_EXAMPLE)),
    mapped(private("token.actions.*.ghe.com", GITHUB, GITHUB_EXAMPLE)),
    private("*/_services/token", GITHUB, GITHUB_EXAMPLE),
    shared(
        "oidc-configuration.audit-log.githubusercontent.com",
        TEXT,
        "https://github.com/ENTERPRISE",
    ),
    mapped(shared(
        "gitlab.com",
        &[
            ("sub", GITLAB_SUBJECT),
            ("project_id", ClaimForm::Id),
            ("namespace_id", ClaimForm::Owner),
        ],
        GITLAB_EXAMPLE,
    )),
    shared(
        "app.terraform.io",
        &[("sub", TERRAFORM_SUBJECT)],
        "organization:ORGANIZATION:project:PROJECT:workspace:WORKSPACE:run_phase:apply",
    ),
    mapped(shared(
        "agent.buildkite.com",
        &[
            ("sub", TERRAFORM_SUBJECT),
            ("organization_id", ClaimForm::Owner),
            ("organization_slug", ClaimForm::Owner),
            ("pipeline_id", ClaimForm::Id),
            ("pipeline_slug", ClaimForm::Part),
        ],
        "organization:ORGANIZATION:pipeline:PIPELINE:ref:refs/heads/main:commit:*:step:*",
    )),
    mapped(private(
        "oidc.circleci.com/org/*",
        &[("sub", ClaimForm::Text), ("oidc.circleci.com/project-id", ClaimForm::Id)],
        "org/ORGANIZATION/project/PROJECT/user/USER",
    )),
    shared(
        "api.pulumi.com/oidc",
        &[
            ("aud", ClaimForm::Id),
            (
                "sub",
                ClaimForm::Labels(&[
                    ("org", ClaimForm::Owner),
                    ("project", ClaimForm::Part),
                    ("env", ClaimForm::Part),
                ]),
            ),
        ],
        "aws:ORGANIZATION",
    ),
    shared(
        "oidc.vercel.com",
        &[
            ("aud", ClaimForm::Id),
            (
                "sub",
                ClaimForm::Labels(&[("owner", ClaimForm::Owner), ("project", ClaimForm::Part)]),
            ),
        ],
        "https://vercel.com/TEAM",
    ),
    private("oidc.vercel.com/*", TEXT, "owner:TEAM:project:PROJECT:environment:production"),
    shared("sandboxes.cloud", AUDIENCE, "…"),
    shared(
        "oidc.codefresh.io",
        &[(
            "sub",
            ClaimForm::Labels(&[("account", ClaimForm::Owner), ("pipeline", ClaimForm::Part)]),
        )],
        "account:ACCOUNT:pipeline:PIPELINE",
    ),
    shared(
        "scalr.io",
        &[(
            "sub",
            ClaimForm::Labels(&[
                ("account", ClaimForm::Owner),
                ("environment", ClaimForm::Part),
                ("workspace", ClaimForm::Part),
            ]),
        )],
        "account:ACCOUNT:environment:ENVIRONMENT:workspace:WORKSPACE",
    ),
    shared("studio.datachain.ai/api", TEXT, "…"),
    shared("tokens.cloud.shisho.dev", TEXT, "…"),
    shared("proidc.upbound.io", TEXT, "…"),
    shared("rh-oidc.s3.us-east-1.amazonaws.com/*", TEXT, "system:serviceaccount:NAMESPACE:NAME"),
    shared("oidc.op1.openshiftapps.com/*", TEXT, "system:serviceaccount:NAMESPACE:NAME"),
    // Microsoft's tenant, which Sentinel uses for all of its customers.
    shared(
        "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
        &[("sts:RoleSessionName", ClaimForm::Id)],
        "MicrosoftSentinel_WORKSPACE",
    ),
    // Each pod of the cluster can have a token.
    free(shared(
        "oidc.eks.*",
        &[("sub", ClaimForm::ServiceAccount)],
        "system:serviceaccount:NAMESPACE:NAME",
    )),
    private("api.bitbucket.org/2.0/workspaces/*", TEXT, "{REPOSITORY}:*"),
    private("*.app.spacelift.io", TEXT, "space:SPACE:stack:STACK:run_type:*:scope:write"),
    private("*.semaphoreci.com", TEXT, "org:ORGANIZATION:project:PROJECT:*"),
    mapped(shared(
        "cognito-identity.amazonaws.com",
        &[("aud", ClaimForm::Id), ("sub", ClaimForm::Id)],
        "eu-west-1:IDENTITY-POOL",
    )),
    free(shared(
        "accounts.google.com",
        &[
            ("aud", ClaimForm::Id),
            ("oaud", ClaimForm::Id),
            ("sub", ClaimForm::Id),
            ("google/organization_number", ClaimForm::Owner),
        ],
        "CLIENT-ID",
    )),
    free(shared(
        "graph.facebook.com",
        &[("app_id", ClaimForm::Id), ("id", ClaimForm::Id)],
        "APPLICATION-ID",
    )),
    free(shared(
        "www.amazon.com",
        &[("app_id", ClaimForm::Id), ("user_id", ClaimForm::Id)],
        "APPLICATION-ID",
    )),
];

static UNKNOWN: KnownProvider = KnownProvider {
    issuer: "",
    tenancy: Tenancy::Unknown,
    owner_claims: &[("sub", ClaimForm::Unknown)],
    is_required: false,
    has_mapped_claims: false,
    example: "…",
};

/// The providers that need no `oidc-provider/…` in the account.
pub(super) const BUILT_IN: &[&str] = &[
    "cognito-identity.amazonaws.com",
    "accounts.google.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// Returns the provider of an issuer.
pub(super) fn provider_of(issuer: &str) -> &'static KnownProvider {
    let issuer = issuer.to_lowercase();
    let fits = |it: &&KnownProvider| text_matches(it.issuer, &issuer, Filling::Literal);
    PROVIDERS.iter().find(fits).unwrap_or(&UNKNOWN)
}

impl ClaimForm {
    /// Returns the reach of a value: a literal one, or the text of a pattern before its first
    /// wildcard.
    pub fn reach(self, text: &str, is_whole: bool) -> ClaimReach {
        match self {
            Self::Id if is_whole => ClaimReach::Project,
            Self::Owner if is_whole => ClaimReach::Owner,
            Self::Path => reach_of_path(text),
            Self::Labels(labels) => reach_of_labels(labels, text, is_whole),
            Self::ServiceAccount => {
                match text.strip_prefix("system:serviceaccount:").unwrap_or_default() {
                    "" => ClaimReach::Anybody,
                    rest if is_whole || rest.contains(':') => ClaimReach::Project,
                    _ => ClaimReach::Owner,
                }
            }
            // Bitbucket writes an id in braces.
            Self::Text if is_whole || text.contains([':', '/', '}']) => ClaimReach::Project,
            Self::Id | Self::Owner | Self::Part | Self::Text => ClaimReach::Anybody,
            Self::Unknown => guess(text).reach(text, is_whole),
        }
    }
}

/// Returns the form of a subject of an unknown issuer: GitLab and Kubernetes run on many hosts.
fn guess(text: &str) -> ClaimForm {
    let known = [
        ("repo:", GITHUB_SUBJECT),
        ("project_path:", GITLAB_SUBJECT),
        ("organization:", TERRAFORM_SUBJECT),
        ("system:serviceaccount:", ClaimForm::ServiceAccount),
    ];
    let begun = known.iter().find(|(label, _)| text.starts_with(label) || label.starts_with(text));
    match begun {
        Some((_, form)) => *form,
        // Any text says more than none.
        None => ClaimForm::Labels(&[]),
    }
}

/// Returns the reach of `OWNER/REPOSITORY…`.
fn reach_of_path(text: &str) -> ClaimReach {
    match text.split_once('/') {
        None | Some(("", _)) => ClaimReach::Anybody,
        Some((_, "")) => ClaimReach::Owner,
        Some(_) => ClaimReach::Project,
    }
}

fn reach_of_labels(labels: &[(&str, ClaimForm)], text: &str, is_whole: bool) -> ClaimReach {
    if labels.is_empty() {
        return if text.is_empty() { ClaimReach::Anybody } else { ClaimReach::Project };
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (mut reach, mut has_part) = (ClaimReach::Anybody, false);
    for (index, pair) in parts.chunks(2).enumerate() {
        let [label, value] = pair else { continue };
        let Some((_, form)) = labels.iter().find(|(known, _)| known == label) else { continue };
        let is_last = 2 * index + 2 == parts.len();
        if *form == ClaimForm::Part {
            has_part |= !value.is_empty();
        } else if !value.is_empty() {
            reach = reach.max(form.reach(value, is_whole || !is_last));
        }
    }
    if reach == ClaimReach::Owner && has_part { ClaimReach::Project } else { reach }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn reach(issuer: &str, pattern: &str) -> ClaimReach {
        let (_, form) = provider_of(issuer).owner_claims[0];
        let fixed = crate::callers::fixed_text(pattern);
        form.reach(fixed, fixed == pattern)
    }

    #[test]
    fn a_subject_names_its_owner_by_the_form_of_the_provider() {
        use ClaimReach::{Anybody, Owner, Project};
        let (github, terraform) = ("token.actions.githubusercontent.com", "app.terraform.io");
        for (issuer, pattern, expected) in [
            (github, "repo:acme/web:ref:refs/heads/main", Project),
            (github, "repo:acme/web:*", Project),
            (github, "repo:acme@1234/web@5678:ref:refs/heads/main", Project),
            (github, "repo:acme/*", Owner),
            (github, "repo:acme*", Anybody),
            (github, "environment:prod", Anybody),
            (github, "workflow:deploy:*", Anybody),
            (github, "repository_owner:acme:environment:prod", Owner),
            (github, "environment:prod:repository:acme/web", Project),
            (github, "repository_owner_id:12*", Anybody),
            ("gitlab.com", "project_path:acme/web:ref_type:branch:ref:main", Project),
            ("gitlab.com", "project_path:acme/*:ref_type:branch:ref:main", Owner),
            ("gitlab.com", "project_path:acme*", Anybody),
            (terraform, "organization:acme:project:p:workspace:w:run_phase:*", Project),
            (terraform, "organization:acme:*", Owner),
            (terraform, "organization:acme:project:*:workspace:w:run_phase:*", Owner),
            (terraform, "organization:acme*", Anybody),
            ("agent.buildkite.com", "organization:acme:pipeline:web:*", Project),
            ("oidc.codefresh.io", "account:1234:pipeline:5678:*", Project),
            ("api.pulumi.com/oidc", "aws:acme", Project),
            ("oidc.eks.eu-west-1.amazonaws.com/id/ABC", "system:serviceaccount:web:app", Project),
            ("oidc.eks.eu-west-1.amazonaws.com/id/ABC", "system:serviceaccount:w*", Owner),
            ("oidc.eks.eu-west-1.amazonaws.com/id/ABC", "system:serviceaccount:*", Anybody),
            ("gitlab.acme.example", "project_path:*", Anybody),
            ("login.acme.example", "*", Anybody),
            ("login.acme.example", "user-*", Project),
            (
                "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
                "{ab}*",
                Project,
            ),
            (
                "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
                "{a*",
                Anybody,
            ),
        ] {
            assert_eq!(reach(issuer, pattern), expected, "{issuer} {pattern}");
        }
    }

    #[test]
    fn sts_maps_the_claims_that_say_whose_a_token_is() {
        let action = catalogue::action("sts:AssumeRoleWithWebIdentity").unwrap();
        for provider in PROVIDERS.iter().filter(|it| it.has_mapped_claims) {
            let issuer = provider.issuer.replace('*', "acme");
            for (claim, _) in provider.owner_claims {
                let key = format!("{issuer}:{claim}");
                let known = action.takes_key(&key) || catalogue::condition_key(&key).is_some();
                assert!(known, "{key}");
            }
        }
    }
}
