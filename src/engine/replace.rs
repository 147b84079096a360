//! Makes the next plan replace resources that nothing else requires to be replaced.

use super::error::EngineError;
use crate::address::AddressQuery;
use crate::kind::{self, AccessRole};
use crate::model::Desired;

/// Makes the next plan make these resources anew. A key is rotated: the new one stands before the
/// old one goes.
pub fn replace_resources(desired: &mut Desired, these: &[AddressQuery]) -> Result<(), EngineError> {
    for query in these {
        let address = query.find(desired.resources.keys())?;
        if kind::kind_of(address.kind()).is_local() {
            let why = "it is only in local files, and apply writes it whenever it is missing";
            return Err(EngineError::NotReplaceable { address, why });
        }
        let Some(resource) = desired.resources.get_mut(&address) else { continue };
        match kind::kind_of(address.kind()).facts().access {
            AccessRole::Credential => resource.renew = true,
            AccessRole::Principal(_)
            | AccessRole::Policy
            | AccessRole::PolicyAttachment(_)
            | AccessRole::InlinePolicy(_)
            | AccessRole::Membership
            | AccessRole::Resource
            | AccessRole::None => resource.replace = true,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, KindName};
    use crate::model::Resource;

    fn replaced(address: &Address) -> Result<Resource, EngineError> {
        let mut desired = Desired::default();
        let kinds = [KindName::ROLE, KindName::AccessKey, KindName::AwsProfile];
        for kind in kinds {
            desired.resources.insert(Address::new(kind, "worker"), Resource::default());
        }
        replace_resources(&mut desired, &[address.clone().into()])?;
        Ok(desired.resources[address].clone())
    }

    #[test]
    fn a_key_is_rotated_and_everything_else_is_made_anew() {
        let role = replaced(&Address::new(KindName::ROLE, "worker")).unwrap();
        assert!(role.replace && !role.renew);
        let key = replaced(&Address::new(KindName::AccessKey, "worker")).unwrap();
        assert!(key.renew && !key.replace);
    }

    #[test]
    fn what_is_not_declared_and_what_is_in_files_is_refused() {
        let stranger = replaced(&Address::new(KindName::ROLE, "other")).unwrap_err();
        assert_eq!(stranger.to_string(), "there is no resource role.other");
        let profile = replaced(&Address::new(KindName::AwsProfile, "worker")).unwrap_err();
        assert!(profile.to_string().contains("only in local files"), "{profile}");
    }
}
