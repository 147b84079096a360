#![forbid(unsafe_code)]
//! The command line of relayctl. All that it does is in the library of the same name; here are
//! arguments, prompts, progress and words.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run_program()
}
