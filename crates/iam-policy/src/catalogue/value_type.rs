//! The types of the values of condition keys.

/// The type of a key's values, which decides the operators that make sense for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ValueType {
    /// Text.
    String,
    /// Several texts.
    ArrayOfString,
    /// An ARN.
    Arn,
    /// Several ARNs.
    ArrayOfArn,
    /// `true` or `false`.
    Bool,
    /// Several of `true` and `false`.
    ArrayOfBool,
    /// A number.
    Numeric,
    /// A date, or seconds since 1970.
    Date,
    /// An address or a network, IPv4 or IPv6.
    IpAddress,
}

impl ValueType {
    /// Tells if a request can have several values of the key: the operator then needs
    /// `ForAllValues:` or `ForAnyValue:`.
    pub fn is_multivalued(self) -> bool {
        matches!(self, Self::ArrayOfString | Self::ArrayOfArn | Self::ArrayOfBool)
    }
}
