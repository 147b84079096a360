mod reins;
mod ways;

use serde_json::{Value, json};

use super::*;
use crate::catalogue;
use crate::statement::Policy;

const USER: &str = "arn:aws:iam::123456789012:user/team/ada";
const ROLE: &str = "arn:aws:iam::123456789012:role/ada";

fn policy(statements: &Value) -> Policy {
    Policy::compile("policy.P", &json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn holder<'a>(arn: &'a str, policies: &'a [Policy]) -> Holder<'a> {
    Holder {
        arn: Some(arn),
        partition: "aws",
        account: "123456789012",
        policies,
        boundary: None,
        attached: &[],
        budget: Box::leak(Box::new(Budget::default())),
    }
}

fn found(arn: &str, statements: &Value) -> Vec<Escalation> {
    escalations(&holder(arn, &[policy(statements)]))
}

/// Returns the names and severities of the escalations.
fn told(arn: &str, statements: &Value) -> Vec<(&'static str, Severity)> {
    found(arn, statements).iter().map(|one| (one.path.name, one.severity)).collect()
}

fn names(arn: &str, statements: &Value) -> Vec<&'static str> {
    told(arn, statements).into_iter().map(|(name, _)| name).collect()
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// Returns every choice of one action for each need.
fn choices(path: &Path) -> Vec<Vec<&'static str>> {
    path.needs.iter().fold(vec![Vec::new()], |chosen, need| {
        let with = |so_far: &Vec<&'static str>| {
            let so_far = so_far.clone();
            need.any.iter().map(move |action| [so_far.as_slice(), &[*action]].concat())
        };
        chosen.iter().flat_map(with).collect()
    })
}

/// Returns what these actions give to somebody to whom a path matters: with a Deny that bars
/// something, where the path takes that away.
fn given(path: &Path, actions: &[&str]) -> Vec<&'static str> {
    if actions.is_empty() {
        return Vec::new();
    }
    if path.gain != Gain::Deny {
        return names(ROLE, &allow(actions, "*"));
    }
    let deny = json!({"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"});
    names(USER, &json!([allow(actions, "*"), allow(&["s3:*"], "*"), deny]))
}

#[test]
fn every_way_is_found_by_exactly_what_it_needs() {
    for path in all() {
        for actions in choices(path) {
            assert_eq!(given(path, &actions), [path.name], "{actions:?}");
        }
    }
}

#[test]
fn without_any_one_of_the_actions_a_way_is_closed() {
    for path in all() {
        for actions in choices(path) {
            for missing in &actions {
                let left: Vec<&str> =
                    actions.iter().copied().filter(|action| action != missing).collect();
                let still = given(path, &left);
                assert!(!still.contains(&path.name), "{} without {missing}", path.name);
                // The rest may be a shorter path of its own, and nothing else.
                for name in still {
                    let shorter = all().find(|path| path.name == name).unwrap();
                    assert!(
                        shorter
                            .needs
                            .iter()
                            .all(|need| need.any.iter().any(|action| left.contains(action)))
                    );
                }
            }
        }
    }
}

#[test]
fn a_deny_closes_every_way() {
    for path in all() {
        let actions = choices(path).remove(0);
        for denied in &actions {
            let deny = json!({"Effect": "Deny", "Action": denied, "Resource": "*"});
            let left = names(ROLE, &json!([allow(&actions, "*"), deny]));
            assert!(!left.contains(&path.name), "{} with {denied} denied", path.name);
        }
    }
}

#[test]
fn names_are_unique_and_say_what_they_are() {
    let names: BTreeSet<&str> = all().map(|path| path.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(names.iter().all(|name| name.starts_with("escalation-")));
    assert!(all().all(|path| path.gives.starts_with("can ")));
}

#[test]
fn wildcards_and_complements_of_actions_count() {
    for actions in [json!("iam:*"), json!("*"), json!("iam:Create*"), json!(["IAM:createpolicy*"])]
    {
        let names = names(USER, &json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
        assert!(names.contains(&"escalation-create-policy-version"), "{actions}: {names:?}");
    }
    let but = |actions: &[&str]| {
        names(USER, &json!({"Effect": "Allow", "NotAction": actions, "Resource": "*"}))
    };
    assert!(but(&["s3:*"]).contains(&"escalation-create-policy-version"));
    let without_iam = but(&["iam:*", "sts:*", "sso:*"]);
    assert!(!without_iam.iter().any(|name| name.contains("policy")), "{without_iam:?}");
    assert!(without_iam.contains(&"escalation-lambda-update-code"));
}

#[test]
fn what_several_policies_allow_counts_together() {
    let policies =
        [policy(&allow(&["iam:PassRole"], "*")), policy(&allow(&["ec2:RunInstances"], "*"))];
    let together = escalations(&holder(USER, &policies));
    assert_eq!(together[0].path.name, "escalation-pass-role-ec2-run-instances");
    assert_eq!(escalations(&holder(USER, &policies[..1])), []);
    assert_eq!(escalations(&holder(USER, &policies[1..])), []);
}

#[test]
fn a_boundary_closes_what_it_does_not_allow() {
    let policies = [policy(&allow(&["iam:*"], "*"))];
    let bound = |statements: &Value| {
        let boundary = policy(statements);
        let holder = Holder { boundary: Some(&boundary), ..holder(USER, &policies) };
        escalations(&holder)
            .iter()
            .map(|one| (one.path.name, one.resources.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(bound(&allow(&["s3:*"], "*")), []);
    assert_eq!(
        bound(&allow(&["iam:PutRolePolicy"], &role("team/*"))),
        [("escalation-put-role-policy", vec![role("team/*")])]
    );
    let denies =
        json!([allow(&["*"], "*"), {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]);
    assert_eq!(bound(&denies), []);
}

#[test]
fn giving_oneself_permissions_is_worse_than_giving_them_to_one_other() {
    let put = |resource: &str| told(USER, &allow(&["iam:PutUserPolicy"], resource));
    let on = |severity| vec![("escalation-put-user-policy", severity)];
    assert_eq!(put(USER), on(Severity::Error));
    assert_eq!(put("arn:aws:iam::123456789012:user/*"), on(Severity::Error));
    assert_eq!(put("arn:aws:iam::123456789012:user/team/${aws:username}"), on(Severity::Error));
    assert_eq!(put("arn:aws:iam::123456789012:user/bob"), on(Severity::Warning));
    assert_eq!(put("arn:aws:iam::123456789012:role/*"), []);
    assert_eq!(
        put("arn:aws:iam::210987654321:user/*"),
        [],
        "IAM changes nothing in another account"
    );
    let other =
        &found(USER, &allow(&["iam:PutUserPolicy"], "arn:aws:iam::123456789012:user/bob"))[0];
    assert_eq!(
        (other.own, other.resources.as_slice()),
        (false, &["arn:aws:iam::123456789012:user/bob".to_owned()][..])
    );
}

#[test]
fn a_deny_on_oneself_leaves_the_others() {
    let deny = json!({"Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": USER});
    let all = json!([allow(&["iam:PutUserPolicy"], "arn:aws:iam::123456789012:user/*"), deny]);
    assert_eq!(told(USER, &all), [("escalation-put-user-policy", Severity::Warning)]);
}

#[test]
fn managing_ones_own_credentials_gives_nothing() {
    let own = ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"];
    assert_eq!(told(USER, &allow(&own, "arn:aws:iam::*:user/team/${aws:username}")), []);
    assert_eq!(told(USER, &allow(&own, USER)), []);
    assert_eq!(told(USER, &allow(&own, "arn:aws:iam::*:user/*")).len(), 3);
    // A role has no user name, so AWS never matches this.
    assert_eq!(told(ROLE, &allow(&own, "arn:aws:iam::*:user/${aws:username}")), []);
}

#[test]
fn a_policy_that_one_holds_is_ones_own() {
    let version =
        [policy(&allow(&["iam:CreatePolicyVersion"], "arn:aws:iam::123456789012:policy/P"))];
    let attached = ["arn:aws:iam::123456789012:policy/P".to_owned()];
    let own = Holder { attached: &attached, ..holder(USER, &version) };
    assert_eq!(escalations(&own)[0].severity, Severity::Error);
    let foreign = ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()];
    let reader = Holder { attached: &foreign, ..own };
    assert!(!escalations(&reader)[0].own, "nobody changes a policy of AWS");
    assert_eq!(escalations(&holder(USER, &version))[0].severity, Severity::Warning);
}

#[test]
fn one_named_role_to_pass_is_a_warning_and_any_role_an_error() {
    let pass = |role: &str| {
        let functions = allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*");
        told(USER, &json!([allow(&["iam:PassRole"], role), functions]))
    };
    assert_eq!(pass(&role("runner")), [("escalation-pass-role-lambda-invoke", Severity::Warning)]);
    assert_eq!(pass(&role("*-runner")), [("escalation-pass-role-lambda-invoke", Severity::Error)]);
    assert_eq!(pass("arn:aws:iam::123456789012:user/x"), []);
}

#[test]
fn the_service_that_a_role_may_be_passed_to_decides_which_ways_are_open() {
    let pass = |condition: Value| {
        let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": condition});
        names(USER, &json!([pass, allow(&["ec2:RunInstances", "cloudformation:CreateStack"], "*")]))
    };
    let (ec2, stack) = (
        "escalation-pass-role-ec2-run-instances",
        "escalation-pass-role-cloudformation-create-stack",
    );
    let key = "iam:PassedToService";
    assert_eq!(pass(json!({"StringEquals": {key: "ec2.amazonaws.com"}})), [ec2]);
    assert_eq!(pass(json!({"StringLike": {key: "cloudf*"}})), [stack]);
    assert_eq!(pass(json!({"StringNotEquals": {key: "ec2.amazonaws.com"}})), [stack]);
    assert_eq!(pass(json!({"StringEquals": {key: ["lambda.amazonaws.com"]}})), Vec::<&str>::new());
    assert_eq!(pass(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})).len(), 2);
    let denied = json!([allow(&["iam:PassRole", "ec2:RunInstances"], "*"), {"Effect": "Deny", "Action": "iam:PassRole",
        "Resource": "*", "Condition": {"StringNotEquals": {key: "lambda.amazonaws.com"}}}]);
    assert_eq!(names(USER, &denied), Vec::<&str>::new());
}

#[test]
fn a_boundary_that_one_may_take_away_matters_where_there_is_one() {
    let policies = [policy(&allow(&["iam:DeleteUserPermissionsBoundary"], USER))];
    assert_eq!(escalations(&holder(USER, &policies)), []);
    let bounded = Holder { boundary: Some(&policies[0]), ..holder(USER, &policies) };
    assert_eq!(escalations(&bounded)[0].severity, Severity::Error);
}

#[test]
fn the_same_role_must_be_changed_and_used() {
    let statements = |changed: &str, used: &str| {
        json!([
            allow(&["iam:PutRolePolicy"], &role(changed)),
            allow(&["sts:AssumeRole"], &role(used))
        ])
    };
    let name = "escalation-change-role-assume";
    assert!(names(USER, &statements("a*", "*b")).contains(&name));
    assert_eq!(
        names(USER, &statements("*", "b*")),
        [name, "escalation-put-role-policy"],
        "each tells what it reaches"
    );
    assert!(!names(USER, &statements("a", "b")).contains(&name));
    let found = found(USER, &statements("*", "deploy-*"));
    assert_eq!(found[0].resources, [role("deploy-*")]);
}

#[test]
fn what_exists_and_is_named_is_a_note() {
    let update = |resource: &str| told(USER, &allow(&["lambda:UpdateFunctionCode"], resource));
    let name = "escalation-lambda-update-code";
    assert_eq!(update("*"), [(name, Severity::Warning)]);
    assert_eq!(
        update("arn:aws:lambda:us-east-1:123456789012:function:relay"),
        [(name, Severity::Note)]
    );
    assert_eq!(update("arn:aws:s3:::relay"), []);
    assert_eq!(
        told(USER, &allow(&["sts:AssumeRole"], &role("x"))),
        [],
        "that is what the statement is for"
    );
    assert_eq!(
        told(USER, &allow(&["sts:AssumeRole"], "*")),
        [("escalation-assume-any-role", Severity::Warning)]
    );
}

#[test]
fn not_resource_leaves_all_the_rest() {
    let but = |resource: &str| {
        names(
            USER,
            &json!({"Effect": "Allow", "Action": "iam:PutRolePolicy", "NotResource": resource}),
        )
    };
    assert_eq!(but("arn:aws:s3:::*"), ["escalation-put-role-policy"]);
    assert_eq!(but("arn:aws:iam::*:role/*"), Vec::<&str>::new());
}

#[test]
fn the_published_relay_policy_can_make_a_role_of_any_power() {
    let roles = role("*ZappaLambdaExecutionRole");
    let statements = json!([
        allow(
            &[
                "iam:AttachRolePolicy",
                "iam:GetRole",
                "iam:CreateRole",
                "iam:PassRole",
                "iam:PutRolePolicy"
            ],
            &roles
        ),
        allow(&["lambda:CreateFunction", "lambda:InvokeFunction", "lambda:AddPermission"], "*"),
    ]);
    let found = found(USER, &statements);
    let create = found.iter().find(|one| one.path.name == "escalation-create-role").unwrap();
    assert_eq!(
        (create.severity, create.resources.as_slice()),
        (Severity::Error, &[roles.clone()][..])
    );
    let run = found.iter().find(|one| one.path.name == "escalation-change-role-lambda").unwrap();
    assert_eq!(run.resources, [roles]);
    // The shorter paths within these are left out.
    assert_eq!(found.len(), 2, "{found:#?}");
}

/// An action that Rhino Security Labs found in the console's own calls; AWS lists it nowhere.
const UNDOCUMENTED: &str = "codestar:CreateProjectFromTemplate";

#[test]
fn the_actions_exist_and_are_about_what_the_list_says() {
    let holder = holder(USER, &[]);
    for path in all() {
        for need in &path.needs {
            for name in need.any.iter().filter(|name| **name != UNDOCUMENTED) {
                let action = catalogue::action(name)
                    .unwrap_or_else(|| panic!("{} has no action {name}", path.name));
                assert_eq!(&action.name, name, "as AWS spells it");
                let arns: Vec<String> =
                    action.resources.iter().map(|resource| resource.arn.clone()).collect();
                let meant = |arn: &String| {
                    targets(&holder, need)
                        .iter()
                        .any(|target| scope::patterns_overlap(target, arn, holder.budget))
                };
                assert!(arns.is_empty() || arns.iter().any(meant), "{name} is about {arns:?}");
            }
        }
    }
}

#[test]
fn everything_on_the_objects_of_one_bucket_is_no_escalation() {
    assert_eq!(told(USER, &allow(&["*"], "arn:aws:s3:::b/*")), []);
}

#[test]
fn a_deny_that_one_may_take_away_matters_where_there_is_one() {
    let with = |arn: &str, actions: &[&str], resource: &str, denied: &str| {
        let deny = json!({"Effect": "Deny", "Action": denied, "Resource": "*"});
        told(arn, &json!([allow(actions, resource), allow(&["s3:*"], "*"), deny]))
    };
    let detach = |arn: &str, resource: &str, denied: &str| {
        with(arn, &["iam:DetachUserPolicy"], resource, denied)
    };
    let found = vec![("escalation-detach-user-policy", Severity::Warning)];
    assert_eq!(detach(USER, "*", "S3:deletebucket"), found);
    assert_eq!(detach(USER, USER, "s3:Delete*"), found);
    assert_eq!(detach(USER, "*", "ec2:*"), [], "it allows nothing of ec2");
    assert_eq!(detach(USER, "arn:aws:iam::123456789012:user/bob", "s3:*"), [], "another's");
    assert_eq!(detach(ROLE, "*", "s3:*"), [], "a role has no user's policies");
    assert_eq!(told(USER, &allow(&["iam:DetachUserPolicy", "iam:DeleteUserPolicy"], "*")), []);
    let deleted = with(USER, &["iam:DeleteUserPolicy"], "*", "s3:*");
    assert_eq!(deleted, [("escalation-delete-user-policy", Severity::Warning)]);
}

#[test]
fn a_credential_for_a_few_services_is_less_than_the_user() {
    let upload = |resource: &str| told(USER, &allow(&["iam:UploadSSHPublicKey"], resource));
    let name = "escalation-upload-ssh-public-key";
    assert_eq!(upload("*"), [(name, Severity::Warning)]);
    assert_eq!(upload("arn:aws:iam::123456789012:user/bob"), [(name, Severity::Note)]);
    assert_eq!(upload("arn:aws:iam::*:user/team/${aws:username}"), [], "its own");
}

#[test]
fn a_path_is_about_the_resources_that_it_names() {
    let on = |actions: &[&str], resource: &str| told(USER, &allow(actions, resource));
    let saml = ["iam:UpdateSAMLProvider"];
    assert_eq!(on(&saml, "arn:aws:iam::123456789012:role/*"), []);
    let provider = "arn:aws:iam::123456789012:saml-provider/okta";
    assert_eq!(on(&saml, provider), [("escalation-update-saml-provider", Severity::Warning)]);
    let all = "arn:aws:iam::123456789012:saml-provider/*";
    assert_eq!(on(&saml, all), [("escalation-update-saml-provider", Severity::Error)]);

    let sso = |set: &str| {
        let arns =
            ["arn:aws:sso:::instance/*".to_owned(), format!("arn:aws:sso:::permissionSet/{set}")];
        told(
            USER,
            &json!({"Effect": "Allow", "Action": "sso:PutInlinePolicyToPermissionSet", "Resource": arns}),
        )
    };
    let name = "escalation-sso-put-inline-policy";
    assert_eq!(sso("ssoins-1/*"), [(name, Severity::Error)]);
    assert_eq!(sso("ssoins-1/ps-1"), [(name, Severity::Warning)], "the instance is not the set");

    let batch = |definition: &str| {
        let arns = [
            "arn:aws:batch:*:123456789012:job-queue/*".to_owned(),
            format!("arn:aws:batch:*:123456789012:job-definition/{definition}"),
        ];
        told(USER, &json!({"Effect": "Allow", "Action": "batch:SubmitJob", "Resource": arns}))
    };
    assert_eq!(batch("*"), [("escalation-batch-submit-job", Severity::Warning)]);
    assert_eq!(batch("relay:*"), [("escalation-batch-submit-job", Severity::Note)]);

    let browser = ["bedrock-agentcore:StartBrowserSession"];
    let aws = allow(&browser, "arn:aws:bedrock-agentcore:*:aws:browser/*");
    let connect = allow(&["bedrock-agentcore:ConnectBrowserAutomationStream"], "*");
    assert_eq!(told(USER, &json!([aws, connect])), [], "AWS's own browser has no role");
}

#[test]
fn a_path_that_nobody_allows_takes_few_steps() {
    let statements = json!([allow(&["s3:GetObject", "logs:*"], "*"), allow(&["sqs:*"], "*")]);
    let (policies, budget) = ([policy(&statements)], Budget::with_steps(10_000));
    let reader = Holder { budget: &budget, ..holder(USER, &policies) };
    assert_eq!(escalations(&reader), []);
    // The patterns of its actions are read once, and no resource is compared.
    assert_eq!(10_000 - budget.remaining(), 5);
}
