//! The principals under which AWS's services act: `lambda.amazonaws.com`.

use super::names::load_names;
use super::nearest::nearest;
use super::region::is_region;
use super::service;

const SUFFIX: &str = ".amazonaws.com";

/// Returns the service principals that AWS's managed policies name, and some of AWS's guides. AWS
/// has no list of all of them.
pub fn service_principals() -> impl Iterator<Item = &'static str> {
    load_names().principals().iter().copied()
}

/// Tells if a name may be the principal of a service: it is in the list, or made of the prefix of a
/// service, or below such a name. Regional names (`logs.eu-west-1.amazonaws.com`) and those of
/// other partitions (`….amazonaws.com.cn`) count as the name without.
///
/// ```
/// use iam_policy::catalogue::{is_service_principal, nearest_service_principal};
///
/// assert!(is_service_principal("lambda.amazonaws.com"));
/// assert!(!is_service_principal("lamda.amazonaws.com"));
/// let nearest = nearest_service_principal("lamda.amazonaws.com");
/// assert_eq!(nearest.as_deref(), Some("lambda.amazonaws.com"));
/// ```
pub fn is_service_principal(name: &str) -> bool {
    let name = plain(name);
    if is_listed(&name) || name.ends_with(".aws.internal") {
        return true;
    }
    let Some(of) = name.strip_suffix(SUFFIX) else { return false };
    let parent = of.rsplit('.').next().unwrap_or(of);
    let known = service(parent).is_some() || is_listed(&format!("{parent}{SUFFIX}"));
    // Services have principals for their parts. Most of them are in the list, so one that differs
    // from one of those by a letter is a slip of the pen.
    let slipped = |listed: &str| {
        listed.ends_with(&format!(".{parent}{SUFFIX}"))
            && strsim::damerau_levenshtein(listed, &name) == 1
    };
    known && (parent == of || !service_principals().any(slipped))
}

/// Returns the principal nearest to a name that is none.
pub fn nearest_service_principal(name: &str) -> Option<String> {
    let written = plain(name);
    let label = written.split('.').next().unwrap_or(&written);
    let whole = format!("{label}{SUFFIX}");
    let found = if written != whole && !written.ends_with(SUFFIX) && is_service_principal(&whole) {
        // `lambda.aws.com`, `lambda.amazonaws`
        Some(whole)
    } else {
        slip(&written).map(str::to_owned).or_else(|| {
            let of = written.strip_suffix(SUFFIX)?;
            Some(format!("{}{SUFFIX}", super::nearest_service(of)?))
        })
    };
    let china = name.strip_suffix(".cn").map_or("", |_| ".cn");
    found.map(|found| found + china)
}

fn is_listed(name: &str) -> bool {
    load_names().principals().contains(name)
}

/// Returns the listed principal that differs by a few letters, the suffix not counted.
fn slip(name: &str) -> Option<&'static str> {
    nearest(name, service_principals(), SUFFIX.len())
}

/// Returns a principal without its region and without the suffix of China.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_suffix(".cn").unwrap_or(&name);
    let regional = name
        .strip_suffix(SUFFIX)
        .and_then(|of| of.rsplit_once('.'))
        .filter(|(_, region)| is_region(region));
    regional.map_or_else(|| name.to_owned(), |(of, _)| format!("{of}{SUFFIX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_of_services_and_of_their_parts_are_known() {
        for name in [
            "lambda.amazonaws.com",
            "ecs-tasks.amazonaws.com",
            "vpc-flow-logs.amazonaws.com",
            "logging.s3.amazonaws.com",
            "batchoperations.s3.amazonaws.com",
            "ops.apigateway.amazonaws.com",
            "delivery.logs.amazonaws.com",
            "logs.eu-central-1.amazonaws.com",
            "ec2.amazonaws.com.cn",
            "states.cn-north-1.amazonaws.com.cn",
            "codedeploy.amazonaws.com",
            "Lambda.amazonaws.com",
            "alexa-appkit.amazon.com",
            "monitoring.rds.amazonaws.com",
            "osis-pipelines.amazonaws.com",
        ] {
            assert!(is_service_principal(name), "{name}");
        }
    }

    #[test]
    fn misspelt_principals_are_mended() {
        for (written, meant) in [
            ("lamda.amazonaws.com", "lambda.amazonaws.com"),
            ("lambda.amazonaws.con", "lambda.amazonaws.com"),
            ("lambda.aws.com", "lambda.amazonaws.com"),
            ("ecs-task.amazonaws.com", "ecs-tasks.amazonaws.com"),
            ("delivry.logs.amazonaws.com", "delivery.logs.amazonaws.com"),
            ("edge-lambda.amazonaws.com", "edgelambda.amazonaws.com"),
            ("lamda.amazonaws.com.cn", "lambda.amazonaws.com.cn"),
        ] {
            assert!(!is_service_principal(written), "{written}");
            assert_eq!(nearest_service_principal(written).as_deref(), Some(meant), "{written}");
        }
        assert!(!is_service_principal("frobnicator.amazonaws.com"));
        assert_eq!(nearest_service_principal("frobnicator.amazonaws.com"), None);
    }
}
