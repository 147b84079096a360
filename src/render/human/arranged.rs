//! Indexes a plan by address, so that each change finds the steps and sentences that belong to it
//! quickly: a plan may have a hundred thousand changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::call::Write;
use crate::plan::{Plan, Step, StepPhase};
use crate::render::access::{Sentence, by_change};
use crate::render::command::{NextCommand, RunOptions};

pub struct Arranged<'p> {
    /// The addresses with a call to AWS. `worked_on` has those with any call, to AWS or on a local
    /// file.
    remote: BTreeSet<&'p Address>,
    worked_on: BTreeSet<&'p Address>,
    updates: BTreeMap<&'p Address, &'p Step>,
    sentences: BTreeMap<&'p Address, Vec<&'p Sentence>>,
    run: RunOptions,
}

impl<'p> Arranged<'p> {
    /// Indexes a plan. Without the options of the run, the commands in its texts repeat those that
    /// the plan remembers.
    pub fn new(plan: &'p Plan, sentences: &'p [Sentence], run: Option<&RunOptions>) -> Self {
        let calls = || {
            plan.steps
                .iter()
                .flat_map(|step| step.calls.iter().map(|call| (&step.id.address, call)))
        };
        let updates = plan.steps.iter().filter(|step| step.id.phase == StepPhase::Update);
        Self {
            remote: calls()
                .filter(|(_, call)| !matches!(call, Write::File(_)))
                .map(|(address, _)| address)
                .collect(),
            worked_on: calls().map(|(address, _)| address).collect(),
            updates: updates.map(|step| (&step.id.address, step)).collect(),
            sentences: by_change(sentences),
            run: run.cloned().unwrap_or_else(|| RunOptions::of_plan(&plan.header)),
        }
    }

    /// Writes a command that a text about the plan names.
    pub fn write(&self, command: &NextCommand) -> String {
        self.run.write(command)
    }

    /// Returns true if an object's calls all work on files of this machine.
    pub fn is_local(&self, address: &Address) -> bool {
        self.worked_on.contains(address) && !self.remote.contains(address)
    }

    /// Returns the step that changes an object in place.
    pub fn update(&self, address: &Address) -> Option<&'p Step> {
        self.updates.get(address).copied()
    }

    /// Returns the sentences on access above an object's change.
    pub fn sentences(&self, address: &Address) -> &[&'p Sentence] {
        self.sentences.get(address).map_or(&[], Vec::as_slice)
    }
}
