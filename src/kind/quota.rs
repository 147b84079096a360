//! AWS's quotas on the number of objects (IAM User Guide, "IAM and AWS STS quotas").

/// The default quota of managed policies on a user, role or group, which AWS can raise.
pub const ATTACHED_POLICIES: usize = 10;

/// The quota of groups that a user is in, which AWS cannot raise.
pub const GROUPS_OF_USER: usize = 10;
