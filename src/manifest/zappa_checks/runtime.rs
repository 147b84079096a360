//! AWS Lambda's runtimes as of November 2026, from the page "Lambda runtimes" of its developer
//! guide.

/// A runtime and, if its date of deprecation has passed, that date: from then on AWS neither
/// patches nor supports it, and later refuses to create and to update functions that use it.
struct Runtime {
    name: &'static str,
    deprecated: Option<&'static str>,
}

const fn supported(name: &'static str) -> Runtime {
    Runtime { name, deprecated: None }
}

const fn retired(name: &'static str, date: &'static str) -> Runtime {
    Runtime { name, deprecated: Some(date) }
}

const RUNTIMES: &[Runtime] = &[
    retired("python2.7", "2021-07-15"),
    retired("python3.6", "2022-07-18"),
    retired("python3.7", "2023-12-04"),
    retired("python3.8", "2024-10-14"),
    retired("python3.9", "2025-12-15"),
    retired("python3.10", "2026-10-31"),
    supported("python3.11"),
    supported("python3.12"),
    supported("python3.13"),
    supported("python3.14"),
    retired("nodejs", "2016-10-31"),
    retired("nodejs4.3", "2020-03-05"),
    retired("nodejs4.3-edge", "2020-03-05"),
    retired("nodejs6.10", "2019-08-12"),
    retired("nodejs8.10", "2020-03-06"),
    retired("nodejs10.x", "2021-07-30"),
    retired("nodejs12.x", "2023-03-31"),
    retired("nodejs14.x", "2023-12-04"),
    retired("nodejs16.x", "2024-06-12"),
    retired("nodejs18.x", "2025-09-01"),
    retired("nodejs20.x", "2026-04-30"),
    supported("nodejs22.x"),
    supported("nodejs24.x"),
    retired("java8", "2024-01-08"),
    supported("java8.al2"),
    supported("java11"),
    supported("java17"),
    supported("java21"),
    supported("java25"),
    retired("dotnetcore1.0", "2019-06-27"),
    retired("dotnetcore2.0", "2019-05-30"),
    retired("dotnetcore2.1", "2022-01-05"),
    retired("dotnetcore3.1", "2023-04-03"),
    retired("dotnet5.0", "2022-05-10"),
    retired("dotnet6", "2024-12-20"),
    retired("dotnet7", "2024-05-14"),
    retired("dotnet8", "2026-11-10"),
    supported("dotnet10"),
    retired("go1.x", "2024-01-08"),
    retired("ruby2.5", "2021-07-30"),
    retired("ruby2.7", "2023-12-07"),
    retired("ruby3.2", "2026-03-31"),
    supported("ruby3.3"),
    supported("ruby3.4"),
    retired("provided", "2024-01-08"),
    retired("provided.al2", "2026-07-31"),
    supported("provided.al2023"),
];

/// The status of a runtime in Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Supported,
    /// Deprecated since that day.
    Retired(&'static str),
    Unknown,
}

pub(super) fn standing(name: &str) -> Standing {
    match RUNTIMES.iter().find(|runtime| runtime.name == name) {
        None => Standing::Unknown,
        Some(Runtime { deprecated: None, .. }) => Standing::Supported,
        Some(Runtime { deprecated: Some(date), .. }) => Standing::Retired(date),
    }
}

/// Returns the runtimes to move to: those of the same language, or all if there is none (Go's
/// runtime has no successor).
pub(super) fn successors(name: &str) -> Vec<&'static str> {
    let all: Vec<_> = RUNTIMES
        .iter()
        .filter(|runtime| runtime.deprecated.is_none())
        .map(|runtime| runtime.name)
        .collect();
    let same: Vec<_> =
        all.iter().copied().filter(|other| language(other) == language(name)).collect();
    if same.is_empty() { all } else { same }
}

/// Returns `python` for `python3.12`, `dotnet` for `dotnetcore3.1`.
fn language(name: &str) -> &str {
    let letters = name.find(|c: char| !c.is_ascii_alphabetic()).map_or(name, |end| &name[..end]);
    letters.strip_suffix("core").unwrap_or(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runtime_stands_once_and_its_date_is_one() {
        for (index, runtime) in RUNTIMES.iter().enumerate() {
            assert!(
                RUNTIMES[..index].iter().all(|other| other.name != runtime.name),
                "{}",
                runtime.name
            );
            if let Some(date) = runtime.deprecated {
                assert!(date.parse::<jiff::civil::Date>().is_ok(), "{date}");
            }
        }
    }

    #[test]
    fn successors_speak_the_same_language() {
        assert_eq!(standing("python3.7"), Standing::Retired("2023-12-04"));
        assert_eq!(
            successors("python3.7"),
            ["python3.11", "python3.12", "python3.13", "python3.14"]
        );
        assert_eq!(successors("dotnetcore3.1"), ["dotnet10"]);
        assert!(successors("go1.x").contains(&"provided.al2023"));
    }
}
