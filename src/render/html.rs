//! Renders a plan as one HTML page. It needs no script and no network, and can be kept with the
//! build that made it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::access::{self, Detail, Sentence, TextRun, Tone, Turn};
use super::attention;
use super::command::RunOptions;
use super::human::arranged::Arranged;
use super::human::line::{LineMark, PlanLine};
use super::human::reason::phrase;
use super::human::{self, HumanStyle};
use super::text::escape;
use crate::diff::{ChangeAction, ResourceChange};
use crate::plan::{Plan, PlanMode};

const LOOK: &str = include_str!("html.css");

/// The Content-Security-Policy: nothing is loaded from anywhere, whatever a name in the plan
/// contains.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Renders a plan. The commands in it repeat the options of the run, or else those that the plan
/// remembers.
pub fn render_plan(plan: &Plan, run: Option<&RunOptions>) -> String {
    let title = format!("relayctl plan: {}", plan.header.manifest);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (escape(&title)) }
                style { (PreEscaped(LOOK)) }
            }
            body {
                h1 { (escape(&title)) }
                (header(plan))
                p.counts { (counts(plan)) }
                (notes(plan))
                (access(plan))
                (changes(plan, run))
                (calls(plan))
                footer { "Made by relayctl " (escape(&plan.header.relayctl)) "." }
            }
        }
    };
    page.into_string() + "\n"
}

fn counts(plan: &Plan) -> String {
    if plan.is_empty() {
        human::nothing(plan.header.mode).to_owned()
    } else {
        format!("{}.", human::counts(plan))
    }
}

fn header(plan: &Plan) -> Markup {
    let header = &plan.header;
    let rows = [
        ("Manifest", format!("{} ({})", header.manifest, header.manifest_file)),
        ("Account", header.account.clone()),
        ("Caller", header.caller.clone()),
        ("Region", header.region.clone()),
    ];
    html! {
        @if header.sandbox { p.warn { "SANDBOX: this AWS account is simulated; no call reaches AWS." } }
        dl { @for (name, text) in &rows { dt { (name) } dd { (escape(text)) } } }
        @if header.mode == PlanMode::Destroy { p.bad { "This plan destroys what the manifest has \
            made." } }
        @if header.mode == PlanMode::RefreshOnly { p { (human::REFRESH) } }
        @if let Some(partial) = human::partial(header) { p.warn { (partial) } }
    }
}

fn notes(plan: &Plan) -> Markup {
    html! {
        @if let Some(text) = human::state_only(plan) { p { "In the state only: " (text) "." } }
        @for note in &plan.notes {
            p.warn { "Note: " (escape(&note.text)) }
            @if !note.details.is_empty() {
                ul { @for it in &note.details { li { code { (escape(it)) } } } }
            }
            @if let Some(help) = &note.help { p { (escape(help)) } }
        }
        @if plan.is_hindered() { p.bad { "Refused and blocked resources stay as they are until \
            the cause is fixed." } }
    }
}

fn access(plan: &Plan) -> Markup {
    let sentences = access::of_plan(plan);
    html! {
        @if access::is_settled(plan) && !attention::deletes_data(plan) { p { (access::SETTLED) } }
        @if let Some(pieces) = access::summary(plan) {
            h2 { "Access" }
            p { (dressed(&pieces)) }
            (list(&sentences.iter().collect::<Vec<_>>(), true))
        }
    }
}

fn list(sentences: &[&Sentence], with_change: bool) -> Markup {
    html! {
        @if !sentences.is_empty() { ul.access { @for it in sentences { (sentence(it, with_change)) } } }
    }
}

fn sentence(sentence: &Sentence, with_change: bool) -> Markup {
    let class = match sentence.turn {
        Turn::Gain => "gain",
        Turn::Loss => "loss",
        Turn::Doubt { .. } => "doubt",
    };
    let clause = dressed(&sentence.pieces());
    html! {
        li class=(class) {
            @if sentence.details.is_empty() { (clause) } @else {
                details { summary { (clause) } dl { @for it in &sentence.details { (detail(it)) } } }
            }
            @if let Some(through) = sentence.through.as_ref().filter(|_| with_change) { " " small { "by " code { (escape(&through.to_string())) } } }
        }
    }
}

fn detail(detail: &Detail) -> Markup {
    html! { dt { (detail.label) } dd { @for item in &detail.items { code { (escape(item)) } " " } } }
}

fn dressed(pieces: &[TextRun]) -> Markup {
    let piece = |piece: &TextRun| {
        let [before, words, behind] = piece.spaced();
        let text = escape(words);
        let class = match piece.tone {
            Tone::Plain => return html! { (before) (text) (behind) },
            Tone::Code => return html! { code { (text) } },
            Tone::Name => return html! { b { (text) } },
            Tone::Gain => "gain",
            Tone::Loss => "loss",
            Tone::Doubt => "doubt",
            Tone::Public => "public",
        };
        html! { (before) b class=(class) { (text) } (behind) }
    };
    html! { @for it in pieces { (piece(it)) } }
}

fn changes(plan: &Plan, run: Option<&RunOptions>) -> Markup {
    let (quiet, shown): (Vec<&ResourceChange>, Vec<&ResourceChange>) =
        human::ordered(plan).into_iter().partition(|change| human::is_quiet(plan, change));
    let sentences = access::of_plan(plan);
    let (arranged, told) = (Arranged::new(plan, &[], run), access::by_change(&sentences));
    html! {
        @if !shown.is_empty() { h2 { "Changes" } }
        @for it in shown { (change(&arranged, it, told.get(&it.address).map_or(&[], Vec::as_slice))) }
        @if !quiet.is_empty() {
            details { summary { (quiet.len()) " as declared" } ul { @for it in &quiet { li { (untouched(it)) } } } }
        }
    }
}

fn change(plan: &Arranged<'_>, change: &ResourceChange, sentences: &[&Sentence]) -> Markup {
    let mark = LineMark::of(change.action);
    let lines = human::block(plan, change);
    html! {
        details open[!matches!(change.action, ChangeAction::Adopt | ChangeAction::Forget)] {
            summary class=(class(mark)) {
                b { (mark.symbol()) " " (escape(&change.address.to_string())) } " " (human::reason::action_phrase(change))
                " " small { (phrase(plan, change)) }
            }
            (list(sentences, false))
            pre { @for it in &lines { (line(it)) } }
        }
    }
}

fn untouched(change: &ResourceChange) -> Markup {
    let notes = human::remarks(change);
    html! {
        code { (escape(&change.address.to_string())) }
        @if !notes.is_empty() { pre { @for it in &notes { (line(it)) } } }
    }
}

fn line(line: &PlanLine) -> Markup {
    let text = line.render(HumanStyle::default());
    html! { @if line.mark == LineMark::None { (text) } @else { span class=(class(line.mark)) { (text) } } "\n" }
}

fn class(mark: LineMark) -> &'static str {
    match mark {
        LineMark::None | LineMark::Adopt | LineMark::Forget => "none",
        LineMark::Create => "create",
        LineMark::Update => "update",
        LineMark::Delete | LineMark::Replace => "delete",
        LineMark::Refuse | LineMark::Blocked => "stuck",
    }
}

fn calls(plan: &Plan) -> Markup {
    let lines = human::calls(plan);
    html! {
        @if let Some((heading, rest)) = lines.split_first() {
            details { summary { (heading.text) } pre { @for it in rest { (line(it)) } } }
        }
    }
}
