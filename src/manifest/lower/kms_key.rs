//! Checks the KMS key of a bucket. S3 takes any text: each upload then fails.

use super::Lowering;
use crate::manifest::decode::ExpandedText;
use crate::manifest::names;

/// The forms of a key in PutBucketEncryption ("ServerSideEncryptionByDefault", Amazon S3 API
/// Reference).
const FORMS: &str = "write the id of a key, its ARN, or alias/NAME";

impl Lowering<'_, '_, '_> {
    /// Checks the key of a bucket in this region.
    pub(super) fn kms_key(&mut self, key: &ExpandedText, region: &str) {
        if let Err((message, help)) = self.check_kms_key(&key.value, region) {
            self.scope.error("bad-kms-key", &key.spot, message, help);
        }
    }

    fn check_kms_key(&self, key: &str, region: &str) -> Result<(), (String, String)> {
        if key.is_empty() {
            let help = format!("{FORMS}; without `kms_key`, S3 uses the account's alias/aws/s3");
            return Err(("`kms_key` is empty".to_owned(), help));
        }
        if key.starts_with("arn:") {
            return self.check_arn(key, region);
        }
        if is_key_id(key) || is_alias(key) {
            return Ok(());
        }
        let message = format!("`{key}` is not a KMS key: neither an id nor an ARN nor an alias");
        let alias = format!("alias/{key}");
        let help = if is_alias(&alias) { format!("did you mean {alias}?") } else { FORMS.into() };
        Err((message, help))
    }

    fn check_arn(&self, arn: &str, region: &str) -> Result<(), (String, String)> {
        let (own, account) = (&self.header.partition, &self.header.account);
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let example = format!("write for example arn:{own}:kms:{region}:{account}:alias/relay");
        let [_, partition, "kms", of, owner, resource] = parts[..] else {
            return Err((format!("`{arn}` is not the ARN of a KMS key"), example));
        };
        if partition != own {
            let message = format!(
                "`{arn}` is in the partition {partition}, and the bucket in the partition {own}"
            );
            return Err((message, format!("name a key of {region}, where the bucket is")));
        }
        if of != region && !region.is_empty() {
            let message = format!("`{arn}` is in the region {of}, and the bucket in {region}");
            let help = format!("S3 uses keys of the bucket's own region: name a key of {region}");
            return Err((message, help));
        }
        let known = resource.strip_prefix("key/").is_some_and(is_key_id) || is_alias(resource);
        if !known || names::account(owner).is_err() {
            return Err((format!("`{arn}` is not the ARN of a KMS key"), example));
        }
        Ok(())
    }
}

/// Tells if a text is the id of a key: a UUID, or that of a multi-Region key.
fn is_key_id(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(id) = text.strip_prefix("mrk-") {
        return id.len() == 32 && hex(id);
    }
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().all(|part| hex(part)) && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
}

/// Tells if a text is an alias: `alias/` and letters, digits and `/_-` ("CreateAlias", AWS KMS API
/// Reference).
fn is_alias(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
    text.len() <= 256
        && text
            .strip_prefix("alias/")
            .is_some_and(|name| !name.is_empty() && name.chars().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_aliases_have_forms() {
        assert!(is_key_id("1234abcd-12ab-34cd-56ef-1234567890ab"));
        assert!(is_key_id("mrk-1234abcd12ab34cd56ef1234567890ab"));
        for bad in ["", "1234abcd", "mrk-1234", "1234abcd-12ab-34cd-56ef-1234567890ag"] {
            assert!(!is_key_id(bad), "{bad}");
        }
        assert!(is_alias("alias/relay") && is_alias("alias/aws/s3"));
        assert!(!is_alias("alias/") && !is_alias("alias/a b") && !is_alias("relay"));
    }
}
