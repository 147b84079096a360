//! Smaller pairs that break the same law.

use super::document::{Document, Layers, List, Pair, Statement};

/// Takes away as much as possible while `breaks` stays true.
pub fn shrunk(mut pair: Pair, breaks: impl Fn(&Pair) -> bool) -> Pair {
    while let Some(smaller) = smaller(&pair).into_iter().find(&breaks) {
        pair = smaller;
    }
    pair
}

/// The pair with one thing less each.
fn smaller(pair: &Pair) -> Vec<Pair> {
    let before =
        less_layers(&pair.before).into_iter().map(|before| Pair { before, ..pair.clone() });
    let after = less_layers(&pair.after).into_iter().map(|after| Pair { after, ..pair.clone() });
    before.chain(after).collect()
}

/// A side keeps its first document: decisions are asked of it.
fn less_layers(layers: &Layers) -> Vec<Layers> {
    let boundary = (layers.len() > 1).then(|| layers[..1].to_vec());
    let documents = (layers[0].len() > 1).then(|| without(&layers[0])).into_iter().flatten();
    let documents = documents.map(|first| [&[first], &layers[1..]].concat());
    boundary
        .into_iter()
        .chain(documents)
        .chain(with_one(layers, |layer| with_one(layer, less_document)))
        .collect()
}

fn less_document(document: &Document) -> Vec<Document> {
    let statements = without(&document.statements)
        .into_iter()
        .chain(with_one(&document.statements, less_statement));
    statements.map(|statements| Document { statements, ..document.clone() }).collect()
}

fn less_statement(statement: &Statement) -> Vec<Statement> {
    let mut found = Vec::new();
    let tests = without(&statement.tests).into_iter().chain(with_one(&statement.tests, |test| {
        let values = if test.values.len() > 1 { without(&test.values) } else { Vec::new() };
        values.into_iter().map(|values| super::document::Test { values, ..test.clone() }).collect()
    }));
    found.extend(tests.map(|tests| Statement { tests, ..statement.clone() }));
    found.extend(
        less_list(&statement.actions)
            .into_iter()
            .map(|actions| Statement { actions, ..statement.clone() }),
    );
    for resources in statement.resources.iter().flat_map(less_list) {
        found.push(Statement { resources: Some(resources), ..statement.clone() });
    }
    if let Some(principals) = &statement.principals {
        let names =
            if principals.names.len() > 1 { without(&principals.names) } else { Vec::new() };
        found.extend(names.into_iter().map(|names| {
            let principals = super::document::Principals { names, ..principals.clone() };
            Statement { principals: Some(principals), ..statement.clone() }
        }));
    }
    found
}

fn less_list(list: &List) -> Vec<List> {
    let fewer = if list.items.len() > 1 { without(&list.items) } else { Vec::new() };
    let shorter =
        with_one(&list.items, |item| if item == "*" { Vec::new() } else { vec!["*".to_owned()] });
    fewer.into_iter().chain(shorter).map(|items| List { items, ..list.clone() }).collect()
}

/// The list without one of its elements each.
fn without<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    (0..list.len()).map(|index| [&list[..index], &list[index + 1..]].concat()).collect()
}

/// The list with something smaller in place of one of its elements each.
fn with_one<T: Clone>(list: &[T], less: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let replaced = |index: usize| {
        let less = less(&list[index]).into_iter();
        less.map(move |item| [&list[..index], &[item], &list[index + 1..]].concat())
    };
    (0..list.len()).flat_map(replaced).collect()
}
