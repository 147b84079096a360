use super::*;
use crate::call::{IamRead, IamWrite};
use crate::provider::sandbox::Sandbox;

async fn heard(harm: Harm) -> (Result<u8, u8>, bool) {
    let faults = Faults::of([Mishap { seam: Seam::Save, nth: 2, harm }]);
    let mut happened = false;
    let first = faults.pass(Seam::Save, &(), async { Ok(0) }, |_| 1).await;
    let elsewhere = faults.pass(Seam::Call, &(), async { Err(7) }, |_| 1).await;
    assert_eq!((first, elsewhere), (Ok(0), Err::<u8, u8>(7)), "only the second save goes wrong");
    let work = async {
        happened = true;
        Ok(0)
    };
    let result = faults.pass(Seam::Save, &(), work, |_| 1).await;
    assert_eq!((faults.passed(Seam::Save), faults.passed(Seam::Call), faults.passed(Seam::File)), (2, 1, 0));
    (result, happened)
}

#[tokio::test]
async fn a_lost_request_has_not_happened_and_a_lost_answer_has() {
    assert_eq!(heard(Harm::LoseRequest).await, (Err(1), false));
    assert_eq!(heard(Harm::LoseAnswer).await, (Err(1), true));
}

#[test]
fn a_kill_is_a_panic_that_carries_its_name() {
    for (harm, after) in [(Harm::KillBefore, false), (Harm::KillAfter, true)] {
        let happened = std::sync::atomic::AtomicBool::new(false);
        let run = std::panic::AssertUnwindSafe(|| {
            let faults = Faults::of([Mishap { seam: Seam::Call, nth: 1, harm }]);
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

fn lagging(account: &Arc<Sandbox>, lag: Lag) -> Faulty<Edge> {
    let faults = Faults::of([Mishap { seam: Seam::Call, nth: 1, harm: Harm::Lag(lag) }]);
    Faulty::new(Edge(Arc::clone(account)), faults).replicated(Arc::clone(account) as Arc<dyn Replicated>)
}

/// The account, for several to share.
struct Edge(Arc<Sandbox>);

#[async_trait]
impl Provider for Edge {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.0.read(read).await
    }

    async fn write(&self, write: &Write, carried: &Carried) -> Result<Reply, Failure> {
        self.0.write(write, carried).await
    }
}

fn create() -> Write {
    let (user, path) = ("ada".to_owned(), "/".to_owned());
    Write::Iam(IamWrite::CreateUser { user, path, boundary: None, tags: crate::value::Tags::new() })
}

fn get() -> Read {
    Read::Iam(IamRead::GetUser { user: "ada".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_not_seen_until_the_lag_is_over() {
    let minute = Duration::from_mins(1);
    for lag in [Lag { reads: 2, time: minute }, Lag { reads: 99, time: minute }] {
        let account = account();
        let faulty = lagging(&account, lag);
        faulty.write(&create(), &Carried::default()).await.unwrap();
        assert!(account.read(&get()).await.is_ok(), "it has happened");
        for _ in 0..2 {
            assert_eq!(faulty.read(&get()).await.unwrap_err().kind, FailureKind::NotFound);
        }
        if lag.reads > 2 {
            let attach = IamWrite::TagUser { user: "ada".to_owned(), tags: crate::value::Tags::new() };
            let refused = faulty.write(&Write::Iam(attach), &Carried::default()).await;
            assert_eq!(refused.unwrap_err().code, "NoSuchEntity", "a server that knows no ada can't tag her");
            tokio::time::advance(minute).await;
        }
        assert!(faulty.read(&get()).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_cut_where_there_are_pages_and_a_delay_delays() {
    let account = account();
    let harms = [
        (1, Harm::CutPages),
        (2, Harm::CutPages),
        (3, Harm::Delay(Duration::from_secs(7))),
        (4, Harm::Throttle { times: 2 }),
    ];
    let mishaps = harms.map(|(nth, harm)| Mishap { seam: Seam::Read, nth, harm });
    let faulty = Faulty::new(Edge(account), Faults::of(mishaps));
    let list = Read::Iam(IamRead::ListRoles);
    let started = tokio::time::Instant::now();
    assert_eq!(faulty.read(&list).await.unwrap_err().kind, FailureKind::Unavailable);
    assert_eq!(faulty.read(&get()).await.unwrap_err().kind, FailureKind::NotFound, "one user has no pages");
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(faulty.read(&list).await.is_ok());
    assert!(started.elapsed() >= Duration::from_secs(7));
    assert_eq!(faulty.read(&list).await.unwrap_err().kind, FailureKind::Throttled);
    assert_eq!(faulty.read(&list).await.unwrap_err().kind, FailureKind::Throttled);
    assert!(faulty.read(&list).await.is_ok());
}

#[test]
fn the_same_seed_does_the_same_harm_in_whatever_order() {
    let odds = Odds { kill: 100, lost: 100, throttle: 100, delay: 100, cut: 100, lag: 100 };
    let seams = [Seam::Read, Seam::Call, Seam::File, Seam::Save];
    let all = || seams.into_iter().flat_map(|seam| (0..200).map(move |what| (seam, what)));
    let harms = |seed: u64, order: &mut dyn Iterator<Item = (Seam, i32)>| -> BTreeMap<(Seam, i32), Option<Harm>> {
        let faults = Faults::seeded(seed, odds);
        order.map(|(seam, what)| ((seam, what), faults.next(seam, &what))).collect()
    };
    let forward = harms(7, &mut all());
    assert_eq!(forward, harms(7, &mut all().collect::<Vec<_>>().into_iter().rev()));
    assert_ne!(forward, harms(8, &mut all()));
    let of = |seam: Seam| forward.iter().filter(move |((at, _), _)| *at == seam).filter_map(|(_, harm)| *harm);
    for harm in [Harm::KillBefore, Harm::KillAfter, Harm::LoseRequest, Harm::LoseAnswer] {
        assert!(seams.iter().all(|seam| of(*seam).any(|it| it == harm)), "{harm:?} is everywhere");
    }
    assert!(of(Seam::Read).any(|it| it == Harm::CutPages) && of(Seam::Call).all(|it| it != Harm::CutPages));
    assert!(
        of(Seam::Call).any(|it| matches!(it, Harm::Lag(_)))
            && of(Seam::Save).all(|it| !matches!(it, Harm::Throttle { .. }))
    );
}
