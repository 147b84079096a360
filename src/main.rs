#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    relayctl::cli::main()
}
