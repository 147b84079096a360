//! Services that AWS has retired. Their actions stand in older policies, and in AWS's own.

use super::Service;

/// The services that earlier editions of the Service Authorization Reference list, and the present
/// one doesn't. Amazon WorkDocs had a second prefix from its first name.
const RETIRED: &[Service] = &[
    retired("application-cost-profiler", "AWS Application Cost Profiler Service"),
    retired("deepcomposer", "AWS DeepComposer"),
    retired("deeplens", "AWS DeepLens"),
    retired("deepracer", "AWS DeepRacer"),
    retired("elastic-inference", "Amazon Elastic Inference"),
    retired("gamesparks", "Amazon GameSparks"),
    retired("iot1click", "AWS IoT 1-Click"),
    retired("iotroborunner", "AWS IoT RoboRunner"),
    retired("iotthingsgraph", "AWS IoT Things Graph"),
    retired("macie", "Amazon Macie Classic"),
    retired("mobilehub", "AWS Mobile Hub"),
    retired("sagemaker-groundtruth-synthetic", "Amazon SageMaker Ground Truth Synthetic"),
    retired("sumerian", "Amazon Sumerian"),
    retired("supportrecommendations", "AWS Support Recommendations"),
    retired("zocalo", "Amazon WorkDocs"),
];

const fn retired(prefix: &'static str, name: &'static str) -> Service {
    Service { prefix, name }
}

/// Returns the service of that prefix, in any case, if AWS has retired it. [`service`] doesn't
/// return it, and its actions are in no list.
///
/// ```
/// use iam_policy::catalogue::{retired_service, service};
///
/// assert_eq!(retired_service("deeplens").map(|it| it.name), Some("AWS DeepLens"));
/// assert_eq!(service("deeplens"), None);
/// ```
///
/// [`service`]: super::service
pub fn retired_service(prefix: &str) -> Option<Service> {
    RETIRED.iter().find(|service| service.prefix.eq_ignore_ascii_case(prefix)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service that the data names again isn't retired.
    #[test]
    fn no_retired_service_is_in_the_catalogue() {
        for retired in RETIRED {
            assert_eq!(super::super::service(retired.prefix), None, "{}", retired.prefix);
        }
        assert_eq!(retired_service("Zocalo").map(|it| it.prefix), Some("zocalo"));
        assert_eq!(retired_service("s3"), None);
    }
}
