//! Decides if a statement's Resource matches a resource class, and if one side allows a request by
//! its statements.

use crate::request::Request;
use crate::statement::Effect;

use super::formula::Formula;
use super::space::{ResourceClass, Space, StatementRef};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemberTest<'p> {
    Yes,
    No,
    /// It depends on the values of the variables in these patterns.
    Varies(Vec<&'p str>),
}

impl<'p> MemberTest<'p> {
    pub fn of(
        space: &'p Space<'_>,
        row: &StatementRef<'_>,
        place: &ResourceClass,
        caller: usize,
    ) -> Self {
        let Some(clause) = &row.statement.resources else { return Self::Yes };
        let matching = || {
            let matching =
                row.resources_of(caller).iter().filter(|index| place.accepts.contains(**index));
            matching.map(|index| &space.resources[*index])
        };
        if matching().any(|resource| !resource.varies) {
            return if clause.not { Self::No } else { Self::Yes };
        }
        let varying: Vec<&str> = matching().map(|resource| resource.text.as_str()).collect();
        match (varying.is_empty(), clause.not) {
            (false, _) => Self::Varies(varying),
            (true, true) => Self::Yes,
            (true, false) => Self::No,
        }
    }

    pub fn varying(&self) -> &[&'p str] {
        if let Self::Varies(patterns) = self { patterns } else { &[] }
    }

    /// Returns the patterns by which the statement may match the resource class, where that depends
    /// on their variables. One `None` where the whole class matches in any case, or where the
    /// patterns are those of NotResource.
    pub fn patterns(&self, row: &StatementRef<'_>) -> Vec<Option<&'p str>> {
        let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
        match self {
            Self::Varies(patterns) if !not => patterns.iter().copied().map(Some).collect(),
            Self::Yes | Self::No | Self::Varies(_) => vec![None],
        }
    }
}

/// Returns the formula under which one side allows a request: an Allow of every layer applies, and
/// no Deny of any layer does. `applying` has each statement with the formula under which it
/// applies.
pub(super) fn allowing(
    space: &Space<'_>,
    applying: &[(&StatementRef<'_>, Formula)],
    after: bool,
) -> Formula {
    let say = |effect: Effect, layer: Option<usize>| {
        let rows =
            applying.iter().filter(|(row, _)| row.after == after && row.statement.effect == effect);
        let rows = rows.filter(|(row, _)| layer.is_none_or(|layer| row.layer == layer));
        Formula::any(rows.map(|(_, applies)| applies.clone()).collect())
    };
    let layers = space.layers[usize::from(after)];
    let mut all =
        vec![if layers == 0 { Formula::Constant(false) } else { say(Effect::Deny, None).not() }];
    all.extend((0..layers).map(|layer| say(Effect::Allow, Some(layer))));
    Formula::all(all)
}

/// Tells if one side allows the request, by these statements.
pub(super) fn allows<'r, 'a: 'r>(
    space: &Space<'_>,
    rows: impl Iterator<Item = &'r StatementRef<'a>>,
    after: bool,
    request: &Request,
) -> bool {
    let mut allowed = vec![false; space.layers[usize::from(after)]];
    let circumstances = request.circumstances();
    let applies = |row: &&StatementRef<'_>| row.statement.applies_in(request, &circumstances);
    for row in rows.filter(|row| row.after == after).filter(applies) {
        match row.statement.effect {
            Effect::Allow => allowed[row.layer] = true,
            Effect::Deny => return false,
        }
    }
    !allowed.is_empty() && allowed.into_iter().all(|allowed| allowed)
}
