//! ARNs of another partition than the account's: neither IAM nor S3 takes them.

use crate::Usage;

use super::resource::{completed, parts};
use super::{Report, ValidationStage, Violation};

const CODE: &str = "policy-partition";

impl Report {
    /// Returns the partition of an ARN if it is known to be another one than the account's.
    pub(super) fn foreign_partition<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let own = self.partition.as_deref()?;
        let ["arn", partition, ..] = parts(arn)[..] else { return None };
        (partition != own && !partition.contains(['*', '?', '$'])).then_some(partition)
    }

    /// Reports a resource of another partition: IAM refuses the document with
    /// `MalformedPolicyDocument`, S3 with `MalformedPolicy`.
    pub(super) fn resource_of_partition(&mut self, pointer: &str, resource: &str) {
        let Some(partition) = self.foreign_partition(resource) else { return };
        let message = if self.usage == Usage::Bucket {
            "Policy has invalid resource".to_owned()
        } else {
            let arn = completed(&parts(resource));
            format!("Partition \"{partition}\" is not valid for resource \"{arn}\".")
        };
        self.other_partition(ValidationStage::Resources, pointer, resource, message);
    }

    /// Reports a principal of another partition: there is no trust between partitions.
    pub(super) fn principal_of_partition(&mut self, pointer: &str, kind: &str, name: &str) {
        if self.foreign_partition(name).is_none() {
            return;
        }
        let message = self.invalid(&format!("\"{}\":\"{name}\"", kind.to_uppercase()));
        self.other_partition(ValidationStage::Statement, pointer, name, message);
    }

    fn other_partition(
        &mut self,
        stage: ValidationStage,
        pointer: &str,
        arn: &str,
        message: String,
    ) {
        let (Some(own), Some(partition)) = (self.partition.clone(), self.foreign_partition(arn))
        else {
            return;
        };
        let summary = format!(
            "`{arn}` is in the partition {partition}, and the account is in the partition {own}"
        );
        let rest = parts(arn).get(2..).unwrap_or_default().join(":");
        let help = format!("write arn:{own}:{rest}");
        let violation = Violation {
            pointer: pointer.to_owned(),
            code: CODE,
            message,
            summary: None,
            help: Some(help),
        };
        self.add_described(stage, summary, violation);
    }
}
