//! The dependency graph as a picture.

use crate::model::Desired;

pub fn dot(_desired: &Desired) -> String {
    todo!()
}

pub fn mermaid(_desired: &Desired) -> String {
    todo!()
}

pub fn svg(_desired: &Desired) -> String {
    todo!()
}
