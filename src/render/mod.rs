//! A model in, text out. Nothing here decides anything.

pub mod diagnostic;
pub mod graph;
pub mod human;
pub mod json;
pub mod lint;
pub mod markdown;
pub mod sarif;
mod text;
