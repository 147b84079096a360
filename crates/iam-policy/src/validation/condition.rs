//! Validation of Condition: operators, keys, and the shape of values.

use crate::Usage;
use crate::Value;
use crate::catalogue;
use crate::layout::{member, one_or_many};
use crate::statement::{COMPARISONS, Operator};

use super::{Report, UNKNOWN_OPERATOR, ValidationStage, WRONG_KEY, did_you_mean, nearest};

impl Report {
    pub(super) fn condition(&mut self, pointer: &str, condition: &Value) {
        let Some(operators) = condition.as_object() else {
            return self.syntax(pointer, "Condition is an object of operators.");
        };
        for (operator, keys) in operators {
            let pointer = member(pointer, operator);
            let Some(keys) = keys.as_object() else {
                self.syntax(&pointer, "A condition operator holds an object of condition keys.");
                continue;
            };
            let parsed = Operator::parse(operator);
            // AWS takes any name for an operator that tests nothing.
            if parsed.is_none() && !keys.is_empty() {
                self.unknown_operator(&pointer, operator);
            }
            for (key, values) in keys {
                let pointer = member(&pointer, key);
                self.key(&pointer, key);
                for (pointer, value) in one_or_many(values, &pointer) {
                    self.value(&pointer, parsed, value);
                }
            }
        }
    }

    fn unknown_operator(&mut self, pointer: &str, operator: &str) {
        let message = if self.usage.is_identity() {
            format!("{} `{operator}` is no condition operator.", self.syntax_errors())
        } else {
            format!("Invalid Condition type : {operator}")
        };
        let help = nearest_operator(operator).map(|near| format!("did you mean `{near}`?"));
        self.add(ValidationStage::Syntax, pointer, UNKNOWN_OPERATOR, message, help);
    }

    /// Checks a key. IAM takes a key without a service (moto's tests recorded that), S3 doesn't.
    fn key(&mut self, pointer: &str, key: &str) {
        if !key.contains(':') && self.usage == Usage::Bucket {
            let help = did_you_mean(
                key,
                &["aws:SourceIp", "aws:SourceArn", "aws:SourceAccount", "aws:SecureTransport"],
            );
            let help = help.unwrap_or_else(|| "a key is <service>:<name>".to_owned());
            self.add(ValidationStage::Syntax, pointer, WRONG_KEY, INVALID_KEY, Some(help));
        } else if let Some(help) = second_colon(key) {
            let message = match self.usage {
                Usage::Bucket => INVALID_KEY,
                Usage::Trust => "Condition can contain only one colon.",
                Usage::Managed
                | Usage::UserInline
                | Usage::GroupInline
                | Usage::RoleInline
                | Usage::Limiting(_) => "Actions/Condition can contain only one colon.",
            };
            self.add(ValidationStage::Actions, pointer, WRONG_KEY, message, Some(help));
        }
    }
}

const INVALID_KEY: &str = "Policy has an invalid condition key";

/// Returns the remedy for a key with a second colon where AWS takes one only. A service decides
/// what follows its own prefix: `kms:EncryptionContext:aws:s3:arn` ("AWS KMS condition keys").
/// Behind a slash stands the name of a tag, or the rest of an OIDC provider's address. IAM refuses
/// an address with `https://`.
fn second_colon(key: &str) -> Option<String> {
    let (prefix, name) = key.split_once(':')?;
    if name.starts_with("//") {
        let address = name.trim_start_matches('/');
        return name.contains(':').then(|| format!("write the key without {prefix}://: {address}"));
    }
    let is_plain = !name.split('/').next().unwrap_or_default().contains(':');
    let is_of_service =
        catalogue::service(prefix).or_else(|| catalogue::retired_service(prefix)).is_some();
    (!is_plain && !is_of_service && !prefix.contains('/'))
        .then(|| "a key is <service>:<name>".to_owned())
}

/// Returns the nearest operator. Each part is corrected on its own:
/// `ForAnyValues:StringEqualIfExists` has two slips.
fn nearest_operator(operator: &str) -> Option<String> {
    let (set, bare) = operator.split_once(':').map_or(("", operator), |(set, bare)| (set, bare));
    let (bare, suffix) =
        bare.strip_suffix("IfExists").map_or((bare, ""), |bare| (bare, "IfExists"));
    let names: Vec<_> = COMPARISONS.iter().map(|(name, _)| *name).collect();
    let bare = nearest(bare, &names)?;
    let set = if set.is_empty() {
        String::new()
    } else {
        nearest(set, &["ForAllValues", "ForAnyValue"])?.to_owned() + ":"
    };
    let mended = format!("{set}{bare}{suffix}");
    // There is no `NullIfExists`.
    Some(if Operator::parse(&mended).is_some() { mended } else { format!("{set}{bare}") })
}
