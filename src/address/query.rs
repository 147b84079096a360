//! The resource that a person means: `user.bob`, `users.bob`, or `bob` alone.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::{Address, KindName};

/// The name of a resource as a person writes it, on the command line or in a manifest.
///
/// `user.bob` and `users.bob` are the same address. `bob` alone is looked up among the resources
/// that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressQuery {
    text: String,
    /// The address, if the text begins with the word of a kind.
    address: Option<Address>,
}

impl AddressQuery {
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let address = text.split_once('.').and_then(|(kind, name)| {
            let kind = KindName::from_word(kind).filter(|_| !name.is_empty())?;
            Some(Address::new(kind, kind.plain_name(name)))
        });
        Self { text, address }
    }

    /// Returns the address, if the text is one; `None` for a name alone.
    pub fn as_address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// Finds the resource among those that are known.
    ///
    /// A name alone means the object that bears it. Only if there is none, it means an object that
    /// is a part of another, such as the access key of a user: `bob` is the user, and the key is
    /// `access_key.bob`.
    pub fn find<'a>(
        &self,
        known: impl IntoIterator<Item = &'a Address>,
    ) -> Result<Address, AddressLookupError> {
        let known: BTreeSet<&Address> = known.into_iter().collect();
        if let Some(address) = self.address.as_ref().filter(|address| known.contains(address)) {
            return Ok(address.clone());
        }
        let mut found: Vec<&Address> =
            known.iter().copied().filter(|address| address.name() == self.text).collect();
        if found.iter().any(|address| !address.kind().is_part()) {
            found.retain(|address| !address.kind().is_part());
        }
        let query = self.clone();
        match found.as_slice() {
            [only] => Ok((*only).clone()),
            [] => {
                let known = known.into_iter().cloned().collect();
                Err(AddressLookupError::Unknown { query, known })
            }
            candidates => {
                let candidates = candidates.iter().copied().cloned().collect();
                Err(AddressLookupError::Ambiguous { query, candidates })
            }
        }
    }
}

/// Formats as it was written; an address that was written with its section as the address.
impl fmt::Display for AddressQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => address.fmt(f),
            None => f.write_str(&self.text),
        }
    }
}

impl FromStr for AddressQuery {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

impl From<Address> for AddressQuery {
    fn from(address: Address) -> Self {
        Self { text: address.to_string(), address: Some(address) }
    }
}

/// The reason that a name means no resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressLookupError {
    #[error("there is no resource {query}")]
    Unknown {
        query: AddressQuery,
        /// The addresses that exist, in order.
        known: Vec<Address>,
    },
    #[error("`{query}` is ambiguous: it may be {}", listed(candidates))]
    Ambiguous {
        query: AddressQuery,
        /// The addresses that it may mean, in order.
        candidates: Vec<Address>,
    },
}

fn listed(candidates: &[Address]) -> String {
    let names: Vec<String> = candidates.iter().map(ToString::to_string).collect();
    names.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Address> {
        let known = [
            "access_key.bob",
            "aws_profile.bob",
            "bucket.my.data",
            "role.deploy",
            "user.bob",
            "user.deploy",
            "user_policy_attachment.bob/ReadOnly",
        ];
        known.map(|address| address.parse().unwrap()).into()
    }

    fn find(text: &str) -> Result<String, String> {
        let known = known();
        let found = AddressQuery::new(text).find(&known);
        found.map(|address| address.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_found_by_its_kind_by_its_section_and_by_its_name_alone() {
        for text in ["user.bob", "users.bob", "bob"] {
            assert_eq!(find(text), Ok("user.bob".to_owned()), "{text}");
        }
        assert_eq!(find("access_keys.bob"), Ok("access_key.bob".to_owned()));
        assert_eq!(find("bob/ReadOnly"), Ok("user_policy_attachment.bob/ReadOnly".to_owned()));
    }

    #[test]
    fn a_name_may_hold_dots() {
        for text in ["my.data", "bucket.my.data", "buckets.my.data"] {
            assert_eq!(find(text), Ok("bucket.my.data".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_name_that_several_bear_is_an_error_that_lists_them() {
        let error = "`deploy` is ambiguous: it may be role.deploy or user.deploy";
        assert_eq!(find("deploy"), Err(error.to_owned()));
        assert_eq!(find("roles.deploy"), Ok("role.deploy".to_owned()));
    }

    #[test]
    fn a_name_that_nobody_bears_comes_with_those_that_exist() {
        assert_eq!(find("users.eve"), Err("there is no resource user.eve".to_owned()));
        let error = AddressQuery::new("eve").find(&known()).unwrap_err();
        let query = AddressQuery::new("eve");
        assert_eq!(error, AddressLookupError::Unknown { query, known: known() });
    }
}
