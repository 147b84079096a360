//! The names of AWS's managed policies, service principals and regions. `data/refresh.py` writes
//! and describes the file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use miniz_oxide::inflate::decompress_to_vec_zlib;

static WHOLE: &[u8] = include_bytes!("../../data/aws-names.packs");

const FORMAT: &str = "relayctl-aws-names 1";

/// The file's index, and its packed lists.
#[derive(Default)]
pub(super) struct NameLists {
    pub source: &'static str,
    /// The regions by partition.
    pub regions: BTreeMap<&'static str, Vec<&'static str>>,
    policies: PackedNames,
    principals: PackedNames,
}

/// One name a line, compressed. It is unpacked on first use.
#[derive(Default)]
struct PackedNames {
    packed: &'static [u8],
    text: OnceLock<String>,
    names: OnceLock<BTreeSet<&'static str>>,
}

/// Returns the lists. Data that can't be read would be empty lists; a test reads all of them.
pub(super) fn load_names() -> &'static NameLists {
    static LISTS: OnceLock<NameLists> = OnceLock::new();
    LISTS.get_or_init(|| opened(WHOLE).unwrap_or_default())
}

fn opened(whole: &'static [u8]) -> Option<NameLists> {
    let (index, packs) = whole.split_at_checked(whole.iter().position(|&byte| byte == 0)?)?;
    let mut lines = std::str::from_utf8(index).ok()?.lines();
    let (format, source) = lines.next()?.split_once('\t')?;
    if format != FORMAT {
        return None;
    }
    let mut lists = NameLists { source, ..NameLists::default() };
    let mut rest = packs.get(1..)?;
    let mut lengths = Vec::new();
    for line in lines {
        if let Some(length) = line.strip_prefix('#') {
            lengths.push(length.parse::<usize>().ok()?);
        } else {
            let (partition, regions) = line.split_once('\t')?;
            lists.regions.insert(partition, regions.split(' ').collect());
        }
    }
    for (length, list) in lengths.into_iter().zip([&mut lists.policies, &mut lists.principals]) {
        (list.packed, rest) = rest.split_at_checked(length)?;
    }
    Some(lists)
}

impl NameLists {
    /// Returns AWS's managed policies by name, each with its path: `job-function/Billing`.
    pub fn policies(&'static self) -> &'static BTreeSet<&'static str> {
        self.policies.names()
    }

    pub fn principals(&'static self) -> &'static BTreeSet<&'static str> {
        self.principals.names()
    }
}

impl PackedNames {
    fn names(&'static self) -> &'static BTreeSet<&'static str> {
        self.names.get_or_init(|| {
            let unpacked = || {
                let text = decompress_to_vec_zlib(self.packed)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok());
                text.unwrap_or_default()
            };
            self.text.get_or_init(unpacked).lines().collect()
        })
    }
}
