//! AWS's own managed policies, as far as the sandbox knows them.

/// Path and name, after `arn:aws:iam::aws:policy`. A few of AWS's thousand, those that people attach most.
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

/// Whether the ARN says that the policy is AWS's.
pub(super) fn is_aws(partition: &str, arn: &str) -> bool {
    place(partition, arn).is_some()
}

/// Path and name of one of AWS's policies that the sandbox knows.
pub(super) fn well_known(partition: &str, arn: &str) -> Option<(String, String)> {
    let place = place(partition, arn).filter(|place| WELL_KNOWN.contains(place))?;
    let (path, name) = place.rsplit_once('/')?;
    Some((format!("{path}/"), name.to_owned()))
}

fn place<'a>(partition: &str, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&format!("arn:{partition}:iam::aws:policy"))
}
