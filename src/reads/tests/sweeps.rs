//! Sweeps of the account, and the reads that they leave open.

use super::*;

fn both_roles() -> Vec<Facet> {
    role_facets("runner").into_iter().chain(role_facets("other")).collect()
}

#[test]
fn two_roles_are_completed_by_one_list() {
    let (rounds, known) = aws().ask(&both_roles(), ReadScope::Cheapest);
    assert_eq!(rounds, [["sweep"], ["ListRoles"]]);
    let settings = RoleSettings { description: "runs it".to_owned(), max_session_duration: 7200 };
    assert_eq!(known.role_settings("other"), Observed::Present(settings));
    // The reads of roles that the state knows wait for the sweep, too: it tells the number of
    // roles.
    assert_eq!(aws().ask_known(&both_roles()).0, [["sweep"], ["ListRoles"]]);
}

#[test]
fn two_roles_of_a_thousand_and_more_are_completed_one_by_one() {
    let many = |range: std::ops::Range<usize>| {
        range
            .map(|number| RoleDetail { role: role(&format!("r{number}")), ..RoleDetail::default() })
    };
    let mut all = swept();
    all.roles.extend(many(0..1999));
    let (rounds, _) = aws().sweeps(all).ask(&both_roles(), ReadScope::Cheapest);
    assert_eq!(
        rounds,
        [vec!["sweep"], vec!["GetRole { role: other }", "GetRole { role: runner }"]]
    );
}

#[test]
fn a_denied_list_of_roles_falls_back_to_each() {
    let aws = aws().fails(Read::Iam(IamRead::ListRoles), FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(&both_roles(), ReadScope::Cheapest);
    assert_eq!(rounds[2], ["GetRole { role: other }", "GetRole { role: runner }"]);
    assert_eq!(known.role_settings("runner").present().expect("there").max_session_duration, 7200);
}

#[test]
fn a_role_that_cannot_be_completed_is_known_but_for_that() {
    let read = Read::Iam(IamRead::GetRole { role: "runner".to_owned() });
    let (_, known) = aws()
        .fails(read, FailureKind::AccessDenied)
        .ask(&role_facets("runner"), ReadScope::Cheapest);
    assert_eq!(
        known.role_settings("runner"),
        Observed::Unknown(failure(FailureKind::AccessDenied))
    );
}

/// Returns an account whose sweep has a second page, and whose summary counts `more` users.
fn large(more: u64) -> Aws {
    let marker = Some("next".to_owned());
    let roles = || {
        (0..1000)
            .map(|number| RoleDetail { role: role(&format!("r{number}")), ..RoleDetail::default() })
    };
    let first = AuthorizationDetails {
        roles: roles().collect(),
        marker: marker.clone(),
        ..AuthorizationDetails::default()
    };
    let rest =
        Read::Iam(IamRead::GetAccountAuthorizationDetails { filter: BTreeSet::new(), marker });
    let counts = AccountSummary::from([(EntityType::Role, 1000), (EntityType::User, more)]);
    let mut aws = targeted_aws()
        .sweeps(first)
        .iam(IamRead::GetAccountSummary, IamReply::AccountSummary(counts));
    aws.answers.insert(rest, Ok(Reply::Iam(IamReply::AuthorizationDetails(swept()))));
    aws
}

#[test]
fn a_large_account_is_swept_no_further_for_a_few_objects() {
    let few: Vec<Facet> = user_facets().into_iter().chain(role_facets("runner")).collect();
    let (rounds, known) = large(20_000).ask(&few, ReadScope::Cheapest);
    assert_eq!(rounds[..2], [["sweep"], ["GetAccountSummary"]]);
    assert_eq!(rounds[2].len(), 6, "{rounds:?}");
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn a_little_more_is_swept_where_that_is_less_than_asking_for_each() {
    let few: Vec<Facet> = user_facets().into_iter().chain(role_facets("runner")).collect();
    let (rounds, known) = large(100).ask(&few, ReadScope::Cheapest);
    assert_eq!(
        rounds,
        [["sweep"], ["GetAccountSummary"], ["rest of the sweep"], ["GetRole { role: runner }"]]
    );
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn nobody_asks_how_large_an_account_is_where_it_makes_no_difference() {
    let mut many: Vec<Facet> =
        (0..400).map(|number| policy_facet(&format!("arn:aws:iam::1:policy/p{number}"))).collect();
    many.extend(user_facets());
    let (rounds, _) = large(20_000).ask(&many, ReadScope::Cheapest);
    assert_eq!(rounds, [["sweep"], ["rest of the sweep"]]);
}

#[test]
fn what_the_first_page_showed_is_known_though_the_rest_is_denied() {
    let rest = IamRead::GetAccountAuthorizationDetails {
        filter: BTreeSet::new(),
        marker: Some("next".to_owned()),
    };
    let aws = large(100).fails(Read::Iam(rest), FailureKind::AccessDenied);
    let few: Vec<Facet> = user_facets()
        .into_iter()
        .chain(role_facets("r7").into_iter().filter(|it| !matches!(it, Facet::RoleSettings { .. })))
        .chain(role_facets("runner"))
        .collect();
    let (rounds, known) = aws.ask(&few, ReadScope::Cheapest);
    assert!(
        !rounds.concat().contains(&"ListAttachedRolePolicies { role: r7 }".to_owned()),
        "{rounds:?}"
    );
    assert!(matches!(known.role("r7"), Observed::Present(_)));
    assert!(matches!(known.role("runner"), Observed::Present(_)));
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn an_account_that_does_not_say_how_large_it_is_is_swept_no_further() {
    let aws = large(100).fails(Read::Iam(IamRead::GetAccountSummary), FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(
        &user_facets().into_iter().chain(role_facets("runner")).collect::<Vec<_>>(),
        ReadScope::Cheapest,
    );
    assert_eq!(rounds[2].len(), 6, "{rounds:?}");
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn a_sweep_tells_who_uses_a_policy_and_which_groups_a_user_is_in() {
    let arn = "arn:aws:iam::1:policy/app/Run";
    let mut details = swept();
    details.users[0].attached.push(arn.to_owned());
    details.users[0].groups = vec!["ops".to_owned(), "devs".to_owned()];
    details.roles[0].role.boundary = Some(arn.to_owned());
    let ops = Group { name: "ops".to_owned(), ..Group::default() };
    details.groups.push(GroupDetail {
        group: ops,
        attached: vec![arn.to_owned()],
        inline: Vec::new(),
    });
    let facets = [
        Facet::Uses { arn: arn.to_owned() },
        Facet::UserDependents { user: "serverless".to_owned() },
    ];
    let (rounds, known) =
        aws().sweeps(details).ask(&[relay(), facets.to_vec()].concat(), ReadScope::Cheapest);
    let sent = rounds.concat();
    assert!(
        !sent.iter().any(
            |read| read.contains("ListEntitiesForPolicy") || read.contains("ListGroupsForUser")
        ),
        "{sent:?}"
    );
    let uses = known.uses(arn).present().expect("there");
    assert_eq!(
        (uses.attached.users, uses.attached.groups),
        (vec!["serverless".to_owned()], vec!["ops".to_owned()])
    );
    assert_eq!((uses.boundary.users, uses.boundary.roles), (vec![], vec!["runner".to_owned()]));
    assert_eq!(known.swept_groups("serverless"), Some(vec!["devs".to_owned(), "ops".to_owned()]));
}

#[test]
fn a_sweep_finds_a_policy_under_another_path_but_not_in_another_account() {
    let facets =
        [policy_facet("arn:aws:iam::1:policy/Run"), policy_facet("arn:aws:iam::2:policy/Run")];
    let (_, known) = aws().ask(&facets, ReadScope::Cheapest);
    let found = known.policy("arn:aws:iam::1:policy/Run").present().expect("there").policy;
    assert_eq!((found.arn.as_str(), found.name.as_str()), ("arn:aws:iam::1:policy/app/Run", "Run"));
    assert_eq!(known.policy("arn:aws:iam::2:policy/Run"), Observed::Absent);
    assert_eq!(known.policy("arn:aws:iam::1:policy/run"), Observed::Absent);
}

#[test]
fn a_policy_of_aws_needs_no_sweep() {
    let (rounds, _) =
        aws().ask(&[policy_facet("arn:aws:iam::aws:policy/ReadOnlyAccess")], ReadScope::Cheapest);
    assert_eq!(rounds, [["GetPolicy { arn: arn:aws:iam::aws:policy/ReadOnlyAccess }"]]);
}

#[test]
fn a_version_that_is_newer_than_the_sweep_is_asked_for() {
    let newer = ManagedPolicy { default_version: "v11".to_owned(), ..policy(POLICY) };
    let listed = [versions(), vec![version("v11", None)]].concat();
    let document = PolicyVersion { document: Some(json!("newer").into()), ..version("v11", None) };
    let (arn, version) = (POLICY.to_owned(), "v11".to_owned());
    let aws = aws()
        .iam(IamRead::GetPolicy { arn: arn.clone() }, IamReply::Policy(newer))
        .iam(IamRead::ListPolicyVersions { arn: arn.clone() }, IamReply::PolicyVersions(listed))
        .iam(IamRead::GetPolicyVersion { arn, version }, IamReply::PolicyVersion(document));
    let (rounds, known) = aws.ask(&[policy_facet(POLICY)], ReadScope::Cheapest);
    assert_eq!(rounds.len(), 3);
    let detail = known.policy(POLICY).present().expect("there");
    let default: Vec<_> = detail.versions.iter().filter(|version| version.is_default).collect();
    assert_eq!(
        (default[0].id.as_str(), &default[0].document, default.len()),
        ("v11", &Some(json!("newer").into()), 1)
    );
}

#[test]
fn who_has_a_policy_attached_and_for_a_boundary_has_both() {
    let arn = || "arn:aws:iam::1:policy/Boundary".to_owned();
    let users = vec!["serverless".to_owned(), "other".to_owned()];
    let entities = || IamReply::Entities(Entities { users: users.clone(), ..Entities::default() });
    let list = |usage| IamRead::ListEntitiesForPolicy { arn: arn(), usage };
    let get = |user: &str| IamRead::GetUser { user: user.to_owned() };
    let document = PolicyVersion { document: Some(json!("default").into()), ..version("v9", None) };
    let aws = Aws::default()
        .iam(IamRead::GetPolicy { arn: arn() }, IamReply::Policy(policy(&arn())))
        .iam(
            IamRead::ListPolicyVersions { arn: arn() },
            IamReply::PolicyVersions(vec![version("v9", None)]),
        )
        .iam(
            IamRead::GetPolicyVersion { arn: arn(), version: "v9".into() },
            IamReply::PolicyVersion(document),
        )
        .iam(list(PolicyUsage::PermissionsPolicy), entities())
        .iam(list(PolicyUsage::PermissionsBoundary), entities())
        .iam(get("serverless"), IamReply::User(user("serverless")))
        .iam(get("other"), IamReply::User(User { boundary: None, ..user("other") }));
    let (_, known) = aws.ask(&[Facet::Uses { arn: arn() }], ReadScope::Targeted);
    let found = known.uses(&arn()).present().expect("there");
    assert_eq!(found.attached.users, ["other", "serverless"]);
    assert_eq!(found.boundary.users, ["serverless"]);
}

#[test]
fn a_policy_is_used_under_its_own_path_not_the_declared_one() {
    let (old, new) =
        ("arn:aws:iam::1:policy/app/Run".to_owned(), "arn:aws:iam::1:policy/Run".to_owned());
    let list = |usage| IamRead::ListEntitiesForPolicy { arn: old.clone(), usage };
    let entities = Entities { roles: vec!["runner".to_owned()], ..Entities::default() };
    let aws = Aws::default()
        .iam(IamRead::GetPolicy { arn: new.clone() }, IamReply::Policy(policy(&old)))
        .iam(
            IamRead::ListPolicyVersions { arn: old.clone() },
            IamReply::PolicyVersions(vec![version("v9", None)]),
        )
        .iam(
            IamRead::GetPolicyVersion { arn: old.clone(), version: "v9".into() },
            IamReply::PolicyVersion(version("v9", Some(json!("default")))),
        )
        .iam(list(PolicyUsage::PermissionsPolicy), IamReply::Entities(entities))
        .iam(list(PolicyUsage::PermissionsBoundary), IamReply::Entities(Entities::default()));
    let (_, known) = aws.ask(&[Facet::Uses { arn: new.clone() }], ReadScope::Targeted);
    assert_eq!(known.uses(&new).present().expect("there").attached.roles, ["runner"]);

    let mut details = swept();
    details.roles[0].attached.push(old.clone());
    let (_, known) = super::aws()
        .sweeps(details)
        .ask(&[relay(), vec![Facet::Uses { arn: new.clone() }]].concat(), ReadScope::Cheapest);
    assert_eq!(known.uses(&new).present().expect("there").attached.roles, ["runner"]);
}
