//! Renders the calls that apply will make, counted or one by one.

use super::HumanStyle;
use super::line::PlanLine;
use crate::call::Write;
use crate::plan::Plan;
use crate::render::text::{count, escape};

/// One call and its name.
struct Call {
    action: &'static str,
    object: String,
    local: bool,
}

pub fn lines(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let calls: Vec<_> = plan.steps.iter().flat_map(|step| &step.calls).map(named).collect();
    if calls.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![PlanLine::plain(0, heading(&calls))];
    lines.extend(if style.verbose { listed(&calls) } else { counted(&calls) });
    lines
}

fn named(call: &Write) -> Call {
    let action = call.action();
    Call {
        action,
        object: call.object(),
        local: matches!(call, Write::File(_)) && !is_command(action),
    }
}

fn is_command(action: &str) -> bool {
    action.starts_with("command:")
}

fn heading(calls: &[Call]) -> String {
    let local = calls.iter().filter(|call| call.local).count();
    let total = count(calls.len(), "write");
    let commands = calls.iter().filter(|call| is_command(call.action)).count();
    if commands > 0 {
        let aws = calls.len() - local - commands;
        let whose = if commands == 1 {
            "1 to a command".to_owned()
        } else {
            format!("{commands} to commands")
        };
        return format!("Calls: {total}, {aws} to AWS, {local} to local files and {whose}");
    }
    match local {
        0 => format!("Calls: {total}"),
        _ if local == calls.len() => format!("Calls: {total}, all to local files"),
        _ => format!("Calls: {total}, {} to AWS and {local} to local files", calls.len() - local),
    }
}

/// Returns each action once, in the order in which they are first sent. Each command is an action
/// of its own: what it does, only its words tell.
fn counted(calls: &[Call]) -> Vec<PlanLine> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for call in calls {
        let text = if is_command(call.action) {
            format!("{} {}", call.action, escape(&call.object))
        } else {
            call.action.to_owned()
        };
        match counts.iter_mut().find(|(action, _)| *action == text) {
            Some((_, number)) => *number += 1,
            None => counts.push((text, 1)),
        }
    }
    let text = |(action, number): (String, usize)| {
        if number == 1 { action } else { format!("{action} ×{number}") }
    };
    counts.into_iter().map(|each| PlanLine::plain(2, text(each))).collect()
}

/// Returns every call with its object, in the order of work. Independent ones may overlap.
fn listed(calls: &[Call]) -> Vec<PlanLine> {
    let digits = calls.len().to_string().len();
    let numbered = calls.iter().zip(1..);
    numbered
        .map(|(call, number)| {
            let text = format!("{number:>digits$}. {} {}", call.action, escape(&call.object));
            PlanLine::plain(2, text.trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &'static str, object: &str) -> Call {
        Call { action, object: object.to_owned(), local: action.starts_with("file:") }
    }

    fn text(lines: &[PlanLine]) -> Vec<String> {
        lines.iter().map(|line| line.render(HumanStyle::default())).collect()
    }

    #[test]
    fn actions_are_counted_in_the_order_of_their_first_call() {
        let calls = [
            call("iam:CreateUser", "serverless"),
            call("iam:CreatePolicy", "A"),
            call("file:StoreCredentials", "profile serverless"),
            call("iam:CreatePolicy", "B"),
        ];
        assert_eq!(heading(&calls), "Calls: 4 writes, 3 to AWS and 1 to local files");
        assert_eq!(
            text(&counted(&calls)),
            ["  iam:CreateUser", "  iam:CreatePolicy ×2", "  file:StoreCredentials"]
        );
        assert_eq!(text(&listed(&calls))[3], "  4. iam:CreatePolicy B");
    }

    #[test]
    fn one_call_is_one_write() {
        assert_eq!(heading(&[call("iam:TagUser", "x")]), "Calls: 1 write");
        assert_eq!(heading(&[call("file:SetStage", "x")]), "Calls: 1 write, all to local files");
    }
}
