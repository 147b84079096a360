//! Lowers groups, their policies and their members.

use std::collections::{BTreeMap, BTreeSet};

use super::Lowering;
use super::identity::LoweredPrincipal;
use crate::address::{Principal, PrincipalKind};
use crate::diagnostic::Diagnostic;
use crate::kind::GROUPS_OF_USER;
use crate::manifest::decode::Declared;
use crate::manifest::scope::Section;
use crate::manifest::shape;
use crate::policy::Usage;
use crate::value::Attributes;

impl Lowering<'_, '_, '_> {
    pub(super) fn group(&mut self, group: &Declared<shape::Group>) {
        let Declared { name, spot, body, references, .. } = group;
        let holder = LoweredPrincipal {
            kind: PrincipalKind::Group,
            section: Section::Groups,
            name,
            spot,
            references,
            inline: Usage::GroupInline,
            longest_name: 128,
            path: body.path.as_ref(),
            policies: body.policies.as_ref(),
            inline_policies: body.inline_policies.as_ref(),
            exclusive: body.exclusive.as_ref(),
            lifecycle: body.lifecycle.as_ref(),
        };
        let mut attributes = self.named(&holder);
        if let Some(exclusive) = &body.exclusive_members {
            attributes.insert("exclusive_members", exclusive.value.into());
        }
        self.holder(&holder, attributes, BTreeSet::new());
    }

    pub(super) fn memberships(&mut self, users: &[Declared<shape::User>]) {
        for user in users {
            self.groups_of(user);
        }
    }

    fn groups_of(&mut self, user: &Declared<shape::User>) {
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        for said in user.body.groups.iter().flatten() {
            let group = said.value.as_str();
            if self.scope.arn(Section::Groups, group).is_none() {
                self.scope.unknown_name(Section::Groups, group, &said.spot);
                continue;
            }
            if seen.insert(group, said.spot.line).is_some() {
                let message = format!("`{group}` is in this list twice");
                self.scope.error("duplicate-group", &said.spot, message, "remove one of the two");
                continue;
            }
            let attributes =
                Attributes::from([("user", user.name.as_str().into()), ("group", group.into())]);
            let depends_on =
                [Principal::user(&*user.name), Principal::group(group)].map(|it| it.address());
            self.add(
                Principal::membership(&user.name, group),
                attributes,
                depends_on.into(),
                &said.spot,
            );
        }
        if seen.len() > GROUPS_OF_USER {
            let message = format!(
                "user `{}` is in {} groups; AWS takes at most {GROUPS_OF_USER}",
                user.name,
                seen.len()
            );
            let problem = Diagnostic::error("many-groups", Some(user.spot.place()), message);
            self.scope.problems.push(problem.help("put policies of several groups into one group"));
        }
    }
}
