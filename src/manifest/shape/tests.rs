//! Tests of the shapes as a whole.

use serde_json::json;

use super::*;

use crate::value::Value;

#[test]
fn decoder_and_schema_know_the_same_fields() {
    let schema = crate::manifest::schema();
    let shapes = schema["$defs"].as_object().unwrap();
    let properties = |schema: &Value| {
        schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let sorted = |fields: &[&str]| {
        let mut fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
        fields.sort();
        fields
    };
    assert_eq!(properties(&schema), sorted(Manifest::FIELDS));
    let known = [
        ("Defaults", manifest::Defaults::FIELDS),
        ("Policy", Policy::FIELDS),
        ("User", User::FIELDS),
        ("AccessKey", AccessKey::FIELDS),
        ("Role", Role::FIELDS),
        ("Trusted", Trusted::FIELDS),
        ("TrustedEks", TrustedEks::FIELDS),
        ("TrustedGithub", TrustedGithub::FIELDS),
        ("TrustedGitlab", TrustedGitlab::FIELDS),
        ("TrustedOidc", TrustedOidc::FIELDS),
        ("TrustedSaml", TrustedSaml::FIELDS),
        ("Bucket", Bucket::FIELDS),
        ("FullEncryption", FullEncryption::FIELDS),
        ("EachBlock", bucket::EachBlock::FIELDS),
        ("LifecycleRule", LifecycleRule::FIELDS),
        ("Transition", Transition::FIELDS),
        ("ZappaSettings", ZappaSettings::FIELDS),
        ("Check", Check::FIELDS),
        ("FullLifecycle", bucket::FullLifecycle::FIELDS),
        ("Lifecycle", Lifecycle::FIELDS),
        ("Limits", Limits::FIELDS),
        ("Lint", Lint::FIELDS),
        ("Silence", Silence::FIELDS),
        ("AgeFile", AgeFile::FIELDS),
        ("Group", Group::FIELDS),
        ("StateEncryption", StateEncryption::FIELDS),
        ("Moved", Moved::FIELDS),
        ("Removed", Removed::FIELDS),
        ("InstanceProfile", InstanceProfile::FIELDS),
        ("OidcProvider", OidcProvider::FIELDS),
    ];
    for (name, fields) in known {
        assert_eq!(properties(&shapes[name]), sorted(fields), "{name}");
        assert_eq!(shapes[name]["additionalProperties"], json!(false), "{name}");
    }
    let others: Vec<_> =
        shapes.keys().filter(|name| known.iter().all(|(known, _)| known != name)).collect();
    let expected =
        ["BucketLifecycle", "Encryption", "ProfileOfRole", "PublicAccessBlock", "Stage", "Trust"];
    assert_eq!(others, expected);
}
