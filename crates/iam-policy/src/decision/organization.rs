//! Service and resource control policies (AWS Organizations User Guide, "SCP evaluation", "RCP
//! evaluation"), and whom they don't apply to.

use crate::principal::PrincipalEntity;
use crate::request::{Caller, Context, Request};
use crate::statement::{Policy, PrincipalType};

use super::weighing::Weighing;

/// The services whose resources have resource control policies, by the prefixes of their actions
/// (AWS Organizations User Guide, "Resource control policies", "List of AWS services that support
/// RCPs").
const SERVICES_WITH_RESOURCE_CONTROL: &str = "aoss appconfig appstream autoscaling \
    autoscaling-plans budgets clouddirectory cloudfront cloudsearch cloudtrail-data codeartifact \
    codebuild codecommit codepipeline cognito-identity cognito-idp comprehend comprehendmedical \
    compute-optimizer cost-optimization-hub dax dsql dynamodb ecr ecr-public events firehose fis \
    fms gamelift health inspector-scan kendra kinesisvideo kms logs memorydb networkmonitor \
    notifications opensearch pca-connector-ad personalize polly pricing resource-groups \
    rolesanywhere s3 secretsmanager servicediscovery signin sqs sts support swf textract \
    timestream-influxdb transcribe transfer translate wafv2 workspaces xray";

/// The control policies of one type, by level of the organization.
#[derive(Debug)]
pub(super) enum ControlLevels<'a> {
    NotGiven,
    Exempt(Exemption),
    Levels(Vec<Weighing<'a>>),
}

/// The rule by which control policies don't apply to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exemption {
    /// The caller is no user or role: an AWS service, an anonymous or a federated caller.
    NoPrincipal,
    ServiceLinkedRole,
    /// The caller's account or the resource's account is the management account.
    ManagementAccount,
    /// Resource control policies don't apply to resources of this service.
    Service(String),
    /// The key is an AWS managed key.
    ManagedKey,
    /// Resource control policies have no effect on `kms:RetireGrant`.
    RetireGrant,
}

impl<'a> ControlLevels<'a> {
    pub fn weigh_levels(
        policies: &'a [Vec<Policy>],
        exempt: Option<Exemption>,
        weigh: impl Fn(&'a [Policy]) -> Weighing<'a>,
    ) -> Self {
        match exempt {
            _ if policies.is_empty() => Self::NotGiven,
            Some(exemption) => Self::Exempt(exemption),
            None => Self::Levels(policies.iter().map(|level| weigh(level)).collect()),
        }
    }

    /// Returns the levels that apply, from the root to the account.
    pub fn levels(&self) -> impl Iterator<Item = &Weighing<'a>> {
        match self {
            Self::NotGiven | Self::Exempt(_) => [].iter(),
            Self::Levels(levels) => levels.iter(),
        }
    }

    /// Returns the number, from 1, and the statements of the first level without an Allow: "For a
    /// permission to be allowed for a specific account, there must be an explicit Allow statement
    /// at every level" (AWS Organizations User Guide, "SCP evaluation").
    pub fn first_without_allow(&self) -> Option<(usize, &Weighing<'a>)> {
        self.levels()
            .enumerate()
            .find_map(|(index, level)| level.allows.is_empty().then_some((index + 1, level)))
    }
}

impl Exemption {
    /// Returns the reason why service control policies don't apply (AWS Organizations User Guide,
    /// "Service control policies", "Tasks and entities not restricted by SCPs").
    pub fn from_service_control(
        request: &Request,
        context: &Context,
        management_account: Option<&str>,
    ) -> Option<Self> {
        let caller = &request.principal;
        if caller.kind != PrincipalType::AWS {
            Some(Self::NoPrincipal)
        } else if caller.is_service_linked(context) {
            Some(Self::ServiceLinkedRole)
        } else {
            let managed = management_account.is_some() && caller.account() == management_account;
            managed.then_some(Self::ManagementAccount)
        }
    }

    /// Returns the reason why resource control policies don't apply (AWS Organizations User Guide,
    /// "Resource control policies", "Resources and entities not restricted by RCPs"). They do apply
    /// to the calls of AWS services. The resource of an action that is about none belongs to the
    /// caller's account.
    pub fn from_resource_control(
        request: &Request,
        context: &Context,
        management_account: Option<&str>,
        owner: Option<&str>,
    ) -> Option<Self> {
        let service = request.service();
        let owner = owner.or_else(|| request.principal.account());
        if !SERVICES_WITH_RESOURCE_CONTROL.split(' ').any(|prefix| prefix == service) {
            Some(Self::Service(service))
        } else if request.action.eq_ignore_ascii_case("kms:RetireGrant") {
            Some(Self::RetireGrant)
        } else if service == "kms" && request.resource.contains(":alias/aws/") {
            Some(Self::ManagedKey)
        } else if request.principal.is_service_linked(context) || takes_linked_role(request) {
            Some(Self::ServiceLinkedRole)
        } else {
            let managed = management_account.is_some() && owner == management_account;
            managed.then_some(Self::ManagementAccount)
        }
    }

    /// Returns the reason in words, after "they don't apply".
    pub fn reason(&self) -> String {
        match self {
            Self::NoPrincipal => "to callers that are no users, roles or root users".to_owned(),
            Self::ServiceLinkedRole => "to service-linked roles".to_owned(),
            Self::ManagementAccount => "to the management account".to_owned(),
            Self::Service(service) => format!("to resources of {service}"),
            Self::ManagedKey => "to AWS managed keys".to_owned(),
            Self::RetireGrant => "to kms:RetireGrant".to_owned(),
        }
    }
}

/// Tells if the request assumes a service-linked role, whose trust policy no resource control
/// policy limits.
fn takes_linked_role(request: &Request) -> bool {
    request.service() == "sts" && is_linked_role(&request.resource)
}

/// Tells if an ARN is that of a service-linked role, for which its path is reserved.
fn is_linked_role(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/")
}

impl Caller {
    /// Tells if the caller is a service-linked role. The ARN of a session lacks the role's path:
    /// there the name tells.
    fn is_service_linked(&self, context: &Context) -> bool {
        let arn = context.get("aws:PrincipalArn").and_then(<[String]>::first);
        match self.entity() {
            Some(PrincipalEntity::Role(_)) => is_linked_role(&self.name),
            Some(PrincipalEntity::Session(role)) => {
                role.starts_with("AWSServiceRoleFor") || arn.is_some_and(|arn| is_linked_role(arn))
            }
            _ => false,
        }
    }

    /// Tells if session policies can limit the caller: a session of a role, a role, which acts
    /// through its sessions, or a federated user.
    pub fn is_session(&self) -> bool {
        matches!(
            self.entity(),
            Some(
                PrincipalEntity::Role(_)
                    | PrincipalEntity::Session(_)
                    | PrincipalEntity::Federated(_)
            )
        )
    }
}
