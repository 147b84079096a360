//! Throttling, failures, silence and skewed clocks, on the way to AWS: a server that has them, and
//! counts what arrives.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use relayctl::allowed_files::AllowedFiles;
use relayctl::apply::apply;
use relayctl::call::{
    BucketRef, Failure, FailureKind, IamRead, IamReply, IamWrite, Read, Reply, S3Read, S3Write,
    StepOutput, Write,
};
use relayctl::clock::present_time;
use relayctl::event::{Event, EventSink, RunOutcome};
use relayctl::manifest::{self, Inputs};
use relayctl::model::Desired;
use relayctl::plan::{PlanHeader, PlanMode, StateStamp, build};
use relayctl::port::{Provider, Store};
use relayctl::provider::Providers;
use relayctl::provider::aws::Aws;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::Sandbox;
use relayctl::state::State;
use relayctl::store::memory::MemoryStore;
use relayctl::transport::{Retrying, Transport};
use relayctl::value::Tags;
use relayctl::{diff, engine};
use relayctl_faults::{FaultKind, Faults, FaultyProvider, PlannedFault, Seam};

use crate::support::canned::{Canned, answer, iam, iam_error};
use crate::support::edge::{aws_at, aws_under};
use crate::support::project::{self, Project};

const LOST: &str = "";
const PATIENT: Duration = Duration::from_secs(30);

fn user() -> String {
    let user = "<User><Path>/</Path><UserName>serverless</UserName><UserId>AIDAEXAMPLE</UserId>\
                <Arn>arn:aws:iam::123456789012:user/serverless</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User>";
    iam("GetUser", user)
}

fn key() -> String {
    let key = "<AccessKey><UserName>serverless</UserName><AccessKeyId>AKIAEXAMPLE</AccessKeyId>\
               <SecretAccessKey>hush/hush</SecretAccessKey><Status>Active</Status></AccessKey>";
    iam("CreateAccessKey", key)
}

fn throttling() -> String {
    iam_error("400 Bad Request", "Throttling", "Rate exceeded")
}

async fn get_user(aws: &Aws) -> Result<Reply, Failure> {
    aws.read(&Read::Iam(IamRead::GetUser { user: "serverless".into() })).await
}

async fn create_key(aws: &Aws) -> Result<Reply, Failure> {
    let write = Write::Iam(IamWrite::CreateAccessKey { user: "serverless".into() });
    aws.write(&write, &StepOutput::default()).await
}

#[tokio::test]
async fn throttles_failures_and_lost_answers_are_sent_again_and_counted() {
    let unavailable = iam_error("503 Service Unavailable", "ServiceUnavailable", "");
    let too_many = answer("429 Too Many Requests", "", "");
    let server = Canned::start(&[throttling(), unavailable, LOST.to_owned(), too_many, user()]);
    let transport = Arc::new(Transport::default());
    let mut delays = transport.subscribe();
    let reply = get_user(&aws_under(server.endpoint(), &transport, PATIENT)).await;
    assert!(matches!(reply, Ok(Reply::Iam(IamReply::User(_)))), "{reply:?}");
    let traffic = transport.traffic();
    assert_eq!(
        (server.requests().len(), traffic.calls, traffic.retries, traffic.throttles),
        (5, 5, 4, 2)
    );
    assert!(traffic.waits >= 4 && traffic.waited > Duration::from_millis(300), "{traffic:?}");
    let first = delays.try_recv().unwrap();
    assert_eq!(
        (first.call.as_str(), first.why.as_str()),
        ("iam:GetUser", "it was throttled (try 1 of at most 10)")
    );
}

#[tokio::test]
async fn what_is_refused_is_sent_once() {
    let expired = "Signature expired: it is not what is wrong here, for the clocks agree";
    for (status, code, message) in [
        ("403 Forbidden", "AccessDenied", "not today"),
        ("400 Bad Request", "ValidationError", "no"),
        ("400 Bad Request", "MalformedPolicyDocument", "no"),
        ("404 Not Found", "NoSuchEntity", "no"),
        ("409 Conflict", "EntityAlreadyExists", "no"),
        ("409 Conflict", "LimitExceeded", "no"),
        ("403 Forbidden", "InvalidClientTokenId", "no"),
        ("403 Forbidden", "SignatureDoesNotMatch", expired),
    ] {
        let server = Canned::start(&[iam_error(status, code, message)]);
        let failure = get_user(&aws_at(server.endpoint())).await.unwrap_err();
        assert_eq!((failure.code.as_str(), server.requests().len()), (code, 1));
        assert!(!failure.message.contains("tried"), "{failure}");
    }
}

#[tokio::test]
async fn a_throttled_create_access_key_is_sent_again_and_makes_one_key() {
    let server = Canned::start(&[throttling(), throttling(), key()]);
    let reply = create_key(&aws_at(server.endpoint())).await;
    assert!(matches!(reply, Ok(Reply::Iam(IamReply::NewAccessKey { .. }))), "{reply:?}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_create_access_key_whose_answer_is_cut_half_way_is_not_sent_again() {
    let whole = key();
    let server = Canned::start(&[throttling(), whole[..whole.len() - 40].to_owned(), whole]);
    let failure = create_key(&aws_at(server.endpoint())).await.unwrap_err();
    assert_eq!((failure.kind, server.requests().len()), (FailureKind::Unavailable, 2));
    assert!(!format!("{failure:?}").contains("hush"), "{failure:?}");
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up_and_asked_for_again() {
    let slow = Duration::from_secs(3);
    let server = Canned::serving(move |_, nth| {
        if nth == 0 {
            thread::sleep(slow);
        }
        user()
    });
    let began = Instant::now();
    let reply =
        get_user(&aws_under(server.endpoint(), &Arc::default(), Duration::from_millis(300))).await;
    assert!(reply.is_ok(), "{reply:?}");
    assert!(began.elapsed() < slow, "{:?}", began.elapsed());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_create_access_key_that_is_not_answered_is_not_sent_again() {
    let server = Canned::serving(|_, _| {
        thread::sleep(Duration::from_secs(1));
        key()
    });
    let failure =
        create_key(&aws_under(server.endpoint(), &Arc::default(), Duration::from_millis(200)))
            .await;
    let failure = failure.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Unavailable, "Timeout"));
    assert_eq!(server.requests().len(), 1);
}

/// Accepts so many connections and resets each: closing one on which something is unread does.
fn resetting(connections: usize) -> (String, thread::JoinHandle<TcpListener>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let resets = thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            let mut first = [0];
            stream.peek(&mut first).unwrap();
        }
        listener
    });
    (endpoint, resets)
}

#[tokio::test]
async fn resets_are_tried_again_until_patience_ends_and_the_error_says_so() {
    let (endpoint, resets) = resetting(4);
    let transport = Arc::new(Transport::new(Some(4), None));
    let failure = get_user(&aws_under(&endpoint, &transport, PATIENT)).await.unwrap_err();
    resets.join().unwrap();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("; it was tried 4 times in "), "{failure}");
    assert_eq!(transport.traffic().calls, 4);
}

#[tokio::test]
async fn a_key_is_asked_for_again_where_no_connection_came_about_and_not_after_a_reset() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = Arc::new(Transport::default());
    let failure =
        create_key(&aws_under(&format!("http://{nobody}"), &transport, PATIENT)).await.unwrap_err();
    assert_eq!(
        (failure.kind, transport.traffic().calls),
        (FailureKind::Unavailable, 4),
        "{failure}"
    );
    let (endpoint, resets) = resetting(1);
    let transport = Arc::new(Transport::default());
    assert!(create_key(&aws_under(&endpoint, &transport, PATIENT)).await.is_err());
    resets.join().unwrap();
    assert_eq!(transport.traffic().calls, 1);
}

/// A server whose clock is so many hours off, and who says so as AWS does, unless the request was
/// signed with its time.
fn skewed(hours: i64, refusal: impl Fn() -> String + Send + Sync + 'static) -> Canned {
    Canned::serving(move |request, _| {
        let now = present_time() + jiff::SignedDuration::from_hours(hours);
        let signed =
            request.lines().find_map(|line| line.strip_prefix("x-amz-date: ")).unwrap_or_default();
        // Everything but the minutes and seconds.
        let right = signed.starts_with(&now.strftime("%Y%m%dT%H").to_string())
            || signed.starts_with(
                &(now - jiff::SignedDuration::from_secs(60)).strftime("%Y%m%dT%H").to_string(),
            );
        let date =
            now.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\nconnection: close\r\n").to_string();
        let said = if right { user() } else { refusal() };
        said.replacen("connection: close\r\n", &date, 1)
    })
}

#[tokio::test]
async fn a_clock_that_is_hours_off_is_corrected_by_the_services_own() {
    let early = || iam_error("403 Forbidden", "SignatureDoesNotMatch", "Signature not yet current");
    let late =
        || iam_error("403 Forbidden", "RequestTimeTooSkewed", "The difference is too large.");
    for server in [skewed(-5, early), skewed(3, late)] {
        let aws = aws_at(server.endpoint());
        let first = get_user(&aws).await;
        assert!(first.is_ok(), "{first:?}");
        assert_eq!(server.requests().len(), 2);
        assert!(get_user(&aws).await.is_ok());
        assert_eq!(
            server.requests().len(),
            3,
            "the second call is signed with the service's time at once"
        );
    }
}

#[tokio::test]
async fn a_signature_that_is_wrong_by_any_clock_is_corrected_once() {
    let server =
        Canned::start(&[iam_error("403 Forbidden", "SignatureDoesNotMatch", "wrong secret")
            .replacen(
                "connection: close\r\n",
                "date: Thu, 01 Jan 2026 00:00:00 GMT\r\nconnection: close\r\n",
                1,
            )]);
    let failure = get_user(&aws_at(server.endpoint())).await.unwrap_err();
    assert_eq!((failure.kind, server.requests().len()), (FailureKind::Credentials, 2));
}

#[tokio::test]
async fn each_page_of_a_list_is_sent_again_by_itself() {
    let page = |name: &str, more: &str| {
        iam(
            "ListUserPolicies",
            &format!("<PolicyNames><member>{name}</member></PolicyNames>{more}"),
        )
    };
    let first = page("a", "<IsTruncated>true</IsTruncated><Marker>1</Marker>");
    let server = Canned::start(&[throttling(), first, throttling(), throttling(), page("b", "")]);
    let reply = aws_at(server.endpoint())
        .read(&Read::Iam(IamRead::ListUserPolicies { user: "u".into() }))
        .await;
    let Ok(Reply::Iam(IamReply::Names(names))) = reply else { panic!("{reply:?}") };
    assert_eq!(
        (names.as_slice(), server.requests().len()),
        (["a".to_owned(), "b".to_owned()].as_slice(), 5)
    );
}

#[tokio::test]
async fn s3_says_slow_down() {
    let slow =
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let policy = answer("200 OK", "", "<Tagging><TagSet></TagSet></Tagging>");
    let server = Canned::start(&[answer("503 Slow Down", "", slow), policy]);
    let transport = Arc::new(Transport::default());
    let bucket = BucketRef { name: "relay".into(), region: "us-east-1".into() };
    let read = Read::S3(S3Read::GetBucketTagging(bucket));
    let reply = aws_under(server.endpoint(), &transport, PATIENT).read(&read).await;
    assert!(reply.is_ok(), "{reply:?}");
    assert_eq!((transport.traffic().calls, transport.traffic().throttles), (2, 1));
}

/// A server that takes so many requests a second, after as many at once.
fn limited(rate: f64) -> Canned {
    let bucket = Mutex::new((rate, Instant::now()));
    Canned::serving(move |_, _| {
        let mut bucket = bucket.lock().unwrap();
        let now = Instant::now();
        let filled = (bucket.0 + rate * (now - bucket.1).as_secs_f64()).min(rate);
        *bucket = (if filled >= 1.0 { filled - 1.0 } else { filled }, now);
        if filled >= 1.0 { user() } else { throttling() }
    })
}

#[tokio::test]
async fn many_calls_at_once_are_held_back_together_until_all_are_done() {
    const CALLS: usize = 150;
    let server = limited(50.0);
    let transport = Arc::new(Transport::default());
    let aws = aws_under(server.endpoint(), &transport, PATIENT);
    let began = Instant::now();
    let replies = stream::iter(0..CALLS).map(|_| get_user(&aws)).buffer_unordered(32);
    let failed = replies.filter(|reply| std::future::ready(reply.is_err())).count().await;
    let (took, requests) = (began.elapsed(), server.requests().len());
    println!(
        "{CALLS} calls, {requests} requests, {took:?} (at least 2 s), {:?}",
        transport.traffic()
    );
    assert_eq!((failed, transport.traffic().calls), (0, requests));
    assert!(requests < CALLS + 80, "a storm of {requests} requests");
}

/// A simulated account in which calls go wrong, reached as the program reaches it.
struct Unreliable {
    edges: Providers,
    account: Arc<Sandbox>,
    faults: Arc<Faults>,
    transport: Arc<Transport>,
    store: MemoryStore,
    desired: Desired,
    /// The manifest and the local files.
    _folder: tempfile::TempDir,
}

/// The account may be looked at beside the run.
struct Shared(Arc<Sandbox>);

#[async_trait::async_trait]
impl Provider for Shared {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.0.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.0.write(write, carried).await
    }
}

impl Unreliable {
    fn with(planned: impl IntoIterator<Item = PlannedFault>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        project::copy(&project::repository().join("manifests"), folder.path());
        let inputs = Inputs::default();
        let desired =
            manifest::load_manifest(&folder.path().join("dev.yaml"), &inputs).desired.unwrap();
        let account = Arc::new(Sandbox::in_memory(&desired.account, "us-east-1"));
        let transport = Arc::new(Transport::default());
        let faults = Faults::of(planned);
        let unreliable = FaultyProvider::new(Shared(Arc::clone(&account)), Arc::clone(&faults));
        let cloud = Box::new(Retrying::new(unreliable, Arc::clone(&transport)));
        let at = |name: &str| folder.path().join(name);
        let files = Files {
            credentials: at("credentials"),
            config: at("config"),
            base: at(""),
            overlay: None,
            allowed: AllowedFiles::below(folder.path()),
        };
        let edges = Providers::new(cloud, files, 4);
        Self {
            edges,
            account,
            faults,
            transport,
            store: MemoryStore::new(),
            desired,
            _folder: folder,
        }
    }

    async fn run(&self, mode: PlanMode, at_once: usize) -> RunOutcome {
        let removing = mode == PlanMode::Destroy;
        let mut desired = self.desired.clone();
        if removing {
            desired.resources.clear();
        }
        let state = self.store.load_state().await.unwrap();
        let recorded = state.as_ref().map(|state| state.resources.clone()).unwrap_or_default();
        let live = engine::resolve(&self.edges, &desired, &recorded, removing, 4).await;
        let decisions = diff::diff(&desired, &recorded, &live, removing);
        let header = PlanHeader::new(&desired, mode);
        let stamp = StateStamp::of(state.as_ref());
        let plan = build::build(header, stamp, decisions, &desired, &recorded).unwrap();
        assert!(!plan.steps.is_empty() && !plan.is_hindered(), "{:#?}", plan.changes);
        let fresh = || State::new("l", desired.name.as_str(), desired.account.as_str());
        apply(&plan, &self.edges, &self.store, state.unwrap_or_else(fresh), &Deaf, at_once).await
    }

    fn keys(&self) -> usize {
        let contents = self.account.contents().unwrap();
        let users = contents["users"].as_object().unwrap().values();
        users.map(|user| user["keys"].as_object().unwrap().len()).sum()
    }
}

struct Deaf;

impl EventSink for Deaf {
    fn event(&self, _event: &Event) {}
}

/// Every `period`th call to AWS that changes something, from the first on.
fn every(period: usize, kind: FaultKind) -> impl Iterator<Item = PlannedFault> {
    (0..200).map(move |number| PlannedFault { seam: Seam::Call, nth: 1 + number * period, kind })
}

#[tokio::test(start_paused = true)]
async fn a_run_of_which_every_call_is_throttled_thrice_ends_as_if_nothing_had_been() {
    let unreliable = Unreliable::with(every(4, FaultKind::Throttle { times: 3 }));
    for (mode, keys) in [(PlanMode::Apply, 1), (PlanMode::Destroy, 0)] {
        let before = unreliable.transport.traffic();
        let outcome = unreliable.run(mode, 1).await;
        assert!(outcome.succeeded(), "{outcome:#?}");
        assert_eq!(unreliable.keys(), keys);
        let traffic = unreliable.transport.traffic();
        let throttled = traffic.throttles - before.throttles;
        assert!(throttled >= 20 && throttled == traffic.retries - before.retries, "{traffic:?}");
    }
    assert!(unreliable.account.contents().unwrap()["users"].as_object().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_no_failure_but_to_the_making_of_a_key() {
    let unreliable = Unreliable::with(every(2, FaultKind::LoseAnswer).take(8));
    let mut outcome = unreliable.run(PlanMode::Apply, 4).await;
    let failed: Vec<_> = outcome.failed.iter().map(|(step, _)| step.address.to_string()).collect();
    assert!(failed.is_empty() || failed == ["access_key.serverless"], "{outcome:#?}");
    // Its intent is in the state: the next run finds the orphan, deletes it, and makes another one.
    if !outcome.succeeded() {
        outcome = unreliable.run(PlanMode::Apply, 4).await;
    }
    assert!(outcome.succeeded(), "{outcome:#?}");
    assert_eq!(unreliable.keys(), 1);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_no_failure_to_a_removal() {
    let reliable = Unreliable::with([]);
    assert!(reliable.run(PlanMode::Apply, 4).await.succeeded());
    let writes = reliable.faults.passed(Seam::Call);
    let lost = every(2, FaultKind::LoseAnswer)
        .map(|fault| PlannedFault { nth: writes + fault.nth, ..fault });
    let unreliable = Unreliable::with(lost);
    assert!(unreliable.run(PlanMode::Apply, 4).await.succeeded());
    let outcome = unreliable.run(PlanMode::Destroy, 1).await;
    assert!(outcome.succeeded(), "{outcome:#?}");
    assert!(unreliable.transport.traffic().retries >= 7, "{:?}", unreliable.transport.traffic());
    assert!(unreliable.account.contents().unwrap()["users"].as_object().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_be_done_and_is_then_refused_may_be_done() {
    let lost = PlannedFault { seam: Seam::Call, nth: 1, kind: FaultKind::LoseAnswer };
    let throttled =
        PlannedFault { seam: Seam::Call, nth: 2, kind: FaultKind::Throttle { times: 100 } };
    let account = Arc::new(Sandbox::in_memory("123456789012", "us-east-1"));
    let provider = Retrying::new(
        FaultyProvider::new(Shared(account), Faults::of([lost, throttled])),
        Arc::default(),
    );
    let (user, path) = ("u".to_owned(), "/".to_owned());
    let create = Write::Iam(IamWrite::CreateUser { user, path, boundary: None, tags: Tags::new() });
    let failure = provider.write(&create, &StepOutput::default()).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Unavailable, "Throttling"));
    assert!(failure.message.contains("it was tried 10 times"), "{failure}");
}

#[tokio::test]
async fn a_write_that_was_lost_before_it_was_refused_may_be_done_and_a_read_is_refused() {
    let denied = iam_error("403 Forbidden", "AccessDenied", "not any more");
    let server = Canned::start(&[LOST.to_owned(), denied.clone()]);
    let failure = get_user(&aws_at(server.endpoint())).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::AccessDenied, "AccessDenied"));
    let server = Canned::start(&[LOST.to_owned(), denied]);
    let write = Write::Iam(IamWrite::DeleteUser { user: "serverless".into() });
    let failure =
        aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Unavailable, "AccessDenied"));
}

#[tokio::test]
async fn a_bucket_whose_making_was_not_answered_is_made() {
    let owned =
        "<Error><Code>BucketAlreadyOwnedByYou</Code><Message>you already own it</Message></Error>";
    let owned = answer("409 Conflict", "", owned);
    let bucket = BucketRef { name: "relay".into(), region: "eu-west-1".into() };
    let write =
        Write::S3(S3Write::CreateBucket { bucket, ownership: "BucketOwnerEnforced".into() });
    let server = Canned::start(&[LOST.to_owned(), owned.clone()]);
    assert!(aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.is_ok());
    let server = Canned::start(&[owned]);
    let failure =
        aws_at(server.endpoint()).write(&write, &StepOutput::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AlreadyExists);
}

#[tokio::test]
async fn an_emulator_that_falls_over_is_asked_once() {
    let server =
        Canned::start(&[answer("500 Internal Server Error", "", "<html>Traceback</html>")]);
    assert!(get_user(&aws_at(server.endpoint())).await.is_err());
    assert_eq!(server.requests().len(), 1);
    // The answer to a HEAD says nothing, and may be anybody's.
    let server =
        Canned::start(&[answer("500 Internal Server Error", "", ""), answer("200 OK", "", "")]);
    let bucket = BucketRef { name: "relay".into(), region: "us-east-1".into() };
    assert!(aws_at(server.endpoint()).read(&Read::S3(S3Read::HeadBucket(bucket))).await.is_ok());
    assert_eq!(server.requests().len(), 2);
}

/// A project whose calls go to this server.
fn project(server: &Canned) -> Project {
    let project = Project::empty()
        .with("AWS_ENDPOINT_URL", server.endpoint())
        .with("AWS_ACCESS_KEY_ID", "testing")
        .with("AWS_SECRET_ACCESS_KEY", "testing");
    let manifest = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\n";
    project.write("dev.yaml", manifest);
    project
}

#[test]
fn a_plan_that_is_throttled_all_the_time_ends_and_says_how_often_it_tried() {
    for (environment, options, tries) in [
        (None, vec!["--max-attempts", "3"], 3..=3),
        (Some("2"), vec![], 2..=2),
        (Some("8"), vec!["--max-attempts", "1"], 1..=1),
        (None, vec!["--retry-timeout", "1s"], 2..=4),
        (None, vec!["--profile", "patient"], 2..=2),
    ] {
        let server = Canned::start(&[throttling()]);
        let project = project(&server);
        let profile = "[profile patient]\nmax_attempts = 2\naws_access_key_id = \
            testing\naws_secret_access_key = testing\n";
        project.write(".aws/config", profile);
        let project = match environment {
            Some(tries) => project.with("AWS_MAX_ATTEMPTS", tries),
            None => project,
        };
        let began = Instant::now();
        let run = project.expect(1, &[vec!["plan", "dev.yaml"], options].concat());
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        let error = "error: sts:GetCallerIdentity: Throttling: Rate exceeded";
        assert!(run.stderr.contains(error), "{}", run.stderr);
        // What is read besides is asked at the same time, and given up with it.
        let sent = server
            .requests()
            .iter()
            .filter(|request| request.contains("Action=GetCallerIdentity"))
            .count();
        assert!(tries.contains(&sent), "{sent} tries instead of {tries:?}");
        assert_eq!(
            run.stderr.contains(&format!("; it was tried {sent} times in ")),
            sent > 1,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_plan_tells_what_it_waits_for_and_at_the_end_how_much_that_was() {
    let caller = "<GetCallerIdentityResponse \
        xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                  <Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
                  </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let caller = answer("200 OK", "", caller);
    // The caller's identity is asked for together with everything else, in whatever order.
    let throttled = AtomicBool::new(false);
    let server = Canned::serving(move |request, _| match request.contains("GetCallerIdentity") {
        true if !throttled.swap(true, Ordering::SeqCst) => throttling(),
        true => caller.clone(),
        false => iam_error("403 Forbidden", "AccessDenied", "not yours"),
    });
    let run = project(&server).expect(0, &["plan", "dev.yaml"]);
    let waiting =
        "Still waiting: sts:GetCallerIdentity: it was throttled (try 1 of at most 10): 0.";
    assert!(run.stderr.contains(waiting), "{}", run.stderr);
    let requests = server.requests().len();
    let summary = format!("Requests: {requests} sent, 1 of them again; 1 throttled; ");
    assert!(run.stderr.contains(&summary), "{}", run.stderr);
}

#[test]
fn a_reliable_run_counts_its_requests_only_for_who_asks() {
    let project = Project::empty().in_sandbox();
    let manifest = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\nusers: \
        {serverless: {}}\n";
    project.write("dev.yaml", manifest);
    assert!(!project.expect(0, &["plan", "dev.yaml"]).stderr.contains("Requests:"));
    assert!(project.expect(0, &["plan", "dev.yaml", "-v"]).stderr.contains("Requests: "));
    let outcome = project.expect(0, &["apply", "--json"]).stdout;
    let outcome: serde_json::Value = serde_json::from_str(&outcome).unwrap();
    let traffic = &outcome["traffic"];
    assert!(traffic["calls"].as_u64() > Some(1), "{traffic}");
    for nothing in ["retries", "throttles", "waits"] {
        assert_eq!(traffic[nothing], 0, "{traffic}");
    }
    assert!(traffic["waited_seconds"].is_number());
}
