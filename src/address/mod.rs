//! The address of a resource: `kind.name`, the key of every map in the program.

use std::fmt;
use std::str::FromStr;

mod kind_name;
mod principal;
mod query;

use internment::ArcIntern;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use kind_name::{KindName, PrincipalKind, UnknownKind};
pub use principal::Principal;
pub use query::{AddressLookupError, AddressQuery};

/// An address `kind.name`, such as `user.serverless` or
/// `user_policy_attachment.serverless/ReadOnly`.
///
/// The kind never holds a dot; the name may hold anything that AWS allows in a name. Each address
/// is in memory once, because it is the key of many maps.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(ArcIntern<Parts>);

/// The parts, in the order in which addresses are sorted.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts {
    kind: KindName,
    name: Box<str>,
}

impl Address {
    pub fn new(kind: KindName, name: impl AsRef<str>) -> Self {
        Self(ArcIntern::new(Parts { kind, name: name.as_ref().into() }))
    }

    pub fn kind(&self) -> KindName {
        self.0.kind
    }

    /// Returns the user, role or group that has this address.
    pub fn principal(&self) -> Option<Principal> {
        match self.kind() {
            KindName::Principal(kind) => Some(Principal::new(kind, self.name())),
            KindName::AccessKey
            | KindName::AwsProfile
            | KindName::Bucket
            | KindName::InlinePolicy(_)
            | KindName::InstanceProfile
            | KindName::InstanceProfileRole
            | KindName::OidcProvider
            | KindName::Policy
            | KindName::PolicyAttachment(_)
            | KindName::UserGroupMembership
            | KindName::ZappaSettings => None,
        }
    }

    /// Returns the principal and the policy's name if this is the address of an inline policy.
    pub fn inline_policy(&self) -> Option<(Principal, &str)> {
        match self.kind() {
            KindName::InlinePolicy(kind) => {
                let (holder, policy) = self.name().split_once('/')?;
                Some((Principal::new(kind, holder), policy))
            }
            KindName::AccessKey
            | KindName::AwsProfile
            | KindName::Bucket
            | KindName::InstanceProfile
            | KindName::InstanceProfileRole
            | KindName::OidcProvider
            | KindName::Policy
            | KindName::PolicyAttachment(_)
            | KindName::Principal(_)
            | KindName::UserGroupMembership
            | KindName::ZappaSettings => None,
        }
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind(), self.name())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The reason that a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("`{0}` is not an address: write kind.name, for example user.serverless")]
    Form(String),
    #[error("`{0}`, of a kind that this relayctl does not know")]
    Kind(String),
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => match kind.parse() {
                Ok(kind) => Ok(Self::new(kind, name)),
                Err(UnknownKind(_)) => Err(BadAddress::Kind(text.to_owned())),
            },
            Some(_) | None => Err(BadAddress::Form(text.to_owned())),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|error| match error {
            BadAddress::Form(_) => serde::de::Error::custom(error),
            BadAddress::Kind(_) => serde::de::Error::custom(format!("it records {error}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_prints() {
        let address = Address::new(
            KindName::PolicyAttachment(PrincipalKind::User),
            "serverless/arn:aws:iam::aws:policy/x.y",
        );
        assert_eq!(address.to_string().parse(), Ok(address));
        assert!("nodot".parse::<Address>().is_err());
        assert!(".x".parse::<Address>().is_err());
    }
}
