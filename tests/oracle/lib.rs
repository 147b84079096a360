//! Decisions and comparisons against a brute-force evaluator over small alphabets.

mod alphabet;
mod condition;
mod decisions;
mod dice;
mod document;
mod draw;
mod evaluator;
mod laws;
mod pairs;
mod pattern;
mod request;
mod respell;
mod shrink;
mod universe;

pub use decisions::{Decided, decided};
pub use dice::Dice;
pub use laws::Tally;
pub use pairs::{Tried, told, tried};
