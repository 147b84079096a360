//! The condition keys that follow from the caller (IAM User Guide, "AWS global condition context
//! keys", "Properties of the principal"). A key that the request itself has wins.

use std::borrow::Cow;

use crate::principal::PrincipalEntity;
use crate::request::caller_key::{ACCOUNT, ARN, IS_SERVICE, SERVICE_NAME, TYPE, USERID, USERNAME};
use crate::request::{Caller, Context, Request};
use crate::statement::{PrincipalType, Statement};

/// The beginning of the keys that follow from the caller, besides its user name and its user id.
const PRINCIPAL: &str = "aws:principal";

impl Request {
    /// Returns the context of the request with the keys that follow from the caller:
    /// `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username`, and
    /// `aws:userid` where it doesn't hold an id that only AWS knows; for services
    /// `aws:PrincipalServiceName`.
    pub fn circumstances(&self) -> Context {
        self.principal.circumstances(&self.context)
    }

    /// Returns the same context, without the additional keys where the statement uses none of them.
    pub(super) fn circumstances_for(&self, statement: &Statement) -> Cow<'_, Context> {
        if statement.asks_for_caller() {
            Cow::Owned(self.circumstances())
        } else {
            Cow::Borrowed(&self.context)
        }
    }
}

impl Statement {
    /// Tells if the statement may use a key that follows from the caller.
    pub(crate) fn asks_for_caller(&self) -> bool {
        let derived = |key: &str| {
            let key = key.to_ascii_lowercase();
            key.starts_with(PRINCIPAL) || key == USERNAME || key == USERID
        };
        let patterns = self.resources.iter().flat_map(|clause| &clause.patterns);
        let values = self.conditions.iter().flat_map(|test| &test.values);
        self.conditions.iter().any(|test| derived(&test.key))
            || patterns.chain(values).any(|text| text.contains("${"))
    }
}

impl Caller {
    /// Returns the context with the keys that follow from the caller.
    pub fn circumstances(&self, context: &Context) -> Context {
        let mut context = context.clone();
        for (key, value) in self.keys() {
            if context.get(key).is_none() {
                context.set(key, vec![value]);
            }
        }
        context
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = Vec::new();
        let mut add = |key: &'static str, value: &str| keys.push((key, value.to_owned()));
        match self.kind {
            PrincipalType::Everyone => {
                add(ACCOUNT, "anonymous");
                add(TYPE, "Anonymous");
                add(USERID, "anonymous");
            }
            PrincipalType::Service => {
                add(SERVICE_NAME, &self.name);
                add(IS_SERVICE, "true");
            }
            PrincipalType::AWS => {
                add(IS_SERVICE, "false");
                if let Some(account) = self.account() {
                    add(ACCOUNT, account);
                }
                if let Some(entity) = self.entity() {
                    add(TYPE, kind(entity));
                    add(ARN, &self.arn(entity));
                }
                match self.entity() {
                    Some(PrincipalEntity::User(name)) => add(USERNAME, name),
                    Some(PrincipalEntity::Root) => add(USERID, self.account().unwrap_or_default()),
                    Some(PrincipalEntity::Federated(name)) => {
                        add(USERID, &format!("{}:{name}", self.account().unwrap_or_default()));
                    }
                    _ => {}
                }
            }
            PrincipalType::Federated | PrincipalType::CanonicalUser => {}
        }
        keys
    }

    /// Returns the value of `aws:PrincipalArn`. For a session it is the ARN of its role: "the
    /// request context returns the ARN of the role that was assumed". The role's path isn't in the
    /// session's ARN, so roles with a path are given by `--context`.
    fn arn(&self, entity: PrincipalEntity<'_>) -> String {
        let partition = self.name.split(':').nth(1).unwrap_or("aws");
        let account = self.account().unwrap_or_default();
        match entity {
            PrincipalEntity::Session(role) => format!("arn:{partition}:iam::{account}:role/{role}"),
            PrincipalEntity::Root => format!("arn:{partition}:iam::{account}:root"),
            PrincipalEntity::User(_) | PrincipalEntity::Role(_) | PrincipalEntity::Federated(_) => {
                self.name.clone()
            }
        }
    }
}

/// Returns the value of `aws:PrincipalType` (IAM User Guide, "Principal key values").
fn kind(entity: PrincipalEntity<'_>) -> &'static str {
    match entity {
        PrincipalEntity::Root => "Account",
        PrincipalEntity::User(_) => "User",
        PrincipalEntity::Role(_) | PrincipalEntity::Session(_) => "AssumedRole",
        PrincipalEntity::Federated(_) => "FederatedUser",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::statement::Policy;

    fn asked(principal: Caller) -> Request {
        let (action, resource) = ("s3:GetObject".to_owned(), "*".to_owned());
        Request { principal, action, resource, context: Context::default() }
    }

    fn keys(caller: Caller) -> String {
        let context = asked(caller).circumstances();
        context
            .iter()
            .map(|(key, values)| format!("{key}={}", values.join(",")))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn the_caller_says_who_it_is() {
        insta::assert_snapshot!(keys(Caller::aws("arn:aws:iam::123456789012:user/team/ada")), @r"
        aws:principalaccount=123456789012
        aws:principalarn=arn:aws:iam::123456789012:user/team/ada
        aws:principalisawsservice=false
        aws:principaltype=User
        aws:username=ada
        ");
        insta::assert_snapshot!(keys(Caller::aws("arn:aws-cn:sts::123456789012:assumed-role/ops/ada")), @r"
        aws:principalaccount=123456789012
        aws:principalarn=arn:aws-cn:iam::123456789012:role/ops
        aws:principalisawsservice=false
        aws:principaltype=AssumedRole
        ");
        insta::assert_snapshot!(keys(Caller::aws("123456789012")), @r"
        aws:principalaccount=123456789012
        aws:principalarn=arn:aws:iam::123456789012:root
        aws:principalisawsservice=false
        aws:principaltype=Account
        aws:userid=123456789012
        ");
        insta::assert_snapshot!(keys(Caller::aws("arn:aws:sts::123456789012:federated-user/bob")), @r"
        aws:principalaccount=123456789012
        aws:principalarn=arn:aws:sts::123456789012:federated-user/bob
        aws:principalisawsservice=false
        aws:principaltype=FederatedUser
        aws:userid=123456789012:bob
        ");
        insta::assert_snapshot!(keys(Caller::service("lambda.amazonaws.com")), @r"
        aws:principalisawsservice=true
        aws:principalservicename=lambda.amazonaws.com
        ");
        insta::assert_snapshot!(keys(Caller { kind: PrincipalType::Everyone, name: "*".to_owned() }), @r"
        aws:principalaccount=anonymous
        aws:principaltype=Anonymous
        aws:userid=anonymous
        ");
    }

    #[test]
    fn a_statement_that_asks_for_a_key_gets_it() {
        for name in [
            "arn:aws:iam::123456789012:user/team/ada",
            "arn:aws:sts::123456789012:federated-user/bob",
        ] {
            let request = asked(Caller::aws(name));
            for (key, values) in request.circumstances().iter() {
                let condition = json!({"StringEquals": {key: values[0]}});
                let statement = json!({"Effect": "Allow", "Action": "*", "Condition": condition});
                let policy = Policy::compile("p", &json!({"Statement": statement})).unwrap();
                assert!(policy.statements[0].applies(&request), "{key}");
            }
        }
    }

    #[test]
    fn what_the_request_says_goes_before() {
        let mut request = asked(Caller::aws("arn:aws:sts::123456789012:assumed-role/ops/ada"));
        request
            .context
            .set("AWS:principalarn", vec!["arn:aws:iam::123456789012:role/path/ops".to_owned()]);
        let arn = request.circumstances().get("aws:PrincipalArn").map(<[String]>::to_vec);
        assert_eq!(arn, Some(vec!["arn:aws:iam::123456789012:role/path/ops".to_owned()]));
    }
}
