use std::collections::BTreeSet;

use crate::catalogue;

use super::super::publication::Publication;
use super::*;

/// A published path that the table does without, for a reason.
#[derive(Deserialize)]
struct OmittedPath {
    list: PublishedList,
    id: &'static str,
    why: &'static str,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct OmittedPaths {
    left_out: Vec<OmittedPath>,
}

fn omitted() -> Vec<OmittedPath> {
    serde_json::from_str::<OmittedPaths>(TEXT).unwrap().left_out
}

#[test]
fn the_file_can_be_read_and_borrowed_from() {
    let table: PathTable = serde_json::from_str(TEXT).unwrap();
    assert_eq!(table.paths.len(), all().count());
    assert!(all().count() > 120 && !TEXT.contains('\\'));
    for path in all() {
        assert!(TEXT.contains(&format!("\n    {{\"name\": \"{}\", ", path.name)), "one line each");
    }
}

#[test]
fn each_published_id_is_a_path_or_left_out_for_a_reason() {
    let of_paths: BTreeSet<Publication> = all().flat_map(Path::publications).collect();
    let of_path = |path: &'static Path| path.publications().count();
    assert!(all().all(|path| of_path(path) > 0));
    let omitted = omitted();
    let without: BTreeSet<Publication> =
        omitted.iter().map(|it| Publication { list: it.list, id: it.id }).collect();
    assert_eq!(without.len(), omitted.len(), "each is left out once");
    assert!(omitted.iter().all(|it| !it.why.is_empty()));
    assert_eq!(of_paths.intersection(&without).collect::<Vec<_>>(), Vec::<&Publication>::new());
    for (list, edition) in lists() {
        let known = of_paths.union(&without).filter(|it| it.list == list).count();
        assert!(known >= edition.entries, "{}: {known} of {}", list.title(), edition.entries);
    }
}

#[test]
fn the_lists_are_named_with_the_state_that_was_read() {
    let compared: Vec<PublishedList> = lists().map(|(list, _)| list).collect();
    let expected = [
        PublishedList::Pathfinding,
        PublishedList::Prowler,
        PublishedList::HackTricks,
        PublishedList::Awspx,
    ];
    assert_eq!(compared, expected);
    for (list, edition) in lists() {
        assert!(edition.repository.starts_with("https://github.com/"), "{}", list.title());
        assert!(edition.commit.len() == 40 && edition.date.starts_with("20"), "{}", list.title());
    }
}

#[test]
fn each_publication_has_an_address() {
    let at = |list, id| Publication { list, id }.address();
    assert_eq!(
        at(PublishedList::Pathfinding, "ecs-009").as_deref(),
        Some("https://pathfinding.cloud/paths/ecs-009")
    );
    let page = "https://github.com/HackTricks-wiki/hacktricks-cloud/blob/master/src/\
        pentesting-cloud/aws-security/aws-privilege-escalation/aws-glue-privesc/README.md\
        #glueupdatejob";
    assert_eq!(
        at(PublishedList::HackTricks, "aws-glue-privesc#glueupdatejob").as_deref(),
        Some(page)
    );
    for published in all().flat_map(Path::publications) {
        let address = published.address();
        let ours = published.list == PublishedList::Relayctl;
        assert_eq!(address.is_none(), ours, "{published:?}");
        assert!(address.is_none_or(|it| it.starts_with("https://") && !it.contains(' ')));
    }
}

#[test]
fn a_role_is_passed_to_a_service_that_exists() {
    for need in all().flat_map(|path| &path.needs) {
        assert_eq!(need.to.is_some(), need.any == ["iam:PassRole"], "{need:?}");
        if let Some(service) = need.to {
            // A role of App Runner's tasks is passed to a part of the service.
            let known = catalogue::is_service_principal(service);
            let of_service = service.strip_suffix(".amazonaws.com").unwrap();
            assert!(known || catalogue::service(of_service).is_some(), "{service}");
        }
    }
}
