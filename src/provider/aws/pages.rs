//! The pages of a list, followed to the end.

use std::collections::HashSet;

use super::failure::FailureCause;

/// The most pages of one list. Accounts of 5,000 roles have lists of 50.
const MAX_PAGES: usize = 1000;

/// The pages of a list that were read so far. A server that never comes to an end must not be
/// followed for ever.
#[derive(Debug, Default)]
pub(super) struct PageTrail {
    markers: HashSet<String>,
}

impl PageTrail {
    /// Notes the marker of the page that follows. It must be a new one.
    pub fn follow(&mut self, marker: Option<&str>) -> Result<(), FailureCause> {
        let Some(marker) = marker.filter(|marker| !marker.is_empty()) else {
            return Err(cut_off());
        };
        if !self.markers.insert(marker.to_owned()) {
            return Err(FailureCause::unreadable("the list leads back to a page that was read"));
        }
        if self.markers.len() >= MAX_PAGES {
            return Err(FailureCause::unreadable(format!(
                "the list has more than {MAX_PAGES} pages"
            )));
        }
        Ok(())
    }
}

/// Returns the error of a list whose last page says that there is more.
fn cut_off() -> FailureCause {
    FailureCause::unreadable("the list ends although AWS says that there is more of it")
}

/// Reads all pages of a paged call.
macro_rules! pages {
    ($call:expr) => {{
        let (call, mut marker) = ($call, None);
        let (mut trail, mut pages) = (super::pages::PageTrail::default(), Vec::new());
        loop {
            let page = call.clone().set_marker(marker).send().await?;
            marker = page.marker().map(str::to_owned);
            let more = page.is_truncated();
            pages.push(page);
            if !more {
                break;
            }
            trail.follow(marker.as_deref())?;
        }
        pages.into_iter()
    }};
}

pub(super) use pages;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_followed_to_new_pages_only_and_not_for_ever() {
        let mut trail = PageTrail::default();
        trail.follow(Some("a")).unwrap();
        trail.follow(Some("b")).unwrap();
        assert!(trail.follow(Some("a")).unwrap_err().message.contains("leads back"));
        assert!(trail.follow(None).unwrap_err().message.contains("more of it"));
        let mut trail = PageTrail::default();
        let followed =
            (0..).take_while(|page: &usize| trail.follow(Some(&page.to_string())).is_ok());
        assert_eq!(followed.count(), MAX_PAGES - 1);
    }
}
