//! The budget of expansions: a few lines of variables must not make gigabytes of text.

/// The most bytes of text that one expansion makes.
const MAX_TEXT: usize = 1024 * 1024;
/// The most expansions inside of each other: variables in variables, and `${` in `${`.
const MAX_DEPTH: usize = 64;
/// The most bytes of text that all expansions and documents of a manifest make, for each byte that
/// a file may have.
const MAX_GROWTH: u64 = 4;

/// The way in which a manifest goes beyond its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overrun {
    Depth,
    Text,
    Total,
}

/// The text that the expansions of a manifest may still make, and their depth.
#[derive(Debug)]
pub(super) struct ExpansionBudget {
    depth: usize,
    total: u64,
    spent: u64,
}

impl ExpansionBudget {
    /// Returns the budget of a manifest whose files may have so many bytes.
    pub fn for_files_of(max_size: u64) -> Self {
        Self { depth: 0, total: max_size.saturating_mul(MAX_GROWTH), spent: 0 }
    }

    /// Begins an expansion, perhaps inside of another one.
    pub fn enter(&mut self) -> Result<(), Overrun> {
        if self.depth >= MAX_DEPTH {
            return Err(Overrun::Depth);
        }
        self.depth += 1;
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Makes sure that an expansion may make so many bytes.
    pub fn check_text(bytes: usize) -> Result<(), Overrun> {
        if bytes > MAX_TEXT { Err(Overrun::Text) } else { Ok(()) }
    }

    /// Takes the bytes of a text out of the budget of the manifest.
    pub fn spend(&mut self, bytes: usize) -> Result<(), Overrun> {
        self.spent = self.spent.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.spent > self.total { Err(Overrun::Total) } else { Ok(()) }
    }
}

impl Overrun {
    /// Returns what is wrong, and what to do.
    pub fn words(self) -> (String, &'static str) {
        match self {
            Self::Depth => (
                format!("variables are inside of each other more than {MAX_DEPTH} times"),
                "write a value in the place of a chain of variables",
            ),
            Self::Text => (
                "this text is longer than 1 MiB when its variables are filled in".to_owned(),
                "look for variables that repeat each other: each line may double the text",
            ),
            Self::Total => (
                format!(
                    "all texts and documents together are longer than {MAX_GROWTH} times the \
                        largest file that is allowed"
                ),
                "look for long variables and documents that are used many times, or allow more \
                    with --max-file-size SIZE",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_has_three_limits() {
        let mut budget = ExpansionBudget::for_files_of(10);
        for _ in 0..MAX_DEPTH {
            budget.enter().unwrap();
        }
        assert_eq!(budget.enter(), Err(Overrun::Depth));
        budget.leave();
        assert_eq!(budget.enter(), Ok(()));
        assert_eq!(ExpansionBudget::check_text(MAX_TEXT), Ok(()));
        assert_eq!(ExpansionBudget::check_text(MAX_TEXT + 1), Err(Overrun::Text));
        assert_eq!(budget.spend(40), Ok(()));
        assert_eq!(budget.spend(1), Err(Overrun::Total));
    }
}
