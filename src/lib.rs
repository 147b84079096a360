#![forbid(unsafe_code)]
//! `relayctl` as a library: everything that the command does, without the command line.
//!
//! [`manifest::load_manifest`] reads what is desired. The [`engine`] makes plans and applies them,
//! with the state's lock, the manifest's brakes and the changes of access; a [`port::Provider`]
//! leads it to an account ([`provider`]), a [`port::Store`] keeps the state ([`store`]), and
//! [`render`] prints the results. `examples/library.rs` is a program that
//! does all of that.
//!
//! ```no_run
//! use relayctl::engine::{self, BrakeOverrides, EngineError, PlanOptions, Workspace};
//!
//! # async fn check(workspace: Workspace<'_>) -> Result<(), EngineError> {
//! let prepared = engine::make_plan(&workspace, &PlanOptions::default()).await?;
//! prepared.check_brakes(BrakeOverrides::default())?;
//! println!("{} calls", prepared.plan.summary.calls);
//! # Ok(())
//! # }
//! ```
//!
//! The layout is a stack of layers; a module uses only modules of a lower rank, and
//! `tests/structure/layers.rs` keeps it so. Data flows one way: manifest, state and the resolver's
//! reads meet in [`diff`], become a [`plan`], and [`apply`] does exactly that plan.

pub mod access;
pub mod address;
pub mod allowed_files;
pub mod apply;
pub mod call;
pub mod clock;
pub mod diagnostic;
pub mod diff;
pub mod encryption;
pub mod engine;
pub mod event;
pub mod graph;
pub mod kind;
pub mod lint;
pub mod manifest;
pub mod model;
pub mod permissions;
pub mod plan;
pub mod port;
pub mod provider;
pub mod reads;
pub mod render;
pub mod resolve;
pub mod state;
pub mod store;
pub mod transport;
pub mod value;

pub use iam_policy as policy;
