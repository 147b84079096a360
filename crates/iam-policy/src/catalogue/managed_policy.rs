//! AWS's own managed policies, by name.

use super::names::load_names;
use super::nearest::nearest;

/// Returns AWS's managed policies, each with its path: `ReadOnlyAccess`, `job-function/Billing`.
/// The list is that of the partition `aws`. AWS adds policies, and other partitions lack some.
pub fn managed_policies() -> impl Iterator<Item = &'static str> {
    load_names().policies().iter().copied()
}

/// Tells if AWS has a managed policy of that path and name: `job-function/Billing`.
///
/// ```
/// use iam_policy::catalogue::is_managed_policy;
///
/// assert!(is_managed_policy("ReadOnlyAccess"));
/// assert!(!is_managed_policy("Billing"));
/// ```
pub fn is_managed_policy(path_and_name: &str) -> bool {
    load_names().policies().contains(path_and_name)
}

/// Returns the managed policy of AWS that is meant by a name: path and name, or the name alone, in
/// any case.
///
/// ```
/// use iam_policy::catalogue::find_managed_policy;
///
/// assert_eq!(find_managed_policy("billing"), Some("job-function/Billing"));
/// ```
pub fn find_managed_policy(name: &str) -> Option<&'static str> {
    let same = |known: &&str| {
        known.eq_ignore_ascii_case(name) || last_part(known).eq_ignore_ascii_case(last_part(name))
    };
    load_names().policies().get(name).copied().or_else(|| managed_policies().find(same))
}

/// Returns the managed policy of AWS nearest to a name that doesn't exist. Its path may be wrong or
/// missing, too.
pub fn nearest_managed_policy(name: &str) -> Option<&'static str> {
    find_managed_policy(name).or_else(|| {
        let near = nearest(last_part(name), managed_policies().map(last_part), 0)?;
        managed_policies().find(|known| last_part(known) == near)
    })
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_managed_policy_is_found_with_and_without_its_path() {
        assert!(managed_policies().count() > 1_000);
        assert!(is_managed_policy("service-role/AWSLambdaBasicExecutionRole"));
        assert!(is_managed_policy("aws-service-role/AWSSupportServiceRolePolicy"));
        assert!(!is_managed_policy("AWSLambdaBasicExecutionRole"));
        assert_eq!(
            find_managed_policy("AWSLambdaBasicExecutionRole"),
            Some("service-role/AWSLambdaBasicExecutionRole")
        );
        assert_eq!(find_managed_policy("readonlyaccess"), Some("ReadOnlyAccess"));
        assert_eq!(find_managed_policy("Deployment"), None);
    }

    #[test]
    fn a_slip_in_the_name_or_a_wrong_path_is_mended() {
        assert_eq!(nearest_managed_policy("ReadOnlyAcces"), Some("ReadOnlyAccess"));
        assert_eq!(nearest_managed_policy("AmazonS3FullAcess"), Some("AmazonS3FullAccess"));
        assert_eq!(nearest_managed_policy("service-role/Billing"), Some("job-function/Billing"));
        assert_eq!(
            nearest_managed_policy("AWSLambdaBasicExecutionRol"),
            Some("service-role/AWSLambdaBasicExecutionRole")
        );
        assert_eq!(nearest_managed_policy("RelayDeployment"), None);
    }
}
