//! The principals of a Principal element (IAM User Guide, "AWS JSON policy elements: Principal").

use std::fmt;
use std::str::FromStr;

use super::canonical::{account_of_root, is_account};
use super::request::Caller;
use super::statement::{Effect, PrincipalType, Principals, Statement};

/// The way in which a policy names a caller, which decides what the policy grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// By its account. The account decides what its principals may do.
    Account,
    /// By the role of the session. The role's boundary limits this grant.
    Role,
    /// By itself, or as everyone.
    Direct,
}

impl Principals {
    /// Returns true if a statement with these principals applies to the caller. With NotPrincipal
    /// it applies to everybody who matches none of the names; "depending on the service", AWS may
    /// want the account to be named there, too.
    pub fn names(&self, caller: &Caller) -> bool {
        self.naming(caller).is_some()
    }

    /// Returns the most direct way in which they name the caller; `None` if they don't.
    ///
    /// An account in NotPrincipal excepts its root user alone: AWS "might validate the account
    /// first and then the user", and denies everyone but Bob where Bob and the root of his account
    /// are named (IAM User Guide, "`NotPrincipal`").
    pub(super) fn naming(&self, caller: &Caller) -> Option<Naming> {
        let nearest =
            self.names.iter().filter_map(|(kind, name)| naming(*kind, name, caller)).max();
        match (self.not, nearest) {
            (false, nearest) => nearest,
            (true, None | Some(Naming::Account)) => Some(Naming::Direct),
            (true, Some(Naming::Role | Naming::Direct)) => None,
        }
    }
}

impl PrincipalType {
    /// Returns the words for a name of this type: the name itself, or for `*` those for everybody
    /// of the type.
    pub fn label(self, name: &str) -> String {
        let of_type = match self {
            Self::Service => "every AWS service",
            Self::Federated => "every identity provider",
            Self::CanonicalUser => "every canonical user",
            Self::Everyone | Self::AWS => name,
        };
        if name == ANYBODY { of_type } else { name }.to_owned()
    }
}

/// The name of everybody of a type: "you can use a wildcard (*)" as the whole name. `{"AWS": "*"}`
/// is everyone, also without credentials, and is compiled to that (IAM User Guide, "AWS JSON policy
/// elements: Principal", "All principals").
pub(super) const ANYBODY: &str = "*";

/// A principal that `NotPrincipal` should name beside one that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingException {
    /// The role of a session.
    Role,
    /// The account.
    Account,
}

impl fmt::Display for MissingException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role => "its role",
            Self::Account => "its account",
        })
    }
}

impl Statement {
    /// Returns the principals that a Deny with `NotPrincipal` doesn't except, though it excepts the
    /// caller, and that AWS may check before the caller: "When you use `NotPrincipal` with Deny,
    /// you must also specify the account ARN of the not-denied principal. Otherwise, the policy
    /// might deny access to the entire account containing the principal", and for a session both
    /// its role and its account (IAM User Guide, "`NotPrincipal`").
    pub fn missing_exceptions(&self, caller: &Caller) -> Vec<MissingException> {
        let denying = self.principals.as_ref().filter(|it| it.not && self.effect == Effect::Deny);
        let (Some(principals), Some(account)) = (denying, caller.account()) else {
            return Vec::new();
        };
        let excepts = |caller: &Caller| !principals.names(caller);
        if !excepts(caller) {
            return Vec::new();
        }
        let is_session = matches!(caller.entity(), Some(PrincipalEntity::Session(_)));
        let role = caller.name.rsplit_once('/').filter(|_| is_session);
        let another_session = role.map(|(role, _)| Caller::aws(format!("{role}/-")));
        let role = another_session.filter(|it| !excepts(it)).map(|_| MissingException::Role);
        let whole = Caller::aws(account);
        let account = (!excepts(&whole)).then_some(MissingException::Account);
        role.into_iter().chain(account).collect()
    }
}

fn naming(kind: PrincipalType, name: &str, caller: &Caller) -> Option<Naming> {
    if kind == PrincipalType::Everyone {
        return Some(Naming::Direct);
    }
    if kind != caller.kind {
        return None;
    }
    if kind != PrincipalType::AWS {
        return (name == ANYBODY || name == caller.name).then_some(Naming::Direct);
    }
    if let Some(account) = whole_account(name) {
        let is_root = whole_account(&caller.name) == Some(account);
        let naming = if is_root { Naming::Direct } else { Naming::Account };
        return (caller.account() == Some(account)).then_some(naming);
    }
    let is_role = matches!(caller.entity(), Some(PrincipalEntity::Role(_)));
    if name == caller.name {
        return Some(if is_role { Naming::Role } else { Naming::Direct });
    }
    made_with(&caller.name, name).then_some(Naming::Role)
}

/// Returns the account of an account id, or of the ARN of its root in any partition.
pub(super) fn whole_account(name: &str) -> Option<&str> {
    if is_account(name) { Some(name) } else { account_of_root(name) }
}

/// Returns the account of an ARN, or the account id itself.
pub(super) fn account_of(name: &str) -> Option<&str> {
    if is_account(name) {
        Some(name)
    } else {
        name.split(':').nth(4).filter(|account| is_account(account))
    }
}

/// Tells if the session is one of the role. The ARN of a session has the role's name without its
/// path.
fn made_with(session: &str, role: &str) -> bool {
    let (session, role): (Vec<_>, Vec<_>) =
        (session.splitn(6, ':').collect(), role.splitn(6, ':').collect());
    let ["arn", partition, "sts", "", account, session] = session[..] else { return false };
    let ["arn", other_partition, "iam", "", other_account, role] = role[..] else { return false };
    let session = session.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
    let role = role.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    partition == other_partition
        && account == other_account
        && session.is_some_and(|(name, _)| Some(name) == role)
}

/// The kind of an AWS principal, by its ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrincipalEntity<'a> {
    /// The whole account, or its root user.
    Root,
    /// A user, with its name without its path.
    User(&'a str),
    /// A role, with the text after `role/`.
    Role(&'a str),
    /// A session of the role of this name.
    Session(&'a str),
    /// A session of `GetFederationToken`, with the name that its caller chose.
    Federated(&'a str),
}

impl Caller {
    /// Returns the account of an AWS principal; `None` for other types.
    pub fn account(&self) -> Option<&str> {
        if self.kind != PrincipalType::AWS {
            return None;
        }
        account_of(&self.name)
    }

    pub(super) fn entity(&self) -> Option<PrincipalEntity<'_>> {
        if self.kind != PrincipalType::AWS {
            return None;
        }
        if whole_account(&self.name).is_some() {
            return Some(PrincipalEntity::Root);
        }
        let parts: Vec<_> = self.name.splitn(6, ':').collect();
        let ["arn", _, service, "", _, resource] = parts[..] else { return None };
        let (kind, rest) = resource.split_once('/')?;
        let name = rest.rsplit('/').next().filter(|name| !name.is_empty())?;
        match (service, kind) {
            ("iam", "user") => Some(PrincipalEntity::User(name)),
            ("iam", "role") => Some(PrincipalEntity::Role(rest)),
            ("sts", "assumed-role") => {
                rest.split_once('/').map(|(role, _)| PrincipalEntity::Session(role))
            }
            ("sts", "federated-user") => Some(PrincipalEntity::Federated(rest)),
            _ => None,
        }
    }
}

/// The error of a text that names no possible caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCaller {
    /// The name of a group.
    #[error("groups don't ask: their users do")]
    Group,
    /// A session without its name.
    #[error(
        "a session is named by its role and its own name: \
            arn:aws:sts::<account>:assumed-role/<role>/<session>"
    )]
    Session,
    /// No form of a principal.
    #[error(
        "this names nobody: write the ARN of a user, role or session, an account id, a service \
            such as lambda.amazonaws.com, an identity provider, or * for an anonymous caller"
    )]
    Unknown,
}

/// Parses a caller by the form of its name, as it stands in a Principal element.
impl FromStr for Caller {
    type Err = NoCaller;

    fn from_str(text: &str) -> Result<Self, NoCaller> {
        let of = |kind| Ok(Self { kind, name: text.to_owned() });
        let is_provider =
            |part: &str| part.starts_with("saml-provider/") || part.starts_with("oidc-provider/");
        match text.splitn(6, ':').nth(5) {
            _ if text == "*" => of(PrincipalType::Everyone),
            _ if WEB_IDENTITIES.contains(&text) => of(PrincipalType::Federated),
            Some(part) if part.starts_with("group/") => Err(NoCaller::Group),
            Some(part) if is_provider(part) => of(PrincipalType::Federated),
            _ if Self::aws(text).entity().is_some() && Self::aws(text).account().is_some() => {
                of(PrincipalType::AWS)
            }
            Some(part) if part.starts_with("assumed-role/") => Err(NoCaller::Session),
            None if is_service(text) => of(PrincipalType::Service),
            None if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                of(PrincipalType::CanonicalUser)
            }
            _ => Err(NoCaller::Unknown),
        }
    }
}

/// Providers that AWS knows by name (IAM User Guide, "OIDC federated principals").
const WEB_IDENTITIES: &[&str] = &[
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// Tells if a text is the name of a service: `lambda.amazonaws.com`, `ec2.amazonaws.com.cn`,
/// `delivery.logs.amazonaws.com`.
fn is_service(text: &str) -> bool {
    let known = text.ends_with(".amazonaws.com")
        || text.ends_with(".amazonaws.com.cn")
        || text.ends_with(".aws.internal");
    known && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principals(not: bool, names: &[(PrincipalType, &str)]) -> Principals {
        Principals {
            not,
            names: names.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect(),
        }
    }

    const USER: &str = "arn:aws:iam::123456789012:user/team/ada";
    const ROLE: &str = "arn:aws:iam::123456789012:role/path/ops";
    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/ops/ada";

    #[test]
    fn callers_are_named_by_themselves_their_role_or_their_account() {
        use Naming::{Account, Direct, Role};
        use PrincipalType::AWS;
        let table = [
            (AWS, USER, USER, Some(Direct)),
            (AWS, "123456789012", USER, Some(Account)),
            (AWS, "arn:aws-cn:iam::123456789012:root", USER, Some(Account)),
            (AWS, "999999999999", USER, None),
            (AWS, "arn:aws:iam::123456789012:user/ada", USER, None),
            (AWS, "123456789012", "arn:aws:iam::123456789012:root", Some(Direct)),
            (AWS, "arn:aws:iam::123456789012:root", "123456789012", Some(Direct)),
            (AWS, ROLE, ROLE, Some(Role)),
            (AWS, ROLE, SESSION, Some(Role)),
            (AWS, SESSION, SESSION, Some(Direct)),
            (AWS, SESSION, ROLE, None),
            (AWS, ROLE, "arn:aws:sts::123456789012:assumed-role/ops2/ada", None),
            (AWS, ROLE, "arn:aws:sts::999999999999:assumed-role/ops/ada", None),
            (AWS, ROLE, "arn:aws-cn:sts::123456789012:assumed-role/ops/ada", None),
            (AWS, "123456789012", SESSION, Some(Account)),
            (PrincipalType::Everyone, "*", USER, Some(Direct)),
            (PrincipalType::Service, USER, USER, None),
        ];
        for (kind, name, caller, expected) in table {
            assert_eq!(
                principals(false, &[(kind, name)]).naming(&Caller::aws(caller)),
                expected,
                "{name} {caller}"
            );
        }
        let both = principals(false, &[(AWS, "123456789012"), (AWS, USER)]);
        assert_eq!(both.naming(&Caller::aws(USER)), Some(Direct), "the nearest counts");
    }

    #[test]
    fn other_types_are_named_as_they_are_spelt() {
        let lambda = Caller::service("lambda.amazonaws.com");
        let anonymous = Caller { kind: PrincipalType::Everyone, name: "*".to_owned() };
        let canonical =
            Caller { kind: PrincipalType::CanonicalUser, name: "79a59df900b949e5".to_owned() };
        let google =
            Caller { kind: PrincipalType::Federated, name: "accounts.google.com".to_owned() };
        for caller in [&lambda, &canonical, &google] {
            assert!(principals(false, &[(caller.kind, &caller.name)]).names(caller));
            assert!(!principals(false, &[(caller.kind, "other")]).names(caller));
            assert!(!principals(false, &[(PrincipalType::AWS, &caller.name)]).names(caller));
            assert!(principals(false, &[(PrincipalType::Everyone, "*")]).names(caller));
        }
        assert!(principals(false, &[(PrincipalType::Everyone, "*")]).names(&anonymous));
        assert!(!principals(false, &[(PrincipalType::AWS, "123456789012")]).names(&anonymous));
    }

    #[test]
    fn a_star_is_everybody_of_its_type() {
        use PrincipalType::{AWS, CanonicalUser, Everyone, Federated, Service};
        let callers = [
            Caller::aws(USER),
            Caller::service("lambda.amazonaws.com"),
            Caller { kind: Federated, name: "accounts.google.com".to_owned() },
            Caller { kind: CanonicalUser, name: "79a59df900b949e5".to_owned() },
            Caller { kind: Everyone, name: "*".to_owned() },
        ];
        for kind in [Service, Federated, CanonicalUser] {
            for caller in &callers {
                let is_of_type = caller.kind == kind;
                assert_eq!(principals(false, &[(kind, "*")]).names(caller), is_of_type);
                assert_eq!(principals(true, &[(kind, "*")]).names(caller), !is_of_type);
            }
        }
        for caller in &callers {
            assert!(principals(false, &[(Everyone, "*")]).names(caller));
            assert!(!principals(true, &[(Everyone, "*")]).names(caller));
            // Only a whole name is a wildcard.
            assert!(!principals(false, &[(AWS, "arn:aws:iam::123456789012:*")]).names(caller));
        }
    }

    #[test]
    fn not_principal_means_everybody_else() {
        let others = principals(
            true,
            &[(PrincipalType::AWS, ROLE), (PrincipalType::Service, "lambda.amazonaws.com")],
        );
        assert!(!others.names(&Caller::aws(ROLE)));
        assert!(!others.names(&Caller::aws(SESSION)));
        assert!(!others.names(&Caller::service("lambda.amazonaws.com")));
        assert!(others.names(&Caller::aws(USER)));
        assert!(others.names(&Caller { kind: PrincipalType::Everyone, name: "*".to_owned() }));
    }

    #[test]
    fn an_account_that_is_excepted_is_its_root_user_alone() {
        // IAM User Guide, "NotPrincipal": with Bob and the root of his account excepted, "all
        // principals except the user named Bob" are denied.
        let but_account =
            principals(true, &[(PrincipalType::AWS, "123456789012"), (PrincipalType::AWS, ROLE)]);
        assert!(but_account.names(&Caller::aws(USER)));
        assert!(!but_account.names(&Caller::aws("arn:aws:iam::123456789012:root")));
        assert!(!but_account.names(&Caller::aws(ROLE)));
        assert!(!but_account.names(&Caller::aws(SESSION)));
    }

    #[test]
    fn an_arn_says_what_its_principal_is() {
        let entity = |name: &str| format!("{:?}", Caller::aws(name).entity());
        assert_eq!(entity(USER), "Some(User(\"ada\"))");
        assert_eq!(entity(ROLE), "Some(Role(\"path/ops\"))");
        assert_eq!(entity(SESSION), "Some(Session(\"ops\"))");
        assert_eq!(entity("arn:aws:sts::123456789012:federated-user/x"), "Some(Federated(\"x\"))");
        assert_eq!(entity("123456789012"), "Some(Root)");
        assert_eq!(entity("arn:aws:iam::123456789012:group/x"), "None");
        assert_eq!(entity("ada"), "None");
        assert_eq!(Caller::aws(SESSION).account(), Some("123456789012"));
        assert_eq!(Caller::service("123456789012").account(), None);
    }

    #[test]
    fn callers_are_told_by_the_form_of_their_names() {
        use PrincipalType::{AWS, CanonicalUser, Everyone, Federated, Service};
        let canonical = "79a59df900b949e5".repeat(4);
        let table = [
            (USER, Ok(AWS)),
            (ROLE, Ok(AWS)),
            (SESSION, Ok(AWS)),
            ("123456789012", Ok(AWS)),
            ("arn:aws:iam::123456789012:root", Ok(AWS)),
            ("*", Ok(Everyone)),
            ("lambda.amazonaws.com", Ok(Service)),
            ("ec2.amazonaws.com.cn", Ok(Service)),
            ("cognito-identity.amazonaws.com", Ok(Federated)),
            ("accounts.google.com", Ok(Federated)),
            (
                "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
                Ok(Federated),
            ),
            (&canonical, Ok(CanonicalUser)),
            ("arn:aws:iam::123456789012:group/ops", Err(NoCaller::Group)),
            ("arn:aws:sts::123456789012:federated-user/bob", Ok(AWS)),
            ("arn:aws:iam::123:user/ada", Err(NoCaller::Unknown)),
            ("arn:aws:iam::123456789012:user/", Err(NoCaller::Unknown)),
            ("arn:aws:iam::123456789012:user/team/", Err(NoCaller::Unknown)),
            ("arn:aws:iam::123456789012:role/", Err(NoCaller::Unknown)),
            ("arn:aws:sts::123456789012:assumed-role/ops", Err(NoCaller::Session)),
            ("arn:aws:sts::123456789012:assumed-role/ops/", Err(NoCaller::Session)),
            ("arn:aws:s3::123456789012:user/ada", Err(NoCaller::Unknown)),
            ("arn:aws:s3:::bucket", Err(NoCaller::Unknown)),
            ("ada", Err(NoCaller::Unknown)),
            ("", Err(NoCaller::Unknown)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Caller>().map(|caller| caller.kind), expected, "{text}");
        }
    }
}
