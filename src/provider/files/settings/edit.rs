//! The least edits that turn the content of a settings file into another.

use crate::value::Value;

/// A text that is edited in place. `path` leads through the names of mappings; an edit does nothing
/// if it leads elsewhere.
pub trait SettingsText {
    /// Sets a member of a mapping; a new one is appended.
    fn set(&mut self, path: &[&str], name: &str, value: &Value);

    /// Removes a member of a mapping, with the line breaks and commas that set it off.
    fn remove(&mut self, path: &[&str], name: &str);

    fn text(&self) -> String;
}

/// Edits the mapping at `path` from `now` to `wanted`: only what differs, so that layout and
/// comments inside nested mappings stay, too.
pub fn change(text: &mut dyn SettingsText, path: &[&str], now: &Value, wanted: &Value) {
    let (Value::Object(now), Value::Object(wanted)) = (now, wanted) else { return };
    for name in now.keys().filter(|name| !wanted.contains_key(*name)) {
        text.remove(path, name);
    }
    for (name, value) in wanted {
        match (now.get(name), value) {
            (Some(before), after) if before == after => {}
            (Some(Value::Object(before)), Value::Object(after))
                if !before.is_empty() && !after.is_empty() =>
            {
                change(text, &[path, &[name]].concat(), &now[name], value);
            }
            (Some(_) | None, _) => text.set(path, name, value),
        }
    }
}
