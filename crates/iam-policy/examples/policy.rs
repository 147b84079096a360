//! Checks one policy document, or compares two: `cargo run -p iam-policy --example policy --
//! old.json [new.json]`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use iam_policy::compare::Grant;
use iam_policy::lint::Home;
use iam_policy::{
    Budget, Document, Holder, Policy, Set, Usage, compare, diagnose, equivalent, escalations, lint,
    parse,
};

const ACCOUNT: &str = "123456789012";

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = env::args().skip(1).collect();
    match files.as_slice() {
        [one] => check(one),
        [old, new] => differ(old, new),
        _ => Err("name one document to check it, or two to compare them".into()),
    }
}

/// Prints the problems for which AWS would refuse the document, likely mistakes, and paths of
/// privilege escalation.
fn check(file: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    for problem in diagnose(Path::new(file), &text, Usage::Managed) {
        let (line, column) = problem.place.map_or((1, 1), |place| (place.line, place.column));
        println!("{file}:{line}:{column}: {}", problem.message);
    }
    let document = parse(&text)?;
    let home = Home { usage: Usage::Managed, account: ACCOUNT, partition: "aws", grants: true };
    for finding in lint(&document, &home) {
        println!(
            "{:?} {} at {}: {}",
            finding.severity, finding.rule, finding.pointer, finding.message
        );
    }
    let policies = [document.compile(file)?];
    let holder = Holder {
        arn: None,
        partition: "aws",
        account: ACCOUNT,
        policies: &policies,
        boundary: None,
        attached: &[],
        budget: &Budget::default(),
    };
    for way in escalations(&holder) {
        println!("{:?} {}: whoever holds it {}", way.severity, way.path.name, way.path.gives);
    }
    Ok(())
}

/// Prints the access that the new document allows and the old one doesn't, and the reverse.
fn differ(old: &str, new: &str) -> Result<(), Box<dyn Error>> {
    let [(one, before), (other, after)] = [compiled(old)?, compiled(new)?];
    if equivalent(&one, &other) {
        println!("equivalent");
        return Ok(());
    }
    let comparison = compare(&Set::of(&before), &Set::of(&after), None);
    println!("{:?}", comparison.relation());
    for (sign, grants) in [('+', &comparison.gained), ('-', &comparison.lost)] {
        for grant in grants {
            print(sign, grant);
        }
    }
    for doubt in &comparison.doubts {
        println!("? {}: {}", doubt.policy, doubt.reason);
    }
    Ok(())
}

fn compiled(file: &str) -> Result<(Document, [Policy; 1]), Box<dyn Error>> {
    let document = parse(&fs::read_to_string(file)?)?;
    let policy = document.compile(file)?;
    Ok((document, [policy]))
}

fn print(sign: char, grant: &Grant) {
    let (actions, resources) = (grant.actions.join(", "), grant.resources.join(", "));
    println!(
        "{sign} {actions} on {resources}, such as {} on {}",
        grant.example.action, grant.example.resource
    );
}
