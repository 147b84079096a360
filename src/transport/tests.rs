//! Retries against a service with limits of its own, on a paused clock: minutes take no time, and
//! each run is the same.

use futures::stream::{self, StreamExt};

use super::*;
use crate::call::{
    CallerIdentity, Failure, FailureKind, IamRead, IamWrite, Read, Reply, StepOutput, Write,
};
use crate::port::Provider;

/// The answers of a service, request by request; afterwards it accepts everything.
type Answers = Vec<Option<FailureKind>>;

/// A service with a bucket of `burst` tokens, which gets `rate` new ones each second.
struct LimitedService {
    rate: f64,
    burst: f64,
    tokens: Mutex<(f64, Instant)>,
    answers: Mutex<Answers>,
    requests: Mutex<Vec<Instant>>,
}

impl LimitedService {
    fn limited(rate: f64, burst: f64) -> Self {
        let tokens = Mutex::new((burst, Instant::now()));
        Self { rate, burst, tokens, answers: Mutex::default(), requests: Mutex::default() }
    }

    fn answering(mut answers: Answers) -> Self {
        answers.reverse();
        Self { answers: Mutex::new(answers), ..Self::limited(1e9, 1e9) }
    }

    fn requests(&self) -> usize {
        locked(&self.requests).len()
    }

    async fn answer(&self, call: &str) -> Result<Reply, Failure> {
        locked(&self.requests).push(Instant::now());
        let scripted = locked(&self.answers).pop().flatten();
        let throttled = {
            let mut tokens = locked(&self.tokens);
            let now = Instant::now();
            let filled = (tokens.0 + self.rate * (now - tokens.1).as_secs_f64()).min(self.burst);
            *tokens = (if filled >= 1.0 { filled - 1.0 } else { filled }, now);
            (filled < 1.0).then_some(FailureKind::Throttled)
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        match scripted.or(throttled) {
            Some(kind) => Err(Failure::new(kind, call, format!("{kind:?}"), "no")),
            None => Ok(Reply::Caller(CallerIdentity {
                account: "1".into(),
                arn: "a".into(),
                user_id: "u".into(),
            })),
        }
    }
}

#[async_trait::async_trait]
impl Provider for Arc<LimitedService> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.answer(read.action()).await
    }

    async fn write(&self, write: &Write, _carried: &StepOutput) -> Result<Reply, Failure> {
        self.answer(write.action()).await
    }
}

fn get_user(number: usize) -> Read {
    Read::Iam(IamRead::GetUser { user: format!("u{number}") })
}

fn create_key() -> Write {
    Write::Iam(IamWrite::CreateAccessKey { user: "u".into() })
}

fn create_user() -> Write {
    let (user, path) = ("u".into(), "/".into());
    Write::Iam(IamWrite::CreateUser {
        user,
        path,
        boundary: None,
        tags: std::collections::BTreeMap::default(),
    })
}

/// Sends so many reads, so many at once; returns the number of failures and the time.
async fn read_all(provider: &impl Provider, reads: usize, at_once: usize) -> (usize, Duration) {
    let began = Instant::now();
    let answers = stream::iter(0..reads).map(async |number| provider.read(&get_user(number)).await);
    let failed = answers
        .buffer_unordered(at_once)
        .filter(|answer| std::future::ready(answer.is_err()))
        .count()
        .await;
    (failed, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn under_a_limit_everything_is_read_in_about_the_time_that_the_limit_leaves() {
    for (rate, burst, reads, at_once) in [
        (20.0, 40.0, 500, 32),
        (20.0, 40.0, 500, 10),
        (5.0, 5.0, 100, 32),
        (100.0, 100.0, 2000, 32),
    ] {
        let service = Arc::new(LimitedService::limited(rate, burst));
        let transport = Arc::new(Transport::default());
        let provider = Retrying::new(Arc::clone(&service), Arc::clone(&transport));
        let (failed, took) = read_all(&provider, reads, at_once).await;
        let traffic = transport.traffic();
        let least = (f64::from(u32::try_from(reads).unwrap()) - burst) / rate;
        println!(
            "{rate}/s, burst {burst}, {reads} reads, {at_once} at once: {took:?} (at least \
                {least:.1} s), {traffic:?}"
        );
        assert_eq!(
            (failed, traffic.calls, traffic.calls - traffic.retries),
            (0, service.requests(), reads)
        );
        assert!(took.as_secs_f64() < least * 1.1, "{took:?} instead of {least} s");
        let most = reads + 2 * at_once + reads / 20;
        assert!(traffic.calls < most, "a storm of {} requests for {reads} reads", traffic.calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_throttles_now_and_then_however_slowly_it_is_asked_is_not_asked_ever_more_slowly()
 {
    let now_and_then =
        (1..=1100).map(|nth| (nth % 20 == 0).then_some(FailureKind::Throttled)).collect();
    let service = Arc::new(LimitedService::answering(now_and_then));
    let (failed, took) = read_all(&Retrying::new(service, Arc::default()), 1000, 32).await;
    assert_eq!(failed, 0);
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_throttles_everything_ends_a_run_in_bounded_time() {
    let service = Arc::new(LimitedService::limited(0.0, 0.0));
    let transport = Arc::new(Transport::new(None, Some(Duration::from_mins(1))));
    let provider = Retrying::new(Arc::clone(&service), Arc::clone(&transport));
    let (failed, took) = read_all(&provider, 100, 10).await;
    assert_eq!(failed, 100);
    assert!(took < Duration::from_mins(4), "{took:?}");
    let failure = provider.read(&get_user(0)).await.unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Throttled, "no"));
}

#[tokio::test(start_paused = true)]
async fn the_error_says_how_often_it_was_tried() {
    let service = Arc::new(LimitedService::limited(0.0, 0.0));
    let provider = Retrying::new(Arc::clone(&service), Arc::new(Transport::new(Some(4), None)));
    let failure = provider.read(&get_user(0)).await.unwrap_err();
    assert_eq!(service.requests(), 4);
    assert!(failure.message.starts_with("no; it was tried 4 times in "), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_sent_once() {
    use FailureKind as K;
    for kind in [
        K::AccessDenied,
        K::Invalid,
        K::NotFound,
        K::AlreadyExists,
        K::Conflict,
        K::Credentials,
        K::Refused,
        K::Other,
    ] {
        let service = Arc::new(LimitedService::answering(vec![Some(kind)]));
        let provider = Retrying::new(Arc::clone(&service), Arc::default());
        assert_eq!(
            provider.write(&create_user(), &StepOutput::default()).await.unwrap_err().kind,
            kind
        );
        assert_eq!(service.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_made_once_although_its_answer_is_lost_and_asked_for_again_when_it_was_throttled()
{
    use FailureKind as K;
    let lost = Arc::new(LimitedService::answering(vec![
        Some(K::Throttled),
        Some(K::Throttled),
        Some(K::Unavailable),
    ]));
    let provider = Retrying::new(Arc::clone(&lost), Arc::default());
    let failure = provider.write(&create_key(), &StepOutput::default()).await.unwrap_err();
    assert_eq!((failure.kind, lost.requests()), (K::Unavailable, 3));
    let throttled = Arc::new(LimitedService::answering(vec![Some(K::Throttled); 3]));
    let provider = Retrying::new(Arc::clone(&throttled), Arc::default());
    assert!(provider.write(&create_key(), &StepOutput::default()).await.is_ok());
    assert_eq!(throttled.requests(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_is_sent_again_where_that_does_no_harm() {
    let service = Arc::new(LimitedService::answering(vec![Some(FailureKind::Unavailable); 2]));
    let transport = Arc::new(Transport::default());
    let provider = Retrying::new(Arc::clone(&service), Arc::clone(&transport));
    assert!(provider.write(&create_user(), &StepOutput::default()).await.is_ok());
    let Traffic { calls, retries, throttles, waits, waited } = transport.traffic();
    assert_eq!((calls, retries, throttles, waits), (3, 2, 0, 2));
    assert!(
        waited >= Duration::from_millis(150) && waited <= Duration::from_millis(300),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_stop_waits_for_no_further_try() {
    let service = Arc::new(LimitedService::limited(0.0, 0.0));
    let transport = Arc::new(Transport::default());
    let provider = Retrying::new(Arc::clone(&service), Arc::clone(&transport));
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        transport.stop_retrying();
    };
    let user = get_user(0);
    let (answer, ()) = tokio::join!(provider.read(&user), stopping);
    assert_eq!(answer.unwrap_err().kind, FailureKind::Throttled);
    assert!(service.requests() < 10, "{} requests", service.requests());
}

#[tokio::test(start_paused = true)]
async fn who_listens_hears_why_calls_wait_but_not_of_every_one() {
    let service = Arc::new(LimitedService::limited(20.0, 40.0));
    let transport = Arc::new(Transport::default());
    let mut delays = transport.subscribe();
    let (_, took) = read_all(&Retrying::new(service, Arc::clone(&transport)), 300, 32).await;
    let mut heard = Vec::new();
    while let Ok(delay) = delays.try_recv() {
        heard.push(delay);
    }
    assert!(
        (2..=1 + took.as_secs() / 2).contains(&u64::try_from(heard.len()).unwrap()),
        "{heard:?}"
    );
    assert!(
        heard.iter().all(
            |delay| delay.call == "iam:GetUser" && delay.why.to_lowercase().contains("throttl")
        ),
        "{heard:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_one_operation_slows_no_other_one_down() {
    let service = Arc::new(LimitedService::limited(1.0, 1.0));
    let transport = Arc::new(Transport::default());
    let provider = Retrying::new(service, Arc::clone(&transport));
    read_all(&provider, 5, 5).await;
    for (service, name) in [("iam", "iam:GetRole"), ("s3", "s3:HeadBucket")] {
        let call = Operation { service, name: name.into(), once: false };
        let began = Instant::now();
        for _ in 0..1000 {
            drop(transport.acquire(&call, Tries::default()).await);
        }
        assert_eq!(began.elapsed(), Duration::ZERO, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_under_way_than_the_width_allows() {
    let service = Arc::new(LimitedService::limited(1e9, 1e9));
    let provider =
        Retrying::new(Arc::clone(&service), Arc::new(Transport::with_width(None, None, 4)));
    let (failed, took) = read_all(&provider, 100, 100).await;
    assert_eq!((failed, took), (0, Duration::from_millis(50 * 100 / 4)));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_takes_no_place_of_who_has_one() {
    let service = Arc::new(LimitedService::limited(1.0, 1.0));
    let transport = Arc::new(Transport::with_width(None, None, 4));
    let provider = Retrying::new(Arc::clone(&service), Arc::clone(&transport));
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let call = Operation { service: "iam", name: "iam:GetRole".into(), once: false };
        let (began, waiting) = (Instant::now(), transport.waiting());
        let flights = stream::iter(0..4)
            .then(|_| transport.acquire(&call, Tries::default()))
            .collect::<Vec<_>>()
            .await;
        (began.elapsed(), waiting, flights.len())
    };
    let (_, (elapsed, waiting, flights)) = tokio::join!(read_all(&provider, 20, 20), others);
    // One GetUser may just have had its turn, of one a second, and hold a place for its 50 ms.
    assert!(elapsed <= Duration::from_millis(50), "{elapsed:?}");
    assert_eq!(flights, 4);
    assert!(waiting > 0 && transport.waiting() == 0, "{waiting} waited");
}

#[test]
fn a_try_has_what_is_left_of_the_time_for_all_and_at_least_a_second() {
    let usual = Duration::from_secs(30);
    let left = |time, since| {
        let transport = Transport::new(None, Some(Duration::from_secs(time)));
        transport.time_for_try(Tries { made: 1, since, ..Tries::default() }, usual).as_secs()
    };
    assert_eq!(left(300, Duration::ZERO), 30);
    assert!((4..=5).contains(&left(5, Duration::ZERO)));
    assert_eq!(left(1, Duration::ZERO), 1);
    assert_eq!(left(0, Duration::ZERO), 30, "one try only has the usual time");
}
