//! What a run is made of, as functions of the library: where the resolver and the differ take
//! turns.

mod live;
mod recover;

pub use live::{live, resolve};
pub use recover::{entry_of, recover};
