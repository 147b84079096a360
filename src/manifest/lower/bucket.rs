//! Lowers buckets into resources.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Lowering, header};
use crate::address::{Address, KindName};
use crate::call::{partition, s3};
use crate::manifest::decode::{Declared, ExpandedText, Flag, Located};
use crate::manifest::scope::Section;
use crate::manifest::shape::{
    Bucket, BucketLifecycle, EncryptionShape, FullEncryption, PublicAccessBlockShape,
};
use crate::manifest::{documents, names, suggest};
use crate::policy::lint::find_placeholder;
use crate::policy::{Usage, public_statement};
use crate::value::{Attributes, Value};

const OWNERSHIPS: [&str; 3] = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];
const ALGORITHMS: [&str; 2] = ["AES256", "aws:kms"];

impl Lowering<'_, '_, '_> {
    pub(super) fn bucket(&mut self, bucket: &Declared<Bucket>) {
        let (name, body) = (bucket.name.as_str(), &bucket.body);
        let help = match find_placeholder(name) {
            Some(found) => format!("`{found}` is a placeholder: write a name of your own"),
            None => "change the bucket's name".to_owned(),
        };
        self.check(names::bucket(name), "bad-name", &bucket.spot, &help);
        let address = Address::new(KindName::Bucket, name);
        let region = self.bucket_region(body.region.as_ref());
        let mut attributes = Attributes::from([
            ("name", name.into()),
            ("arn", self.arn(Section::Buckets, name)),
            ("region", region.as_str().into()),
            ("tags", self.tags(body.tags.as_ref(), false)),
            ("public_access_block", public_access_block(body.public_access_block.as_ref())),
        ]);
        if let Some(ownership) = &body.ownership {
            attributes.insert("ownership", self.ownership(ownership));
        }
        for (field, flag) in
            [("versioning", &body.versioning), ("force_destroy", &body.force_destroy)]
        {
            attributes.extend(flag.as_ref().map(|flag| (field, flag.value.into())));
        }
        if let Some(encryption) = &body.encryption {
            let encryption = self.encryption(encryption, &region);
            attributes.insert("encryption", json!(encryption));
        }
        if let Some(rules) = body.lifecycle.as_ref().and_then(BucketLifecycle::rules) {
            attributes.insert("lifecycle", self.lifecycle(rules));
        }
        let mut depends_on = BTreeSet::new();
        if let Some(source) = &body.policy
            && let Some(document) = self.read_document(source, Usage::Bucket)
        {
            self.own_resources(name, &document);
            if !is_block_ignored(body)
                && attributes["public_access_block"]["block_public_policy"] == true
            {
                self.blocked_policy(name, &document);
            }
            depends_on = documents::principals(&document.value, self.scope);
            self.document(&address, "policy", document, &mut attributes);
        }
        self.soft(&address, bucket.references.iter().cloned());
        self.add(address.clone(), attributes, depends_on, &bucket.spot);
        self.protect(&address, body.lifecycle.as_ref().and_then(BucketLifecycle::prevent_destroy));
        self.ignore(&address, body.lifecycle.as_ref().and_then(BucketLifecycle::ignore_changes));
    }

    fn bucket_region(&mut self, region: Option<&ExpandedText>) -> String {
        let Some(region) = region else { return self.header.region.clone() };
        header::check_region(region, self.scope);
        let (own, all) = (partition(&region.value), &self.header.partition);
        if own != all {
            let message = format!(
                "the region `{}` is in the partition {own}, and the manifest's in {all}",
                region.value
            );
            let help = "an account belongs to one partition: use another manifest";
            self.scope.error("bad-region", &region.spot, message, help);
        }
        region.value.clone()
    }

    fn ownership(&mut self, ownership: &ExpandedText) -> Value {
        self.one_of(ownership, &OWNERSHIPS, "an object ownership of S3");
        ownership.value.as_str().into()
    }

    pub(super) fn one_of(&mut self, text: &ExpandedText, known: &[&str], what: &str) {
        if !known.contains(&text.value.as_str()) {
            let help = suggest::suggest_name(&text.value, known.iter().copied(), "values");
            self.scope.error(
                "unknown-value",
                &text.spot,
                format!("`{}` is not {what}", text.value),
                help,
            );
        }
    }

    fn encryption(
        &mut self,
        encryption: &Located<EncryptionShape>,
        region: &str,
    ) -> s3::BucketEncryption {
        let short;
        let full = match &encryption.value {
            EncryptionShape::Full(full) => full,
            EncryptionShape::Algorithm(algorithm) => {
                short = FullEncryption {
                    algorithm: Some(algorithm.clone()),
                    ..FullEncryption::default()
                };
                &short
            }
        };
        let Some(said) = &full.algorithm else {
            self.missing(
                "algorithm",
                "an encryption",
                &encryption.spot,
                "write `algorithm: AES256` or `algorithm: aws:kms`",
            );
            return s3::BucketEncryption {
                algorithm: String::new(),
                kms_key: None,
                bucket_key: false,
            };
        };
        let algorithm =
            if said.value.eq_ignore_ascii_case("kms") { "aws:kms" } else { said.value.as_str() };
        if algorithm == said.value {
            self.one_of(said, &ALGORITHMS, "an encryption algorithm that relayctl knows");
        }
        let bucket_key = full.bucket_key.as_ref().is_some_and(|flag| flag.value);
        if algorithm == "AES256" {
            let key = full.kms_key.as_ref().map(|key| ("kms_key", &key.spot));
            let key = key.or(full
                .bucket_key
                .as_ref()
                .filter(|flag| flag.value)
                .map(|flag| ("bucket_key", &flag.spot)));
            if let Some((field, spot)) = key {
                let message =
                    format!("`{field}` has no meaning with AES256, where S3 keeps the keys");
                self.scope.error(
                    "conflicting-fields",
                    spot,
                    message,
                    "write `algorithm: aws:kms`, or leave this out",
                );
            }
        }
        if let Some(key) = full.kms_key.as_ref().filter(|_| algorithm != "AES256") {
            self.kms_key(key, region);
        }
        let kms_key = full.kms_key.as_ref().map(|key| key.value.clone());
        s3::BucketEncryption { algorithm: algorithm.to_owned(), kms_key, bucket_key }
    }

    /// Reports resources of another bucket in a bucket policy: S3 refuses them.
    fn own_resources(&mut self, name: &str, document: &documents::ResolvedDocument) {
        let own = format!("arn:{}:s3:::{name}", self.header.partition);
        for resource in documents::resources(&document.value) {
            let of_bucket = resource.split('/').next().unwrap_or_default();
            let other = of_bucket.starts_with("arn:")
                && !of_bucket.contains(['*', '?', '$'])
                && of_bucket != own;
            if other {
                let message = format!(
                    "the policy of bucket `{name}` speaks of `{resource}`, which is not in this \
                        bucket"
                );
                let help = format!("write {own} or {own}/*");
                self.scope.error("foreign-resource", document.source.span(), message, help);
            }
        }
    }

    /// Reports a public policy of a bucket whose S3 Block Public Access is on: S3 would make the
    /// bucket and refuse the policy (Amazon S3 User Guide, "Blocking public access to your Amazon
    /// S3 storage", `BlockPublicPolicy`).
    fn blocked_policy(&mut self, name: &str, document: &documents::ResolvedDocument) {
        let source = &document.source;
        let Some(statement) = public_statement(&source.value) else { return };
        let message = format!(
            "statement {} makes the policy of bucket `{name}` public, and BlockPublicPolicy is on: \
                S3 refuses the policy",
            statement.number()
        );
        let help = "name the principals, narrow them with a condition of fixed values, or write \
            `public_access_block: {block_public_policy: false, restrict_public_buckets: false}`";
        let place = source.locate(&statement.to_string());
        self.scope.error(PUBLIC_POLICY, &place, message, help);
    }
}

/// The code of a public policy that S3 refuses.
pub const PUBLIC_POLICY: &str = "public-policy";

/// Returns true if the manifest leaves the bucket's S3 Block Public Access to others.
fn is_block_ignored(body: &Bucket) -> bool {
    let ignored = body.lifecycle.as_ref().and_then(BucketLifecycle::ignore_changes);
    ignored.is_some_and(|fields| fields.iter().any(|field| field.value == "public_access_block"))
}

fn public_access_block(block: Option<&PublicAccessBlockShape>) -> Value {
    let on = |flag: Option<&Flag>| flag.is_none_or(|flag| flag.value);
    let block = match block {
        Some(PublicAccessBlockShape::Each(each)) => s3::PublicAccessBlock {
            block_public_acls: on(each.block_public_acls.as_ref()),
            ignore_public_acls: on(each.ignore_public_acls.as_ref()),
            block_public_policy: on(each.block_public_policy.as_ref()),
            restrict_public_buckets: on(each.restrict_public_buckets.as_ref()),
        },
        all => {
            let all = !matches!(all, Some(PublicAccessBlockShape::All(flag)) if !flag.value);
            s3::PublicAccessBlock {
                block_public_acls: all,
                ignore_public_acls: all,
                block_public_policy: all,
                restrict_public_buckets: all,
            }
        }
    };
    json!(block)
}
