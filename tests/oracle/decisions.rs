//! All kinds of policies together: what hangs on the caller, its boundary, the policies of its
//! session and of its organization, what hangs on the resource; within an account and across two.

use iam_policy::decision::{Policies, Verdict};
use iam_policy::request::Request;
use iam_policy::statement::Policy;

use super::alphabet::{ACCOUNT, Kind, OTHER_ACCOUNT};
use super::dice::Dice;
use super::document::Document;
use super::draw::Draw;
use super::evaluator::Everything;
use super::universe::{Area, Memory, Universe};

/// Of each set of policies, so many requests are decided.
const SAMPLES: usize = 8;

/// Counts of requests by decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decided {
    pub allowed: usize,
    pub denied_explicitly: usize,
    pub denied: usize,
    /// The policy of the resource would have to allow it, and isn't there.
    pub open: usize,
}

/// The first of the requests on which the decision differs from the evaluator's, told.
pub fn decided(sets: usize) -> Result<Decided, String> {
    let mut decided = Decided::default();
    let mut memory = Memory::default();
    for number in 0..sets {
        let mut dice = Dice::new(number as u64);
        let everything = everything(&mut dice);
        for request in requests(&everything, &mut dice, &mut memory) {
            let (found, expected) = (decide(&everything, &request), everything.decide(&request));
            if found != expected {
                let json = |documents: &[Document]| {
                    documents.iter().map(|it| format!("  {}\n", it.json())).collect::<String>()
                };
                let held = json(&everything.identity);
                let boundary = json(everything.boundary.as_slice());
                let resource = json(everything.resource.as_slice());
                let session = json(everything.session.as_deref().unwrap_or_default());
                let levels = json(&everything.service_control.concat());
                let guards = json(&everything.resource_control);
                return Err(format!(
                    "set {number}: {found:?} and not \
                        {expected:?}\n{request:?}\nheld\n{held}boundary\n{boundary}resource\n\
                        {resource}session\n{session}levels\n{levels}guards\n{guards}"
                ));
            }
            match expected {
                Verdict::Allowed => decided.allowed += 1,
                Verdict::ExplicitDeny => decided.denied_explicitly += 1,
                Verdict::ImplicitDeny => decided.denied += 1,
                Verdict::NeedsResourcePolicy => decided.open += 1,
            }
        }
    }
    Ok(decided)
}

fn everything(dice: &mut Dice) -> Everything {
    let mut draw = Draw::new(Kind::Identity, dice);
    let identity = (0..draw.dice.few(2)).map(|_| draw.document()).collect::<Vec<_>>();
    let bounded = draw.dice.one_in(3);
    let boundary = bounded.then(|| draw.document());
    let limited = draw.dice.one_in(4);
    let session = limited.then(|| (0..draw.dice.few(2)).map(|_| draw.document()).collect());
    let levels = if draw.dice.one_in(4) { draw.dice.few(2) } else { 0 };
    let service_control = (0..levels).map(|_| vec![Document::everything(), draw.document()]);
    let service_control = service_control.collect();
    let resource = (!dice.one_in(4)).then(|| Draw::new(Kind::Bucket, dice).document());
    let resource_control =
        if dice.one_in(6) { vec![Draw::new(Kind::Bucket, dice).document()] } else { Vec::new() };
    Everything { identity, boundary, session, service_control, resource_control, resource }
}

/// Requests over the alphabets, with what makes a difference only here: who owns the resource, and
/// actions that its policy must allow.
fn requests(everything: &Everything, dice: &mut Dice, memory: &mut Memory) -> Vec<Request> {
    let documents =
        everything.identity.iter().chain(&everything.boundary).chain(&everything.resource);
    let documents = documents
        .chain(everything.session.iter().flatten())
        .chain(everything.service_control.iter().flatten())
        .chain(&everything.resource_control);
    let areas: Vec<Area> = documents
        .flat_map(|document| document.statements.iter().map(move |statement| (document, statement)))
        .map(|(document, statement)| Area::of(Kind::Bucket, document, statement, memory))
        .collect();
    let universe = Universe::about(Kind::Bucket, &areas);
    let mut one = || {
        let mut request = universe.any_request(Kind::Bucket, &areas, dice, memory);
        if dice.one_in(4) {
            let actions = [
                "sts:AssumeRole",
                "sts:TagSession",
                "kms:Decrypt",
                "sts:GetCallerIdentity",
                "sts:GetSessionToken",
                "sts:GetFederationToken",
                "iam:GetRole",
                "iam:PassRole",
                "STS:assumerole",
            ];
            request.action = (*dice.pick(&actions)).to_owned();
        }
        if dice.one_in(2) {
            let owner = *dice.pick(&[ACCOUNT, OTHER_ACCOUNT]);
            request.context.set("aws:ResourceAccount", vec![owner.to_owned()]);
        } else if dice.one_in(2) {
            let owner = *dice.pick(&[ACCOUNT, OTHER_ACCOUNT]);
            let service = *dice.pick(&["iam:", "sqs:r"]);
            request.resource =
                format!("arn:aws:{service}:{owner}:{}", dice.pick(&["a", "b", "ab"]));
        }
        request
    };
    (0..SAMPLES).map(|_| one()).collect()
}

fn decide(everything: &Everything, request: &Request) -> Verdict {
    let compile = |document: &Document| {
        Policy::compile("document", &document.json()).expect("it is a document")
    };
    let identity: Vec<Policy> = everything.identity.iter().map(compile).collect();
    let (boundary, resource) =
        (everything.boundary.as_ref().map(compile), everything.resource.as_ref().map(compile));
    let all = |documents: &Vec<Document>| documents.iter().map(compile).collect::<Vec<_>>();
    let session = everything.session.as_ref().map(all);
    let service_control: Vec<_> = everything.service_control.iter().map(all).collect();
    let resource_control = [all(&everything.resource_control)];
    let policies = Policies {
        identity: &identity,
        boundary: boundary.as_ref(),
        session: session.as_deref(),
        resource: resource.as_ref(),
        service_control: &service_control,
        resource_control: &resource_control,
        ..Policies::default()
    };
    policies.decide(request).verdict
}
