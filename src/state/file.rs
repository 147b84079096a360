//! The file format of the state, and its versions.

use super::State;

/// Why a text is no state.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("{0}")]
    NotState(String),
    #[error("state version {0} is newer than this relayctl")]
    Newer(u32),
}

pub fn encode(_state: &State) -> String {
    todo!()
}

pub fn decode(_text: &str) -> Result<State, DecodeError> {
    todo!()
}
