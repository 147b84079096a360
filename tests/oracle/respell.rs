//! The same documents, written otherwise.

use super::alphabet::{ACCOUNT, OTHER_ACCOUNT};
use super::dice::Dice;
use super::document::{Document, Layers, Principals, Statement};

pub fn respelt(layers: &Layers, dice: &mut Dice) -> Layers {
    layers.iter().map(|layer| rearranged(layer, dice)).collect()
}

/// The documents of one layer have their say together: it doesn't matter in which of them a
/// statement stands, as long as they are of one version.
fn rearranged(layer: &[Document], dice: &mut Dice) -> Vec<Document> {
    let mut documents: Vec<Document> = layer.to_vec();
    let versions = documents.iter().filter(|document| document.variables).count();
    if documents.len() > 1 && (versions == 0 || versions == documents.len()) && dice.one_in(2) {
        let moved: Vec<Statement> =
            documents.iter_mut().flat_map(|document| document.statements.drain(..)).collect();
        for statement in moved {
            let index = dice.below(documents.len());
            documents[index].statements.push(statement);
        }
    }
    for document in &mut documents {
        let statements = document
            .statements
            .drain(..)
            .flat_map(|statement| split(statement, dice))
            .collect::<Vec<_>>();
        let variables = document.variables;
        document.statements =
            statements.into_iter().map(|statement| spelt(statement, variables, dice)).collect();
        dice.shuffle(&mut document.statements);
    }
    dice.shuffle(&mut documents);
    documents
}

/// One statement on many things, or many on one each.
fn split(statement: Statement, dice: &mut Dice) -> Vec<Statement> {
    let parts = |list: &[String]| list.iter().map(|item| vec![item.clone()]).collect::<Vec<_>>();
    match dice.below(6) {
        0 if !statement.actions.not => {
            let with = |items| {
                let mut part = statement.clone();
                part.actions.items = items;
                part
            };
            parts(&statement.actions.items).into_iter().map(with).collect()
        }
        1 if statement.resources.as_ref().is_some_and(|list| !list.not) => {
            let with = |items| {
                let mut part = statement.clone();
                part.resources.iter_mut().for_each(|list| list.items.clone_from(&items));
                part
            };
            let items = statement.resources.as_ref().map_or(&[][..], |list| &list.items);
            parts(items).into_iter().map(with).collect()
        }
        2 if statement.principals.as_ref().is_some_and(|principals| !principals.not) => {
            let names = statement.principals.iter().flat_map(|principals| principals.names.clone());
            let with = |name| Statement {
                principals: Some(Principals { not: false, names: vec![name] }),
                ..statement.clone()
            };
            names.map(with).collect()
        }
        3 => vec![statement.clone(), statement],
        _ => vec![statement],
    }
}

fn spelt(mut statement: Statement, variables: bool, dice: &mut Dice) -> Statement {
    for action in &mut statement.actions.items {
        *action = case(action, dice);
    }
    repeated(&mut statement.actions.items, dice);
    if let Some(resources) = &mut statement.resources {
        resources.items.iter_mut().for_each(|item| *item = variable(item, variables, dice));
        repeated(&mut resources.items, dice);
    }
    if let Some(principals) = &mut statement.principals {
        for (_, name) in &mut principals.names {
            *name = account(name, dice);
        }
        repeated(&mut principals.names, dice);
    }
    for test in &mut statement.tests {
        test.key = case(&test.key, dice);
        test.operator = case(&test.operator, dice);
        test.values.iter_mut().for_each(|value| *value = variable(value, variables, dice));
        repeated(&mut test.values, dice);
    }
    dice.shuffle(&mut statement.tests);
    statement
}

fn case(text: &str, dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => text.to_ascii_lowercase(),
        1 => text.to_ascii_uppercase(),
        _ => text.to_owned(),
    }
}

/// The keys of variables know no case either.
fn variable(text: &str, variables: bool, dice: &mut Dice) -> String {
    match dice.below(4) {
        0 if variables => text.replace("${aws:", "${AWS:"),
        1 if variables => text.replace("${s3:prefix", "${S3:PREFIX"),
        _ => text.to_owned(),
    }
}

fn repeated<T: Clone>(list: &mut Vec<T>, dice: &mut Dice) {
    if dice.one_in(4) {
        list.push(dice.pick(list).clone());
    }
    dice.shuffle(list);
}

/// An account's id or the ARN of its root, in any partition.
fn account(name: &str, dice: &mut Dice) -> String {
    for account in [ACCOUNT, OTHER_ACCOUNT] {
        if name == account || name == format!("arn:aws:iam::{account}:root") {
            let root = |partition| format!("arn:{partition}:iam::{account}:root");
            return [account.to_owned(), root("aws"), root("aws-cn")][dice.below(3)].clone();
        }
    }
    name.to_owned()
}
