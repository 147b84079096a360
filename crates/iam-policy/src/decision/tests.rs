use serde_json::{Value, json};

use crate::request::{Caller, Context};
use crate::statement::PrincipalType;

use super::*;

mod credentials;
mod limits;

const USER: &str = "arn:aws:iam::123456789012:user/ada";
const ROLE: &str = "arn:aws:iam::123456789012:role/team/ops";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/ops/ada";
const KEY: &str = "arn:aws:s3:::photos/cat.jpg";

fn policy(name: &str, statements: &Value) -> Policy {
    Policy::compile(name, &json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

/// A statement of a resource's policy.
fn grants(principal: &Value, action: &str) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"})
}

/// A request, the policies of its caller, and the policy of the resource.
struct Asked {
    request: Request,
    identity: Vec<Policy>,
    boundary: Option<Policy>,
    resource: Option<Policy>,
    session: Option<Vec<Policy>>,
    service_control: Vec<Vec<Policy>>,
    resource_control: Vec<Vec<Policy>>,
    endpoint: Option<Policy>,
    management_account: Option<&'static str>,
}

fn asked(caller: &str, action: &str, resource: &str) -> Asked {
    let principal = Caller::aws(caller);
    let request = Request {
        principal,
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: Context::default(),
    };
    Asked {
        request,
        identity: Vec::new(),
        boundary: None,
        resource: None,
        session: None,
        service_control: Vec::new(),
        resource_control: Vec::new(),
        endpoint: None,
        management_account: None,
    }
}

impl Asked {
    fn holding(mut self, statements: &Value) -> Self {
        let name = format!("held-{}", self.identity.len() + 1);
        self.identity.push(policy(&name, statements));
        self
    }

    fn within(mut self, statements: &Value) -> Self {
        self.boundary = Some(policy("boundary", statements));
        self
    }

    fn at(mut self, statements: &Value) -> Self {
        self.resource = Some(policy("resource", statements));
        self
    }

    fn by(mut self, kind: PrincipalType, name: &str) -> Self {
        self.request.principal = Caller { kind, name: name.to_owned() };
        self
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.request.context.set(key, vec![value.to_owned()]);
        self
    }

    fn decision(&self) -> Decision {
        let policies = Policies {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            session: self.session.as_deref(),
            resource: self.resource.as_ref(),
            service_control: &self.service_control,
            resource_control: &self.resource_control,
            endpoint: self.endpoint.as_ref(),
            management_account: self.management_account,
        };
        policies.decide(&self.request)
    }

    fn verdict(&self) -> Verdict {
        self.decision().verdict
    }
}

#[track_caller]
fn allowed(asked: &Asked) {
    let decision = asked.decision();
    assert_eq!(decision.verdict, Verdict::Allowed, "{}", decision.reason);
}

#[track_caller]
fn denied(asked: &Asked) {
    let decision = asked.decision();
    assert_eq!(decision.verdict, Verdict::ImplicitDeny, "{}", decision.reason);
    assert_eq!(decision.because, []);
}

#[track_caller]
fn needs_resource_policy(asked: &Asked) {
    let decision = asked.decision();
    assert_eq!(decision.verdict, Verdict::NeedsResourcePolicy, "{}", decision.reason);
    assert!(decision.reason.ends_with("the policy of the resource isn't given"));
}

#[track_caller]
fn forbidden(asked: &Asked) {
    let decision = asked.decision();
    assert_eq!(decision.verdict, Verdict::ExplicitDeny, "{}", decision.reason);
    assert!(!decision.because.is_empty());
}

fn get(caller: &str) -> Asked {
    asked(caller, "s3:GetObject", KEY)
}

#[test]
fn nothing_is_allowed_unless_something_allows_it_and_a_deny_wins() {
    denied(&get(USER));
    denied(&get(USER).holding(&allow("s3:Put*", "*")));
    denied(&get(USER).holding(&allow("s3:Get*", "arn:aws:s3:::other/*")));
    allowed(&get(USER).holding(&allow("S3:get*", "arn:aws:s3:::photos/*")));
    allowed(&get(USER).holding(&allow("s3:Put*", "*")).holding(&allow("*", "*")));
    forbidden(&get(USER).holding(&json!([deny("s3:*", "arn:aws:s3:::photos/*"), allow("*", "*")])));
    forbidden(&get(USER).holding(&allow("*", "*")).holding(&deny("*", "*")));
    allowed(&get(USER).holding(&allow("*", "*")).holding(&deny("s3:Put*", "*")));
}

#[test]
fn complements_are_everything_else() {
    let but_iam = json!({"Effect": "Allow", "NotAction": ["iam:*", "s3:Put*"], "NotResource": "arn:aws:s3:::secret/*"});
    allowed(&get(USER).holding(&but_iam));
    denied(&asked(USER, "IAM:GetUser", KEY).holding(&but_iam));
    denied(&asked(USER, "s3:GetObject", "arn:aws:s3:::secret/x").holding(&but_iam));
    let only = json!([allow("*", "*"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]);
    allowed(&get(USER).holding(&only));
    forbidden(&asked(USER, "iam:GetUser", USER).holding(&only));
}

#[test]
fn all_conditions_of_a_statement_must_hold() {
    let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
        "StringEquals": {"s3:prefix": "home/", "AWS:SourceVpc": ["vpc-1", "vpc-2"]},
        "Bool": {"aws:SecureTransport": true}
    }});
    let all =
        || get(USER).holding(&statement).with("s3:prefix", "home/").with("aws:sourceVPC", "vpc-2");
    allowed(&all().with("aws:SecureTransport", "true"));
    denied(&all().with("aws:SecureTransport", "false"));
    denied(&all());
    denied(&all().with("aws:SecureTransport", "true").with("s3:prefix", "other/"));
    let insecure = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let guarded = || get(USER).holding(&json!([allow("*", "*"), insecure]));
    allowed(&guarded());
    forbidden(&guarded().with("aws:SecureTransport", "false"));
}

#[test]
fn variables_stand_for_what_the_request_has() {
    let home = allow("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*");
    let home_of = |caller: &str, who: &str| {
        asked(caller, "s3:GetObject", &format!("arn:aws:s3:::home/{who}/x")).holding(&home)
    };
    allowed(&home_of(USER, "ada"));
    denied(&home_of(USER, "bob"));
    denied(&home_of(SESSION, "ada"));
    // Without a value of the variable the pattern matches nothing: NotResource then excepts
    // nothing, and a Deny on the pattern has no effect.
    let rest = json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::home/${aws:username}/*"});
    allowed(&asked(SESSION, "s3:GetObject", "arn:aws:s3:::home/ada/x").holding(&rest));
    denied(&asked(USER, "s3:GetObject", "arn:aws:s3:::home/ada/x").holding(&rest));
    let idle = json!([allow("*", "*"), deny("*", "arn:aws:s3:::home/${aws:username}/*")]);
    allowed(&asked(SESSION, "s3:GetObject", "arn:aws:s3:::home/ada/x").holding(&idle));
    forbidden(&asked(USER, "s3:GetObject", "arn:aws:s3:::home/ada/x").holding(&idle));

    let old = Policy::compile("old", &json!({"Version": "2008-10-17", "Statement": home})).unwrap();
    let mut literal = asked(USER, "s3:GetObject", "arn:aws:s3:::home/ada/x");
    literal.identity.push(old);
    denied(&literal);
}

#[test]
fn keys_that_follow_from_the_caller_are_known() {
    let only = |key: &str, value: &str| json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: value}}});
    let table = [
        (USER, "aws:username", "ada", true),
        (USER, "aws:PrincipalAccount", "123456789012", true),
        (USER, "aws:PrincipalType", "User", true),
        (USER, "aws:PrincipalArn", USER, true),
        (SESSION, "aws:username", "ada", false),
        (SESSION, "aws:PrincipalType", "AssumedRole", true),
        (SESSION, "aws:PrincipalArn", "arn:aws:iam::123456789012:role/ops", true),
        (SESSION, "aws:PrincipalArn", SESSION, false),
        (USER, "aws:userid", "ada", false),
    ];
    for (caller, key, value, expected) in table {
        let verdict = get(caller).holding(&only(key, value)).verdict();
        assert_eq!(verdict == Verdict::Allowed, expected, "{caller} {key} {value}");
    }
    allowed(&get(USER).holding(&only("aws:PrincipalArn", "x")).with("AWS:PRINCIPALARN", "x"));
}

#[test]
fn a_boundary_limits_what_policies_grant() {
    let held = || get(USER).holding(&allow("s3:*", "*"));
    allowed(&held().within(&allow("s3:Get*", "*")));
    denied(&held().within(&allow("iam:*", "*")));
    denied(&held().within(&json!([])));
    denied(&get(USER).within(&allow("*", "*")));
    forbidden(&held().within(&json!([allow("*", "*"), deny("s3:GetObject", "*")])));
}

#[test]
fn within_an_account_either_policy_suffices() {
    let to_user = grants(&json!({"AWS": USER}), "s3:*");
    allowed(&get(USER).at(&to_user));
    allowed(&get(USER).holding(&allow("*", "*")).at(&json!([])));
    denied(&get(USER).at(&grants(&json!({"AWS": "arn:aws:iam::123456789012:user/bob"}), "s3:*")));
    denied(&get(USER).at(&json!([])));
    forbidden(&get(USER).holding(&deny("*", "*")).at(&to_user));
    let denies = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    forbidden(&get(USER).holding(&allow("*", "*")).at(&denies));
    // An account that is named may delegate the permission; naming it gives the permission only to
    // the account's root user.
    for account in ["123456789012", "arn:aws:iam::123456789012:root"] {
        let to_account = grants(&json!({"AWS": account}), "s3:*");
        denied(&get(USER).at(&to_account));
        allowed(&get(USER).holding(&allow("s3:GetObject", "*")).at(&to_account));
        allowed(&get("arn:aws:iam::123456789012:root").at(&to_account));
    }
    // A statement without principals in a resource's policy matches nobody.
    denied(&get(USER).at(&allow("*", "*")));
}

#[test]
fn whom_a_resource_names_decides_whether_the_boundary_counts() {
    // "How AWS enforcement code logic evaluates requests", "Resource-based policies and implicit
    // denies".
    let table = [
        (USER, json!({"AWS": USER}), true),
        (ROLE, json!({"AWS": ROLE}), false),
        (SESSION, json!({"AWS": "arn:aws:iam::123456789012:role/ops"}), false),
        (SESSION, json!({"AWS": SESSION}), true),
        (USER, json!("*"), true),
        (SESSION, json!("*"), true),
        (USER, json!({"AWS": "123456789012"}), false),
    ];
    for (caller, principal, expected) in table {
        let at = || get(caller).at(&grants(&principal, "s3:*"));
        assert_eq!(
            at().within(&allow("iam:*", "*")).verdict() == Verdict::Allowed,
            expected,
            "{caller} {principal}"
        );
        let named_account = principal == json!({"AWS": "123456789012"});
        assert_eq!(
            at().within(&allow("s3:*", "*")).verdict() == Verdict::Allowed,
            !named_account,
            "{caller}"
        );
        // An explicit deny always counts.
        forbidden(&at().within(&json!([allow("*", "*"), deny("s3:*", "*")])));
    }
}

#[test]
fn a_deny_to_all_but_some_is_for_all_who_have_a_boundary() {
    // "Permissions boundaries for IAM entities", "Important".
    let but_ada = json!({"Effect": "Deny", "NotPrincipal": {"AWS": [USER, "123456789012"]}, "Action": "*", "Resource": "*"});
    let held = || get(USER).holding(&allow("*", "*")).at(&but_ada);
    allowed(&held());
    forbidden(&get("arn:aws:iam::123456789012:user/bob").holding(&allow("*", "*")).at(&but_ada));
    forbidden(&held().within(&allow("*", "*")));
    forbidden(&get("arn:aws:iam::999999999999:user/eve").holding(&allow("*", "*")).at(&but_ada));
}

#[test]
fn across_accounts_both_must_allow() {
    let queue = "arn:aws:sqs:us-east-1:999999999999:jobs";
    let send = || asked(USER, "sqs:SendMessage", queue);
    let held = || send().holding(&allow("sqs:*", "*"));
    for principal in [json!({"AWS": USER}), json!({"AWS": "123456789012"}), json!("*")] {
        let statement = grants(&principal, "sqs:*");
        allowed(&held().at(&statement));
        denied(&send().at(&statement));
        denied(&held().at(&statement).within(&allow("s3:*", "*")));
    }
    denied(&held().at(&grants(&json!({"AWS": "999999999999"}), "sqs:*")));
    denied(&held().at(&json!([])));
    // Without the resource's policy only one side can be evaluated.
    needs_resource_policy(&held());
    denied(&send());
    denied(&held().within(&allow("s3:*", "*")));
    needs_resource_policy(&asked("123456789012", "sqs:SendMessage", queue));
    // S3's ARNs name no account.
    let to_user = grants(&json!({"AWS": USER}), "s3:*");
    allowed(&get(USER).at(&to_user));
    denied(&get(USER).at(&to_user).with("aws:ResourceAccount", "999999999999"));
    allowed(&get(USER).at(&to_user).with("aws:ResourceAccount", "123456789012"));
}

#[test]
fn the_policies_of_roles_and_of_keys_must_allow_it_themselves() {
    let trust = |principal: &Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    let take = |caller: &str| asked(caller, "sts:AssumeRole", ROLE);
    let held = allow("sts:*", "*");
    allowed(&take(USER).at(&trust(&json!({"AWS": USER}))));
    denied(&take(USER).holding(&held).at(&trust(&json!({"Service": "lambda.amazonaws.com"}))));
    denied(&take(USER).at(&trust(&json!({"AWS": "123456789012"}))));
    allowed(&take(USER).holding(&held).at(&trust(&json!({"AWS": "123456789012"}))));
    denied(&take(USER).holding(&held).at(&json!([])));
    needs_resource_policy(&take(USER).holding(&held));
    denied(&take(USER));
    let stranger = "arn:aws:iam::999999999999:user/eve";
    denied(&take(stranger).at(&trust(&json!({"AWS": "999999999999"}))));
    allowed(&take(stranger).holding(&held).at(&trust(&json!({"AWS": "999999999999"}))));

    let kms =
        |caller: &str| asked(caller, "kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1");
    let all = allow("kms:*", "*");
    denied(&kms(USER).holding(&all).at(&grants(&json!({"AWS": ROLE}), "kms:*")));
    allowed(&kms(USER).holding(&all).at(&grants(&json!({"AWS": "123456789012"}), "kms:*")));
    denied(&kms(USER).at(&grants(&json!({"AWS": "123456789012"}), "kms:*")));
    needs_resource_policy(&kms(USER).holding(&all));
    // These are about no key.
    allowed(&asked(USER, "kms:ListKeys", "*").holding(&all));
    allowed(
        &asked(USER, "kms:CreateAlias", "arn:aws:kms:us-east-1:123456789012:alias/app")
            .holding(&all),
    );
}

#[test]
fn those_who_hold_no_policies_need_the_resources() {
    use PrincipalType::{CanonicalUser, Everyone, Federated, Service};
    let table = [
        (Everyone, "*", json!("*"), true),
        (Everyone, "*", json!({"AWS": "*"}), true),
        (Everyone, "*", json!({"AWS": "123456789012"}), false),
        (
            Service,
            "lambda.amazonaws.com",
            json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
            true,
        ),
        (Service, "lambda.amazonaws.com", json!({"Service": "ec2.amazonaws.com"}), false),
        (Service, "lambda.amazonaws.com", json!({"AWS": "123456789012"}), false),
        (Federated, "accounts.google.com", json!({"Federated": "accounts.google.com"}), true),
        (Federated, "accounts.google.com", json!({"Service": "accounts.google.com"}), false),
        (CanonicalUser, "79a59df900b949e5", json!({"CanonicalUser": "79a59df900b949e5"}), true),
        (CanonicalUser, "79a59df900b949e5", json!({"CanonicalUser": "0000"}), false),
    ];
    for (kind, name, principal, expected) in table {
        let asked = get(USER).by(kind, name).holding(&allow("*", "*")).within(&json!([]));
        denied(&asked);
        let verdict = asked.at(&grants(&principal, "s3:GetObject")).verdict();
        assert_eq!(verdict == Verdict::Allowed, expected, "{kind:?} {name} {principal}");
    }
}

#[test]
fn the_root_user_may_do_everything_that_nobody_denies() {
    let root = "arn:aws:iam::123456789012:root";
    allowed(&get(root));
    allowed(&get("123456789012").at(&json!([])));
    let denies = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    forbidden(&get(root).at(&denies));
    denied(
        &asked(root, "sqs:SendMessage", "arn:aws:sqs:us-east-1:999999999999:jobs").at(&json!([])),
    );
}

#[test]
fn asking_who_one_is_needs_no_permission() {
    allowed(&asked(USER, "sts:GetCallerIdentity", "*"));
    allowed(&asked(USER, "STS:getCallerIdentity", "*").holding(&deny("*", "*")));
    denied(&asked(USER, "sts:GetCallerIdentity", "*").by(PrincipalType::Everyone, "*"));
}

#[test]
fn a_statement_applies_as_it_decides() {
    let statements = json!([
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalType": "User"}}},
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "s3:*", "Resource": "*"}
    ]);
    let request = asked(USER, "s3:GetObject", "arn:aws:s3:::home/ada").request;
    let applies: Vec<bool> =
        policy("p", &statements).statements.iter().map(|it| it.applies(&request)).collect();
    assert_eq!(applies, [true, true, false, false]);
}

#[test]
fn everything_that_decided_is_named() {
    let decision = get(USER)
        .holding(
            &json!([allow("iam:*", "*"), {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]),
        )
        .holding(&allow("*", "*"))
        .within(&allow("s3:*", "*"))
        .decision();
    let named: Vec<_> = decision
        .because
        .iter()
        .map(|it| (it.policy.as_str(), it.statement, it.sid.as_deref()))
        .collect();
    assert_eq!(named, [("held-1", 2, Some("Read")), ("held-2", 1, None), ("boundary", 1, None)]);
}

#[test]
fn the_reason_is_one_sentence_with_the_statement_that_decided_or_came_nearest() {
    let conditional = |condition: Value| json!({"Sid": "Vpc", "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let vpc = json!({"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}});
    let many = json!({"Effect": "Allow", "Action": "s3:*", "Resource": ["a:1", "a:2", "a:3", "a:4", "a:5"]});
    let but = json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::photos/*"});
    let to = |name: &str| grants(&json!({"AWS": name}), "s3:*");
    let queue = || asked(USER, "sqs:SendMessage", "arn:aws:sqs:us-east-1:999999999999:jobs");
    let sending = || queue().holding(&allow("sqs:*", "*"));
    let cases = [
        get(USER).holding(&allow("s3:Get*", "*")),
        get(USER).holding(&allow("s3:Get*", "*")).within(&allow("*", "*")),
        get(USER)
            .holding(&json!([allow("*", "*"), {"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}])),
        get(USER),
        get(USER).holding(&allow("iam:*", "*")),
        get(USER).holding(&json!([allow("iam:*", "*"), allow("s3:Get*", "arn:aws:s3:::other/*")])),
        get(USER).holding(&many),
        get(USER).holding(&but),
        get(SESSION).holding(&allow("s3:*", "arn:aws:s3:::${aws:username}/*")),
        get(USER).holding(&conditional(vpc.clone())),
        get(USER).holding(&conditional(vpc)).with("aws:SourceVpc", "vpc-9"),
        get(USER).holding(&allow("s3:*", "*")).within(&allow("iam:*", "*")),
        get(USER).at(&to(USER)),
        get(USER).at(&to("arn:aws:iam::123456789012:user/bob")),
        get(USER).at(&to("123456789012")),
        get(SESSION).at(&to("arn:aws:iam::123456789012:role/ops")).within(&allow("iam:*", "*")),
        sending(),
        sending().at(&json!([])),
        queue().at(&grants(&json!({"AWS": USER}), "sqs:*")),
        sending().at(&grants(&json!({"AWS": USER}), "sqs:*")),
        asked(USER, "sts:AssumeRole", ROLE)
            .holding(&allow("sts:*", "*"))
            .at(&grants(&json!({"Service": "ec2.amazonaws.com"}), "sts:*")),
        get("123456789012"),
        get(USER).by(PrincipalType::Everyone, "*").at(&to(USER)),
    ];
    let reasons: Vec<String> = cases
        .iter()
        .map(|case| {
            let decision = case.decision();
            format!("{:?}: {}", decision.verdict, decision.reason)
        })
        .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    Allowed: statement 1 of held-1 allows s3:GetObject on arn:aws:s3:::photos/cat.jpg
    Allowed: statement 1 of held-1 allows s3:GetObject on arn:aws:s3:::photos/cat.jpg; the boundary allows it too (statement 1 of boundary)
    ExplicitDeny: statement 2 "No" of held-1 denies s3:GetObject on arn:aws:s3:::photos/cat.jpg
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: there is no Allow at all
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: no Allow is about s3:GetObject
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 2 of held-1 allows it only on arn:aws:s3:::other/*
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 of held-1 allows it only on a:1, a:2, a:3 or 2 more
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 of held-1 allows it only on what is not arn:aws:s3:::photos/*
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 of held-1 allows it only on arn:aws:s3:::${aws:username}/*; a variable in arn:aws:s3:::${aws:username}/* has no value in the request
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 "Vpc" of held-1 allows it only if StringEquals aws:SourceVpc "vpc-1" or "vpc-2"; the request has no aws:SourceVpc
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 "Vpc" of held-1 allows it only if StringEquals aws:SourceVpc "vpc-1" or "vpc-2"; in the request it is "vpc-9"
    ImplicitDeny: statement 1 of held-1 allows s3:GetObject on arn:aws:s3:::photos/cat.jpg, but the boundary doesn't: no Allow is about s3:GetObject
    Allowed: statement 1 of resource allows s3:GetObject on arn:aws:s3:::photos/cat.jpg
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 of resource allows it to others, not to arn:aws:iam::123456789012:user/ada
    ImplicitDeny: statement 1 of resource leaves it to account 123456789012 to allow s3:GetObject on arn:aws:s3:::photos/cat.jpg, and nothing does: there is no Allow at all
    ImplicitDeny: statement 1 of resource allows s3:GetObject on arn:aws:s3:::photos/cat.jpg, but the boundary doesn't: no Allow is about s3:GetObject
    NeedsResourcePolicy: statement 1 of held-1 allows sqs:SendMessage on arn:aws:sqs:us-east-1:999999999999:jobs; the resource is of account 999999999999, which must allow it too: the policy of the resource isn't given
    ImplicitDeny: statement 1 of held-1 allows sqs:SendMessage on arn:aws:sqs:us-east-1:999999999999:jobs, but the resource is of account 999999999999, whose policy doesn't: there is no Allow at all
    ImplicitDeny: statement 1 of resource allows sqs:SendMessage on arn:aws:sqs:us-east-1:999999999999:jobs, but account 123456789012, which the caller is of, must allow it too: there is no Allow at all
    Allowed: statement 1 of held-1 allows sqs:SendMessage on arn:aws:sqs:us-east-1:999999999999:jobs; statement 1 of resource allows it too
    ImplicitDeny: statement 1 of held-1 allows sts:AssumeRole on arn:aws:iam::123456789012:role/team/ops, but the policy of the resource must allow it too: statement 1 of resource allows it to others, not to arn:aws:iam::123456789012:user/ada
    Allowed: the root user of account 123456789012 may do everything in it
    ImplicitDeny: nothing allows s3:GetObject on arn:aws:s3:::photos/cat.jpg: statement 1 of resource allows it to others, not to an anonymous caller
    "#);
}
