//! Tests of the output. The goldens are its specification; read them when they change.

mod access;
mod bad_manifests;
mod diagnostics;
mod fixtures;
mod graph;
mod markdown;
mod outcome;
mod plan;
