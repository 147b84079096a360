//! The lists that published the escalation paths.

use serde::Deserialize;

/// A list of escalation paths that others published. The best known ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PublishedList {
    /// pathfinding.cloud, which continues the lists of Rhino Security Labs and Bishop Fox.
    Pathfinding,
    /// The labs of pathfinding.cloud.
    PathfindingLabs,
    /// The check `iam_policy_allows_privilege_escalation` of Prowler.
    Prowler,
    /// The posts of Reversec Labs.
    Reversec,
    /// The pages of HackTricks Cloud.
    #[serde(rename = "hacktricks")]
    HackTricks,
    /// awspx of Reversec, formerly WithSecure.
    Awspx,
    /// "AWS IAM Privilege Escalation – Methods and Mitigation" of Rhino Security Labs.
    Rhino,
    /// PMapper (Principal Mapper) of NCC Group.
    #[serde(rename = "pmapper")]
    PMapper,
    /// Published by nobody else: made of paths of the other lists.
    Relayctl,
}

/// The folder of HackTricks Cloud's pages.
const HACKTRICKS: &str = "https://github.com/HackTricks-wiki/hacktricks-cloud/blob/master/src/\
    pentesting-cloud/aws-security/aws-privilege-escalation";

/// A path in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Publication {
    /// The list.
    pub list: PublishedList,
    /// The id in the list: `ecs-009`; of HackTricks, the page and its heading.
    pub id: &'static str,
}

/// The state of a list with which the paths were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ListEdition {
    /// The address of the list's repository.
    pub repository: &'static str,
    /// The commit that was read.
    pub commit: &'static str,
    /// The date of the commit.
    pub date: &'static str,
    /// The number of paths in the list.
    pub entries: usize,
}

impl PublishedList {
    /// Returns the list's name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Pathfinding => "pathfinding.cloud",
            Self::PathfindingLabs => "pathfinding.cloud labs",
            Self::Prowler => "Prowler",
            Self::Reversec => "Reversec Labs",
            Self::HackTricks => "HackTricks Cloud",
            Self::Awspx => "awspx",
            Self::Rhino => "Rhino Security Labs",
            Self::PMapper => "PMapper",
            Self::Relayctl => "relayctl",
        }
    }
}

impl Publication {
    /// Returns the address of the page that has the path; `None` where nobody else published it.
    pub fn address(self) -> Option<String> {
        let id = self.id;
        let address = match self.list {
            PublishedList::Pathfinding => format!("https://pathfinding.cloud/paths/{id}"),
            PublishedList::PathfindingLabs => format!(
                "https://github.com/DataDog/pathfinding.cloud/blob/main/docs/labs/data/{id}.json"
            ),
            PublishedList::Prowler => "https://github.com/prowler-cloud/prowler/blob/master/\
                prowler/providers/aws/services/iam/lib/privilege_escalation.py"
                .to_owned(),
            // The month of the only post: the address has it.
            PublishedList::Reversec => format!("https://labs.reversec.com/posts/2025/08/{id}"),
            PublishedList::HackTricks => {
                // A page is a folder of its own, or a file in one.
                let (page, heading) = id.split_once('#').unwrap_or((id, ""));
                let file = if page.contains('/') { ".md" } else { "/README.md" };
                format!("{HACKTRICKS}/{page}{file}#{heading}")
            }
            PublishedList::Awspx => {
                "https://github.com/WithSecureLabs/awspx/blob/master/lib/aws/attacks.py".to_owned()
            }
            PublishedList::Rhino => format!("https://rhinosecuritylabs.com/aws/{id}/"),
            PublishedList::PMapper => format!(
                "https://github.com/nccgroup/PMapper/blob/master/principalmapper/graphing/{id}"
            ),
            PublishedList::Relayctl => return None,
        };
        Some(address)
    }
}
