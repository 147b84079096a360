//! The resources that have no policy of their own. To another account only such a policy can open
//! a resource.

use crate::request::Request;

/// The services whose resources have no policies, by the prefixes of their actions: those with "No"
/// in the column "Resource-based policies" of "AWS services that work with IAM" (IAM User Guide),
/// as far as AWS RAM doesn't share their resources either ("Shareable AWS resources", AWS RAM User
/// Guide). Of others nothing is assumed: AWS adds resource-based policies to services. "The IAM
/// service supports only one type of resource-based policy called a role trust policy", and trust
/// policies are about actions of STS alone.
const SERVICES_WITHOUT_POLICIES: &[&str] = &[
    "autoscaling",
    "batch",
    "cloudformation",
    "codecommit",
    "codedeploy",
    "codepipeline",
    "ecs",
    "eks",
    "elasticbeanstalk",
    "elasticmapreduce",
    "iam",
    "states",
    "swf",
];

/// Tells if the resource of the request is known to have no policy.
pub(super) fn are_impossible(request: &Request) -> bool {
    let service = request.service();
    let of_service = request.resource.split(':').nth(2).is_some_and(|owning| owning == service);
    of_service && SERVICES_WITHOUT_POLICIES.contains(&service.as_str())
}
