//! The readers of a local file.

/// The readers for whom a file is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// The file holds a secret: nobody but its owner may read it, and no link may lead to another
    /// user's.
    Secret,
    /// A new file is for its owner only.
    Private,
    /// A file like any other.
    Shared,
}
