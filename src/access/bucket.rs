//! Compares the access of others to a bucket before and after a plan: by its policy, and by its S3
//! Block Public Access.

use super::access_change::{AccessChange, AccessEffect, Aspect, EffectDoubt};
use super::model::{AccessModel, PlanSide};
use super::report::report as add;
use super::tags::ChangedTags;
use super::unread::UnreadPolicies;
use crate::address::Address;
use crate::policy::compare::{Cause, Comparer, Doubt, Grant, Set, Side};
use crate::policy::is_public;
use crate::policy::statement::{
    Clause, Effect as StatementEffect, Policy, PrincipalType, Principals, Statement,
};
use crate::value::Value;

/// A bucket before the plan or after it.
struct BucketAccess<'a> {
    exists: bool,
    document: Option<&'a Value>,
    /// True if "only AWS service principals and authorized users within the bucket owner's account"
    /// reach the bucket, because its policy is public (`RestrictPublicBuckets`).
    restricted: bool,
    /// True if ACLs apply. relayctl doesn't read them.
    acls: bool,
}

impl<'a> BucketAccess<'a> {
    fn decides(&self) -> (Option<&Value>, bool, bool) {
        (self.document, self.restricted, self.acls)
    }

    fn at(model: &AccessModel<'a>, address: &Address, side: PlanSide) -> Self {
        let attribute = |name: &str| model.attribute(address, name, side);
        let block = attribute("public_access_block");
        let blocks = |setting: &str| {
            block.is_some_and(|block| block.get(setting) == Some(&Value::Bool(true)))
        };
        let document = model.document(address, side);
        let public = document.is_some_and(is_public);
        let enforced =
            attribute("ownership").is_none_or(|ownership| ownership == "BucketOwnerEnforced");
        Self {
            exists: model.exists(address, side),
            restricted: public && blocks("restrict_public_buckets"),
            acls: !enforced && !blocks("ignore_public_acls"),
            document,
        }
    }

    fn policies(&self, address: &Address, account: &str) -> Vec<Policy> {
        let compiled = self.document.and_then(|it| Policy::compile(&address.to_string(), it).ok());
        let reached = |policy| if self.restricted { only(policy, account) } else { policy };
        compiled.map(reached).into_iter().collect()
    }
}

/// Restricts a policy to the account's own users and roles, and to services.
fn only(mut policy: Policy, account: &str) -> Policy {
    policy.statements.retain_mut(|statement| {
        let Some(principals) =
            statement.principals.as_mut().filter(|_| statement.effect == StatementEffect::Allow)
        else {
            return true;
        };
        let everyone = |(kind, _): &(PrincipalType, String)| *kind == PrincipalType::Everyone;
        let open = principals.not || principals.names.iter().any(everyone);
        let own = |(kind, name): &(PrincipalType, String)| match kind {
            PrincipalType::AWS => is_inside(name, account),
            PrincipalType::Service => true,
            PrincipalType::Everyone | PrincipalType::Federated | PrincipalType::CanonicalUser => {
                false
            }
        };
        principals.names.retain(|name| !principals.not && own(name));
        principals.not = false;
        if open {
            principals.names.push((PrincipalType::AWS, account.to_owned()));
        }
        !principals.names.is_empty()
    });
    policy
}

/// Returns the changes of access to the bucket.
pub(super) fn access(
    model: &AccessModel<'_>,
    address: &Address,
    tags: &ChangedTags,
) -> Option<AccessChange> {
    let [before, after] = PlanSide::BOTH.map(|side| BucketAccess::at(model, address, side));
    let tagged = tags.asked_by_resource(address, [before.document, after.document]);
    if before.decides() == after.decides() && tagged.is_empty() {
        return None;
    }
    let account = model.desired.account.as_str();
    let arn = model.arn(address);
    let [was, is] = [&before, &after].map(|it| it.policies(address, account));
    let comparison = model.comparer.compare(&Set::of(&was), &Set::of(&is), None);
    let mut report = AccessChange::new(address, arn, Aspect::Resource);
    add(&mut report, comparison, &UnreadPolicies::default(), &|_, _| address.clone());
    if before.exists && after.exists {
        denied(&mut report, &was, &is, account, &model.comparer);
        acls(&mut report, &before, &after);
    }
    report.doubts.extend(tagged);
    report.relate();
    Some(report)
}

/// Adds the effects of Denies on principals of the bucket's own account. There a policy of the user
/// or the role suffices, so that a Deny of the bucket policy matters even if its Allows don't
/// ("Evaluating policies within a single account", IAM User Guide).
fn denied(
    report: &mut AccessChange,
    was: &[Policy],
    is: &[Policy],
    account: &str,
    comparer: &Comparer,
) {
    let own = own_policy(&inside(was.iter().chain(is), account), &report.arn);
    let [was, is] =
        [was, is].map(|policies| policies.iter().cloned().chain([own.clone()]).collect::<Vec<_>>());
    let mut found = comparer.compare(&Set::of(&was), &Set::of(&is), None);
    for (grants, known) in [(&mut found.gained, &report.gained), (&mut found.lost, &report.lost)] {
        grants.retain(|grant| {
            // Grants of the bucket policy itself are reported already.
            let known = || known.iter().any(|effect| said_alike(&effect.grant, grant));
            grant.cause == Cause::Deny
                && grant.principals.iter().all(|name| is_inside(name, account))
                && !known()
        });
    }
    found.doubts.iter_mut().for_each(|doubt| doubt.policy = report.subject.to_string());
    let subject = report.subject.clone();
    let mut more = AccessChange::new(&subject, String::new(), Aspect::Resource);
    add(&mut more, found, &UnreadPolicies::default(), &|_, _| subject.clone());
    let own = |effect| AccessEffect { own: true, ..effect };
    report.gained.extend(more.gained.into_iter().map(own));
    report.lost.extend(more.lost.into_iter().map(own));
    report.doubts.extend(more.doubts);
}

fn said_alike(one: &Grant, other: &Grant) -> bool {
    let said =
        |grant: &Grant| (grant.principals.clone(), grant.actions.clone(), grant.resources.clone());
    said(one) == said(other)
}

/// Returns the account, and its users and roles that these policies name.
fn inside<'p>(
    policies: impl Iterator<Item = &'p Policy>,
    account: &str,
) -> Vec<(PrincipalType, String)> {
    let principals =
        policies.flat_map(|policy| &policy.statements).filter_map(|it| it.principals.as_ref());
    let mut names: Vec<(PrincipalType, String)> = principals
        .flat_map(|principals| principals.names.clone())
        .filter(|(kind, name)| *kind == PrincipalType::AWS && is_inside(name, account))
        .chain([(PrincipalType::AWS, account.to_owned())])
        .collect();
    names.sort();
    names.dedup();
    names
}

fn is_inside(name: &str, account: &str) -> bool {
    name == account || name.split(':').nth(4) == Some(account)
}

/// Returns a stand-in for the principals' own policies, which allows everything on the bucket.
fn own_policy(names: &[(PrincipalType, String)], bucket: &str) -> Policy {
    let clause = |patterns: Vec<String>| Clause { not: false, patterns };
    let statement = Statement {
        number: 1,
        sid: None,
        effect: StatementEffect::Allow,
        principals: Some(Principals { not: false, names: names.to_vec() }),
        actions: clause(vec!["s3:*".to_owned()]),
        resources: Some(clause(vec![bucket.to_owned(), format!("{bucket}/*")])),
        conditions: Vec::new(),
        variables: false,
    };
    Policy { name: "their own".to_owned(), statements: vec![statement] }
}

fn acls(report: &mut AccessChange, before: &BucketAccess, after: &BucketAccess) {
    if before.acls == after.acls {
        return;
    }
    let (side, verb) = if after.acls {
        (Side::Gained, "count from now on")
    } else {
        (Side::Lost, "no longer count")
    };
    let reason =
        format!("the ACLs of the bucket and of its objects {verb}, and relayctl doesn't read them");
    let doubt = Doubt { side, policy: report.subject.to_string(), reason };
    report.doubts.push(EffectDoubt { through: Some(report.subject.clone()), doubt });
}
