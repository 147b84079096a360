//! The command line: one file a command.

use std::process::ExitCode;

pub fn main() -> ExitCode {
    todo!()
}
