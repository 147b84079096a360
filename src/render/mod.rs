//! Turns models into text. Nothing here decides anything.

mod access;
pub mod attention;
pub mod command;
pub mod diagnostic;
pub mod graph;
pub mod html;
pub mod human;
pub mod json;
pub mod keys;
pub mod lint;
pub mod markdown;
pub mod printable;
pub mod sarif;
pub mod text;
