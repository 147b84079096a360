//! Decides one request after another, by what the IAM User Guide says and by no more: its pages
//! "AWS JSON policy elements: Principal", "Policy evaluation logic" and the pages below that one.
//! It shares nothing with the program but the type of a request, and it isn't clever.

use iam_policy::decision::Verdict;
use iam_policy::request::{Caller, Request};
use iam_policy::statement::PrincipalType;

use super::condition::holds;
use super::document::{Document, Layers, List, Principals, Statement};
use super::pattern::{action_matches, resource_matches};
use super::request::{Circumstances, Who};

/// The ways in which a principal element matches a caller, from far to near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// "The account can delegate": it is for the account to allow it to its own.
    Account,
    /// The ARN of a role, for the role and its sessions: within their boundary.
    Role,
    Itself,
}

/// Decides a request as the comparison understands sets: each layer allows it, and none denies it.
pub fn allows(layers: &Layers, request: &Request) -> bool {
    let circumstances = Circumstances::of(request);
    let say = |layer: &[Document], allow: bool| {
        let statements = layer
            .iter()
            .flat_map(|document| document.statements.iter().map(move |it| (document, it)));
        let mut said = statements.filter(|(_, statement)| statement.allow == allow);
        said.any(|(document, statement)| {
            let named = statement
                .principals
                .as_ref()
                .is_none_or(|it| it.naming(&request.principal).is_some());
            named && applies(document, statement, request, &circumstances)
        })
    };
    !layers.is_empty()
        && layers.iter().all(|layer| say(layer, true))
        && !layers.iter().any(|layer| say(layer, false))
}

/// Everything about a statement but its principals.
fn applies(
    document: &Document,
    statement: &Statement,
    request: &Request,
    circumstances: &Circumstances,
) -> bool {
    let filling = document.variables.then_some(circumstances);
    let resource = |pattern: &str| resource_matches(pattern, &request.resource, filling);
    statement.actions.has(|pattern| action_matches(pattern, &request.action))
        && statement.resources.as_ref().is_none_or(|list| list.has(resource))
        && statement.tests.iter().all(|test| holds(test, circumstances, document.variables))
}

impl List {
    pub fn has(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.items.iter().any(|item| matches(item)) != self.not
    }
}

impl Principals {
    /// In NotPrincipal an account excepts its root user and not all that is in it: with Bob and the
    /// root of his account excepted, "all principals except the user named Bob" are denied.
    pub fn naming(&self, caller: &Caller) -> Option<Naming> {
        let nearest = self.names.iter().filter_map(|(kind, name)| naming(kind, name, caller)).max();
        match nearest {
            nearest if !self.not => nearest,
            None | Some(Naming::Account) => Some(Naming::Itself),
            Some(Naming::Role | Naming::Itself) => None,
        }
    }
}

fn naming(kind: &str, name: &str, caller: &Caller) -> Option<Naming> {
    match (kind, caller.kind) {
        ("AWS", _) if name == "*" => Some(Naming::Itself),
        ("AWS", PrincipalType::AWS) => {
            let (named, who) = (Who::of(name), Who::of(&caller.name));
            if named.account != who.account {
                None
            } else if named.path == "root" {
                Some(if who.path == "root" { Naming::Itself } else { Naming::Account })
            } else if who.partition != named.partition {
                None
            } else if let Some(role) = named.path.strip_prefix("role/") {
                let session = format!("assumed-role/{role}/");
                (who.path == named.path || who.path.starts_with(&session)).then_some(Naming::Role)
            } else {
                (who.path == named.path).then_some(Naming::Itself)
            }
        }
        ("Service", PrincipalType::Service)
        | ("Federated", PrincipalType::Federated)
        | ("CanonicalUser", PrincipalType::CanonicalUser) => {
            (name == "*" || name == caller.name).then_some(Naming::Itself)
        }
        _ => None,
    }
}

/// All kinds of policies that have a say in a request.
#[derive(Clone, Debug, Default)]
pub struct Everything {
    pub identity: Vec<Document>,
    pub boundary: Option<Document>,
    pub session: Option<Vec<Document>>,
    /// By level, from the root of the organization to the account of the caller.
    pub service_control: Vec<Vec<Document>>,
    /// Besides RCPFullAWSAccess.
    pub resource_control: Vec<Document>,
    pub resource: Option<Document>,
}

/// The verdict of policies of one kind on one request.
struct Said {
    denied: bool,
    /// The nearest way in which an Allow speaks of the caller.
    allowed: Option<Naming>,
}

impl Everything {
    pub fn decide(&self, request: &Request) -> Verdict {
        let caller = &request.principal;
        let is_aws = caller.kind == PrincipalType::AWS;
        if needs_no_permission(request) {
            return Verdict::Allowed;
        }
        let circumstances = Circumstances::of(request);
        // What hangs on the caller speaks of the caller; and only users and roles hold policies.
        let attached = |documents: &[Document]| {
            said(documents, |document, statement| {
                (is_aws && applies(document, statement, request, &circumstances))
                    .then_some(Naming::Itself)
            })
        };
        let identity = attached(&self.identity);
        let boundary =
            self.boundary.as_ref().filter(|_| is_aws).map(|it| attached(std::slice::from_ref(it)));
        let session = self.session.as_ref().filter(|_| is_session(caller)).map(|it| attached(it));
        let levels = self.service_control.iter().filter(|_| is_aws).map(|it| attached(it));
        let levels: Vec<Said> = levels.collect();
        let resource =
            self.resource.as_ref().map(|it| at_resource(it, request, boundary.is_some()));
        let guards = self.resource_control.iter().map(|it| at_resource(it, request, false));
        let guarded = guards.filter(|_| is_guarded(&request.action)).any(|said| said.denied);
        let layers = [Some(&identity), boundary.as_ref(), session.as_ref(), resource.as_ref()];
        if guarded || layers.into_iter().flatten().chain(&levels).any(|said| said.denied) {
            return Verdict::ExplicitDeny;
        }
        let allows = |limit: Option<Said>| limit.is_none_or(|said| said.allowed.is_some());
        // "If you do not pass a policy, the resulting federated user session has no permissions."
        let lacks_session = session.is_none() && is_aws && is_federated_user(caller);
        let within = allows(boundary) && allows(session) && !lacks_session;
        let is_root = is_aws && Who::of(&caller.name).path == "root";
        let held = is_aws && (is_root || identity.allowed.is_some()) && within;
        let foreign = is_aws && is_foreign(request, &circumstances);
        let takes_role = request.action.to_ascii_lowercase().starts_with("sts:assumerole");
        let takes_key = request.action == "kms:Decrypt" && request.resource == "*";
        let open = resource.is_none() && is_aws && (foreign || takes_role || takes_key);
        let allowed = match resource {
            None => held && !(foreign && has_no_policy(request)),
            Some(said) if !is_aws => said.allowed.is_some(),
            Some(said) if foreign => held && said.allowed.is_some(),
            Some(said) => match said.allowed {
                Some(Naming::Itself) => true,
                Some(Naming::Role) => within,
                Some(Naming::Account) => held,
                None => held && !resource_must_allow(&request.action),
            },
        };
        if !allowed || !may_call(request) || levels.iter().any(|level| level.allowed.is_none()) {
            Verdict::ImplicitDeny
        } else if open {
            Verdict::NeedsResourcePolicy
        } else {
            Verdict::Allowed
        }
    }
}

/// "No permissions are required" for these.
fn needs_no_permission(request: &Request) -> bool {
    let caller = &request.principal;
    let path = Who::of(&caller.name).path;
    caller.kind == PrincipalType::AWS
        && match request.action.to_ascii_lowercase().as_str() {
            "sts:getcalleridentity" => true,
            "sts:getsessiontoken" => path == "root" || path.starts_with("user/"),
            _ => false,
        }
}

/// Tells if credentials of the caller's kind are any good for the action, by the table of "Compare
/// AWS STS credentials": "Who can call" and "Restrictions on resulting temporary credentials".
pub fn may_call(request: &Request) -> bool {
    let action = request.action.to_ascii_lowercase();
    let who = match request.principal.kind {
        PrincipalType::AWS => Who::of(&request.principal.name).path.split('/').next(),
        PrincipalType::Everyone | PrincipalType::Federated => Some("nobody"),
        PrincipalType::Service | PrincipalType::CanonicalUser => None,
    };
    match who {
        Some("root" | "nobody") => action != "sts:assumerole",
        Some("role" | "assumed-role") => {
            action != "sts:getsessiontoken" && action != "sts:getfederationtoken"
        }
        Some("federated-user") => {
            action == "iam:passrole" || !(action.starts_with("iam:") || action.starts_with("sts:"))
        }
        _ => true,
    }
}

/// Of the resources of IAM only roles have a policy, and that is about actions of STS.
fn has_no_policy(request: &Request) -> bool {
    request.action.to_ascii_lowercase().starts_with("iam:")
        && request.resource.starts_with("arn:aws:iam:")
}

fn at_resource(policy: &Document, request: &Request, bounded: bool) -> Said {
    let circumstances = Circumstances::of(request);
    said(std::slice::from_ref(policy), |document, statement| {
        let principals = statement.principals.as_ref()?;
        // "NotPrincipal … with a Deny effect will always deny any IAM principal that has a
        // permissions boundary".
        let always = principals.not && !statement.allow && bounded;
        let naming =
            if always { Some(Naming::Itself) } else { principals.naming(&request.principal) };
        naming.filter(|_| applies(document, statement, request, &circumstances))
    })
}

/// Session policies are passed to sessions of roles and of federated users.
fn is_session(caller: &Caller) -> bool {
    let path = Who::of(&caller.name).path;
    caller.kind == PrincipalType::AWS
        && ["role/", "assumed-role/", "federated-user/"].iter().any(|kind| path.starts_with(kind))
}

fn is_federated_user(caller: &Caller) -> bool {
    Who::of(&caller.name).path.starts_with("federated-user/")
}

/// Resource control policies apply to the resources of some services.
fn is_guarded(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    ["s3:", "sts:", "kms:"].iter().any(|service| action.starts_with(service))
}

fn said(documents: &[Document], says: impl Fn(&Document, &Statement) -> Option<Naming>) -> Said {
    let mut said = Said { denied: false, allowed: None };
    for document in documents {
        for statement in &document.statements {
            match says(document, statement) {
                Some(_) if !statement.allow => said.denied = true,
                Some(naming) => said.allowed = said.allowed.max(Some(naming)),
                None => {}
            }
        }
    }
    said
}

/// Tells a resource of another account than the caller's. Both accounts must allow the request
/// then.
fn is_foreign(request: &Request, circumstances: &Circumstances) -> bool {
    let said = circumstances.values("aws:ResourceAccount").first().map(String::as_str);
    let named = request.resource.split(':').nth(4).filter(|account| account.len() == 12);
    let account = Who::of(&request.principal.name).account;
    said.or(named).is_some_and(|owner| owner != account)
}

/// A role's trust policy and a key's policy must say it, even to their own account.
fn resource_must_allow(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "kms:"]
        .iter()
        .any(|start| action.starts_with(start))
}
