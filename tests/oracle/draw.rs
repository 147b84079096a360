//! Documents by chance.

use super::alphabet::{KEYS, Key, Kind, NAMED, Sort};
use super::dice::Dice;
use super::document::{Document, Layers, List, Pair, Principals, Statement, Test};

/// Draws the documents of one pair.
pub struct Draw<'d> {
    pub dice: &'d mut Dice,
    kind: Kind,
    /// The few keys that conditions and variables speak of: none in a third of the pairs.
    keys: Vec<&'static Key>,
    variables: Vec<&'static str>,
    /// Of version 2012-10-17.
    modern: bool,
}

const VARIABLES: &[&str] = &[
    "${aws:username}",
    "${AWS:UserName}",
    "${aws:PrincipalTag/t}",
    "${s3:prefix}",
    "${s3:prefix, 'b'}",
    "${aws:PrincipalTag/t, 'b'}",
    "${aws:TagKeys}",
    "${*}",
    "${?}",
];

/// A pair of which one side is made from the other, as somebody edits a document, or which have
/// nothing in common.
pub fn pair(kind: Kind, dice: &mut Dice) -> Pair {
    let mut draw = Draw::new(kind, dice);
    let before = draw.layers();
    let after = if draw.dice.one_in(3) { draw.layers() } else { draw.edited(&before) };
    Pair { before, after }
}

impl<'d> Draw<'d> {
    pub fn new(kind: Kind, dice: &'d mut Dice) -> Self {
        let most = *dice.pick(&[0, 1, 2, 2, 3, 3]);
        let keys = (0..most).map(|_| dice.pick(KEYS)).collect();
        let some = dice.one_in(4);
        let variables = (0..2).filter(|_| some).map(|_| *dice.pick(VARIABLES)).collect();
        let modern = !dice.one_in(16);
        Self { dice, kind, keys, variables, modern }
    }

    fn layers(&mut self) -> Layers {
        let documents = if self.kind.is_attached() && self.dice.one_in(4) { 2 } else { 1 };
        let mut layers = vec![(0..documents).map(|_| self.document()).collect()];
        if self.kind.is_attached() && self.dice.one_in(5) {
            layers.push(vec![self.document()]);
        }
        layers
    }

    pub fn document(&mut self) -> Document {
        let statements = (0..self.dice.few(3)).map(|_| self.statement()).collect();
        // Both versions in one pair, now and then.
        let variables = self.modern != self.dice.one_in(32);
        Document { variables, statements }
    }

    fn statement(&mut self) -> Statement {
        let principals = (!self.kind.is_attached()).then(|| self.principals());
        let resources = (self.kind != Kind::Trust).then(|| self.list(Self::resource));
        let mut statement = Statement {
            allow: !self.dice.one_in(3),
            principals,
            actions: self.list(Self::action),
            resources,
            tests: Vec::new(),
        };
        if !self.keys.is_empty() && self.dice.one_in(2) {
            for _ in 0..self.dice.few(2) {
                self.add_test(&mut statement);
            }
        }
        statement
    }

    fn list(&mut self, item: fn(&mut Self) -> String) -> List {
        let items = (0..self.dice.few(3)).map(|_| item(self)).collect();
        List { not: self.dice.one_in(8), items }
    }

    fn principals(&mut self) -> Principals {
        let names = (0..self.dice.few(3)).map(|_| self.named()).collect();
        Principals { not: self.dice.one_in(8), names }
    }

    fn named(&mut self) -> (&'static str, String) {
        let (kind, name) = *self.dice.pick(NAMED);
        (kind, name.to_owned())
    }

    fn action(&mut self) -> String {
        if self.dice.one_in(10) {
            return "*".to_owned();
        }
        if self.kind == Kind::Trust {
            let patterns = [
                "sts:AssumeRole",
                "STS:assumeRole",
                "sts:*",
                "sts:AssumeRole?*",
                "sts:?agSession",
                "sts:*SAML",
            ];
            return (*self.dice.pick(&patterns)).to_owned();
        }
        let vendor = if self.dice.one_in(6) { "iam:" } else { "s3:" };
        let name = self.word(&["a", "b", "A", "B", "*", "?"], 3);
        if self.dice.one_in(8) { format!("{vendor}*") } else { format!("{vendor}{name}") }
    }

    fn word(&mut self, letters: &[&str], longest: usize) -> String {
        (0..=self.dice.below(longest)).map(|_| *self.dice.pick(letters)).collect()
    }

    fn resource(&mut self) -> String {
        if self.dice.one_in(5) {
            return "*".to_owned();
        }
        let rest = self.rest();
        if self.dice.one_in(2) {
            return format!("arn:aws:s3:::{rest}");
        }
        let part = |dice: &mut Dice, usual: &'static str, others: &[&'static str]| {
            if dice.one_in(2) { usual } else { *dice.pick(others) }
        };
        let dice = &mut *self.dice;
        let partition = part(dice, "aws", &["*", "aws*", "a?s", "aws-cn", "?"]);
        let service = part(dice, "s3", &["*", "s*", "s?", "sqs", "?", "???"]);
        let region = part(dice, "", &["*", "?", "r"]);
        let account = part(dice, "", &["*", "?", "a"]);
        match dice.below(12) {
            0 => format!("arn:{partition}"),
            1 => format!("arn:{partition}:{service}"),
            2 => format!("arn:{partition}:{service}:{region}:{account}"),
            3 => match self.variables.first() {
                Some(variable) => format!("arn:{partition}:{service}:{region}:{variable}:{rest}"),
                None => format!("arn:{partition}:{service}:*:{account}:{rest}"),
            },
            _ => format!("arn:{partition}:{service}:{region}:{account}:{rest}"),
        }
    }

    /// The last part of an ARN.
    fn rest(&mut self) -> String {
        let mut rest = self.word(&["a", "b", "a", "b", ":", "*", "*", "?"], 3);
        if !self.variables.is_empty() && self.dice.one_in(3) {
            let variable = *self.dice.pick(&self.variables);
            match self.dice.below(3) {
                0 => rest.insert_str(0, variable),
                1 => rest.push_str(variable),
                _ => variable.clone_into(&mut rest),
            }
        }
        rest
    }

    fn test(&mut self) -> Test {
        let key = *self.dice.pick(&self.keys);
        let mut operator =
            if self.dice.one_in(8) { "Null".to_owned() } else { self.operator(key.sort) };
        if operator == "Null" {
            let values = vec![(*self.dice.pick(&["true", "false"])).to_owned()];
            return Test { operator, key: key.name.to_owned(), values };
        }
        // The operators on sets aren't for keys of one value, and the others not for keys of many:
        // AWS takes both.
        let wants_set = key.sort == Sort::Texts;
        let (odd, all, if_exists) = (self.dice.one_in(8), self.dice.one_in(2), self.dice.one_in(6));
        if wants_set != odd {
            operator = format!("{}:{operator}", if all { "ForAllValues" } else { "ForAnyValue" });
        }
        if if_exists {
            operator.push_str("IfExists");
        }
        let few = if key.sort == Sort::Bool { 1 } else { 3 };
        let values =
            (0..self.dice.few(few)).map(|_| (*self.dice.pick(key.wanted)).to_owned()).collect();
        Test { operator, key: key.name.to_owned(), values }
    }

    fn operator(&mut self, sort: Sort) -> String {
        let operators: &[&str] = match sort {
            Sort::Text | Sort::Texts => &[
                "StringEquals",
                "StringLike",
                "StringNotEquals",
                "StringNotLike",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
            ],
            Sort::Number => &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            Sort::Numeral => &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericGreaterThanEquals",
                "StringEquals",
                "StringNotEquals",
            ],
            Sort::Seconds => &[
                "DateEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            Sort::Date => &[
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEquals",
            ],
            Sort::Bool => &["Bool", "Bool", "StringEquals", "StringNotEquals"],
            Sort::Address => {
                &["IpAddress", "NotIpAddress", "IpAddress", "StringEquals", "StringNotEquals"]
            }
            Sort::Arn => &[
                "ArnEquals",
                "ArnLike",
                "ArnNotEquals",
                "ArnNotLike",
                "StringEquals",
                "StringLike",
                "StringNotLike",
            ],
        };
        (*self.dice.pick(operators)).to_owned()
    }

    /// One operator has a key only once.
    fn add_test(&mut self, statement: &mut Statement) {
        if self.keys.is_empty() {
            return;
        }
        let test = self.test();
        statement.tests.retain(|known| known.operator != test.operator || known.key != test.key);
        statement.tests.push(test);
    }

    /// With one or two changes.
    fn edited(&mut self, before: &Layers) -> Layers {
        let mut after = before.clone();
        for _ in 0..self.dice.few(3) {
            self.edit(&mut after);
        }
        after
    }

    fn edit(&mut self, layers: &mut Layers) {
        if self.kind.is_attached() && self.dice.one_in(12) {
            match layers.len() {
                1 => layers.push(vec![self.document()]),
                _ => layers.truncate(1),
            }
            return;
        }
        let layer = self.dice.below(layers.len());
        let document = self.dice.below(layers[layer].len());
        let statements = &mut layers[layer][document].statements;
        if statements.is_empty() || self.dice.one_in(6) {
            statements.push(self.statement());
            return;
        }
        let index = self.dice.below(statements.len());
        match self.dice.below(12) {
            0 => drop(statements.remove(index)),
            1 => statements[index].allow ^= true,
            2 => statements[index] = self.statement(),
            _ => self.edit_statement(&mut statements[index]),
        }
    }

    fn edit_statement(&mut self, statement: &mut Statement) {
        match self.dice.below(8) {
            0 | 1 => self.edit_list(&mut statement.actions, Self::action),
            2 | 3 => match &mut statement.resources {
                Some(resources) => self.edit_list(resources, Self::resource),
                None => self.edit_list(&mut statement.actions, Self::action),
            },
            4 => match &mut statement.principals {
                Some(principals) if principals.names.len() > 1 && self.dice.one_in(2) => {
                    principals.names.swap_remove(self.dice.below(principals.names.len()));
                }
                Some(principals) => principals.names.push(self.named()),
                None => self.edit_list(&mut statement.actions, Self::action),
            },
            5 if !statement.tests.is_empty() && self.dice.one_in(2) => {
                self.swap_operator(statement)
            }
            5 if !statement.tests.is_empty() => {
                statement.tests.swap_remove(self.dice.below(statement.tests.len()));
            }
            6 if !statement.tests.is_empty() => {
                let test = statement.tests.swap_remove(self.dice.below(statement.tests.len()));
                let wanted = Key::named(&test.key).wanted;
                let value = (*self.dice.pick(wanted)).to_owned();
                let values = if test.operator == "Null" {
                    test.values
                } else {
                    [test.values, vec![value]].concat()
                };
                statement.tests.push(Test { values, ..test });
            }
            _ => self.add_test(statement),
        }
    }

    /// The same values by another operator.
    fn swap_operator(&mut self, statement: &mut Statement) {
        let index = self.dice.below(statement.tests.len());
        let test = statement.tests[index].clone();
        let operator = self.operator(Key::named(&test.key).sort);
        let is_known = |it: &Test| it.operator == operator && it.key == test.key;
        if test.operator != "Null" && !statement.tests.iter().any(is_known) {
            statement.tests[index].operator = operator;
        }
    }

    fn edit_list(&mut self, list: &mut List, item: fn(&mut Self) -> String) {
        let index = self.dice.below(list.items.len());
        match self.dice.below(10) {
            0 => list.not ^= true,
            1..=3 if list.items.len() > 1 => drop(list.items.swap_remove(index)),
            4..=6 => list.items.push(item(self)),
            _ => list.items[index] = item(self),
        }
    }
}
