//! The small alphabets that documents and requests are made of. Whatever two patterns over them
//! tell apart, some request over them tells apart too, or nearly so: requests have a letter (`c`)
//! that no pattern has.

use std::sync::LazyLock;

use iam_policy::request::Caller;
use iam_policy::statement::PrincipalType;

/// The subject of documents of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// They hang on one caller.
    Identity,
    /// They hang on a user or a role that isn't known.
    Holder,
    /// They name principals and resources.
    Bucket,
    /// They name principals.
    Trust,
}

impl Kind {
    /// Tells documents that hang on somebody, and name no principals.
    pub fn is_attached(self) -> bool {
        matches!(self, Self::Identity | Self::Holder)
    }
}

/// Everything that can be asked of documents of one kind.
pub struct World {
    pub callers: Vec<Caller>,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// The same, in the parts of an ARN.
    pub parts: Vec<Vec<&'static str>>,
}

/// At most so many of each, so that sets of them are a few machine words.
pub const MOST_ACTIONS: usize = 64;
pub const MOST_RESOURCES: usize = 256;
pub const MOST_CALLERS: usize = 32;

pub const ACCOUNT: &str = "111111111111";
pub const OTHER_ACCOUNT: &str = "222222222222";

/// Of which nobody is.
pub const STRANGER: &str = "444444444444";

/// The caller that documents without principals are attached to.
pub const CALLER: &str = "arn:aws:iam::111111111111:user/a";

/// The principals that documents may name, each with its type.
pub const NAMED: &[(&str, &str)] = &[
    ("AWS", "*"),
    ("AWS", ACCOUNT),
    ("AWS", OTHER_ACCOUNT),
    ("AWS", "arn:aws:iam::222222222222:root"),
    ("AWS", CALLER),
    ("AWS", "arn:aws:iam::111111111111:role/r"),
    ("AWS", "arn:aws:iam::222222222222:role/r"),
    ("AWS", "arn:aws:sts::111111111111:assumed-role/r/s"),
    ("Service", "lambda.amazonaws.com"),
    ("Service", "ec2.amazonaws.com"),
    ("Service", "*"),
    ("Federated", "accounts.google.com"),
    ("Federated", "*"),
    ("CanonicalUser", "*"),
    ("CanonicalUser", "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"),
];

/// Callers that no document names.
const UNNAMED: &[(PrincipalType, &str)] = &[
    (PrincipalType::Everyone, "*"),
    (PrincipalType::AWS, "arn:aws:iam::111111111111:root"),
    (PrincipalType::AWS, "arn:aws:iam::111111111111:user/b"),
    (PrincipalType::AWS, "arn:aws:iam::111111111111:user/b/a"),
    (PrincipalType::AWS, "arn:aws:iam::333333333333:role/x:user/r"),
    (PrincipalType::AWS, "arn:aws:sts::222222222222:assumed-role/r/t"),
    (PrincipalType::AWS, "arn:aws:iam::333333333333:user/a"),
    (PrincipalType::AWS, "arn:aws:iam::111111111111:role/s"),
    (PrincipalType::AWS, "arn:aws:sts::111111111111:federated-user/f"),
    (PrincipalType::Service, "s3.amazonaws.com"),
    (PrincipalType::Federated, "www.amazon.com"),
    (
        PrincipalType::CanonicalUser,
        "1c0f4e1b9d8a7c6b5e4d3f2a1908f7e6d5c4b3a2918f0e7d6c5b4a3928170f6e",
    ),
];

pub const TRUST_ACTIONS: &[&str] = &[
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

static RESOURCES: LazyLock<Vec<String>> = LazyLock::new(resources);

static IDENTITY: LazyLock<World> =
    LazyLock::new(|| World::new(vec![Caller::aws(CALLER)], actions(), &RESOURCES));

static HOLDER: LazyLock<World> = LazyLock::new(|| {
    let holds = |caller: &Caller| [":user/", ":role/"].iter().any(|it| caller.name.contains(it));
    World::new(callers().into_iter().filter(holds).collect(), actions(), &RESOURCES)
});

static BUCKET: LazyLock<World> = LazyLock::new(|| World::new(callers(), actions(), &RESOURCES));

static ROLE: LazyLock<Vec<String>> = LazyLock::new(|| vec!["*".to_owned()]);

static TRUST: LazyLock<World> = LazyLock::new(|| {
    World::new(callers(), TRUST_ACTIONS.iter().map(ToString::to_string).collect(), &ROLE)
});

impl World {
    fn new(callers: Vec<Caller>, actions: Vec<String>, resources: &'static [String]) -> Self {
        assert!(
            callers.len() <= MOST_CALLERS
                && actions.len() <= MOST_ACTIONS
                && resources.len() <= MOST_RESOURCES
        );
        let parts = resources.iter().map(|resource| resource.splitn(6, ':').collect()).collect();
        Self { callers, actions, resources: resources.to_vec(), parts }
    }

    pub fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Identity => &IDENTITY,
            Kind::Holder => &HOLDER,
            Kind::Bucket => &BUCKET,
            Kind::Trust => &TRUST,
        }
    }
}

fn callers() -> Vec<Caller> {
    let named = NAMED
        .iter()
        .filter(|(_, name)| name.len() > 1 && !name.ends_with(":root") && name.len() != 12);
    let named = named.map(|(kind, name)| {
        let kind = match *kind {
            "AWS" => PrincipalType::AWS,
            "Service" => PrincipalType::Service,
            "Federated" => PrincipalType::Federated,
            _ => PrincipalType::CanonicalUser,
        };
        (kind, *name)
    });
    named
        .chain(UNNAMED.iter().copied())
        .map(|(kind, name)| Caller { kind, name: name.to_owned() })
        .collect()
}

fn actions() -> Vec<String> {
    let s3 = words(&['a', 'b', 'c'], 3).into_iter().map(|name| format!("s3:{name}"));
    s3.chain(words(&['a', 'b', 'c'], 2).into_iter().map(|name| format!("iam:{name}"))).collect()
}

fn resources() -> Vec<String> {
    let mut resources = vec!["*".to_owned()];
    let mut names = words(&['a', 'b', ':', 'c'], 3);
    names.extend(words(&['a', 'b', ':'], 4).into_iter().filter(|name| name.len() == 4));
    resources.extend(names.into_iter().map(|name| format!("arn:aws:s3:::{name}")));
    for partition in ["aws", "aws-cn"] {
        for service in ["s3", "sqs"] {
            for place in [":", "r:", ":a", "r:a"] {
                let others = ["a", "b", "ab", "a:b"]
                    .map(|name| format!("arn:{partition}:{service}:{place}:{name}"));
                resources.extend(others);
            }
        }
    }
    resources.sort();
    resources.dedup();
    resources
}

/// All of up to this length.
fn words(letters: &[char], longest: usize) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut start = 0;
    for _ in 0..longest {
        let end = words.len();
        for index in start..end {
            let longer = letters
                .iter()
                .map(|letter| format!("{}{letter}", words[index]))
                .collect::<Vec<_>>();
            words.extend(longer);
        }
        start = end;
    }
    words.split_off(1)
}

/// A condition key with its type and its values.
pub struct Key {
    pub name: &'static str,
    pub sort: Sort,
    /// The values that documents test for.
    pub wanted: &'static [&'static str],
    /// The values that it has in requests; besides, it may be missing.
    pub found: &'static [&'static [&'static str]],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Text,
    Texts,
    Number,
    /// A text that is compared as a number, too.
    Numeral,
    Date,
    /// Seconds since 1970, which are a number and a moment.
    Seconds,
    Bool,
    Address,
    Arn,
}

pub const KEYS: &[Key] = &[
    Key {
        name: "aws:username",
        sort: Sort::Text,
        wanted: &["a", "b", "*", "a*", "${aws:PrincipalTag/t}"],
        found: &[],
    },
    Key {
        name: "aws:PrincipalTag/t",
        sort: Sort::Text,
        wanted: &[
            "a",
            "b",
            "a*",
            "?",
            "*b",
            "${*}",
            "${aws:username}",
            "",
            "${aws:PrincipalTag/t}",
        ],
        found: &[&["a"], &["b"], &["ab"], &["*"], &["a:b"], &[""]],
    },
    Key {
        name: "s3:prefix",
        sort: Sort::Text,
        wanted: &[
            "a",
            "b",
            "A",
            "a*",
            "*b",
            "*",
            "ab",
            "?b",
            "${aws:username}*",
            "${aws:PrincipalTag/t, 'b'}",
            "${aws:PrincipalTag/t}",
        ],
        found: &[&["a"], &["b"], &["A"], &["ab"], &["cb"], &["c"]],
    },
    Key {
        name: "aws:TagKeys",
        sort: Sort::Texts,
        wanted: &["a", "b", "ab", "a*", "*b", "A"],
        found: &[
            &[],
            &["a"],
            &["b"],
            &["c"],
            &["a", "b"],
            &["a", "c"],
            &["ab"],
            &["ab", "c"],
            &[""],
        ],
    },
    Key {
        name: "s3:max-keys",
        sort: Sort::Number,
        wanted: &["1", "2", "3", "2.5", "02"],
        found: &[&["0"], &["1"], &["2"], &["2.25"], &["2.5"], &["2.75"], &["3"], &["4"]],
    },
    // A tag is a text, whatever it is compared with.
    Key {
        name: "aws:RequestTag/n",
        sort: Sort::Number,
        wanted: &["1", "2"],
        found: &[&["0"], &["1"], &["1.5"], &["2"], &["3"], &["x"], &[""]],
    },
    Key {
        name: "aws:RequestTag/m",
        sort: Sort::Numeral,
        wanted: &["1", "1.0", "2"],
        found: &[&["0"], &["1"], &["1.0"], &["1.5"], &["02"], &["2"], &["3"], &["x"], &[""]],
    },
    Key {
        name: "aws:RequestTag/b",
        sort: Sort::Bool,
        wanted: &["true", "false", "True"],
        found: &[&["true"], &["True"], &["false"], &["x"]],
    },
    Key {
        name: "aws:RequestTag/a",
        sort: Sort::Arn,
        wanted: &["arn:aws:s3:::a", "arn:aws:s3:::*", "arn:aws:s3:*:*:a"],
        found: &[&["arn:aws:s3:::a"], &["arn:aws:s3:::a:a"], &["arn:aws:s3:a"], &["a"]],
    },
    Key {
        name: "aws:CurrentTime",
        sort: Sort::Date,
        wanted: &["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z", "2024-01-02"],
        found: &[
            &["2024-01-01T00:00:00Z"],
            &["2024-01-02T00:00:00Z"],
            &["2024-01-02T12:00:00Z"],
            &["2024-01-03T00:00:00Z"],
            &["2024-01-04T00:00:00Z"],
        ],
    },
    Key {
        name: "aws:EpochTime",
        sort: Sort::Seconds,
        wanted: &["1704153600", "1704240000", "2024-01-02T00:00:00Z", "2024-01-03"],
        found: &[
            &["1704067200"],
            &["1704153599"],
            &["1704153600"],
            &["1704153601"],
            &["1704239999"],
            &["1704240000"],
            &["1704240001"],
        ],
    },
    Key {
        name: "aws:SecureTransport",
        sort: Sort::Bool,
        wanted: &["true", "false", "True"],
        found: &[&["true"], &["false"]],
    },
    Key {
        name: "aws:SourceIp",
        sort: Sort::Address,
        wanted: &[
            "10.0.0.0/8",
            "10.0.0.0/9",
            "10.128.0.0/9",
            "10.0.0.0/16",
            "10.0.0.1",
            "10.0.0.1/32",
            "0.0.0.0/0",
            "2001:db8::/32",
            "192.0.2.0/24",
        ],
        found: &[
            &["10.0.0.0"],
            &["10.0.0.1"],
            &["10.0.1.1"],
            &["10.1.0.1"],
            &["10.200.0.1"],
            &["192.0.2.1"],
            &["2001:db8::1"],
            &["203.0.113.7"],
        ],
    },
    Key {
        name: "aws:SourceArn",
        sort: Sort::Arn,
        wanted: &[
            "arn:aws:s3:::a",
            "arn:aws:s3:::a*",
            "arn:aws:s3:::*",
            "arn:*:sqs:*:*:*",
            "arn:aws:s3",
            "*",
        ],
        found: &[
            &["arn:aws:s3:::a"],
            &["arn:aws:s3:::ab"],
            &["arn:aws:s3:::b:a"],
            &["arn:aws:sqs:r:1:a"],
        ],
    },
    Key {
        name: "aws:PrincipalArn",
        sort: Sort::Arn,
        wanted: &[
            CALLER,
            "arn:aws:iam::111111111111:role/r",
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::222222222222:*",
            "arn:aws:iam::*:role/r",
            "arn:aws:iam::*:*",
        ],
        found: &[],
    },
    Key {
        name: "aws:PrincipalType",
        sort: Sort::Text,
        wanted: &["User", "Account", "AssumedRole", "FederatedUser", "Anonymous"],
        found: &[],
    },
    Key {
        name: "aws:PrincipalAccount",
        sort: Sort::Text,
        wanted: &[ACCOUNT, OTHER_ACCOUNT, "333333333333", "1*", "*"],
        found: &[],
    },
    Key {
        name: "aws:PrincipalServiceName",
        sort: Sort::Text,
        wanted: &["lambda.amazonaws.com", "s3.amazonaws.com", "*.amazonaws.com"],
        found: &[],
    },
    Key {
        name: "aws:PrincipalIsAWSService",
        sort: Sort::Bool,
        wanted: &["true", "false"],
        found: &[],
    },
];

impl Key {
    pub fn named(name: &str) -> &'static Self {
        let found = KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("the alphabet has no {name}"))
    }

    /// Tells a key whose value follows from the caller alone.
    pub fn is_derived(&self) -> bool {
        self.found.is_empty()
    }

    /// Tells if requests of a caller may have this value of the key; without it, where the index is
    /// that of no value. Some keys are "always included in the request context", and "anonymous
    /// requests do not include" tags.
    pub fn is_possible(&self, value: usize, caller: &Caller) -> bool {
        let is_missing = value >= self.found.len();
        match self.name {
            "aws:CurrentTime" | "aws:EpochTime" | "aws:SecureTransport" => !is_missing,
            "aws:PrincipalTag/t" => is_missing || caller.kind != PrincipalType::Everyone,
            _ => true,
        }
    }
}
