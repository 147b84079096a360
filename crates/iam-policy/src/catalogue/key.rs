//! Condition keys and the types of their values.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::nearest::nearest;
use super::text;
use super::value_type::ValueType;
use crate::pattern::action_matches;

/// A key that conditions can test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionKey {
    /// The name as AWS prints it: `aws:RequestTag/${TagKey}` for every key of that form.
    pub name: &'static str,
    /// The type of its values.
    pub value: ValueType,
    /// True if requests of any service may have the key.
    pub global: bool,
}

/// The global keys: "AWS global condition context keys" in the IAM User Guide, with the
/// cross-service keys named there. The Service Authorization Reference has only the three about
/// tags. Two more stand in AWS's managed policies alone.
const GLOBAL: &[(&str, ValueType)] = &[
    ("aws:AssumedRoot", ValueType::Bool),
    ("aws:CalledVia", ValueType::ArrayOfString),
    ("aws:CalledViaAWSMCP", ValueType::String),
    ("aws:CalledViaFirst", ValueType::String),
    ("aws:CalledViaLast", ValueType::String),
    ("aws:ChatbotSourceArn", ValueType::Arn),
    ("aws:CurrentTime", ValueType::Date),
    ("aws:Ec2InstanceSourcePrivateIPv4", ValueType::IpAddress),
    ("aws:Ec2InstanceSourceVpc", ValueType::String),
    // Date operators also compare this key: they take both forms.
    ("aws:EpochTime", ValueType::Numeric),
    ("aws:FederatedProvider", ValueType::Arn),
    // Of AWSMcpServiceActionsFullAccess.
    ("aws:IsMcpServiceAction", ValueType::Bool),
    ("aws:MultiFactorAuthAge", ValueType::Numeric),
    ("aws:MultiFactorAuthPresent", ValueType::Bool),
    ("aws:PrincipalAccount", ValueType::String),
    ("aws:PrincipalArn", ValueType::Arn),
    ("aws:PrincipalIsAWSService", ValueType::Bool),
    ("aws:PrincipalOrgID", ValueType::String),
    // Of AWSSSOServiceRolePolicy.
    ("aws:PrincipalOrgMasterAccountId", ValueType::String),
    ("aws:PrincipalOrgPaths", ValueType::ArrayOfString),
    ("aws:PrincipalServiceName", ValueType::String),
    ("aws:PrincipalServiceNamesList", ValueType::ArrayOfString),
    ("aws:PrincipalTag/${TagKey}", ValueType::String),
    ("aws:PrincipalType", ValueType::String),
    ("aws:Referer", ValueType::String),
    ("aws:RequestTag/${TagKey}", ValueType::String),
    ("aws:RequestedRegion", ValueType::String),
    ("aws:ResourceAccount", ValueType::String),
    ("aws:ResourceOrgID", ValueType::String),
    ("aws:ResourceOrgPaths", ValueType::ArrayOfString),
    ("aws:ResourceTag/${TagKey}", ValueType::String),
    ("aws:SecureTransport", ValueType::Bool),
    ("aws:SignInSessionArn", ValueType::Arn),
    ("aws:SourceAccount", ValueType::String),
    ("aws:SourceArn", ValueType::Arn),
    ("aws:SourceIdentity", ValueType::String),
    ("aws:SourceIp", ValueType::IpAddress),
    ("aws:SourceOrgID", ValueType::String),
    ("aws:SourceOrgPaths", ValueType::ArrayOfString),
    ("aws:SourceOwner", ValueType::String),
    ("aws:SourceVpc", ValueType::String),
    ("aws:SourceVpcArn", ValueType::Arn),
    ("aws:SourceVpce", ValueType::String),
    ("aws:TagKeys", ValueType::ArrayOfString),
    ("aws:TokenIssueTime", ValueType::Date),
    ("aws:UserAgent", ValueType::String),
    ("aws:ViaAWSMCPService", ValueType::Bool),
    ("aws:ViaAWSService", ValueType::Bool),
    ("aws:VpcSourceIp", ValueType::IpAddress),
    ("aws:VpceAccount", ValueType::String),
    ("aws:VpceOrgID", ValueType::String),
    ("aws:VpceOrgPaths", ValueType::ArrayOfString),
    ("aws:userid", ValueType::String),
    ("aws:username", ValueType::String),
    ("codebuild:BuildArn", ValueType::Arn),
    ("codebuild:ProjectArn", ValueType::Arn),
    ("ec2:RoleDelivery", ValueType::Numeric),
    ("ec2:SourceInstanceArn", ValueType::Arn),
    ("glue:CredentialIssuingService", ValueType::String),
    ("glue:RoleAssumedBy", ValueType::String),
    ("identitystore:UserId", ValueType::String),
    ("lambda:SourceFunctionArn", ValueType::Arn),
    ("ssm:SourceInstanceArn", ValueType::Arn),
];

/// The claims of OIDC tokens that are condition keys: "Available keys for AWS OIDC federation" in
/// the IAM User Guide. These claims of any provider's token are keys, with the provider's address
/// before the colon. STS also lists the claims of a few providers.
const CLAIMS: &[(&str, &str, ValueType)] = &[
    ("amr", "${Provider}:amr", ValueType::ArrayOfString),
    ("aud", "${Provider}:aud", ValueType::String),
    ("email", "${Provider}:email", ValueType::String),
    ("oaud", "${Provider}:oaud", ValueType::String),
    ("sub", "${Provider}:sub", ValueType::String),
];

/// The keys that the Service Authorization Reference lists as having one value, and that the IAM
/// User Guide calls multivalued ("Available keys for AWS OIDC federation").
pub(super) const MULTIVALUED: &[&str] = &["cognito-identity.amazonaws.com:amr"];

/// Returns the condition key of that name in any case: a global key, one that a service lists, or a
/// claim of an OIDC provider. `None` for any other name.
pub fn condition_key(name: &str) -> Option<ConditionKey> {
    // Some keys are listed only by services other than the one in their name.
    let found = global().find(name).or_else(|| own(name)).or_else(|| all().find(name));
    let found = found.or_else(|| claim(name))?;
    let several = MULTIVALUED.iter().any(|key| key.eq_ignore_ascii_case(name));
    Some(ConditionKey {
        value: if several { ValueType::ArrayOfString } else { found.value },
        ..found
    })
}

/// Returns the key nearest to one that doesn't exist, among those with the same prefix.
///
/// ```
/// use iam_policy::catalogue::nearest_condition_key;
///
/// assert_eq!(nearest_condition_key("aws:SourceIP4"), Some("aws:SourceIp"));
/// ```
pub fn nearest_condition_key(name: &str) -> Option<&'static str> {
    let (prefix, _) = name.split_once(':')?;
    let globals = GLOBAL.iter().map(|(name, _)| *name);
    let own = text::load_catalogue().shelf(prefix).into_iter().flat_map(listed);
    let same = |key: &&str| {
        key.split_once(':').is_some_and(|(other, _)| other.eq_ignore_ascii_case(prefix))
    };
    nearest(name, globals.chain(own.map(|key| key.name)).filter(same), prefix.len() + 1)
}

/// Returns the key as listed by the service that its name begins with.
fn own(name: &str) -> Option<ConditionKey> {
    let shelf = text::load_catalogue().shelf(name.split(':').next()?)?;
    let spelt = listed(shelf).find(|key| key.name.eq_ignore_ascii_case(name));
    // The longer one says more: `events:Metadata/${MetadataKey}/Matcher`.
    let forms = listed(shelf).filter(|key| matches_form(key.name, name));
    spelt.or_else(|| forms.max_by_key(|key| key.name.len()))
}

/// Returns the key of an OIDC claim. Only a provider's address has a dot; no service's prefix does.
fn claim(name: &str) -> Option<ConditionKey> {
    let (provider, claim) = name.rsplit_once(':')?;
    let (_, form, value) = CLAIMS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(claim))?;
    provider.contains('.').then_some(ConditionKey { name: form, value: *value, global: false })
}

pub(super) fn is_global(name: &str) -> bool {
    GLOBAL.iter().any(|(form, _)| matches_form(form, name))
}

/// Tells if a key has a form: `aws:requesttag/team` has that of `aws:RequestTag/${TagKey}`, and
/// `s3:ExistingObjectTag/x` that of `s3:ExistingObjectTag/<key>`. A placeholder stands for at least
/// one character.
pub(super) fn matches_form(form: &str, name: &str) -> bool {
    match wildcards(form) {
        Some(pattern) => action_matches(&pattern, name),
        None => form.eq_ignore_ascii_case(name),
    }
}

/// A placeholder that AWS prints without a sign: `secretsmanager:ResourceTag/tag-key`.
const BARE_TAG_KEY: &str = "/tag-key";

/// Returns the form with `?*` in place of each placeholder; `None` where it has no placeholder.
fn wildcards(form: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut rest = form.strip_suffix(BARE_TAG_KEY).unwrap_or(form);
    let has_tag_key = rest.len() < form.len();
    while let Some(start) = rest.find(['$', '<']) {
        let end = rest.get(start..)?.find(['}', '>'])? + start;
        pattern.push_str(&rest[..start]);
        pattern.push_str("?*");
        rest = &rest[end + 1..];
    }
    pattern.push_str(rest);
    if has_tag_key {
        pattern.push_str("/?*");
    }
    (pattern != form).then_some(pattern)
}

struct KnownKeys {
    /// The keys without placeholders, by name in lower case.
    plain: BTreeMap<String, ConditionKey>,
    forms: Vec<ConditionKey>,
}

impl KnownKeys {
    fn of(keys: impl Iterator<Item = ConditionKey>) -> Self {
        let mut known = Self { plain: BTreeMap::new(), forms: Vec::new() };
        for key in keys {
            if wildcards(key.name).is_none() {
                known.plain.entry(key.name.to_lowercase()).or_insert(key);
            } else if !known.forms.iter().any(|form| form.name == key.name) {
                known.forms.push(key);
            }
        }
        known
    }

    fn find(&self, name: &str) -> Option<ConditionKey> {
        let found = self.plain.get(&name.to_lowercase());
        found.or_else(|| self.forms.iter().find(|key| matches_form(key.name, name))).copied()
    }
}

fn global() -> &'static KnownKeys {
    static GLOBALS: OnceLock<KnownKeys> = OnceLock::new();
    let key = |&(name, value)| ConditionKey { name, value, global: true };
    GLOBALS.get_or_init(|| KnownKeys::of(GLOBAL.iter().map(key)))
}

/// Returns the keys of all services. This unpacks the whole catalogue.
fn all() -> &'static KnownKeys {
    static ALL: OnceLock<KnownKeys> = OnceLock::new();
    ALL.get_or_init(|| KnownKeys::of(text::load_catalogue().shelves().flat_map(listed)))
}

fn listed(shelf: text::Shelf) -> impl Iterator<Item = ConditionKey> {
    shelf.keys().map(|(name, value)| ConditionKey { name, value, global: false })
}
