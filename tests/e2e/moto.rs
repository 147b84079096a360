//! The main job with the real binary over HTTP against moto, looked at with independent clients:
//! the AWS CLI and boto3.

use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::{Project, Run};

const DEV: &str = "manifests/dev.yaml";
const ROLE: &str = "tr-serverless-relay-ZappaLambdaExecutionRole";
const DEPLOYMENT: &str = "arn:aws:iam::123456789012:policy/ZappaLambdaDeploymentPolicy";
const EXECUTION: &str = "arn:aws:iam::123456789012:policy/ZappaLambdaExecutionPolicy";

/// The sample manifests, an empty account of their own, and credential files in the project's
/// folder.
fn dev() -> (Moto, Project) {
    let moto = Moto::start();
    let project = Project::sample().against(&moto);
    (moto, project)
}

fn applied() -> (Moto, Project) {
    let (moto, project) = dev();
    project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    let apply = project.expect(0, &["apply"]);
    assert!(
        apply.stdout.contains("Apply complete! Resources: 10 added, 0 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    (moto, project)
}

fn bucket(project: &Project) -> String {
    let outputs = project.expect(0, &["output", DEV, "--json"]).stdout;
    let outputs: Value = serde_json::from_str(&outputs).unwrap();
    let flat = outputs.to_string();
    let start = flat.find("zappa-tr-serverless-relay-").expect("the bucket's name");
    flat[start..].chars().take("zappa-tr-serverless-relay-".len() + 8).collect()
}

#[track_caller]
fn no_changes(project: &Project) {
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}

/// The addresses that a plan changes.
fn changed(plan: &Run) -> Vec<String> {
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let changes = plan["changes"].as_array().unwrap().iter();
    changes
        .filter(|change| change["action"] != "nothing")
        .map(|change| {
            format!(
                "{} {}",
                change["action"].as_str().unwrap(),
                change["address"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn an_independent_client_sees_everything_as_declared() {
    let (moto, project) = applied();
    no_changes(&project);

    let attached = moto.aws(&["iam", "list-attached-user-policies", "--user-name", "serverless"]);
    assert_eq!(attached["AttachedPolicies"][0]["PolicyArn"], DEPLOYMENT);
    let attached = moto.aws(&["iam", "list-attached-role-policies", "--role-name", ROLE]);
    assert_eq!(attached["AttachedPolicies"][0]["PolicyArn"], EXECUTION);
    let tags = moto.aws(&["iam", "list-user-tags", "--user-name", "serverless"]);
    let mut tags: Vec<&str> =
        tags["Tags"].as_array().unwrap().iter().map(|tag| tag["Key"].as_str().unwrap()).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["project", "relayctl:manifest", "relayctl:state", "stage"]);
    let role = moto.aws(&["iam", "get-role", "--role-name", ROLE]);
    let principal =
        &role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"];
    assert_eq!(*principal, json!(["apigateway.amazonaws.com", "lambda.amazonaws.com"]));
    let version =
        moto.aws(&["iam", "get-policy-version", "--policy-arn", DEPLOYMENT, "--version-id", "v1"]);
    let text = version["PolicyVersion"]["Document"].to_string();
    assert!(text.contains("arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole"), "{text}");
    let name = bucket(&project);
    let block = moto.aws(&["s3api", "get-public-access-block", "--bucket", &name]);
    assert_eq!(block["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], true);
    let ownership = moto.aws(&["s3api", "get-bucket-ownership-controls", "--bucket", &name]);
    assert_eq!(
        ownership["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
        "BucketOwnerEnforced"
    );

    let settings: Value =
        serde_json::from_str(&project.read("manifests/zappa_settings.json")).unwrap();
    assert_eq!(
        settings["dev"],
        json!({
            "app_function": "app.app", "aws_region": "us-east-1", "manage_roles": false, "profile_name": "serverless",
            "project_name": "tr-serverless-relay", "role_name": ROLE, "runtime": "python3.12", "s3_bucket": name,
        })
    );
}

#[test]
fn the_written_profile_works_in_the_aws_cli() {
    let (moto, project) = applied();
    let output = moto
        .aws_command()
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION")
        .env("AWS_SHARED_CREDENTIALS_FILE", project.path("aws/credentials"))
        .env("AWS_CONFIG_FILE", project.path("aws/config"))
        .args(["--profile", "serverless", "sts", "get-caller-identity"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let caller: Value =
        serde_json::from_str(&text).expect("output = json stands in the config file");
    assert_eq!(caller["Arn"], "arn:aws:iam::123456789012:user/serverless");
}

#[test]
fn drift_is_shown_exactly_and_mended_exactly() {
    let (moto, project) = applied();
    moto.python(&format!(
        r#"
iam.untag_user(UserName="serverless", TagKeys=["stage"])
iam.detach_role_policy(RoleName="{ROLE}", PolicyArn="{EXECUTION}")
document = iam.get_policy_version(PolicyArn="{DEPLOYMENT}", VersionId="v1")["PolicyVersion"]["Document"]
document = json.loads(document) if isinstance(document, str) else document
for statement in document["Statement"]:
    if statement["Action"][0].startswith("s3:"):
        statement["Action"].append("s3:PutBucketPolicy")
        break
iam.create_policy_version(PolicyArn="{DEPLOYMENT}", PolicyDocument=json.dumps(document), SetAsDefault=True)
"#
    ));
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Plan: 1 to add, 2 to change, 0 to destroy."), "{}", plan.stdout);
    assert!(plan.stdout.contains("- s3:PutBucketPolicy"), "{}", plan.stdout);
    let expected = [
        "update policy.ZappaLambdaDeploymentPolicy",
        &format!("create role_policy_attachment.{ROLE}/ZappaLambdaExecutionPolicy"),
        "update user.serverless",
    ];
    assert_eq!(changed(&project.expect(0, &["plan", DEV, "--json"])), expected);
    let apply = project.expect(0, &["apply"]);
    assert!(
        apply.stdout.contains("Resources: 1 added, 2 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    no_changes(&project);
}

#[test]
fn destroy_leaves_only_what_is_not_ours() {
    let (moto, project) = applied();
    moto.aws(&["iam", "create-user", "--user-name", "somebody"]);
    project.write("aws/kept", "");
    let credentials = project.read("aws/credentials");
    project.write(
        "aws/credentials",
        &format!("# mine\n[default]\naws_access_key_id = AKIAMINE\n\n{credentials}"),
    );
    project.expect(0, &["destroy", DEV, "--yes"]);
    let left = moto.python(
        r#"
show([
    [user["UserName"] for user in iam.list_users()["Users"]],
    [role["RoleName"] for role in iam.list_roles()["Roles"]],
    [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]],
    [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]],
])
"#,
    );
    assert_eq!(left.trim(), r#"[["somebody"], [], [], []]"#);
    assert_eq!(
        project.read("aws/credentials").trim_end(),
        "# mine\n[default]\naws_access_key_id = AKIAMINE"
    );
}

#[test]
fn the_sixth_version_of_a_policy_prunes_the_oldest() {
    let (moto, project) = applied();
    let file = "manifests/policies/zappa-lambda-execution.json";
    for number in 0..6 {
        let from = if number == 0 {
            "InvokeFunctions".to_owned()
        } else {
            format!("Invoke{}", number - 1)
        };
        project.edit(file, &from, &format!("Invoke{number}"));
        project.expect(0, &["apply", DEV, "--yes"]);
    }
    no_changes(&project);
    let versions = moto.aws(&["iam", "list-policy-versions", "--policy-arn", EXECUTION]);
    let versions: Vec<&str> = versions["Versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["VersionId"].as_str().unwrap())
        .collect();
    assert_eq!(versions.len(), 5, "{versions:?}");
    assert!(versions.contains(&"v7") && !versions.contains(&"v2"), "{versions:?}");
}

#[test]
fn a_wrong_account_stops_everything() {
    let (_moto, project) = dev();
    project.edit("manifests/dev.yaml", "123456789012", "999999999999");
    let plan = project.expect(1, &["plan", DEV]);
    assert!(
        plan.stderr.contains("123456789012") && plan.stderr.contains("999999999999"),
        "{}",
        plan.stderr
    );
}

#[test]
fn somebody_elses_profile_is_never_overwritten() {
    let (moto, project) = dev();
    let theirs = "[serverless]\naws_access_key_id = AKIATHEIRS\naws_secret_access_key = theirs\n";
    project.write("aws/credentials", theirs);
    let apply = project.expect(1, &["apply", DEV, "--yes"]);
    let told = format!("{}{}", apply.stdout, apply.stderr);
    assert!(told.contains("AKIATHEIRS") && told.contains("replace_profile"), "{told}");
    assert_eq!(project.read("aws/credentials"), theirs);
    let keys = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    assert_eq!(keys["AccessKeyMetadata"], json!([]));
}

#[test]
fn no_server_is_a_clear_error_and_leaves_no_state() {
    let (moto, project) = dev();
    drop(moto);
    let plan = project.expect(1, &["plan", DEV]);
    assert!(
        plan.stderr.contains("sts:GetCallerIdentity") && plan.stderr.contains("127.0.0.1"),
        "{}",
        plan.stderr
    );
    assert!(!project.path("state/tr-serverless-relay-dev.json").exists());
}

#[test]
fn a_lost_state_is_found_again_by_its_tags() {
    let (_moto, project) = applied();
    std::fs::remove_file(project.path("state/tr-serverless-relay-dev.json")).unwrap();
    no_changes(&project);
    project.expect(0, &["apply", DEV, "--yes"]);
    assert!(project.read("state/tr-serverless-relay-dev.json").contains("access_key.serverless"));
    no_changes(&project);
}

#[test]
fn somebody_elses_user_is_refused_until_it_carries_our_tag() {
    let (moto, project) = dev();
    moto.aws(&["iam", "create-user", "--user-name", "serverless"]);
    let plan = project.expect(1, &["plan", DEV]);
    assert!(plan.stdout.contains("not managed by this manifest"), "{}", plan.stdout);
    project.expect(1, &["apply"]);
    let keys = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    assert_eq!(keys["AccessKeyMetadata"], json!([]), "what depends on it is left undone");
    moto.aws(&["iam", "get-role", "--role-name", ROLE]);

    let tag = "Key=relayctl:manifest,Value=tr-serverless-relay-dev";
    moto.aws(&["iam", "tag-user", "--user-name", "serverless", "--tags", tag]);
    project.expect(0, &["apply", DEV, "--yes"]);
    no_changes(&project);
}

const TEAMS: &str = "teams.yaml";

/// A group with a policy of the manifest's, an inline one, and two members.
const GROUPS: &str = r#"version: 1
name: teams
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
groups:
  developers:
    path: /people/
    policies: [Deploy]
    inline_policies:
      mfa: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:ListMFADevices", Resource: "*"}]}
users:
  ada: {groups: [developers]}
  bob: {groups: [developers]}
"#;

fn teams() -> (Moto, Project) {
    let moto = Moto::start();
    let project = Project::empty().against(&moto);
    project.write(TEAMS, GROUPS);
    (moto, project)
}

#[track_caller]
fn nothing_is_left_to_do(project: &Project) {
    let plan = project.expect(0, &["plan", TEAMS, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}

/// Groups with their paths, members, attached and inline policies, as boto3 sees them.
fn groups(moto: &Moto) -> Value {
    let shown = moto.python(
        r#"
def of(group):
    name = group["GroupName"]
    return [
        name,
        group["Path"],
        sorted(user["UserName"] for user in iam.get_group(GroupName=name)["Users"]),
        [policy["PolicyName"] for policy in iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]],
        iam.list_group_policies(GroupName=name)["PolicyNames"],
    ]

show([of(group) for group in iam.list_groups()["Groups"]])
"#,
    );
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn a_group_is_made_left_and_removed_as_an_independent_client_sees_it() {
    let (moto, project) = teams();
    project.expect(2, &["plan", TEAMS, "--detailed-exitcode"]);
    let apply = project.expect(0, &["apply"]);
    assert!(
        apply.stdout.contains("Resources: 8 added, 0 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    assert_eq!(
        groups(&moto),
        json!([["developers", "/people/", ["ada", "bob"], ["Deploy"], ["mfa"]]])
    );
    nothing_is_left_to_do(&project);

    project.edit(TEAMS, "ada: {groups: [developers]}", "ada: {}");
    let plan = project.expect(0, &["plan", TEAMS, "--json"]);
    assert_eq!(changed(&plan), ["delete user_group_membership.ada/developers"]);
    let left = project.expect(0, &["apply"]);
    assert!(left.stdout.contains("Resources: 0 added, 0 changed, 1 destroyed."), "{}", left.stdout);
    assert_eq!(groups(&moto)[0][2], json!(["bob"]));
    nothing_is_left_to_do(&project);

    project.write(TEAMS, &without_the_group());
    let removed = project.expect(0, &["apply", TEAMS, "--yes"]);
    assert!(
        removed.stdout.contains("Resources: 0 added, 0 changed, 4 destroyed."),
        "{}",
        removed.stdout
    );
    assert_eq!(groups(&moto), json!([]));
    nothing_is_left_to_do(&project);
}

/// The users stay, and so does the policy.
fn without_the_group() -> String {
    let (before, after) = (GROUPS.find("groups:").unwrap(), GROUPS.find("users:").unwrap());
    let users = GROUPS[after..].replace("{groups: [developers]}", "{}");
    format!("{}{users}", &GROUPS[..before])
}

#[test]
fn members_move_to_a_new_group_and_nothing_of_the_old_one_is_left() {
    let (moto, project) = teams();
    project.expect(0, &["apply", TEAMS, "--yes"]);
    let renamed = GROUPS.replace("developers", "engineers");
    project.write(TEAMS, &renamed);
    project.expect(0, &["apply", TEAMS, "--yes"]);
    assert_eq!(
        groups(&moto),
        json!([["engineers", "/people/", ["ada", "bob"], ["Deploy"], ["mfa"]]])
    );
    nothing_is_left_to_do(&project);
}

#[test]
fn a_group_that_exists_is_refused_until_it_is_added_to_the_state() {
    let (moto, project) = teams();
    moto.python(
        r#"
iam.create_group(GroupName="developers", Path="/people/")
iam.create_user(UserName="eve")
iam.add_user_to_group(GroupName="developers", UserName="eve")
"#,
    );
    let refused = project.expect(1, &["plan", TEAMS]);
    assert!(refused.stdout.contains("# group.developers is refused"), "{}", refused.stdout);
    assert!(
        refused.stdout.contains(&format!("`relayctl state add {TEAMS} group.developers`")),
        "{}",
        refused.stdout
    );
    project.expect(1, &["apply"]);
    assert_eq!(
        groups(&moto),
        json!([["developers", "/people/", ["eve"], [], []]]),
        "nothing of it is touched"
    );

    project.expect(0, &["state", "add", TEAMS, "group.developers"]);
    project.expect(0, &["apply", TEAMS, "--yes"]);
    assert_eq!(
        groups(&moto),
        json!([["developers", "/people/", ["ada", "bob", "eve"], ["Deploy"], ["mfa"]]])
    );
    nothing_is_left_to_do(&project);

    // Eve is others': the group stays until somebody says that she may be put out of it.
    let refused = project.expect(1, &["destroy", TEAMS, "--yes"]);
    assert!(refused.stdout.contains("member eve (not by this manifest)"), "{}", refused.stdout);
    assert_eq!(groups(&moto)[0][2], json!(["eve"]));
    project.expect(0, &["destroy", TEAMS, "--yes", "--allow-delete-foreign"]);
    assert_eq!(groups(&moto), json!([]));
    let users = moto.aws(&["iam", "list-users"]);
    assert_eq!(users["Users"].as_array().unwrap().len(), 1, "{users}");
}
