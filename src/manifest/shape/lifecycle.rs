//! The shape of `lifecycle:` of a resource.

use crate::manifest::decode::{ExpandedText, Flag, shape};

shape! {
    /// Limits on what relayctl may do to a resource.
    "a lifecycle" Lifecycle {
        /// Makes a plan that would destroy or replace the resource an error.
        prevent_destroy: Flag,
        /// Fields whose values the manifest sets when it makes the resource, and then leaves to
        /// others: names of fields, `tags["KEY"]` for one tag, or all.
        ignore_changes: Vec<ExpandedText>,
    }
}
