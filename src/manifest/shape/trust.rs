//! The shape of a trust policy.

use schemars::JsonSchema;

use crate::manifest::decode::{Decode, DocumentForm, ExpandedText, Flag, Located, shape};
use crate::manifest::node::{Node, NodeContent};
use crate::manifest::scope::DecodeScope;

/// Principals that may assume a role.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Trust {
    Who(Box<Trusted>),
    Document(DocumentForm),
}

shape! {
    /// The short form of a trust policy: all of these may assume the role.
    "a short trust policy" Trusted {
        /// AWS services, for example lambda.amazonaws.com.
        services: Vec<ExpandedText>,
        /// AWS accounts, twelve digits in quotes.
        accounts: Vec<ExpandedText>,
        /// Users of this manifest, or ARNs.
        users: Vec<ExpandedText>,
        /// Roles of this manifest, or ARNs.
        roles: Vec<ExpandedText>,
        /// The external id that `accounts`, `users` and `roles` have to give, 2 to 1224 characters.
        #[schemars(example = &"relay-4711")]
        external_id: ExpandedText,
        /// Demands that `accounts`, `users` and `roles` have signed in with MFA.
        mfa: Flag,
        /// Lets all of these give tags to their sessions (sts:TagSession).
        tag_session: Flag,
        /// Workflows of GitHub Actions.
        github: Vec<Located<TrustedGithub>>,
        /// Jobs of GitLab CI/CD.
        gitlab: Vec<Located<TrustedGitlab>>,
        /// Service accounts of EKS clusters.
        eks: Vec<Located<TrustedEks>>,
        /// Users of any OIDC provider.
        oidc: Vec<Located<TrustedOidc>>,
        /// Users of a SAML provider.
        saml: Vec<Located<TrustedSaml>>,
    }
}

shape! {
    /// The workflows of a repository: exactly one of branch, tag, ref, environment, pull_request
    /// and subject says which.
    "a github entry" TrustedGithub {
        /// OWNER/REPOSITORY, or OWNER@ID/REPOSITORY@ID where GitHub writes the ids into subjects.
        #[schemars(example = &"acme/web", example = &"acme@123456/web@456789")]
        repository: ExpandedText,
        /// Workflows that run for the branch, and use no environment.
        #[schemars(example = &"main", example = &"release/*")]
        branch: ExpandedText,
        /// Workflows that run for the tag, and use no environment.
        #[schemars(example = &"v*")]
        tag: ExpandedText,
        /// Workflows that run for the ref, and use no environment.
        #[schemars(example = &"refs/heads/main")]
        r#ref: ExpandedText,
        /// Jobs that use the environment.
        #[schemars(example = &"production")]
        environment: ExpandedText,
        /// Workflows that run for pull requests.
        pull_request: Flag,
        /// The rest of the subject after the repository; `*` for all workflows of the repository.
        #[schemars(example = &"*")]
        subject: ExpandedText,
        /// The audience of the token; sts.amazonaws.com unless said otherwise.
        audience: ExpandedText,
        /// The OIDC provider, HOST[/PATH] or an ARN; token.actions.githubusercontent.com unless
        /// said otherwise.
        provider: ExpandedText,
    }
}

shape! {
    /// The jobs of a project: exactly one of branch, tag, ref and subject says which.
    "a gitlab entry" TrustedGitlab {
        /// GROUP/PROJECT, with the groups between them.
        #[schemars(example = &"acme/web")]
        project: ExpandedText,
        /// Jobs that run for the branch.
        #[schemars(example = &"main", example = &"release/*")]
        branch: ExpandedText,
        /// Jobs that run for the tag.
        #[schemars(example = &"v*")]
        tag: ExpandedText,
        /// Jobs that run for the ref: refs/heads/BRANCH or refs/tags/TAG.
        #[schemars(example = &"refs/heads/main")]
        r#ref: ExpandedText,
        /// The rest of the subject after the project; `*` for all jobs of the project.
        #[schemars(example = &"*")]
        subject: ExpandedText,
        /// The audience of the token; the provider's address, such as https://gitlab.com, unless
        /// said otherwise.
        audience: ExpandedText,
        /// The OIDC provider, HOST[/PATH] or an ARN; gitlab.com unless said otherwise.
        provider: ExpandedText,
    }
}

shape! {
    /// Service accounts of an EKS cluster.
    "an eks entry" TrustedEks {
        /// The cluster's OIDC provider, HOST/PATH or an ARN.
        #[schemars(example = &"oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF01234567")]
        provider: ExpandedText,
        /// The namespace.
        #[schemars(example = &"default")]
        namespace: ExpandedText,
        /// The service account.
        #[schemars(example = &"web")]
        service_account: ExpandedText,
        /// The audience of the token; sts.amazonaws.com unless said otherwise.
        audience: ExpandedText,
    }
}

shape! {
    /// Users of an OIDC provider.
    "an oidc entry" TrustedOidc {
        /// The OIDC provider, HOST[/PATH] or an ARN.
        #[schemars(example = &"accounts.google.com")]
        provider: ExpandedText,
        /// The subjects of the tokens, also with `*` and `?` in them; `*` for everybody.
        subjects: Vec<ExpandedText>,
        /// The audiences of the tokens, which are client ids.
        audiences: Vec<ExpandedText>,
    }
}

shape! {
    /// Users of a SAML provider, who sign in through AWS's sign-in endpoint.
    "a saml entry" TrustedSaml {
        /// The SAML provider, by its name or its ARN.
        #[schemars(example = &"corp")]
        provider: ExpandedText,
        /// Regions through whose sign-in endpoints they may sign in, too.
        #[schemars(example = ["eu-west-1"])]
        regions: Vec<ExpandedText>,
    }
}

impl Decode for Trust {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        const OF_DOCUMENTS: [&str; 3] = ["Statement", "Version", "Id"];
        let full = |key: &str| OF_DOCUMENTS.iter().any(|known| known.eq_ignore_ascii_case(key));
        match &node.content {
            NodeContent::Map(entries) if !entries.iter().any(|entry| full(&entry.key)) => {
                Trusted::decode(node, scope).map(|who| Self::Who(Box::new(who)))
            }
            NodeContent::Plain(_)
            | NodeContent::Text(_)
            | NodeContent::List(_)
            | NodeContent::Map(_) => DocumentForm::decode(node, scope).map(Self::Document),
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}
