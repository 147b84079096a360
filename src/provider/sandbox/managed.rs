//! AWS's own managed policies. The sandbox knows those of the catalogue, and what a few of them
//! say.

use serde_json::json;

use crate::policy::catalogue;
use crate::value::Value;

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

/// Returns path and name of one of AWS's policies that the catalogue knows.
pub(super) fn well_known(partition: &str, arn: &str) -> Option<(String, String)> {
    let place = place(partition, arn)?;
    if !catalogue::is_managed_policy(place.strip_prefix('/')?) {
        return None;
    }
    let (path, name) = place.rsplit_once('/')?;
    Some((format!("{path}/"), name.to_owned()))
}

fn place<'a>(partition: &str, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&format!("arn:{partition}:iam::aws:policy"))
}
