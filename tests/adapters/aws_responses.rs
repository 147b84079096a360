//! The AWS edge against answers that no emulator gives: lost ones, cut ones, ones from the wrong
//! region or the wrong server.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relayctl::call::iam::EntityType;
use relayctl::call::{
    BucketRef, Failure, FailureKind, IamRead, IamReply, IamWrite, Read, Reply, S3Read, S3Reply,
    S3Write, StepOutput, Write,
};
use relayctl::port::Provider;
use relayctl::transport::Transport;
use tracing::subscriber::NoSubscriber;

use crate::support::canned::{Canned, answer, iam, iam_error};
use crate::support::edge::{aws_at, aws_under};

const LOST: &str = "";

async fn read(server: &Canned, read: Read) -> Result<Reply, Failure> {
    aws_at(server.endpoint()).read(&read).await
}

fn get_user() -> Read {
    Read::Iam(IamRead::GetUser { user: "serverless".into() })
}

fn bucket() -> BucketRef {
    BucketRef { name: "relay".into(), region: "us-east-1".into() }
}

async fn head(answer: String) -> Result<Reply, Failure> {
    read(&Canned::start(&[answer]), Read::S3(S3Read::HeadBucket(bucket()))).await
}

#[tokio::test]
async fn create_access_key_is_sent_once_even_when_its_answer_is_lost() {
    for lost in [
        LOST.to_owned(),
        answer("500 Internal Server Error", "", ""),
        iam_error("500 Internal Server Error", "ServiceFailure", ""),
        iam_error("503 Service Unavailable", "ServiceUnavailable", ""),
    ] {
        let server = Canned::start(&[lost]);
        let write = Write::Iam(IamWrite::CreateAccessKey { user: "serverless".into() });
        let failure =
            aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_holds_a_secret_but_cannot_be_read_is_not_repeated_in_the_error() {
    let result = "<AccessKey><UserName>serverless</UserName><AccessKeyId>AKIAEXAMPLE</AccessKeyId>\
                  <SecretAccessKey>hush&bogus;hush</SecretAccessKey><Status>Active</Status></AccessKey>";
    let server = Canned::start(&[iam("CreateAccessKey", result)]);
    let write = Write::Iam(IamWrite::CreateAccessKey { user: "serverless".into() });
    let failure =
        aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(!format!("{failure} {failure:?}").contains("hush"), "{failure:?}");
}

/// Keeps a log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_most_talkative_log_does_not_hold_a_new_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    // With a second dispatcher, other tests' threads can't switch off events for this one.
    let _other = tracing::Dispatch::new(NoSubscriber::new());
    let guard =
        tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
    let result = "<AccessKey><UserName>serverless</UserName><AccessKeyId>AKIAEXAMPLE</AccessKeyId>\
                  <SecretAccessKey>hush/hush</SecretAccessKey><Status>Active</Status></AccessKey>";
    let server = Canned::start(&[iam("CreateAccessKey", result)]);
    let write = Write::Iam(IamWrite::CreateAccessKey { user: "serverless".into() });
    let reply = aws_at(server.endpoint()).write(&write, &StepOutput::default()).await;
    tracing::trace!(?reply);
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("aws_smithy_runtime")
            && text.contains("AKIAEXAMPLE")
            && !text.contains("hush"),
        "{text}"
    );
}

#[tokio::test]
async fn other_calls_are_sent_again_until_they_are_answered() {
    let user = "<User><Path>/</Path><UserName>serverless</UserName><UserId>AIDAEXAMPLE</UserId>\
                <Arn>arn:aws:iam::123456789012:user/serverless</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User>";
    let server = Canned::start(&[LOST.to_owned(), iam("GetUser", user)]);
    let reply = read(&server, get_user()).await;
    assert!(matches!(reply, Ok(Reply::Iam(IamReply::User(_)))), "{reply:?}");
    assert_eq!(server.requests().len(), 2);
}

fn page(name: &str, marker: Option<&str>) -> String {
    let more = marker.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |marker| {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    });
    iam("ListUserPolicies", &format!("<PolicyNames><member>{name}</member></PolicyNames>{more}"))
}

async fn list(pages: &[String]) -> Result<Reply, Failure> {
    read(&Canned::start(pages), Read::Iam(IamRead::ListUserPolicies { user: "serverless".into() }))
        .await
}

#[tokio::test]
async fn pages_are_put_together_in_their_order() {
    let reply = list(&[page("a", Some("1")), page("b", Some("2")), page("c", None)]).await;
    let Ok(Reply::Iam(IamReply::Names(names))) = reply else { panic!("{reply:?}") };
    assert_eq!(names, ["a", "b", "c"]);
}

fn swept(user: &str, marker: Option<&str>) -> String {
    let more = marker.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |marker| {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    });
    let arn = format!("arn:aws:iam::123456789012:user/{user}");
    let detail =
        format!("<member><UserName>{user}</UserName><Path>/</Path><Arn>{arn}</Arn></member>");
    iam(
        "GetAccountAuthorizationDetails",
        &format!("<UserDetailList>{detail}</UserDetailList>{more}"),
    )
}

/// The first page by itself tells whether there is more; then all the others are one read.
#[tokio::test]
async fn a_sweep_is_its_first_page_and_then_the_rest() {
    let sweep = |marker: Option<&str>| {
        let filter = [EntityType::User].into();
        Read::Iam(IamRead::GetAccountAuthorizationDetails {
            filter,
            marker: marker.map(str::to_owned),
        })
    };
    let names = |reply: Result<Reply, Failure>| {
        let Ok(Reply::Iam(IamReply::AuthorizationDetails(found))) = reply else {
            panic!("{reply:?}")
        };
        (
            found.users.into_iter().map(|it| it.user.name).collect::<Vec<_>>(),
            found.marker,
            found.pages,
        )
    };
    let server = Canned::start(&[swept("a", Some("1"))]);
    assert_eq!(
        names(read(&server, sweep(None)).await),
        (vec!["a".to_owned()], Some("1".to_owned()), 1)
    );
    let asked = server.requests().remove(0);
    assert!(asked.contains("Filter.member.1=User") && !asked.contains("Marker="), "{asked}");

    let server = Canned::start(&[swept("b", Some("2")), swept("c", None)]);
    assert_eq!(
        names(read(&server, sweep(Some("1"))).await),
        (vec!["b".to_owned(), "c".to_owned()], None, 2)
    );
    let asked = server.requests();
    assert!(asked[0].contains("Marker=1") && asked[1].contains("Marker=2"), "{asked:?}");

    // A marker that comes back is a circle.
    let server = Canned::start(&[swept("b", Some("1"))]);
    let failure = read(&server, sweep(Some("1"))).await.unwrap_err();
    assert!(failure.message.contains("leads back"), "{failure}");
}

#[tokio::test]
async fn one_page_that_fails_fails_the_whole_read() {
    let denied = iam_error("403 Forbidden", "AccessDenied", "not today");
    let failure = list(&[page("a", Some("1")), denied]).await.unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::AccessDenied, "not today"));
    assert_eq!(failure.request_id.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn a_list_that_is_cut_is_unknown_and_not_short() {
    // The same marker twice, and "more" without a marker: the SDK's paginators end both without an
    // error.
    for pages in [vec![page("a", Some("1")), page("b", Some("1"))], vec![page("a", Some(""))]] {
        let failure = list(&pages).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.code.as_str()),
            (FailureKind::Unavailable, "UnreadableAnswer")
        );
    }
}

#[tokio::test]
async fn a_404_of_another_server_does_not_mean_that_the_user_is_gone() {
    let failure = read(
        &Canned::start(&[answer("404 Not Found", "", "<html>no such page</html>")]),
        get_user(),
    )
    .await;
    assert_eq!(failure.unwrap_err().kind, FailureKind::Other);
    let page = answer("200 OK", "", "<html>please sign in</html>");
    let failure = read(&Canned::start(&[page]), get_user()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    // The SDK's words would be Rust's: `got StartEl { name: Name { prefix: "", …`.
    assert_eq!(failure.message, "the answer is not in the form of AWS's answers");
}

#[tokio::test]
async fn refused_credentials_are_told_from_refused_access() {
    let invalid =
        iam_error("403 Forbidden", "InvalidClientTokenId", "The security token is invalid.");
    let failure = read(&Canned::start(&[invalid]), get_user()).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Credentials, "InvalidClientTokenId")
    );
    let help = failure.help.as_deref().unwrap_or_default();
    assert!(help.contains("AWS doesn't know this key"), "{help}");
}

#[tokio::test]
async fn a_bucket_asked_for_in_the_wrong_region_is_found_by_the_header() {
    for status in ["301 Moved Permanently", "400 Bad Request"] {
        let reply = head(answer(status, "x-amz-bucket-region: eu-west-1\r\n", "")).await;
        let Ok(Reply::S3(S3Reply::Bucket { region })) = reply else { panic!("{reply:?}") };
        assert_eq!(region, "eu-west-1");
    }
}

#[tokio::test]
async fn somebody_elses_bucket_is_neither_absent_nor_ours() {
    let failure =
        head(answer("403 Forbidden", "x-amz-bucket-region: us-east-1\r\n", "")).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::AccessDenied, "AccessDenied"));
    assert!(failure.message.contains("belongs to another account"), "{failure}");
}

#[tokio::test]
async fn what_delete_objects_could_not_delete_fails_the_emptying() {
    let listed = "<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>locked</Key><VersionId>1</VersionId>\
                  <IsLatest>true</IsLatest></Version></ListVersionsResult>";
    let deleted = "<DeleteResult><Error><Key>locked</Key><VersionId>1</VersionId><Code>AccessDenied</Code>\
                   <Message>object lock</Message></Error></DeleteResult>";
    let server = Canned::start(&[answer("200 OK", "", listed), answer("200 OK", "", deleted)]);
    let write = Write::S3(S3Write::EmptyBucket(bucket()));
    let failure =
        aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AccessDenied);
    assert!(failure.message.contains("locked: object lock"), "{failure}");
}

/// us-east-1 has no name as a location constraint; a given endpoint is addressed by path.
#[tokio::test]
async fn only_other_regions_are_named_when_a_bucket_is_made() {
    for (region, named) in [("us-east-1", false), ("eu-west-1", true)] {
        let server = Canned::start(&[answer("200 OK", "", "")]);
        let bucket = BucketRef { name: "relay".into(), region: region.into() };
        let write =
            Write::S3(S3Write::CreateBucket { bucket, ownership: "BucketOwnerEnforced".into() });
        aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.unwrap();
        let request = server.requests().remove(0);
        assert!(request.starts_with("PUT /relay"), "{request}");
        assert!(request.contains("x-amz-object-ownership: BucketOwnerEnforced"), "{request}");
        assert_eq!(
            request.contains("<LocationConstraint>eu-west-1</LocationConstraint>"),
            named,
            "{request}"
        );
        assert_eq!(request.contains("LocationConstraint"), named, "{request}");
    }
}

#[tokio::test]
async fn a_list_that_leads_back_to_a_page_is_no_list() {
    let server = Canned::start(&[
        page("one", Some("m1")),
        page("two", Some("m2")),
        page("three", Some("m1")),
        page("four", None),
    ]);
    let list = Read::Iam(IamRead::ListUserPolicies { user: "serverless".into() });
    let failure = read(&server, list).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(failure.message.contains("leads back"), "{failure}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn an_endless_list_has_an_end() {
    let server = Canned::serving(|_, nth| page("one", Some(&format!("m{nth}"))));
    let list = Read::Iam(IamRead::ListUserPolicies { user: "serverless".into() });
    let failure = read(&server, list).await.unwrap_err();
    assert!(failure.message.contains("more than 1000 pages"), "{failure}");
    assert_eq!(server.requests().len(), 1000);
}

#[tokio::test]
async fn an_answer_of_more_than_64_mib_is_given_up_and_not_asked_for_again() {
    let server = Canned::start(&[answer("200 OK", "", &"a".repeat(65 << 20))]);
    let failure = read(&server, get_user()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(failure.message.contains("the answer is longer than 64 MiB"), "{failure}");
    assert_eq!(server.requests().len(), 1);
}

/// An empty member has 9 bytes in the answer, and 300 in memory.
#[tokio::test]
async fn an_answer_of_very_many_members_is_given_up_before_it_is_parsed() {
    let with = |count: usize| {
        let members = "<member/>".repeat(count);
        let body = format!(
            "<ListUserPoliciesResponse><ListUserPoliciesResult><IsTruncated>false</IsTruncated>\
                <PolicyNames>{members}</PolicyNames></ListUserPoliciesResult>\
                </ListUserPoliciesResponse>"
        );
        answer("200 OK", "", &body)
    };
    let list = || Read::Iam(IamRead::ListUserPolicies { user: "serverless".into() });
    let server = Canned::start(&[with(300_000)]);
    let failure = read(&server, list()).await.unwrap_err();
    assert!(failure.message.contains("too many elements"), "{failure}");
    assert_eq!(server.requests().len(), 1);
    // As many as a full page of the largest list has.
    read(&Canned::start(&[with(170_000)]), list()).await.unwrap();
}

#[tokio::test]
async fn the_time_for_all_tries_ends_a_silent_one_too() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let transport = Arc::new(Transport::new(None, Some(Duration::from_secs(2))));
    let edge = aws_under(&endpoint, &transport, Duration::from_mins(10));
    let began = std::time::Instant::now();
    let failure = edge.read(&get_user()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}
