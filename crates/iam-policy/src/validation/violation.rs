//! What AWS would refuse.

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the document: `/Statement/0/Action`.
    pub pointer: String,
    /// Stable and searchable, such as `policy-syntax`.
    pub code: &'static str,
    /// IAM's own wording where it has one.
    pub message: String,
    /// What to do about it, where there is more to say than AWS's guide does.
    pub help: Option<String>,
}

impl Violation {
    /// What to do about it, or where to read about it.
    pub fn remedy(&self) -> String {
        self.help
            .clone()
            .unwrap_or_else(|| "see \"IAM JSON policy elements\" in the IAM User Guide".to_owned())
    }
}
