//! Where state is kept, opened by URL.

pub mod local;

use std::path::Path;

use crate::port::Store;
use crate::state::StoreError;

/// Opens the store that `url` names: a path or `file://` URL of a folder or of a `.json` file. `default` is the file to
/// use without one.
pub fn open(_url: Option<&str>, _default: &Path) -> Result<Box<dyn Store>, StoreError> {
    todo!()
}
