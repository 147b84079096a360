//! The order of lists: AWS promises none, so the sandbox returns them in another one at each read.

use crate::value::Value;

/// The number of places by which the lists of one answer are rotated.
#[derive(Clone, Copy)]
pub(super) struct ListOrder(usize);

impl ListOrder {
    pub(super) fn new(turns: usize) -> Self {
        Self(turns)
    }

    pub(super) fn list<T>(self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut items: Vec<T> = items.into_iter().collect();
        if !items.is_empty() {
            let turns = self.0 % items.len();
            items.rotate_left(turns);
        }
        items
    }

    /// Returns a policy document in this order: its lists, those of statements too, are sets to
    /// AWS.
    pub(super) fn document(self, document: &Value) -> Value {
        match document {
            Value::Array(items) => {
                Value::Array(self.list(items.iter().map(|item| self.document(item))))
            }
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.document(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => document.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_answers_in_a_row_differ_but_hold_the_same() {
        let (one, next) = (ListOrder::new(1).list(["a", "b"]), ListOrder::new(2).list(["a", "b"]));
        assert_ne!(one, next);
        assert_eq!(ListOrder::new(7).list(Vec::<u8>::new()), Vec::<u8>::new());
    }

    #[test]
    fn every_list_of_a_document_is_turned() {
        let document = json!({"Statement": [{"Action": ["a", "b", "c"]}]});
        assert_eq!(
            ListOrder::new(1).document(&document),
            json!({"Statement": [{"Action": ["b", "c", "a"]}]})
        );
    }
}
