//! The formats of the ARNs of AWS's resources, by the service in the ARN. It may differ from the
//! prefix of the actions: the ARNs of Service Catalog begin with `arn:aws:catalog`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::text;

/// The formats that the Service Authorization Reference doesn't list: the transforms of
/// CloudFormation ("AWS::Serverless transform" in its guide), and the change tokens of WAF Classic
/// (its developer guide, "Creating and configuring a web ACL").
pub const UNLISTED_ARN_FORMATS: &[&str] = &[
    "arn:${Partition}:cloudformation:${Region}:aws:transform/${Name}",
    "arn:${Partition}:waf::${Account}:changetoken/${Id}",
    "arn:${Partition}:waf-regional:${Region}:${Account}:changetoken/${Id}",
];

/// Returns the formats of the ARNs with this service, as AWS prints them; empty where no service
/// lists any. This unpacks the whole catalogue.
pub fn arn_formats(service: &str) -> &'static [&'static str] {
    static FORMATS: OnceLock<BTreeMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    let formats = FORMATS.get_or_init(|| {
        let shelves = text::load_catalogue().shelves();
        let listed =
            shelves.flat_map(|shelf| shelf.arn_formats().map(move |it| (shelf.prefix, it)));
        let unlisted = UNLISTED_ARN_FORMATS.iter().map(|format| ("", *format));
        let mut formats: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (prefix, format) in listed.chain(unlisted) {
            let service = format.split(':').nth(2).unwrap_or_default();
            // A recovery point of AWS Backup has the ARN of the service whose data it holds.
            let service = if service.contains("${") { prefix } else { service };
            let of = formats.entry(service).or_default();
            if !of.contains(&format) {
                of.push(format);
            }
        }
        formats
    });
    formats.get(service).map_or(&[], Vec::as_slice)
}
