//! The pages of a list, followed to the end.

/// Reads all pages of a paged call. The SDK stops without an error at a marker that it has seen
/// before: a list is cut off if its last page says that there are more.
macro_rules! pages {
    ($call:expr) => {{
        let pages = $call.into_paginator().send().try_collect().await?;
        if pages.last().is_some_and(|page| page.is_truncated()) {
            return Err(super::failure::FailureCause::unreadable(
                "the list ends although AWS says that there is more of it",
            ));
        }
        pages.into_iter()
    }};
}

pub(super) use pages;
