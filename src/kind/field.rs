//! The constructors with which the kinds write their tables of fields.

use serde_json::json;

use super::{Field, FieldAccess, FieldForm, FieldJudge, OnChange};
use crate::value::{Attributes, Value, optional_text};

impl Field {
    /// Makes a part of the object's identity. A plan's access tells what a new name means.
    pub(super) const fn identity(name: &'static str) -> Self {
        Self {
            name,
            form: FieldForm::Identity,
            change: OnChange::InPlace,
            default: null_default,
            access: FieldAccess::Compared,
            stays: false,
        }
    }

    pub(super) const fn in_place(
        name: &'static str,
        form: FieldForm,
        default: fn() -> Value,
    ) -> Self {
        let access = FieldAccess::Unknown;
        Self { name, form, change: OnChange::InPlace, default, access, stays: false }
    }

    /// Makes a field that AWS cannot change, for this reason.
    pub(super) const fn replace(
        name: &'static str,
        form: FieldForm,
        reason: &'static str,
        default: fn() -> Value,
    ) -> Self {
        Self {
            name,
            form,
            change: OnChange::Replace(reason),
            default,
            access: FieldAccess::Unknown,
            stays: false,
        }
    }

    /// Returns true if `lifecycle: {ignore_changes: […]}` can name it. A path is a part of the ARN
    /// by which everything else names the object, and a region is the place where it is.
    pub fn can_be_ignored(&self) -> bool {
        match self.form {
            FieldForm::Plain | FieldForm::Keyed | FieldForm::Document => {
                !["path", "region"].contains(&self.name)
            }
            FieldForm::Identity | FieldForm::Recorded | FieldForm::Setting => false,
        }
    }

    /// Marks a field whose value stays when the attribute leaves the manifest.
    pub(super) const fn staying(self) -> Self {
        Self { stays: true, ..self }
    }

    /// Marks a field whose change has no effect on access.
    pub(super) const fn harmless(self) -> Self {
        Self { access: FieldAccess::Harmless, ..self }
    }

    /// Marks a field that grants access, and is compared in a plan's access.
    pub(super) const fn compared(self) -> Self {
        Self { access: FieldAccess::Compared, ..self }
    }

    /// Marks a field that conditions of policies may ask for.
    pub(super) const fn searched(self) -> Self {
        Self { access: FieldAccess::Searched, ..self }
    }

    /// Marks a field whose values tell the effect of its change on access.
    pub(super) const fn judged(self, judge: FieldJudge) -> Self {
        Self { access: FieldAccess::Judged(judge), ..self }
    }
}

pub(super) fn null_default() -> Value {
    Value::Null
}

pub(super) fn false_default() -> Value {
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

/// Returns IAM's default path.
pub(super) fn root_path() -> Value {
    json!("/")
}

/// Returns the declared path, or IAM's default.
pub(super) fn path_or_root(wanted: &Attributes) -> String {
    optional_text(wanted, "path").unwrap_or_else(|| "/".to_owned())
}
