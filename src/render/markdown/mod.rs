//! Renders a plan for a pull request's comment, as GitHub displays it.

mod access;
mod attention;

use std::fmt::Write;

use super::command::{NextCommand, RunOptions};
use super::human::arranged::Arranged;
use super::human::line::{LineMark, PlanLine};
use super::human::reason::phrase;
use super::human::{self, HumanStyle};
use super::text::{count, escape};
use crate::diff::{ChangeAction, Reason, ResourceChange};
use crate::plan::{Plan, PlanMode};

/// The limit on the length of a comment. GitHub refuses comments of more than 65,536 characters;
/// bytes are counted here, and some are left for a footer.
const LIMIT: usize = 65_000;

/// The parts of the limit that the sections may take. The heaviest come first, so that nothing can
/// push them out.
const ACCESS: usize = 20_000;
const ATTENTION: usize = 10_000;
const NOTES: usize = 6_000;
const TABLE: usize = 12_000;

/// The room that is kept for the title, which says what was cut.
const TITLE: usize = 2_000;

/// A part of the comment, and what it leaves out.
#[derive(Debug, Default)]
struct CommentSection {
    text: String,
    /// Numbers with their nouns: `12 changes of access`.
    cut: Vec<String>,
}

impl CommentSection {
    fn whole(text: String) -> Self {
        Self { text, cut: Vec::new() }
    }
}

/// Renders a plan. The commands in it repeat the options of the run, or else those that the plan
/// remembers.
pub fn render_plan(plan: &Plan, run: Option<&RunOptions>) -> String {
    let mut sections = vec![
        standing(plan),
        access::section(plan, ACCESS),
        attention::section(plan, ATTENTION),
        notes(plan, NOTES),
        table(plan, TABLE),
    ];
    let taken: usize = sections.iter().map(|section| section.text.len()).sum();
    sections.push(details(plan, LIMIT.saturating_sub(taken + TITLE), run));
    let cut: Vec<String> = sections.iter().flat_map(|section| section.cut.clone()).collect();
    let title = title(plan, &cut);
    std::iter::once(title).chain(sections.into_iter().map(|section| section.text)).collect()
}

/// Returns the heading, which says first what the comment leaves out.
fn title(plan: &Plan, cut: &[String]) -> String {
    let header = &plan.header;
    let counts = if plan.is_empty() { "no changes".to_owned() } else { human::counts(plan) };
    let counts = if cut.is_empty() {
        counts
    } else {
        format!("{counts} (this is not the whole plan: {} are cut)", cut.join(", "))
    };
    let cells =
        [("Account", &header.account), ("Region", &header.region), ("Caller", &header.caller)];
    let rest: Vec<_> = cells.iter().map(|(name, text)| format!("{name} {}", code(text))).collect();
    let manifest = format!("Manifest {} ({})", code(&header.manifest), code(&header.manifest_file));
    format!("### relayctl plan: {counts}\n\n{manifest} · {}\n", rest.join(" · "))
}

/// Returns what holds for the comment as a whole.
fn standing(plan: &Plan) -> CommentSection {
    let mut notes = Vec::new();
    if plan.header.sandbox {
        notes.push("**SANDBOX**: this AWS account is simulated; no call reaches AWS.".to_owned());
    }
    if !plan.header.targets.is_empty() {
        let targets: Vec<_> =
            plan.header.targets.iter().map(|target| code(&target.to_string())).collect();
        let what = if targets.len() == 1 { "what it depends on" } else { "what they depend on" };
        let only = targets.join(", ");
        notes.push(format!(
            "**Partial plan**: only {only} and {what}; the rest of the manifest is not part of it."
        ));
    }
    let stuck = [(plan.summary.refused, "refused"), (plan.summary.blocked, "blocked")];
    for (number, what) in stuck.into_iter().filter(|(number, _)| *number > 0) {
        let text = format!(
            "**{} {what}**: left as it is until the cause is fixed; the reasons are below.",
            count(number, "change")
        );
        notes.push(text);
    }
    if let Some(text) = human::state_only(plan) {
        notes.push(format!("In the state only: {text}."));
    }
    if plan.header.mode == PlanMode::RefreshOnly {
        notes.push(human::REFRESH.to_owned());
    }
    if plan.is_empty() {
        notes.push(human::nothing(plan.header.mode).to_owned());
    }
    CommentSection::whole(quoted(&notes))
}

/// Returns the remarks on the plan. The items of a remark that have no room are counted.
fn notes(plan: &Plan, room: usize) -> CommentSection {
    let (mut notes, mut used, mut cut) = (Vec::new(), 0, 0);
    for note in &plan.notes {
        let mut details = Vec::new();
        for detail in note.details.iter().map(|it| code(it)) {
            if used + detail.len() > room {
                break;
            }
            used += detail.len();
            details.push(detail);
        }
        let left = note.details.len() - details.len();
        cut += left;
        details.extend((left > 0).then(|| format!("… and {left} more")));
        let list =
            if details.is_empty() { String::new() } else { format!(" {}", details.join(", ")) };
        let help = note.help.as_ref().map_or(String::new(), |it| format!(" {}", prose(it)));
        notes.push(format!("**Note**: {}{list}{help}", prose(&note.text)));
    }
    let cut = (cut > 0).then(|| count(cut, "item") + " of notes");
    CommentSection { text: quoted(&notes), cut: cut.into_iter().collect() }
}

fn quoted(notes: &[String]) -> String {
    notes.iter().fold(String::new(), |text, note| text + "\n> " + note + "\n")
}

fn table(plan: &Plan, room: usize) -> CommentSection {
    let arranged = Arranged::new(plan, &[], None);
    let rows: Vec<_> = human::ordered(plan)
        .into_iter()
        .filter(|change| !human::is_quiet(plan, change))
        .map(|change| row(&arranged, change))
        .collect();
    if rows.is_empty() {
        return CommentSection::default();
    }
    let mut out = "\n| | Object | Action | Reason |\n|---|---|---|---|\n".to_owned();
    let mut cut = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        if out.len() + row.len() > room {
            let _ = writeln!(out, "| | … and {} more | | |", rows.len() - number);
            cut.push(count(rows.len() - number, "row"));
            break;
        }
        out.push_str(row);
    }
    CommentSection { text: out, cut }
}

fn row(plan: &Arranged<'_>, change: &ResourceChange) -> String {
    let action = match change.action {
        ChangeAction::Nothing => "nothing",
        ChangeAction::Create => "create",
        ChangeAction::Update => "update in place",
        ChangeAction::Replace => "**replace**",
        ChangeAction::Delete => "**destroy**",
        ChangeAction::Adopt if change.reason == Reason::Drifted => "record",
        ChangeAction::Adopt => "adopt",
        ChangeAction::Forget => "forget",
        ChangeAction::Refuse => "**refused**",
        ChangeAction::Blocked => "**blocked**",
    };
    let symbol = LineMark::of(change.action).symbol();
    let address = code(&change.address.to_string()).replace('|', "\\|");
    format!("| `{symbol}` | {address} | {action} | {} |\n", prose(&phrase(plan, change)))
}

fn details(plan: &Plan, room: usize, run: Option<&RunOptions>) -> CommentSection {
    let style = HumanStyle { run, ..HumanStyle::default() };
    let lines: Vec<_> = human::render_body(plan, style).iter().map(diff_line).collect();
    let fence =
        "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or(0).max(2) + 1);
    let head = format!("\n<details><summary>The whole plan</summary>\n\n{fence}diff\n");
    let tail = format!("{fence}\n\n</details>\n");
    // Room is also left for the note that something was cut.
    let room = room.saturating_sub(head.len() + tail.len() + 200);
    let mut kept = String::new();
    let mut number = 0;
    for line in &lines {
        if kept.len() + line.len() + 1 > room {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
        number += 1;
    }
    let cut = lines.len() - number;
    let run = run.cloned().unwrap_or_else(|| RunOptions::of_plan(&plan.header));
    let note = format!(
        "\n**Cut off**: {} more than a comment may hold. {} shows all.\n",
        count(cut, "line"),
        code(&run.write(&NextCommand::planning_again(&plan.header)))
    );
    let text = format!("{head}{kept}{tail}{}", if cut > 0 { note.as_str() } else { "" });
    CommentSection { text, cut: (cut > 0).then(|| count(cut, "line")).into_iter().collect() }
}

/// Returns a line of a `diff` block, which GitHub colours by its first character: `+` green, `-`
/// red, `!` orange. Orange lines are updates unless they also show their own symbol.
fn diff_line(line: &PlanLine) -> String {
    let indented =
        |first: char| format!("{first}{:indent$}{}", "", line.text, indent = line.indent + 1);
    let text = match line.mark {
        LineMark::None | LineMark::Adopt | LineMark::Forget => line.render(HumanStyle::default()),
        LineMark::Replace | LineMark::Refuse | LineMark::Blocked => {
            format!("! {} {}", line.mark.symbol(), line.text)
        }
        LineMark::Create => indented('+'),
        LineMark::Delete => indented('-'),
        LineMark::Update => indented('!'),
    };
    text.trim_end_matches(' ').to_owned()
}

/// Returns a code span with a fence that is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = escape(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Escapes foreign text between words of relayctl's own: nothing in it may become markup, a link or
/// a mention.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (position, c) in text.char_indices() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // An empty comment keeps the name after it from being a mention, and an address from
            // being a link.
            '@' => out.push_str("@<!-- -->"),
            _ if begins_link(&text[position..]) => out.extend([c.to_string(), BREAK.to_owned()]),
            _ => out.push(c),
        }
    }
    out
}

/// Text that is not displayed.
const BREAK: &str = "<!-- -->";

/// Returns true for what GitHub makes a link of, without brackets (GFM, "Autolinks (extension)").
fn begins_link(text: &str) -> bool {
    text.starts_with("://") || text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_backticks() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`x``"), "``` `x`` ```");
    }

    #[test]
    fn foreign_text_is_no_markup() {
        assert_eq!(prose("by @admin <b> a|b"), "by @<!-- -->admin &lt;b&gt; a\\|b");
        assert_eq!(
            prose("see https://a.b or www.a.b"),
            "see https:<!-- -->//a.b or w<!-- -->ww.a.b"
        );
    }

    #[test]
    fn a_symbol_moves_to_the_first_column_and_the_text_stays() {
        let line = PlanLine::new(6, LineMark::Create, "path = \"/\"");
        assert_eq!(line.render(HumanStyle::default()), "      + path = \"/\"");
        assert_eq!(diff_line(&line), "+       path = \"/\"");
    }
}
