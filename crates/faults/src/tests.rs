use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use relayctl::call::{Failure, FailureKind, IamRead, IamWrite, Read, Reply, StepOutput, Write};
use relayctl::port::Provider;
use relayctl::provider::sandbox::Sandbox;
use relayctl::value::Tags;

use super::*;

async fn passed(kind: FaultKind) -> (Result<u8, u8>, bool) {
    let faults = Faults::of([PlannedFault { seam: Seam::Save, nth: 2, kind }]);
    let mut happened = false;
    let first = faults.pass(Seam::Save, &(), async { Ok(0) }, |_| 1).await;
    let elsewhere = faults.pass(Seam::Call, &(), async { Err(7) }, |_| 1).await;
    assert_eq!((first, elsewhere), (Ok(0), Err::<u8, u8>(7)), "only the second save goes wrong");
    let work = async {
        happened = true;
        Ok(0)
    };
    let result = faults.pass(Seam::Save, &(), work, |_| 1).await;
    assert_eq!(
        (faults.passed(Seam::Save), faults.passed(Seam::Call), faults.passed(Seam::File)),
        (2, 1, 0)
    );
    (result, happened)
}

#[tokio::test]
async fn a_lost_request_has_not_happened_and_a_lost_answer_has() {
    assert_eq!(passed(FaultKind::LoseRequest).await, (Err(1), false));
    assert_eq!(passed(FaultKind::LoseAnswer).await, (Err(1), true));
}

#[tokio::test]
async fn a_denied_call_has_not_happened_and_says_so() {
    assert_eq!(passed(FaultKind::Deny).await, (Err(1), false));
    let account = account();
    let deny = PlannedFault { seam: Seam::Call, nth: 1, kind: FaultKind::Deny };
    let provider = FaultyProvider::new(Edge(Arc::clone(&account)), Faults::of([deny]));
    let denied = provider.write(&create(), &StepOutput::default()).await.unwrap_err();
    assert_eq!(denied.kind, FailureKind::AccessDenied);
    assert_eq!(account.read(&get()).await.unwrap_err().kind, FailureKind::NotFound);
    assert!(provider.write(&create(), &StepOutput::default()).await.is_ok());
}

#[test]
fn a_kill_is_a_panic_that_carries_its_name() {
    for (kind, after) in [(FaultKind::KillBefore, false), (FaultKind::KillAfter, true)] {
        let happened = std::sync::atomic::AtomicBool::new(false);
        let run = std::panic::AssertUnwindSafe(|| {
            let faults = Faults::of([PlannedFault { seam: Seam::Call, nth: 1, kind }]);
            let work = async {
                happened.store(true, std::sync::atomic::Ordering::Relaxed);
                Ok::<(), ()>(())
            };
            futures::executor::block_on(faults.pass(Seam::Call, &(), work, |_| ()))
        });
        assert!(std::panic::catch_unwind(run).unwrap_err().is::<Killed>());
        assert_eq!(happened.into_inner(), after);
    }
}

fn account() -> Arc<Sandbox> {
    Arc::new(Sandbox::in_memory("123456789012", "us-east-1"))
}

fn lagging(account: &Arc<Sandbox>, lag: ReplicationLag) -> FaultyProvider<Edge> {
    let faults = Faults::of([PlannedFault { seam: Seam::Call, nth: 1, kind: FaultKind::Lag(lag) }]);
    FaultyProvider::new(Edge(Arc::clone(account)), faults)
        .replicated(Arc::clone(account) as Arc<dyn Replicated>)
}

/// The account, shared by several providers.
struct Edge(Arc<Sandbox>);

#[async_trait]
impl Provider for Edge {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.0.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.0.write(write, carried).await
    }
}

fn create() -> Write {
    let (user, path) = ("ada".to_owned(), "/".to_owned());
    Write::Iam(IamWrite::CreateUser { user, path, boundary: None, tags: Tags::new() })
}

fn get() -> Read {
    Read::Iam(IamRead::GetUser { user: "ada".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_not_seen_until_the_lag_is_over() {
    let minute = Duration::from_mins(1);
    for lag in
        [ReplicationLag { reads: 2, time: minute }, ReplicationLag { reads: 99, time: minute }]
    {
        let account = account();
        let faulty = lagging(&account, lag);
        faulty.write(&create(), &StepOutput::default()).await.unwrap();
        assert!(account.read(&get()).await.is_ok(), "it has happened");
        for _ in 0..2 {
            assert_eq!(faulty.read(&get()).await.unwrap_err().kind, FailureKind::NotFound);
        }
        if lag.reads > 2 {
            let attach = IamWrite::TagUser { user: "ada".to_owned(), tags: Tags::new() };
            let refused = faulty.write(&Write::Iam(attach), &StepOutput::default()).await;
            assert_eq!(
                refused.unwrap_err().code,
                "NoSuchEntity",
                "a server that knows no ada can't tag her"
            );
            tokio::time::advance(minute).await;
        }
        assert!(faulty.read(&get()).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_cut_where_there_are_pages_and_a_delay_delays() {
    let account = account();
    let kinds = [
        (1, FaultKind::CutPages),
        (2, FaultKind::CutPages),
        (3, FaultKind::Delay(Duration::from_secs(7))),
        (4, FaultKind::Throttle { times: 2 }),
    ];
    let planned = kinds.map(|(nth, kind)| PlannedFault { seam: Seam::Read, nth, kind });
    let provider = FaultyProvider::new(Edge(account), Faults::of(planned));
    let list = Read::Iam(IamRead::ListRoles);
    let started = tokio::time::Instant::now();
    assert_eq!(provider.read(&list).await.unwrap_err().kind, FailureKind::Unavailable);
    assert_eq!(
        provider.read(&get()).await.unwrap_err().kind,
        FailureKind::NotFound,
        "one user has no pages"
    );
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(provider.read(&list).await.is_ok());
    assert!(started.elapsed() >= Duration::from_secs(7));
    assert_eq!(provider.read(&list).await.unwrap_err().kind, FailureKind::Throttled);
    assert_eq!(provider.read(&list).await.unwrap_err().kind, FailureKind::Throttled);
    assert!(provider.read(&list).await.is_ok());
}

#[test]
fn the_same_seed_does_the_same_harm_in_whatever_order() {
    let rates = FaultRates { kill: 100, lost: 100, throttle: 100, delay: 100, cut: 100, lag: 100 };
    let seams = [Seam::Read, Seam::Call, Seam::File, Seam::Save];
    let all = || seams.into_iter().flat_map(|seam| (0..200).map(move |what| (seam, what)));
    let kinds = |seed: u64,
                 order: &mut dyn Iterator<Item = (Seam, i32)>|
     -> BTreeMap<(Seam, i32), Option<FaultKind>> {
        let faults = Faults::seeded(seed, rates);
        order.map(|(seam, what)| ((seam, what), faults.next(seam, &what))).collect()
    };
    let forward = kinds(7, &mut all());
    assert_eq!(forward, kinds(7, &mut all().collect::<Vec<_>>().into_iter().rev()));
    assert_ne!(forward, kinds(8, &mut all()));
    let of = |seam: Seam| {
        forward.iter().filter(move |((at, _), _)| *at == seam).filter_map(|(_, kind)| *kind)
    };
    for kind in
        [FaultKind::KillBefore, FaultKind::KillAfter, FaultKind::LoseRequest, FaultKind::LoseAnswer]
    {
        assert!(seams.iter().all(|seam| of(*seam).any(|it| it == kind)), "{kind:?} is everywhere");
    }
    assert!(
        of(Seam::Read).any(|it| it == FaultKind::CutPages)
            && of(Seam::Call).all(|it| it != FaultKind::CutPages)
    );
    assert!(
        of(Seam::Call).any(|it| matches!(it, FaultKind::Lag(_)))
            && of(Seam::Save).all(|it| !matches!(it, FaultKind::Throttle { .. }))
    );
}
