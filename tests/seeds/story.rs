//! What happens under one seed: edits, others' deeds, runs that go wrong; in the end runs that
//! don't.

use std::collections::BTreeSet;
use std::sync::Arc;

use relayctl::diff::Reason;
use relayctl::plan::{Plan, PlanMode};
use relayctl_faults::{FaultRates, Faults};
use relayctl_oracle::Dice;

use super::deeds::Deed;
use super::draft::{Draft, Edit};
use super::laws::{self, Before};
use super::support::world::{Attempt, Ended, World};

#[derive(Debug)]
pub struct Story {
    seed: u64,
    chapters: Vec<Chapter>,
}

/// From one quiet moment to the next.
#[derive(Debug, Default)]
struct Chapter {
    edits: Vec<Edit>,
    deeds: Vec<Deed>,
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

/// How much was tried.
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

impl Story {
    pub fn of(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let chapters = (0..dice.few(3)).map(|nth| Chapter::draw(dice, nth)).collect();
        Self { seed, chapters }
    }

    /// How many things in it can be left out.
    pub fn len(&self) -> usize {
        let of = |chapter: &Chapter| {
            let runs: usize = chapter.runs.iter().map(|run| 1 + run.edits.len()).sum();
            chapter.edits.len() + chapter.deeds.len() + runs + 1
        };
        self.chapters.iter().map(of).sum()
    }

    /// The same without some of them.
    pub fn without(seed: u64, left_out: &BTreeSet<usize>) -> Self {
        let mut story = Self::of(seed);
        let mut nth = 0;
        let mut stays = || {
            nth += 1;
            !left_out.contains(&(nth - 1))
        };
        for chapter in &mut story.chapters {
            chapter.edits.retain(|_| stays());
            chapter.deeds.retain(|_| stays());
            chapter.runs.retain_mut(|run| {
                run.edits.retain(|_| stays());
                stays()
            });
            chapter.destroys &= stays();
        }
        story
    }

    pub fn play(&self) -> Tally {
        let mut stage = Stage {
            world: World::seeded(self.seed),
            draft: Draft::default(),
            tally: Tally::default(),
        };
        stage.world.declare(&stage.draft.text());
        for (nth, chapter) in self.chapters.iter().enumerate() {
            stage.play(chapter, nth + 1 == self.chapters.len());
        }
        stage.tally.secrets = stage.world.cloud.seen.lock().unwrap().secrets.len();
        stage.tally
    }
}

impl Chapter {
    fn draw(dice: &mut Dice, nth: usize) -> Self {
        let edits = match nth {
            0 => (0..2 + dice.below(5)).map(|_| Edit::first(dice)).collect(),
            _ => (0..dice.below(4)).map(|_| Edit::draw(dice)).collect(),
        };
        let deeds = if nth == 0 && !dice.one_in(4) { 0 } else { dice.below(4) };
        Self {
            edits,
            deeds: (0..deeds).map(|_| Deed::draw(dice)).collect(),
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

struct Stage {
    world: World,
    draft: Draft,
    tally: Tally,
}

impl Stage {
    fn play(&mut self, chapter: &Chapter, last: bool) {
        let mode = chapter.mode();
        self.edit(&chapter.edits);
        for deed in &chapter.deeds {
            deed.happens(&self.world);
        }
        let twin = Self { world: self.world.fork(), draft: self.draft.clone(), tally: self.tally };
        for run in &chapter.runs {
            self.edit(&run.edits);
            self.harmed(mode, run);
        }
        if last {
            self.plans_are_equal(mode);
        }
        self.settle(mode, "the harmed one");
        if let Some(unharmed) = twin.unharmed(chapter) {
            laws::ends_are_equal(&self.world, &unharmed);
        }
    }

    /// Plays the same chapter in good weather. None: something was refused or taken from others on
    /// the way, and a slower run may not have come to that.
    fn unharmed(mut self, chapter: &Chapter) -> Option<World> {
        let mut free = true;
        let mut made_on_the_way = false;
        for run in chapter.runs.iter().filter(|run| !run.edits.is_empty()) {
            let calm = self.calm(chapter.mode());
            let took =
                |plan: &Plan| plan.changes.iter().any(|change| change.reason == Reason::Exclusive);
            free &= calm.plan.is_none_or(|plan| !plan.is_hindered() && !took(&plan));
            made_on_the_way = true;
            self.edit(&run.edits);
        }
        let end = self.settle(chapter.mode(), "the unharmed one");
        // What was made on the way may be what stands in the way now.
        free &= !made_on_the_way || !end.is_hindered();
        free.then_some(self.world)
    }

    fn edit(&mut self, edits: &[Edit]) {
        for edit in edits {
            self.draft.edit(edit);
        }
        if !edits.is_empty() {
            self.world.declare(&self.draft.text());
        }
    }

    fn harmed(&mut self, mode: PlanMode, run: &Run) {
        let faults = Faults::seeded(run.luck, run.rates);
        let lags = run.rates.lag > 0;
        let attempt = self.attempt(mode, &faults, run.parallelism);
        if !lags && laws::promises_nothing_left(&attempt) {
            laws::nothing_is_left(&attempt, &self.world.planned(mode));
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
        let attempt = self.attempt(mode, &Faults::none(), 4);
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
                if laws::promises_nothing_left(&calm) {
                    laws::nothing_is_left(&calm, &plan);
                }
            }
        }
        assert!(
            plan.steps.is_empty(),
            "{who} does not settle in {ENOUGH} applies: {:#?}",
            plan.steps
        );
        laws::keys_are_at_home(&self.world, &plan);
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
