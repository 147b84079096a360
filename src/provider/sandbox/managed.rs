//! AWS's own managed policies, as far as the sandbox knows them.

use serde_json::json;

use crate::value::Value;

/// The path and name of each policy, after `arn:aws:iam::aws:policy`. These are a few of AWS's
/// thousand, those that people attach most.
const WELL_KNOWN: &[&str] = &[
    "/AWSCloudFormationFullAccess",
    "/AWSLambda_FullAccess",
    "/AWSLambda_ReadOnlyAccess",
    "/AWSXRayDaemonWriteAccess",
    "/AdministratorAccess",
    "/AmazonAPIGatewayAdministrator",
    "/AmazonDynamoDBFullAccess",
    "/AmazonDynamoDBReadOnlyAccess",
    "/AmazonEC2FullAccess",
    "/AmazonEC2ReadOnlyAccess",
    "/AmazonRDSReadOnlyAccess",
    "/AmazonS3FullAccess",
    "/AmazonS3ReadOnlyAccess",
    "/AmazonSNSFullAccess",
    "/AmazonSQSFullAccess",
    "/AmazonSSMManagedInstanceCore",
    "/AmazonSSMReadOnlyAccess",
    "/CloudWatchFullAccess",
    "/CloudWatchLogsFullAccess",
    "/CloudWatchReadOnlyAccess",
    "/IAMFullAccess",
    "/IAMReadOnlyAccess",
    "/IAMUserChangePassword",
    "/PowerUserAccess",
    "/ReadOnlyAccess",
    "/SecretsManagerReadWrite",
    "/SecurityAudit",
    "/job-function/Billing",
    "/job-function/ViewOnlyAccess",
    "/service-role/AWSLambdaBasicExecutionRole",
    "/service-role/AWSLambdaDynamoDBExecutionRole",
    "/service-role/AWSLambdaKinesisExecutionRole",
    "/service-role/AWSLambdaRole",
    "/service-role/AWSLambdaSQSQueueExecutionRole",
    "/service-role/AWSLambdaVPCAccessExecutionRole",
    "/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
    "/service-role/AmazonECSTaskExecutionRolePolicy",
];

/// The documents of the shortest of them, as AWS documents them: path and name, actions on
/// everything.
const DOCUMENTS: &[(&str, &[&str])] = &[
    ("/AdministratorAccess", &["*"]),
    ("/AmazonS3FullAccess", &["s3:*", "s3-object-lambda:*"]),
    (
        "/AmazonS3ReadOnlyAccess",
        &["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
    ),
    (
        "/service-role/AWSLambdaBasicExecutionRole",
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    ("/service-role/AWSLambdaRole", &["lambda:InvokeFunction"]),
];

/// Returns the document of one of AWS's policies, if the sandbox has it.
pub(super) fn document(partition: &str, arn: &str) -> Option<Value> {
    let place = place(partition, arn)?;
    let (_, actions) = DOCUMENTS.iter().find(|(known, _)| *known == place)?;
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    Some(json!({"Version": "2012-10-17", "Statement": [statement]}))
}

/// Returns true if the ARN is that of a policy of AWS's.
pub(super) fn is_aws(partition: &str, arn: &str) -> bool {
    place(partition, arn).is_some()
}

/// Returns path and name of one of AWS's policies that the sandbox knows.
pub(super) fn well_known(partition: &str, arn: &str) -> Option<(String, String)> {
    let place = place(partition, arn).filter(|place| WELL_KNOWN.contains(place))?;
    let (path, name) = place.rsplit_once('/')?;
    Some((format!("{path}/"), name.to_owned()))
}

fn place<'a>(partition: &str, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&format!("arn:{partition}:iam::aws:policy"))
}
