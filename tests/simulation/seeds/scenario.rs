//! The scenario of one seed: edits, others' changes, and runs with faults; in the end runs without.

use std::collections::BTreeSet;
use std::sync::Arc;

use relayctl::diff::Reason;
use relayctl::plan::{Plan, PlanMode};
use relayctl_faults::{FaultRates, Faults};
use relayctl_oracle::Dice;

use super::events::ExternalEvent;
use super::generator::{Edit, GeneratedManifest};
use super::invariants::{self, Before};
use crate::support::world::{Attempt, Ended, World};

#[derive(Debug)]
pub struct Scenario {
    seed: u64,
    /// Another manifest in the account, with its own state.
    beside: Option<GeneratedManifest>,
    phases: Vec<Phase>,
}

/// From one quiet moment to the next.
#[derive(Debug, Default)]
struct Phase {
    /// What the other manifest does first.
    beside: Vec<Run>,
    edits: Vec<Edit>,
    events: Vec<ExternalEvent>,
    runs: Vec<Run>,
    destroys: bool,
}

/// A run in bad weather, and what is edited before it.
struct Run {
    edits: Vec<Edit>,
    rates: FaultRates,
    luck: u64,
    parallelism: usize,
}

/// Counts of what was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub runs: usize,
    pub kills: usize,
    pub failures: usize,
    pub writes: usize,
    pub plans: usize,
    pub secrets: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.runs += more.runs;
        self.kills += more.kills;
        self.failures += more.failures;
        self.writes += more.writes;
        self.plans += more.plans;
        self.secrets += more.secrets;
    }
}

impl Scenario {
    pub fn of(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let beside = dice.one_in(3).then(|| GeneratedManifest::beside(dice));
        let is_beside = beside.is_some();
        let phases = (0..dice.few(3)).map(|nth| Phase::draw(dice, nth, is_beside)).collect();
        Self { seed, beside, phases }
    }

    /// Counts the parts that can be left out.
    pub fn len(&self) -> usize {
        let of = |phase: &Phase| {
            let runs = phase.beside.iter().chain(&phase.runs);
            let runs: usize = runs.map(|run| 1 + run.edits.len()).sum();
            phase.edits.len() + phase.events.len() + runs + 1
        };
        self.phases.iter().map(of).sum()
    }

    /// The same without some of them.
    pub fn without(seed: u64, left_out: &BTreeSet<usize>) -> Self {
        let mut scenario = Self::of(seed);
        let mut nth = 0;
        let mut stays = || {
            nth += 1;
            !left_out.contains(&(nth - 1))
        };
        for phase in &mut scenario.phases {
            let mut thin = |runs: &mut Vec<Run>| {
                runs.retain_mut(|run| {
                    run.edits.retain(|_| stays());
                    stays()
                });
            };
            thin(&mut phase.beside);
            thin(&mut phase.runs);
            phase.edits.retain(|_| stays());
            phase.events.retain(|_| stays());
            phase.destroys &= stays();
        }
        scenario
    }

    pub fn play(&self) -> Tally {
        let world = World::seeded(self.seed);
        let beside = self.beside.clone().map(|manifest| {
            let world = world.beside();
            world.declare(&manifest.text());
            Neighbour { world, manifest }
        });
        let mut simulation = Simulation {
            world,
            manifest: GeneratedManifest::new("seeds"),
            beside,
            tally: Tally::default(),
        };
        simulation.world.declare(&simulation.manifest.text());
        for (nth, phase) in self.phases.iter().enumerate() {
            simulation.play(phase, nth + 1 == self.phases.len());
        }
        simulation.tally.secrets = simulation.world.cloud.seen.lock().unwrap().secrets.len();
        simulation.tally
    }
}

impl Phase {
    fn draw(dice: &mut Dice, nth: usize, is_beside: bool) -> Self {
        let beside = if is_beside { dice.below(3) } else { 0 };
        let beside = (0..beside).map(|_| Run::beside(dice)).collect();
        let edits = match nth {
            0 => (0..2 + dice.below(5)).map(|_| Edit::first(dice)).collect(),
            _ => (0..dice.below(4)).map(|_| Edit::draw(dice)).collect(),
        };
        let events = if nth == 0 && !dice.one_in(4) { 0 } else { dice.below(4) };
        Self {
            beside,
            edits,
            events: (0..events).map(|_| ExternalEvent::draw(dice)).collect(),
            runs: (0..dice.below(4)).map(|_| Run::draw(dice)).collect(),
            destroys: nth > 0 && dice.one_in(8),
        }
    }

    fn mode(&self) -> PlanMode {
        if self.destroys { PlanMode::Destroy } else { PlanMode::Apply }
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?}, then a run with {:?}, {} at once",
            self.edits, self.rates, self.parallelism
        )
    }
}

impl Run {
    /// A run of the other manifest, which declares something more each time.
    fn beside(dice: &mut Dice) -> Self {
        let more = (0..2 + dice.below(3)).map(|_| Edit::first(dice)).collect();
        Self { edits: more, ..Self::draw(dice) }
    }

    fn draw(dice: &mut Dice) -> Self {
        let none = FaultRates::default();
        let rates = [
            FaultRates { kill: 60, ..none },
            FaultRates { lost: 80, ..none },
            FaultRates { throttle: 100, cut: 200, ..none },
            FaultRates { lag: 400, delay: 20, ..none },
            FaultRates { kill: 20, lost: 30, throttle: 20, delay: 20, cut: 40, lag: 100 },
        ];
        let edits = if dice.one_in(4) { vec![Edit::draw(dice)] } else { Vec::new() };
        let parallelism = if dice.one_in(3) { 4 } else { 1 };
        Self {
            edits,
            rates: *dice.pick(&rates),
            luck: u64::try_from(dice.below(1 << 30)).expect("small"),
            parallelism,
        }
    }
}

/// More applies than this are not needed once the weather is good again.
const ENOUGH: usize = 2;

struct Simulation {
    world: World,
    manifest: GeneratedManifest,
    beside: Option<Neighbour>,
    tally: Tally,
}

/// Another manifest in the same account.
struct Neighbour {
    world: World,
    manifest: GeneratedManifest,
}

impl Neighbour {
    /// Runs once in bad weather and once in good weather. To each of the two manifests, what the
    /// other one made is somebody else's.
    fn run(&mut self, run: &Run) {
        run.edits.iter().for_each(|edit| self.manifest.edit(edit));
        self.world.declare(&self.manifest.text());
        for faults in [Faults::seeded(run.luck, run.rates), Faults::none()] {
            let before = Before::of(&self.world, PlanMode::Apply);
            let attempt = self.world.attempt(PlanMode::Apply, &faults, run.parallelism);
            before.after(&self.world, &attempt);
        }
    }
}

impl Simulation {
    fn play(&mut self, phase: &Phase, last: bool) {
        let mode = phase.mode();
        for run in &phase.beside {
            self.beside.iter_mut().for_each(|it| it.run(run));
        }
        self.edit(&phase.edits);
        for event in &phase.events {
            event.happens(&self.world);
        }
        let (world, manifest) = (self.world.fork(), self.manifest.clone());
        let twin = Self { world, manifest, beside: None, tally: self.tally };
        for run in &phase.runs {
            self.edit(&run.edits);
            self.harmed(mode, run);
        }
        if last {
            self.plans_are_equal(mode);
        }
        self.settle(mode, "the harmed one");
        if let Some(unharmed) = twin.unharmed(phase) {
            invariants::ends_are_equal(&self.world, &unharmed);
        }
    }

    /// Plays the same phase in good weather. None: something was refused or taken from others on
    /// the way, and a slower run may not have come to that.
    fn unharmed(mut self, phase: &Phase) -> Option<World> {
        let mut free = true;
        let mut made_on_the_way = false;
        for run in phase.runs.iter().filter(|run| !run.edits.is_empty()) {
            let calm = self.calm(phase.mode());
            let took =
                |plan: &Plan| plan.changes.iter().any(|change| change.reason == Reason::Exclusive);
            free &= calm.plan.is_none_or(|plan| !plan.is_hindered() && !took(&plan));
            // What was let go of stays only if it was made before. Without its entry in `moved:`,
            // a renamed object is another one.
            free &= !run.edits.iter().any(Edit::forgets);
            made_on_the_way = true;
            self.edit(&run.edits);
        }
        let end = self.settle(phase.mode(), "the unharmed one");
        // What was made on the way may be what stands in the way now.
        free &= !made_on_the_way || !end.is_hindered();
        free.then_some(self.world)
    }

    fn edit(&mut self, edits: &[Edit]) {
        for edit in edits {
            self.manifest.edit(edit);
        }
        if !edits.is_empty() {
            self.world.declare(&self.manifest.text());
        }
    }

    fn harmed(&mut self, mode: PlanMode, run: &Run) {
        let faults = Faults::seeded(run.luck, run.rates);
        let lags = run.rates.lag > 0;
        let attempt = self.attempt(mode, &faults, run.parallelism);
        if !lags && invariants::promises_nothing_left(&attempt) {
            invariants::nothing_is_left(&attempt, &self.world.planned(mode));
        }
    }

    fn attempt(&mut self, mode: PlanMode, faults: &Arc<Faults>, parallelism: usize) -> Attempt {
        let before = Before::of(&self.world, mode);
        let attempt = self.world.attempt(mode, faults, parallelism);
        self.tally.runs += 1;
        self.tally.writes += attempt.sent.len();
        match &attempt.ended {
            Ended::Killed => self.tally.kills += 1,
            Ended::Finished(outcome) => self.tally.failures += usize::from(!outcome.succeeded()),
        }
        before.after(&self.world, &attempt);
        attempt
    }

    fn calm(&mut self, mode: PlanMode) -> Attempt {
        let before = self.world.contents();
        let attempt = self.attempt(mode, &Faults::none(), 4);
        invariants::nobody_loses_what_stays(&self.world, mode, &before, &attempt);
        let Ended::Finished(outcome) = &attempt.ended else {
            panic!("nothing kills in good weather")
        };
        let steps = attempt.plan.as_ref().map(|plan| &plan.steps);
        assert!(outcome.succeeded(), "a run fails in good weather: {outcome:#?}\nof {steps:#?}");
        attempt
    }

    fn settle(&mut self, mode: PlanMode, who: &str) -> Plan {
        let mut plan = self.world.planned(mode);
        for _ in 0..ENOUGH {
            if !plan.steps.is_empty() {
                let calm = self.calm(mode);
                plan = self.world.planned(mode);
                if invariants::promises_nothing_left(&calm) {
                    invariants::nothing_is_left(&calm, &plan);
                }
            }
        }
        assert!(
            plan.steps.is_empty(),
            "{who} does not settle in {ENOUGH} applies: {:#?}",
            plan.steps
        );
        invariants::keys_are_at_home(&self.world, &plan);
        plan
    }

    fn plans_are_equal(&mut self, mode: PlanMode) {
        let plans = self.world.plans(mode, 10);
        let first = serde_json::to_string(&plans[0]).expect("JSON");
        assert!(
            plans.iter().all(|plan| *plan == plans[0]),
            "ten plans of the same differ: {first}"
        );
        self.tally.plans += plans.len();
    }
}
