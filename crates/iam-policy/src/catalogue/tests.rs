use std::collections::BTreeSet;

use super::*;

fn names(actions: impl Iterator<Item = &'static Action>) -> Vec<&'static str> {
    actions.map(|action| action.name.as_str()).collect()
}

#[test]
fn the_whole_catalogue_can_be_read() {
    let services: Vec<Service> = services().collect();
    assert!(services.len() > 400, "{}", services.len());
    let actions: usize = services.iter().map(|service| actions_of(service.prefix).len()).sum();
    assert!(actions > 20_000, "{actions}");
    assert!(catalogue_date().parse::<jiff::civil::Date>().is_ok(), "{}", catalogue_date());
    assert!(source().contains("iam-data"), "{}", source());
}

/// Nothing is dropped when the data is read: a line that can't be read would be missing here.
#[test]
fn every_line_becomes_an_action() {
    for shelf in text::load_catalogue().shelves() {
        assert_eq!(shelf.actions().len(), shelf.lines_of_actions(), "{}", shelf.prefix);
        for action in shelf.actions() {
            assert_eq!(super::action(&action.name.to_uppercase()), Some(action));
            for resource in &action.resources {
                assert!(
                    resource.arn.starts_with("arn:*:") && !resource.arn.contains('$'),
                    "{resource:?}"
                );
            }
            for key in &action.condition_keys {
                assert!(condition_key(key).is_some(), "{} has an unknown {key}", action.name);
            }
        }
    }
}

#[test]
fn every_dependent_action_is_an_action() {
    let actions = services().flat_map(|service| actions_of(service.prefix));
    let dependents: BTreeSet<&String> = actions.flat_map(|action| &action.dependent).collect();
    let strangers: Vec<_> = dependents.iter().filter(|name| action(name).is_none()).collect();
    assert!(dependents.len() > 500, "{}", dependents.len());
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn an_action_is_found_whatever_its_case() {
    let found = action("S3:getobject").unwrap();
    assert_eq!(found.name, "s3:GetObject");
    assert_eq!(found.access, AccessLevel::Read);
    let object = found.resources.iter().find(|resource| resource.name == "object").unwrap();
    assert_eq!(object.format, "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
    assert_eq!(object.arn, "arn:*:s3:::*/*");
    assert_eq!(action("s3:GetObjects"), None);
    assert_eq!(action("GetObject"), None);
    assert_eq!(action(""), None);
}

#[test]
fn access_levels_are_aws_s() {
    let level = |name| action(name).map(|action| action.access);
    assert_eq!(level("s3:ListAllMyBuckets"), Some(AccessLevel::List));
    assert_eq!(level("iam:GetRole"), Some(AccessLevel::Read));
    assert_eq!(level("iam:CreateUser"), Some(AccessLevel::Write));
    assert_eq!(level("iam:AttachRolePolicy"), Some(AccessLevel::PermissionsManagement));
    assert_eq!(level("iam:TagRole"), Some(AccessLevel::Tagging));
}

#[test]
fn resources_and_dependent_actions_are_told() {
    let pass_role = action("iam:PassRole").unwrap();
    assert!(pass_role.takes_resource());
    let role = &pass_role.resources[0];
    assert_eq!(
        (role.name, role.required, role.arn.as_str()),
        ("role", true, "arn:*:iam::*:role/*")
    );
    assert!(!action("iam:ListRoles").unwrap().takes_resource());
    assert!(
        action("lambda:CreateFunction").unwrap().dependent.contains(&"iam:PassRole".to_owned())
    );
}

#[test]
fn an_action_knows_the_keys_of_its_requests() {
    let attach = action("iam:AttachRolePolicy").unwrap();
    for key in [
        "iam:PolicyARN",
        "iam:policyarn",
        "iam:PermissionsBoundary",
        "aws:PrincipalArn",
        "aws:ResourceTag/team",
    ] {
        assert!(attach.takes_key(key), "{key}");
    }
    for key in ["iam:PassedToService", "s3:prefix", "aws:NoSuchKey"] {
        assert!(!attach.takes_key(key), "{key}");
    }
    assert!(action("iam:CreateUser").unwrap().takes_key("aws:RequestTag/relayctl:manifest"));
}

#[test]
fn patterns_stand_for_actions() {
    let listed = names(matching("s3:List*Buckets"));
    assert!(listed.contains(&"s3:ListAllMyBuckets"), "{listed:?}");
    assert_eq!(names(matching("sts:getcalleridentity")), ["sts:GetCallerIdentity"]);
    assert_eq!(matching("s3:*").count(), actions_of("s3").len());
    assert_eq!(matching("nosuch:*").count(), 0);
    assert_eq!(matching("s3:Nothing*").count(), 0);
    assert_eq!(matching("*").count(), matching("*:*").count());
    assert!(matching("*").count() > 20_000);
    for pattern in [
        "s3:List*Buckets",
        "S3:getobject",
        "s3:*",
        "nosuch:*",
        "s3:Nothing*",
        "*",
        "s3:ListBucketx",
    ] {
        assert_eq!(has_match(pattern), matching(pattern).next().is_some(), "{pattern}");
    }
}

#[test]
fn slips_of_the_pen_are_mended() {
    assert_eq!(nearest_action("s3:GetObjct").as_deref(), Some("s3:GetObject"));
    assert_eq!(nearest_action("S3:getobjects").as_deref(), Some("s3:GetObject"));
    assert_eq!(nearest_action("iam:PasRole").as_deref(), Some("iam:PassRole"));
    assert_eq!(nearest_action("lamda:InvokeFunction").as_deref(), Some("lambda:InvokeFunction"));
    assert_eq!(nearest_action("s3:Gett*").as_deref(), Some("s3:Get*"));
    assert_eq!(nearest_action("s3:GetObjekt*").as_deref(), Some("s3:GetObject*"));
    assert_eq!(nearest_action("s3:Frobnicate*"), None);
    assert_eq!(nearest_action("s3:Frobnicate"), None);
    assert_eq!(nearest_action("GetObject"), None);
    assert_eq!(nearest_service("lamda"), Some("lambda"));
    assert_eq!(nearest_service("dynamodbb"), Some("dynamodb"));
    assert_eq!(nearest_service("qqqqqqqq"), None);
}

#[test]
fn keys_have_types_and_forms() {
    let key = |name| condition_key(name).map(|key| (key.name, key.value, key.global));
    assert_eq!(key("AWS:sourceip"), Some(("aws:SourceIp", ValueType::IpAddress, true)));
    assert_eq!(key("aws:TagKeys"), Some(("aws:TagKeys", ValueType::ArrayOfString, true)));
    assert_eq!(
        key("aws:RequestTag/team"),
        Some(("aws:RequestTag/${TagKey}", ValueType::String, true))
    );
    assert_eq!(
        key("aws:requesttag/a:b"),
        Some(("aws:RequestTag/${TagKey}", ValueType::String, true))
    );
    assert_eq!(key("aws:RequestTag/"), None);
    assert_eq!(
        key("s3:ExistingObjectTag/x"),
        Some(("s3:ExistingObjectTag/<key>", ValueType::String, false))
    );
    // AWS prints `secretsmanager:ResourceTag/tag-key`, and it stands for the key of any tag.
    for name in ["secretsmanager:ResourceTag/team", "SecretsManager:resourcetag/aws:team"] {
        let form = "secretsmanager:ResourceTag/tag-key";
        assert_eq!(key(name), Some((form, ValueType::String, false)));
    }
    assert_eq!(key("secretsmanager:ResourceTag/"), None);
    for (name, form) in [
        ("ssm:resourceTag/team", "ssm:resourceTag/${TagKey}"),
        ("ssm:resourceTag/tag-key", "ssm:resourceTag/tag-key"),
        ("kms:EncryptionContext:aws:s3:arn", "kms:EncryptionContext:${EncryptionContextKey}"),
        (
            "codebuild:environment.environmentVariables/STAGE.value",
            "codebuild:environment.environmentVariables/${name}.value",
        ),
        ("events:Metadata/team/Matcher", "events:Metadata/${MetadataKey}/Matcher"),
    ] {
        assert_eq!(key(name).map(|found| found.0), Some(form), "{name}");
    }
    assert_eq!(key("codebuild:environment.environmentVariables/STAGE.type"), None);
    let secret = action("secretsmanager:GetSecretValue").unwrap();
    assert!(secret.takes_key("secretsmanager:ResourceTag/team"));
    assert_eq!(key("iam:PassedToService"), Some(("iam:PassedToService", ValueType::String, false)));
    assert_eq!(
        key("accounts.google.com:aud").map(|found| found.0),
        Some("accounts.google.com:aud")
    );
    let repository = "token.actions.githubusercontent.com:repository";
    assert_eq!(key(repository), Some((repository, ValueType::String, false)));
    assert_eq!(
        key("sso.example.com/tenant:sub"),
        Some(("${Provider}:sub", ValueType::String, false))
    );
    assert_eq!(key("s3:sub"), None);
    assert_eq!(key("s3:nosuchkey"), None);
    assert!(ValueType::ArrayOfArn.is_multivalued() && !ValueType::Arn.is_multivalued());
}

/// The search relies on the order of the actions, also after the data is refreshed.
#[test]
fn a_service_s_actions_are_in_order() {
    for service in services() {
        assert!(
            actions_of(service.prefix).is_sorted_by_key(|action| action.name.to_lowercase()),
            "{}",
            service.prefix
        );
    }
}

/// Most keys are listed by the service that they begin with, which is searched first; the result
/// must not depend on that.
#[test]
fn a_key_is_found_wherever_it_is_listed() {
    let listed = text::load_catalogue().shelves().flat_map(text::Shelf::keys);
    let mut count = 0;
    for (name, value) in listed.filter(|(name, _)| !key::is_global(name)) {
        let found = condition_key(name).expect(name);
        let several = key::MULTIVALUED.contains(&name);
        let value = if several { ValueType::ArrayOfString } else { value };
        assert_eq!((found.name, found.value, found.global), (name, value, false));
        count += 1;
    }
    assert!(count > 1_000, "{count}");
}
