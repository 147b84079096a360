//! The output of `relayctl --version --verbose`: the program's data about AWS, and the date of that
//! data.
//!
//! clap prints the version as soon as it sees `--version`, and reads no further. Plain `--version`
//! is left to clap, so that it doesn't have to unpack the catalogue.

use std::io::{self, Write};
use std::process::ExitCode;

use relayctl::policy::{catalogue, escalation};

/// Returns true if the arguments beside `--version` ask for more: `--verbose`, `-v`, or the
/// combined `-Vv`.
pub fn is_verbose(arguments: impl Iterator<Item = String>) -> bool {
    arguments.take_while(|argument| argument != "--").any(|argument| {
        match argument.strip_prefix('-') {
            Some("-verbose") => true,
            Some(letters) => {
                letters.contains('v') && letters.chars().all(|letter| "vVq".contains(letter))
            }
            None => false,
        }
    })
}

/// Prints the version as clap prints it, and the program's data about AWS.
pub fn print(version: &str) -> ExitCode {
    let services: Vec<_> = catalogue::services().collect();
    let actions: usize =
        services.iter().map(|service| catalogue::actions_of(service.prefix).len()).sum();
    let lists: Vec<String> = escalation::lists()
        .map(|(list, edition)| format!("{} of {}", list.title(), edition.date))
        .collect();
    let text = format!(
        "{}\niam catalogue: {}, {} services, {actions} actions, {} managed policies\nfrom: {}, {}\n\
            escalation paths: {}\nfrom: {}\n",
        version.trim_end(),
        catalogue::catalogue_date(),
        services.len(),
        catalogue::managed_policies().count(),
        catalogue::source(),
        catalogue::names_source(),
        escalation::all().count(),
        lists.join(", ")
    );
    // A broken pipe is the only possible error here.
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbose(arguments: &[&str]) -> bool {
        is_verbose(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn verbose_is_recognised_before_and_after() {
        assert!(verbose(&["--version", "--verbose"]) && verbose(&["-v", "--version"]));
        assert!(verbose(&["-Vv"]) && verbose(&["-V", "-vv"]));
        assert!(!verbose(&["--version"]) && !verbose(&["-V"]) && !verbose(&["--version", "--var"]));
        assert!(!verbose(&["--version", "--", "-v"]));
    }
}
