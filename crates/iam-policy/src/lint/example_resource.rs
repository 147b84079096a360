//! The resources that the examples name: of the types that an action takes, with names that a
//! person recognises.

use crate::catalogue;

/// The account of the examples.
pub(super) const ACCOUNT: &str = "123456789012";

/// The types of resources that an example names for an action, where they aren't those that AWS
/// marks as required. Of some actions AWS marks none, of others some that one request never has
/// together.
const TYPES: &[(&str, &[&str])] = &[
    ("batch:SubmitJob", &["job-definition", "job-queue"]),
    ("bedrock-agentcore:InvokeCodeInterpreter", &["code-interpreter-custom"]),
    ("bedrock-agentcore:StartBrowserSession", &["browser-custom"]),
    ("bedrock-agentcore:StartCodeInterpreterSession", &["code-interpreter-custom"]),
    ("ec2:RequestSpotInstances", &["image", "security-group", "spot-instances-request", "subnet"]),
    (
        "ec2:RunInstances",
        &["image", "instance", "network-interface", "security-group", "subnet", "volume"],
    ),
    ("elasticmapreduce:CreateEditor", &["cluster"]),
    ("omics:StartRun", &["run", "workflow"]),
    ("s3:PutObject", &["object"]),
    ("ssm:CreateAssociation", &["document", "instance"]),
    ("ssm:SendCommand", &["document", "instance"]),
    ("ssm:StartAutomationExecution", &["automation-execution", "document"]),
    ("ssm:StartSession", &["instance"]),
];

/// Parts of ARN formats with the ids that AWS gives. Without one, a variable for a name is
/// `relay`, and any other a wildcard: nobody knows the id of what is yet to be made.
const IDS: &[(&str, &str)] = &[
    ("${Partition}", "aws"),
    ("${Region}", "eu-west-1"),
    ("${Account}", ACCOUNT),
    ("${AccountId}", ACCOUNT),
    ("${AppId}", "d1a2b3c4d5e6f7"),
    ("${ClusterId}", "j-3H6EATEWWRWS"),
    ("${DistributionId}", "E2QWRUHAPOMQZL"),
    ("${DomainId}", "d-a1b2c3d4e5f6"),
    ("${DeviceType}/${Provider}/${DeviceId}", "quantum-simulator/amazon/sv1"),
    ("${EditorId}", "e-4QX2ZB1GAPLF"),
    ("${IdentityPoolId}", "eu-west-1:7b4a2c1e-0d3f-4e5a-9c8b-1f2e3d4c5b6a"),
    ("${IdentityStoreId}", "d-1234567890"),
    ("${LaunchTemplateId}", "lt-0123456789abcdef0"),
    ("${ImageId}", "ami-0123456789abcdef0"),
    ("${SecurityGroupId}", "sg-0123456789abcdef0"),
    ("${SubnetId}", "subnet-0123456789abcdef0"),
    ("/${InstanceId}/${PermissionSetId}", "/ssoins-1234567890abcdef/ps-1234567890abcdef"),
    (":sso:::instance/${InstanceId}", ":sso:::instance/ssoins-1234567890abcdef"),
    (
        ":ec2:eu-west-1:123456789012:instance/${InstanceId}",
        ":ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0",
    ),
    ("maintenancewindow/${ResourceId}", "maintenancewindow/mw-0123456789abcdef0"),
    ("infrastructure-configuration/${ResourceId}", "infrastructure-configuration/relay"),
    (
        "identitystore:::group/${GroupId}",
        "identitystore:::group/a1b2c3d4-0123-4567-89ab-0123456789ab",
    ),
    ("browser-custom/${BrowserId}", "browser-custom/relay-a1b2c3d4e5"),
    ("${CodeInterpreterId}", "relay-a1b2c3d4e5"),
    ("${RuntimeId}", "relay-a1b2c3d4e5"),
    ("${ProjectId}", "relay"),
    ("${SessionId}", "relay"),
];

/// The resource that an action makes, beside existing ones of other types.
const MADE: (&str, &str) = ("ec2:RunInstances", "instance");

/// Returns the resources that an example names for an action: one of each type that it takes; `*`
/// where it takes none.
pub(super) fn resources_of(action: &str) -> Vec<String> {
    let chosen = TYPES.iter().find(|(of, _)| *of == action).map(|(_, types)| *types);
    let forms = catalogue::action(action).map(|it| it.resources.as_slice()).unwrap_or_default();
    let named = forms.iter().filter(|form| match chosen {
        Some(types) => types.contains(&form.name),
        None => form.required,
    });
    let filled: Vec<String> = named
        .map(|form| {
            let arn = if (action, form.name) == MADE {
                &form.format.replace("${InstanceId}", "*")
            } else {
                form.format
            };
            filled(arn)
        })
        .collect();
    if filled.is_empty() { vec!["*".to_owned()] } else { filled }
}

/// Returns an ARN of a format.
fn filled(format: &str) -> String {
    let known = IDS.iter().fold(format.to_owned(), |arn, (part, id)| arn.replace(part, id));
    let mut filled = String::new();
    let mut rest = known.as_str();
    while let Some((before, (variable, after))) =
        rest.split_once("${").and_then(|(before, it)| Some((before, it.split_once('}')?)))
    {
        filled += before;
        filled += if variable.contains("Name") { "relay" } else { "*" };
        rest = after;
    }
    filled + rest
}
