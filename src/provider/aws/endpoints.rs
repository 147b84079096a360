//! The addresses of the services, where they are not AWS's own.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>

use super::sign_in::{Profiles, SignInProblem, variable};

/// A service that calls are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AwsService {
    Iam,
    S3,
    Sts,
    Sso,
}

impl AwsService {
    const ALL: [Self; 4] = [Self::Iam, Self::S3, Self::Sts, Self::Sso];

    /// Returns the service's name in settings.
    fn key(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::Sts => "sts",
            Self::Sso => "sso",
        }
    }

    /// Returns the service of a call: `iam:GetUser`.
    pub fn of_call(call: &str) -> Option<Self> {
        let service = call.split_once(':').map_or(call, |(service, _)| service);
        Self::ALL.into_iter().find(|it| it.key() == service)
    }
}

/// An address that takes the place of AWS's own, and the setting that it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub url: String,
    pub from: String,
}

/// The addresses of the services. Without one, a service is at AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    iam: Option<Endpoint>,
    s3: Option<Endpoint>,
    sts: Option<Endpoint>,
    sso: Option<Endpoint>,
}

impl Endpoints {
    /// Finds the addresses: the option, which counts for what relayctl itself calls, else the
    /// settings.
    pub fn find_all(option: Option<&str>, profiles: &Profiles) -> Result<Self, SignInProblem> {
        let given = |name: &str| profiles.setting(name).map(str::to_owned);
        let ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .or_else(|| given("ignore_configured_endpoint_urls"))
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let of = |service| match option {
            Some(url) if service != AwsService::Sso => {
                Some(Endpoint { url: url.to_owned(), from: "--endpoint-url".to_owned() })
            }
            _ if ignored => None,
            _ => configured(service, &variable, profiles),
        };
        let checked = |service| of(service).map(Endpoint::checked).transpose();
        Ok(Self {
            iam: checked(AwsService::Iam)?,
            s3: checked(AwsService::S3)?,
            sts: checked(AwsService::Sts)?,
            sso: checked(AwsService::Sso)?,
        })
    }

    /// Returns addresses of a server that takes all calls.
    pub fn everywhere(url: Option<&str>) -> Self {
        let one = url.map(|url| Endpoint { url: url.to_owned(), from: "the endpoint".to_owned() });
        Self { iam: one.clone(), s3: one.clone(), sts: one.clone(), sso: one }
    }

    pub fn endpoint_for(&self, service: AwsService) -> Option<&Endpoint> {
        match service {
            AwsService::Iam => self.iam.as_ref(),
            AwsService::S3 => self.s3.as_ref(),
            AwsService::Sts => self.sts.as_ref(),
            AwsService::Sso => self.sso.as_ref(),
        }
    }

    /// Refuses settings that the SDK refuses at the first request: AWS's own other endpoints, and
    /// an address in the place of AWS's.
    pub fn check_variants(
        &self,
        fips: bool,
        dual_stack: bool,
        profile: &str,
    ) -> Result<(), SignInProblem> {
        let first = AwsService::ALL.into_iter().find_map(|service| self.endpoint_for(service));
        let Some(Endpoint { url, from }) = first else { return Ok(()) };
        for (asked, variable_name, setting) in [
            (fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            (dual_stack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
        ] {
            if asked {
                let by = match variable(variable_name) {
                    Some(_) => variable_name.to_owned(),
                    None => format!("{setting} of profile `{profile}`"),
                };
                return Err(SignInProblem::of_settings(
                    format!("{by} asks for an endpoint of AWS, and {from} names {url} instead"),
                    format!("take {by} or {from} away: one excludes the other"),
                ));
            }
        }
        Ok(())
    }
}

/// Finds the address of a service in the settings, in AWS's order: the variable of the service, the
/// variable of all services, the section of the service, the setting of the profile.
fn configured(
    service: AwsService,
    variable: &dyn Fn(&str) -> Option<String>,
    profiles: &Profiles,
) -> Option<Endpoint> {
    let all = "AWS_ENDPOINT_URL";
    let own = format!("{all}_{}", service.key().to_ascii_uppercase());
    let by_variable = |name: &str| Some(Endpoint { url: variable(name)?, from: name.to_owned() });
    let by_section = || {
        let url = profiles.service_setting(service.key(), "endpoint_url")?.to_owned();
        let section = profiles.setting("services").unwrap_or_default();
        let from = format!("endpoint_url of {} in the section `services {section}`", service.key());
        Some(Endpoint { url, from })
    };
    let by_profile = || {
        let url = profiles.setting("endpoint_url")?.to_owned();
        Some(Endpoint {
            url,
            from: format!("endpoint_url of profile `{}`", profiles.chosen_name()),
        })
    };
    by_variable(&own).or_else(|| by_variable(all)).or_else(by_section).or_else(by_profile)
}

impl Endpoint {
    /// Refuses what is no address of a server.
    fn checked(self) -> Result<Self, SignInProblem> {
        let Self { url, from } = &self;
        let refused = |why: &str, help: String| {
            Err(SignInProblem::of_settings(format!("{from} is `{url}`, {why}"), help))
        };
        match url.split_once("://") {
            None => refused("which has no scheme", format!("write http://{url} or https://{url}")),
            Some(("http" | "https", _))
                if url
                    .parse::<http::Uri>()
                    .is_ok_and(|it| it.host().is_some_and(|host| !host.is_empty())) =>
            {
                Ok(self)
            }
            Some(("http" | "https", _)) => {
                refused("which is no URL", "write it as http://HOST:PORT".to_owned())
            }
            Some(_) => refused(
                "which is of no scheme that AWS has",
                "begin it with http:// or https://".to_owned(),
            ),
        }
    }
}
