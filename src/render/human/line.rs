//! A line of a plan before it is text: its indent, symbol and content. The terminal and the pull
//! request place the symbol differently, so it is kept apart.

use anstyle::{AnsiColor, Effects};

use super::HumanStyle;
use crate::diff::ChangeAction;

/// The change to the object or value on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineMark {
    None,
    Create,
    Update,
    Replace,
    Delete,
    Adopt,
    Forget,
    Refuse,
    Blocked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanLine {
    /// The column of the symbol; without a symbol, that of the text.
    pub indent: usize,
    pub mark: LineMark,
    pub text: String,
}

impl LineMark {
    pub fn of(action: ChangeAction) -> Self {
        match action {
            ChangeAction::Nothing => Self::None,
            ChangeAction::Create => Self::Create,
            ChangeAction::Update => Self::Update,
            ChangeAction::Replace => Self::Replace,
            ChangeAction::Delete => Self::Delete,
            ChangeAction::Adopt => Self::Adopt,
            ChangeAction::Forget => Self::Forget,
            ChangeAction::Refuse => Self::Refuse,
            ChangeAction::Blocked => Self::Blocked,
        }
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "-/+",
            Self::Delete => "-",
            Self::Adopt => "=",
            Self::Forget => ".",
            Self::Refuse => "!",
            Self::Blocked => "?",
        }
    }

    pub fn legend(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Create => "create",
            Self::Update => "update in place",
            Self::Replace => "replace: destroy, then create",
            Self::Delete => "destroy",
            Self::Adopt => "adopt: it exists and is ours, only the state changes",
            Self::Forget => "forget: it is gone or somebody else's, only the state changes",
            Self::Refuse => "refuse: relayctl leaves it as it is",
            Self::Blocked => "blocked: nothing is done to it in this run",
        }
    }

    /// Returns Terraform's colours. Refused and blocked lines are red; changes of the state alone
    /// have no colour.
    fn look(self) -> anstyle::Style {
        match self {
            Self::Create => AnsiColor::Green.on_default(),
            Self::Update => AnsiColor::Yellow.on_default(),
            Self::Replace | Self::Delete => AnsiColor::Red.on_default(),
            Self::Refuse | Self::Blocked => AnsiColor::Red.on_default().effects(Effects::BOLD),
            Self::None | Self::Adopt | Self::Forget => anstyle::Style::new(),
        }
    }
}

impl PlanLine {
    pub fn new(indent: usize, mark: LineMark, text: impl Into<String>) -> Self {
        Self { indent, mark, text: text.into() }
    }

    pub fn plain(indent: usize, text: impl Into<String>) -> Self {
        Self::new(indent, LineMark::None, text)
    }

    pub fn blank() -> Self {
        Self::plain(0, "")
    }

    /// Returns the line as a terminal shows it, without its line end. Trailing spaces, which
    /// foreign text may have, are removed.
    pub fn render(&self, style: HumanStyle) -> String {
        let indent = self.indent;
        let line = if self.mark == LineMark::None {
            format!("{:indent$}{}", "", self.text)
        } else {
            format!("{:indent$}{} {}", "", style.mark(self.mark), self.text)
        };
        line.trim_end_matches(' ').to_owned()
    }
}

/// Adds colours if they are enabled; without colours, no escape codes at all.
impl HumanStyle<'_> {
    fn paint(self, look: anstyle::Style, text: &str) -> String {
        if self.color && look != anstyle::Style::new() {
            format!("{look}{text}{look:#}")
        } else {
            text.to_owned()
        }
    }

    pub fn mark(self, mark: LineMark) -> String {
        self.paint(mark.look(), mark.symbol())
    }

    pub fn bold(self, text: &str) -> String {
        self.paint(anstyle::Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.paint(anstyle::Style::new().dimmed(), text)
    }

    pub fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default().effects(Effects::BOLD), text)
    }

    pub fn warn(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default().effects(Effects::BOLD), text)
    }

    pub fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default().effects(Effects::BOLD), text)
    }
}
