//! Renders the keys of a manifest's users as a table or as JSON.

use serde_json::json;

use crate::model::keys::{AccessKeyInfo, KeyPhase, KeyUse};
use crate::render::text::escape;

const HEADINGS: [&str; 7] = ["USER", "KEY", "AGE", "STATUS", "LAST USED", "PHASE", "NEXT ROTATION"];

/// Returns a table with one line for each key, and the remarks on the keys below it.
pub fn table(keys: &[AccessKeyInfo]) -> String {
    let rows: Vec<[String; 7]> =
        std::iter::once(HEADINGS.map(str::to_owned)).chain(keys.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let notes: Vec<String> = keys
        .iter()
        .flat_map(|key| {
            notes(key).map(|note| format!("access_key.{}: {}", escape(&key.user), escape(&note)))
        })
        .collect();
    let blank = if notes.is_empty() { Vec::new() } else { vec![String::new()] };
    rows.iter().map(line).chain(blank).chain(notes).collect::<Vec<_>>().join("\n")
}

fn notes(key: &AccessKeyInfo) -> impl Iterator<Item = String> {
    let unknown = match &key.last_used {
        KeyUse::Unknown(why) => Some(format!("when {} was last used can't be told: {why}", key.id)),
        KeyUse::Never | KeyUse::Last(_) => None,
    };
    key.notes.iter().cloned().chain(unknown)
}

fn row(key: &AccessKeyInfo) -> [String; 7] {
    let used = match &key.last_used {
        KeyUse::Never => "never".to_owned(),
        KeyUse::Last(used) => format!("{} ({}, {})", used.at, used.service, used.region),
        KeyUse::Unknown(_) => "unknown".to_owned(),
    };
    let phase = match key.phase {
        KeyPhase::Current => "current",
        KeyPhase::Retired => "retired",
        KeyPhase::Unfinished => "unfinished",
        KeyPhase::Foreign => "not by this manifest",
    };
    let due = key.rotation_due.map_or_else(|| "-".to_owned(), |due| due.to_string());
    let age = key.age.clone().unwrap_or_else(|| "unknown".to_owned());
    [key.user.clone(), key.id.clone(), age, key.status.clone(), used, phase.to_owned(), due]
        .map(|cell| escape(&cell))
}

/// Returns the keys as JSON, for machines.
pub fn render_json(keys: &[AccessKeyInfo]) -> String {
    format!("{:#}", json!({"format_version": "1.0", "keys": keys}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::iam::LastUsed;

    fn key(id: &str, phase: KeyPhase, last_used: KeyUse) -> AccessKeyInfo {
        AccessKeyInfo {
            user: "serverless".to_owned(),
            id: id.to_owned(),
            status: if phase == KeyPhase::Retired { "Inactive" } else { "Active" }.to_owned(),
            created: "2026-01-01T00:00:00Z".to_owned(),
            age: Some("97 days".to_owned()),
            last_used,
            rotation_due: (phase == KeyPhase::Current)
                .then(|| "2026-04-01T00:00:00Z".parse().unwrap()),
            notes: (phase == KeyPhase::Current)
                .then(|| "due: it is old".to_owned())
                .into_iter()
                .collect(),
            phase,
        }
    }

    #[test]
    fn keys_are_listed_in_columns_with_what_is_to_be_said_below() {
        let used = LastUsed {
            at: "2026-04-07T10:00:00Z".into(),
            service: "s3".into(),
            region: "eu-west-1".into(),
        };
        let keys = [
            key("AKIA2", KeyPhase::Current, KeyUse::Last(used)),
            key("AKIA1", KeyPhase::Retired, KeyUse::Never),
            key(
                "AKIA9",
                KeyPhase::Foreign,
                KeyUse::Unknown("iam:GetAccessKeyLastUsed: AccessDenied: no".into()),
            ),
        ];
        insta::assert_snapshot!(table(&keys), @r"
        USER        KEY    AGE      STATUS    LAST USED                             PHASE                 NEXT ROTATION
        serverless  AKIA2  97 days  Active    2026-04-07T10:00:00Z (s3, eu-west-1)  current               2026-04-01T00:00:00Z
        serverless  AKIA1  97 days  Inactive  never                                 retired               -
        serverless  AKIA9  97 days  Active    unknown                               not by this manifest  -

        access_key.serverless: due: it is old
        access_key.serverless: when AKIA9 was last used can't be told: iam:GetAccessKeyLastUsed: AccessDenied: no
        ");
        assert!(!table(&keys[1..2]).contains("access_key."), "nothing is to be said");
        let value: serde_json::Value = serde_json::from_str(&render_json(&keys[..2])).unwrap();
        assert_eq!(value["keys"][0]["rotation_due"], "2026-04-01T00:00:00Z");
        assert_eq!(value["keys"][0]["last_used"]["last"]["service"], "s3");
        assert_eq!(
            [&value["keys"][1]["phase"], &value["keys"][1]["last_used"]],
            ["retired", "never"]
        );
    }
}
