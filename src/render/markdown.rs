//! For a pull request's comment.

use crate::plan::Plan;

pub fn plan(_plan: &Plan) -> String {
    todo!()
}
