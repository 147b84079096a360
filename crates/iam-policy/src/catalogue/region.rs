//! AWS's regions and partitions.

use super::names::load_names;

/// Returns AWS's partitions: `aws`, `aws-cn`, and so on.
pub fn partitions() -> impl Iterator<Item = &'static str> {
    load_names().regions.keys().copied()
}

/// Returns AWS's regions, each with its partition. AWS adds regions.
pub fn regions() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = load_names().regions.iter();
    all.flat_map(|(partition, regions)| regions.iter().map(|region| (*region, *partition)))
}

/// Tells if AWS has a region of that name, as far as the list knows.
pub fn is_region(name: &str) -> bool {
    regions().any(|(known, _)| known == name)
}

/// Returns the region nearest to a name that isn't one: at most two letters differ, hyphens not
/// counted.
///
/// ```
/// assert_eq!(iam_policy::catalogue::nearest_region("us-esat-1"), Some("us-east-1"));
/// ```
pub fn nearest_region(name: &str) -> Option<&'static str> {
    let folded = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let written = folded(name);
    let distance = |known: &str| {
        let [one, other] = [folded(known), written.clone()];
        // A region's number is no slip of the pen as likely as a letter is.
        let number = |text: &str| text.chars().next_back().filter(char::is_ascii_digit);
        let numbers = usize::from(number(&one) != number(&other));
        strsim::damerau_levenshtein(&one, &other) * 2 + numbers
    };
    let near = regions().map(|(known, _)| (distance(known), known)).min()?;
    (near.0 <= 5).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_with_their_partitions() {
        assert!(regions().any(|found| found == ("cn-north-1", "aws-cn")));
        assert!(regions().any(|found| found == ("us-gov-west-1", "aws-us-gov")));
        assert!(is_region("eu-central-2") && !is_region("aws-global"));
        assert!(partitions().count() >= 8);
    }

    #[test]
    fn a_slip_in_a_region_is_mended() {
        for (written, meant) in [
            ("us-esat-1", "us-east-1"),
            ("useast1", "us-east-1"),
            ("eu_west_1", "eu-west-1"),
            ("us-east", "us-east-1"),
            ("us-east-7", "us-east-1"),
            ("EU-CENTRAL-1", "eu-central-1"),
            ("ap-southeest-2", "ap-southeast-2"),
        ] {
            assert_eq!(nearest_region(written), Some(meant), "{written}");
        }
        assert_eq!(nearest_region("frankfurt"), None);
    }
}
