//! Requests that AWS never evaluates, because of a mistake in them.

use relayctl::policy::MissingException;
use relayctl::policy::catalogue::{self, Action, nearest_action, nearest_service};
use relayctl::policy::request::Request;
use relayctl::policy::statement::{Policy, Statement};

/// Returns the doubts about the request. It is still answered: the catalogue may be older
/// than the action.
pub fn doubts(request: &Request) -> Vec<String> {
    let mut doubts = Vec::new();
    let whole = request.resource == "*";
    match catalogue::action(&request.action) {
        None => doubts.push(unknown(&request.action)),
        Some(action) if whole => doubts.extend(no_whole(action)),
        Some(action) if !action.takes_resource() => {
            doubts.push(format!(
                "{} is about no single resource: AWS asks about * instead",
                action.name
            ));
        }
        Some(action)
            if !action.resources.iter().any(|resource| resource.fits(&request.resource)) =>
        {
            let forms: Vec<_> = action.resources.iter().map(|resource| resource.format).collect();
            doubts.push(format!(
                "{} is about no resource of this form, but of {}",
                action.name,
                forms.join(" or ")
            ));
        }
        Some(_) => {}
    }
    if !whole && request.resource.contains(['*', '?']) {
        doubts.push(
            "a wildcard in --resource is taken for a character of the resource's name".to_owned(),
        );
    }
    doubts
}

/// Returns the doubts about statements that deny with `NotPrincipal` and except the caller, but not
/// all that AWS may check before it.
pub fn half_excepted(policy: &Policy, request: &Request) -> Vec<String> {
    let caller = &request.principal;
    let said = |statement: &Statement| {
        let missing = statement.missing_exceptions(caller);
        let parts: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let wanted = match missing[..] {
            [] => return None,
            [MissingException::Account] => caller.account()?,
            [_] => parts.first()?.as_str(),
            [..] => "both",
        };
        Some(format!(
            "{} of {} excepts {}, but not {}: AWS may deny it all the same until NotPrincipal \
                names {wanted} too",
            statement.title(),
            policy.name,
            caller.name,
            parts.join(" and "),
        ))
    };
    policy.statements.iter().filter_map(said).collect()
}

/// Returns the doubt about `*` as the resource of an action that is always about a single one.
/// Only statements on `*` match a resource without a name.
fn no_whole(action: &Action) -> Option<String> {
    let required: Vec<_> =
        action.resources.iter().filter(|it| it.required).map(|it| it.format).collect();
    (!required.is_empty()).then(|| {
        let (name, forms) = (&action.name, required.join(" or "));
        format!("AWS never asks about {name} on *: a request for it names {forms}")
    })
}

fn unknown(action: &str) -> String {
    let service = action.split(':').next().unwrap_or_default();
    let (what, near) = match catalogue::service(service) {
        None => (format!("service {service}"), nearest_service(service).map(str::to_owned)),
        Some(_) => (format!("action {action}"), nearest_action(action)),
    };
    let near = near.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
    format!("AWS has no {what} (the list is of {}){near}", catalogue::catalogue_date())
}
