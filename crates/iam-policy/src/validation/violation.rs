//! A problem for which AWS would refuse a document.

/// One problem of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The JSON pointer to the element: `/Statement/0/Action`.
    pub pointer: String,
    /// The code, stable and searchable, such as `policy-syntax`.
    pub code: &'static str,
    /// The message, in IAM's own words where they are known.
    pub message: String,
    /// The problem in plain words, where AWS's message doesn't say what it is.
    pub summary: Option<String>,
    /// The remedy, where there is more to say than AWS's guide does.
    pub help: Option<String>,
}

impl Violation {
    /// Returns the problem in plain words, with AWS's own in parentheses where they say less.
    pub fn title(&self) -> String {
        match &self.summary {
            Some(summary) => format!("{summary} (AWS says: {})", self.message),
            None => self.message.clone(),
        }
    }

    /// Returns the remedy, or a pointer to AWS's guide.
    pub fn remedy(&self) -> String {
        self.help
            .clone()
            .unwrap_or_else(|| "see \"IAM JSON policy elements\" in the IAM User Guide".to_owned())
    }
}
