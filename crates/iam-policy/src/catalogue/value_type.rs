//! The types of condition keys' values.

/// The kind of a key's values, by which the operators that make sense are known.
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
    /// Whether a request can have several values of it: then `ForAllValues:` or `ForAnyValue:`
    /// belongs to the operator.
    pub fn is_multivalued(self) -> bool {
        matches!(self, Self::ArrayOfString | Self::ArrayOfArn | Self::ArrayOfBool)
    }
}
