//! Groups, their members and policies: a sweep shows all of them.

use serde_json::json;

use super::*;

fn group(name: &str) -> Group {
    let arn = format!("arn:aws:iam::1:group/team/{name}");
    Group { name: name.to_owned(), id: format!("AGPA{name}"), arn, path: "/team/".to_owned() }
}

fn ops_facets() -> Vec<Facet> {
    let ops = || Principal::group("ops");
    let members = Facet::Members { group: "ops".to_owned() };
    let groups = Facet::Groups { user: "serverless".to_owned() };
    vec![Facet::Principal(ops()), Facet::Policies(ops()), members, groups]
}

/// Returns an account with one group that has everything, and another one.
fn grouped() -> AuthorizationDetails {
    let mut details = swept();
    let inline = vec![Inline { name: "debug".to_owned(), document: json!("inline").into() }];
    let attached = vec!["z".to_owned(), "a".to_owned()];
    details.groups = vec![
        GroupDetail { group: group("ops"), attached, inline },
        GroupDetail { group: group("idle"), ..GroupDetail::default() },
    ];
    details.users[0].groups = vec!["ops".to_owned()];
    details.users.push(UserDetail {
        user: user("ada"),
        groups: vec!["ops".to_owned()],
        ..UserDetail::default()
    });
    details
}

/// Returns the same account for reads of single objects.
fn targeted() -> Aws {
    let ops = || "ops".to_owned();
    let document = IamReply::Document(json!("inline").into());
    let users = vec!["serverless".to_owned(), "ada".to_owned()];
    Aws::default()
        .denies_the_sweep()
        .iam(IamRead::GetGroup { group: ops() }, IamReply::Members { group: group("ops"), users })
        .iam(
            IamRead::ListAttachedGroupPolicies { group: ops() },
            IamReply::Attached(vec!["z".into(), "a".into()]),
        )
        .iam(
            IamRead::ListGroupPolicies { group: ops() },
            IamReply::Names(vec!["gone".into(), "debug".into()]),
        )
        .iam(IamRead::GetGroupPolicy { group: ops(), policy: "debug".into() }, document)
        .iam(
            IamRead::ListGroupsForUser { user: "serverless".to_owned() },
            IamReply::Names(vec![ops()]),
        )
}

#[test]
fn a_sweep_tells_all_of_groups() {
    let (rounds, known) = Aws::default().sweeps(grouped()).ask(&ops_facets(), ReadScope::Cheapest);
    assert_eq!(rounds, [["sweep"]]);
    assert_eq!(known.group("ops"), Observed::Present(group("ops")));
    let policies = known.policies(&Principal::group("ops")).present().expect("there");
    assert_eq!(
        (policies.attached, policies.inline.len()),
        (vec!["a".to_owned(), "z".to_owned()], 1)
    );
    assert_eq!(
        known.members("ops"),
        Observed::Present(vec!["ada".to_owned(), "serverless".to_owned()])
    );
    assert_eq!(known.members("idle"), Observed::Present(Vec::new()));
    assert_eq!(known.groups("serverless"), Observed::Present(vec!["ops".to_owned()]));
    assert_eq!(known.group("nobody"), Observed::Absent);
    assert_eq!(known.members("nobody"), Observed::Absent);
}

#[test]
fn single_reads_tell_the_same_of_groups() {
    let (rounds, targeted) = targeted().ask(&ops_facets(), ReadScope::Targeted);
    assert_eq!(
        rounds,
        [
            vec![
                "ListGroupsForUser { user: serverless }",
                "GetGroup { group: ops }",
                "ListAttachedGroupPolicies { group: ops }",
                "ListGroupPolicies { group: ops }",
            ],
            vec![
                "GetGroupPolicy { group: ops, policy: debug }",
                "GetGroupPolicy { group: ops, policy: gone }"
            ],
        ]
    );
    let (_, swept) = Aws::default().sweeps(grouped()).ask(&ops_facets(), ReadScope::Cheapest);
    let ops = Principal::group("ops");
    assert_eq!(targeted.group("ops"), swept.group("ops"));
    assert_eq!(targeted.policies(&ops), swept.policies(&ops));
    assert_eq!(targeted.members("ops"), swept.members("ops"));
    assert_eq!(targeted.groups("serverless"), swept.groups("serverless"));
}

#[test]
fn the_members_of_a_group_are_unknown_until_all_users_were_seen() {
    let marker = Some("next".to_owned());
    let first = AuthorizationDetails { marker, ..grouped() };
    let aws = targeted()
        .sweeps(first)
        .fails(Read::Iam(IamRead::GetAccountSummary), FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(&ops_facets(), ReadScope::Cheapest);
    assert_eq!(rounds.last().unwrap(), &["GetGroup { group: ops }"]);
    assert_eq!(
        known.members("ops"),
        Observed::Present(vec!["ada".to_owned(), "serverless".to_owned()])
    );
}
