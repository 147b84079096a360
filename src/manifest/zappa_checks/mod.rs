//! Checks that the parts of a manifest agree with each other: that `zappa_settings` agrees with the
//! profile, region, bucket and role that it names, and with the permissions of the user that
//! deploys. Any disagreement would otherwise fail only at `zappa deploy`.

mod runtime;

use serde_json::Map;

use crate::address::{Address, KindName, PrincipalKind};
use crate::diagnostic::Diagnostic;
use crate::model::{Desired, Resource};
use crate::policy::{self, statement::Policy};
use crate::value::{Value, text_of};

use runtime::Standing;

const LAMBDA: &str = "lambda.amazonaws.com";

/// Checks across resources. Each diagnostic stands at the stage of `zappa_settings` that it is
/// about.
pub fn check(desired: &Desired) -> Vec<Diagnostic> {
    let stages = desired.of_kind(KindName::ZappaSettings);
    stages
        .filter_map(|(address, resource)| {
            let settings = resource.attributes.get("settings")?.as_object()?;
            Some(ZappaStage { desired, address, resource, settings, found: Vec::new() })
        })
        .flat_map(ZappaStage::check)
        .collect()
}

/// A stage of Zappa's settings file and the diagnostics found in it.
struct ZappaStage<'a> {
    desired: &'a Desired,
    address: &'a Address,
    resource: &'a Resource,
    settings: &'a Map<String, Value>,
    found: Vec<Diagnostic>,
}

impl<'a> ZappaStage<'a> {
    fn check(mut self) -> Vec<Diagnostic> {
        self.stage_name();
        self.profile();
        self.region();
        self.bucket();
        self.role();
        self.runtime();
        self.grants();
        self.found
    }

    fn setting(&self, name: &str) -> Option<&'a str> {
        self.settings.get(name).and_then(Value::as_str)
    }

    fn warn(&mut self, code: &'static str, message: &str, help: impl Into<String>) {
        let message = format!("{}: {message}", self.address);
        self.found.push(Diagnostic::warning(code, self.resource.place.clone(), message).help(help));
    }

    /// Checks the name as Zappa does (`check_stage_name` in `zappa/cli.py`): API Gateway takes few
    /// characters, and without one any name will do.
    fn stage_name(&mut self) {
        let name = text_of(&self.resource.attributes, "stage");
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() || is_plain || !self.has_api_gateway() {
            return;
        }
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let message = format!(
            "Zappa refuses the stage name `{name}`: with an API Gateway, a stage's name has only \
                letters, digits and `_`"
        );
        let help = format!(
            "write `{plain}:`, or set `apigateway_enabled: false` if the stage has no API Gateway"
        );
        self.warn("bad-stage-name", &message, help);
    }

    /// Returns true unless one of Zappa's two settings switches the API Gateway off. Both are true
    /// by default.
    fn has_api_gateway(&self) -> bool {
        let is_on = |name| self.setting_of(name).is_none_or(is_truthy);
        is_on("use_apigateway") && is_on("apigateway_enabled")
    }

    /// Returns a setting that the stage has itself, or from the declared stages that it `extends`.
    fn setting_of(&self, name: &str) -> Option<&'a Value> {
        let file = text_of(&self.resource.attributes, "file");
        let (mut settings, mut stages) = (self.settings, Vec::new());
        loop {
            if let Some(value) = settings.get(name) {
                return Some(value);
            }
            let next = settings.get("extends").and_then(Value::as_str)?;
            if stages.contains(&next) {
                return None;
            }
            stages.push(next);
            let declared = self.desired.of_kind(KindName::ZappaSettings).find(|(_, other)| {
                text_of(&other.attributes, "stage") == next
                    && text_of(&other.attributes, "file") == file
            });
            settings = declared?.1.attributes.get("settings")?.as_object()?;
        }
    }

    fn profile(&mut self) {
        let Some(profile) = self.setting("profile_name") else { return };
        let written = self
            .desired
            .of_kind(KindName::AccessKey)
            .map(|(_, key)| text_of(&key.attributes, "profile"));
        let named = self.desired.of_kind(KindName::AwsProfile).map(|(address, _)| address.name());
        let known: Vec<_> = written.chain(named).filter(|name| !name.is_empty()).collect();
        if !known.contains(&profile) {
            let help = suggestion(profile, &known).unwrap_or_else(|| {
                format!(
                    "set `profile: {profile}` at the access_key of the user who deploys, or see \
                        that the profile exists"
                )
            });
            let message = format!("profile_name is `{profile}`, which this manifest doesn't write");
            self.warn("undeclared-profile", &message, help);
        }
    }

    fn region(&mut self) {
        let ours = &self.desired.region;
        let Some(region) = self.setting("aws_region").filter(|region| region != ours) else {
            return;
        };
        let message = format!(
            "{}: aws_region is {region}, but the manifest's region is {ours}",
            self.address
        );
        let help = format!("set aws_region to {ours}, or leave it out");
        self.found.push(
            Diagnostic::error("region-mismatch", self.resource.place.clone(), message).help(help),
        );
    }

    fn bucket(&mut self) {
        let Some(bucket) = self.setting("s3_bucket") else { return };
        let known: Vec<_> =
            self.desired.of_kind(KindName::Bucket).map(|(address, _)| address.name()).collect();
        if !known.contains(&bucket) {
            let message = format!("s3_bucket is `{bucket}`, which this manifest doesn't declare");
            let help = suggestion(bucket, &known).unwrap_or_else(|| {
                format!(
                    "declare `{bucket}` under buckets: Zappa makes a missing one without your \
                    settings"
                )
            });
            self.warn("undeclared-bucket", &message, help);
        }
    }

    fn role(&mut self) {
        let role_arn = self.setting_of("role_arn").and_then(Value::as_str);
        // Zappa uses role_arn first.
        let Some(name) = role_arn.or_else(|| self.setting("role_name")) else { return };
        self.both_roles(role_arn);
        if let Some((address, role)) = self.declared_role() {
            let trust = role
                .attributes
                .get("trust")
                .map(|trust| Policy::compile(&address.to_string(), trust));
            let trusts = |trust: &Policy| policy::trusts(trust, LAMBDA);
            // A trust policy that can't be read has an error of its own.
            if trust.is_none_or(|trust| trust.is_ok_and(|trust| !trusts(&trust))) {
                let message = format!(
                    "Lambda can't run functions as {address}: its trust policy doesn't name \
                        {LAMBDA}"
                );
                self.warn(
                    "role-not-assumable",
                    &message,
                    format!("add {LAMBDA} to the services in the role's trust"),
                );
            }
        } else {
            let known: Vec<_> =
                self.desired.of_kind(KindName::ROLE).map(|(address, _)| address.name()).collect();
            let message = format!("the role is `{name}`, which this manifest doesn't declare");
            let help = suggestion(name, &known)
                .unwrap_or_else(|| format!("declare `{name}` under roles, or see that it exists"));
            self.warn("undeclared-role", &message, help);
        }
        // Zappa's default is true.
        if self.settings.get("manage_roles") != Some(&Value::Bool(false)) {
            let message = format!(
                "the role is `{name}`, but manage_roles isn't false: Zappa would change the role \
                    itself"
            );
            self.warn("zappa-manages-role", &message, "set `manage_roles: false`");
        }
    }

    /// Warns of a role_name that Zappa doesn't look at, because the stage has another role's
    /// role_arn.
    fn both_roles(&mut self, role_arn: Option<&str>) {
        let (Some(arn), Some(name)) = (role_arn, self.setting("role_name")) else { return };
        let is_same = self.declared_role().is_some_and(|(address, _)| address.name() == name)
            || arn.rsplit('/').next() == Some(name);
        if !is_same {
            let message = format!(
                "role_name is `{name}`, but role_arn is `{arn}`: Zappa uses role_arn, and does not \
                    look at role_name"
            );
            self.warn("role-arn-wins", &message, "leave one of the two out");
        }
    }

    /// Returns the role that the functions run as. Zappa takes an ARN or a name.
    fn declared_role(&self) -> Option<(&'a Address, &'a Resource)> {
        let role_arn = self.setting_of("role_arn").and_then(Value::as_str);
        self.desired.of_kind(KindName::ROLE).find(|(address, role)| match role_arn {
            Some(arn) => text_of(&role.attributes, "arn") == arn,
            None => Some(address.name()) == self.setting("role_name"),
        })
    }

    fn runtime(&mut self) {
        let Some(name) = self.setting("runtime") else { return };
        let successors = runtime::successors(name);
        let choice = format!("choose one of {}", successors.join(", "));
        match runtime::standing(name) {
            Standing::Supported => {}
            Standing::Retired(date) => {
                let message =
                    format!("the runtime {name} is retired: AWS Lambda deprecated it on {date}");
                self.warn("retired-runtime", &message, choice);
            }
            Standing::Unknown => {
                let message = format!("`{name}` is no Lambda runtime that relayctl knows");
                self.warn(
                    "unknown-runtime",
                    &message,
                    suggestion(name, &successors).unwrap_or(choice),
                );
            }
        }
    }

    /// Checks that the deploying user may do what Zappa does, as far as the manifest can tell.
    fn grants(&mut self) {
        let Some(user) =
            self.setting("profile_name").and_then(|profile| deployer(self.desired, profile))
        else {
            return;
        };
        let Some(policies) = UserPolicies::of(self.desired, user) else { return };
        if let Some((address, role)) = self.declared_role() {
            let arn = text_of(&role.attributes, "arn");
            self.grant(
                user,
                &policies,
                "iam:PassRole",
                arn,
                &format!("give {address} to a Lambda function"),
            );
        }
        if let Some(bucket) = self.setting("s3_bucket") {
            let arn = format!("arn:{}:s3:::{bucket}", self.desired.partition);
            self.grant(user, &policies, "s3:ListBucket", &arn, &format!("list bucket.{bucket}"));
            self.grant(
                user,
                &policies,
                "s3:PutObject",
                &format!("{arn}/*"),
                &format!("upload to bucket.{bucket}"),
            );
        }
    }

    fn grant(
        &mut self,
        user: &str,
        policies: &UserPolicies<'_>,
        action: &str,
        resource: &str,
        purpose: &str,
    ) {
        if policies.allow(action, resource) {
            return;
        }
        let code =
            if action == "iam:PassRole" { "pass-role-not-allowed" } else { "bucket-not-allowed" };
        let message =
            format!("user.{user} can't {purpose}: its policies don't allow {action} on {resource}");
        let help = match policies.names.first() {
            Some(policy) => format!("allow {action} on {resource}, for example in {policy}"),
            None => format!("attach a policy to user.{user} that allows {action} on {resource}"),
        };
        self.warn(code, &message, help);
    }
}

/// Returns true for what Python takes for true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Returns the user whose access key is written to that profile.
fn deployer<'a>(desired: &'a Desired, profile: &str) -> Option<&'a str> {
    let mut keys = desired.of_kind(KindName::AccessKey);
    keys.find(|(_, key)| text_of(&key.attributes, "profile") == profile)
        .map(|(_, key)| text_of(&key.attributes, "user"))
}

/// The policies that the manifest attaches to a user.
struct UserPolicies<'a> {
    names: Vec<&'a Address>,
    documents: Vec<Policy>,
}

impl<'a> UserPolicies<'a> {
    /// Returns `None` if one of the policies is not declared in the manifest, or can't be read: its
    /// permissions aren't known offline.
    fn of(desired: &'a Desired, user: &str) -> Option<Self> {
        let of_user = |(_, part): &(&Address, &Resource)| text_of(&part.attributes, "user") == user;
        let attached: Option<Vec<_>> = desired
            .of_kind(KindName::PolicyAttachment(PrincipalKind::User))
            .filter(of_user)
            .map(|(_, attachment)| {
                let arn = text_of(&attachment.attributes, "policy_arn");
                desired
                    .of_kind(KindName::Policy)
                    .find(|(_, policy)| text_of(&policy.attributes, "arn") == arn)
            })
            .collect();
        let inline = desired.of_kind(KindName::InlinePolicy(PrincipalKind::User)).filter(of_user);
        let (names, policies): (Vec<_>, Vec<_>) = attached?.into_iter().chain(inline).unzip();
        let documents = names.iter().zip(policies).filter_map(|(name, policy)| {
            Some(Policy::compile(&name.to_string(), policy.attributes.get("document")?).ok())
        });
        let documents = documents.collect::<Option<_>>()?;
        Some(Self { names, documents })
    }

    fn allow(&self, action: &str, resource: &str) -> bool {
        policy::allows(&self.documents, action, resource)
    }
}

/// Returns the nearest of the known names if it is near enough to be a typing error.
fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    let near = |candidate: &str| strsim::jaro_winkler(candidate, name);
    let best = known.iter().copied().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(best) > 0.85).then(|| format!("did you mean `{best}`?"))
}

#[cfg(test)]
mod tests;
