//! How the kinds write their tables of fields.

use serde_json::json;

use super::{Field, Form, OnChange};
use crate::value::Value;

impl Field {
    pub(super) const fn identity(name: &'static str) -> Self {
        Self { name, form: Form::Identity, change: OnChange::InPlace, default: null }
    }

    pub(super) const fn in_place(name: &'static str, form: Form, default: fn() -> Value) -> Self {
        Self { name, form, change: OnChange::InPlace, default }
    }

    /// AWS cannot change it, for this reason.
    pub(super) const fn replace(name: &'static str, form: Form, reason: &'static str, default: fn() -> Value) -> Self {
        Self { name, form, change: OnChange::Replace(reason), default }
    }
}

pub(super) fn null() -> Value {
    Value::Null
}

pub(super) fn no() -> Value {
    Value::Bool(false)
}

pub(super) fn empty_text() -> Value {
    json!("")
}

pub(super) fn empty_map() -> Value {
    json!({})
}

pub(super) fn empty_list() -> Value {
    json!([])
}

/// IAM's path for what is put nowhere else.
pub(super) fn root_path() -> Value {
    json!("/")
}
