//! The form of the tables of calls: one row a call, which holds all facts about it.
//!
//! A row names the call and its fields, the action that allows the call if that is not the call's
//! own name (`as`), and then:
//!
//! - `on`: the [`Target`](super::Target) of its permission; `moves_to`: a second target on which
//!   the same action must be allowed; `also_on`: another action, and the target on which it must be
//!   allowed;
//! - `with`: the rest of the permission: `|it|` is the permission on the target;
//! - of a read: `paged`, and `why` it is sent (`after_sweep`: the reason after a sweep);
//! - of a write: its `verb`, its `object` for people, and then the facts that few writes have:
//!   `undone_by` (the action that takes a change of somebody's permissions back), `lost_answer`,
//!   `names_principals` and `gone_stays_gone`.
//!
//! The expressions of a row use the fields by their names.

/// The facts about a read that don't depend on its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFacts {
    /// The IAM action that allows the read, which is also its name in output.
    pub action: &'static str,
    /// True if the answer may come in several pages.
    pub paged: bool,
    /// The reason for the read, for people.
    pub why: &'static str,
    /// The reason after a sweep of the account.
    pub why_after_sweep: &'static str,
}

/// The facts about a write that don't depend on its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteFacts {
    /// The operation, without its service.
    pub name: &'static str,
    /// The IAM action that allows the write, which is also its name in output.
    pub action: &'static str,
    pub verb: WriteVerb,
    /// The action that takes a change of somebody's permissions back.
    pub undone_by: Option<&'static str>,
    pub lost_answer: LostAnswer,
    /// True if the write holds a document that names principals. All of AWS's servers must know
    /// them before AWS accepts the document.
    pub names_principals: bool,
    /// True if "not found" means that the object is gone, never that AWS doesn't know it yet.
    pub gone_stays_gone: bool,
}

/// The effect of a write on its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteVerb {
    Create,
    /// Changes a part of the object, or sets it whatever it was.
    Update,
    Delete,
    Attach,
    Detach,
    /// Deletes everything in the object.
    Empty,
    /// Reads the key's secret from the file that it is in.
    Fetch,
    /// Hands the key on.
    Deliver,
    /// Tries the new key.
    Prove,
}

impl WriteVerb {
    /// Returns true if the write removes something.
    pub const fn is_removal(self) -> bool {
        match self {
            Self::Delete | Self::Detach | Self::Empty => true,
            Self::Create
            | Self::Update
            | Self::Attach
            | Self::Fetch
            | Self::Deliver
            | Self::Prove => false,
        }
    }
}

/// The reaction to a write without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostAnswer {
    /// The write is sent again: a second write changes nothing more, or its answer tells that the
    /// first one was done.
    Repeat,
    /// The write is sent again. "Already exists" may then mean the object of the first try: the
    /// ownership tag tells.
    RepeatAndRecognize,
    /// The write is never sent again: a second try would make another object, and the contents of
    /// the first answer are lost.
    GiveUp,
}

/// Expands to the given value, or to the default.
macro_rules! or {
    ($default:expr;) => {
        $default
    };
    ($default:expr; $given:expr) => {
        $given
    };
}

/// Defines a table of the reads of one service.
macro_rules! reads {
    (
        $(#[$meta:meta])*
        $enum:ident of $service:literal {
            $(
                $(#[$call_meta:meta])*
                $call:ident $({ $($field:ident: $type:ty),* $(,)? })? $(($($part:ident: $part_type:ty),*))?
                $(as $action:literal)? => {
                    on: $target:expr,
                    $(with: |$it:ident| $with:expr,)?
                    paged: $paged:literal,
                    why: $why:expr
                    $(, after_sweep: $after_sweep:expr)?
                    $(,)?
                }
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $($(#[$call_meta])* $call $({ $($field: $type),* })? $(($($part_type),*))?,)*
        }

        #[allow(unused_variables, reason = "a row may use any of its fields")]
        impl $enum {
            pub const fn facts(&self) -> &'static $crate::call::ReadFacts {
                use $crate::call::table::or;
                match self {
                    $(Self::$call $({ $($field: _),* })? $(($($part),*))? => &$crate::call::ReadFacts {
                        action: or!(concat!($service, ":", stringify!($call)); $($action)?),
                        paged: $paged,
                        why: $why,
                        why_after_sweep: or!($why; $($after_sweep)?),
                    },)*
                }
            }

            pub fn action(&self) -> &'static str {
                self.facts().action
            }

            /// Returns the target of the call's permission.
            pub fn target(&self) -> $crate::call::Target<'_> {
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => $target,)*
                }
            }

            pub(in $crate::call) fn permissions(
                &self,
                places: &$crate::call::ObjectPaths,
            ) -> Vec<$crate::call::Permission> {
                let Some(permission) = self.target().permission(self.action(), places) else { return Vec::new() };
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => {
                        $(let $it = permission; let permission = $with;)?
                        vec![permission]
                    })*
                }
            }
        }
    };
}

/// Defines a table of the writes of one service.
macro_rules! writes {
    (
        $(#[$meta:meta])*
        $enum:ident of $service:literal {
            $(
                $(#[$call_meta:meta])*
                $call:ident $({ $($field:ident: $type:ty),* $(,)? })? $(($($part:ident: $part_type:ty),*))?
                $(as $action:literal)? => {
                    verb: $verb:ident,
                    object: $object:expr,
                    on: $target:expr
                    $(, moves_to: $moves_to:expr)?
                    $(, also_on: ($also:literal, $also_on:expr))?
                    $(, with: |$it:ident| $with:expr)?
                    $(, undone_by: $undone_by:literal)?
                    $(, lost_answer: $lost_answer:ident)?
                    $(, names_principals: $names_principals:literal)?
                    $(, gone_stays_gone: $gone_stays_gone:literal)?
                    $(,)?
                }
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $($(#[$call_meta])* $call $({ $($field: $type),* })? $(($($part_type),*))?,)*
        }

        #[allow(unused_variables, reason = "a row may use any of its fields")]
        impl $enum {
            /// The facts of all calls, in the order of the table.
            pub const ALL: &'static [$crate::call::WriteFacts] = &[$({
                use $crate::call::table::or;
                $crate::call::WriteFacts {
                    name: stringify!($call),
                    action: or!(concat!($service, ":", stringify!($call)); $($action)?),
                    verb: $crate::call::WriteVerb::$verb,
                    undone_by: or!(None; $(Some($undone_by))?),
                    lost_answer: or!(
                        $crate::call::LostAnswer::Repeat; $($crate::call::LostAnswer::$lost_answer)?
                    ),
                    names_principals: or!(false; $($names_principals)?),
                    gone_stays_gone: or!(false; $($gone_stays_gone)?),
                }
            }),*];

            pub fn facts(&self) -> &'static $crate::call::WriteFacts {
                &Self::ALL[self.row()]
            }

            /// Returns the call's place in the table.
            fn row(&self) -> usize {
                #[derive(Clone, Copy)]
                enum Row { $($call),* }
                match self {
                    $(Self::$call $({ $($field: _),* })? $(($($part),*))? => Row::$call as usize,)*
                }
            }

            pub fn action(&self) -> &'static str {
                self.facts().action
            }

            /// Returns the call's object for a list of calls: `serverless`, `serverless <- arn:…`,
            /// `serverless/inline-name`.
            pub fn object(&self) -> String {
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => String::from($object),)*
                }
            }

            /// Returns the target of the call's permission.
            pub fn target(&self) -> $crate::call::Target<'_> {
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => $target,)*
                }
            }

            pub(in $crate::call) fn permissions(
                &self,
                places: &$crate::call::ObjectPaths,
            ) -> Vec<$crate::call::Permission> {
                let action = self.action();
                let Some(permission) = self.target().permission(action, places) else { return Vec::new() };
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => {
                        $(let $it = permission; let permission = $with;)?
                        let all = Vec::from(permission);
                        $(let all = $crate::call::permission::join_permissions(all, $moves_to.permission(action, places));)?
                        $(let also = $also_on.permission($also, places);
                        let all = $crate::call::permission::join_permissions(all, also);)?
                        all
                    })*
                }
            }
        }
    };
}

pub(super) use {or, reads, writes};

/// Returns the object of a call that puts something onto an object: `serverless <- arn:…`.
pub(super) fn onto(object: &str, what: &str) -> String {
    format!("{object} <- {what}")
}

/// Returns the object of a call on a part of an object: `serverless/inline-name`.
pub(super) fn part(object: &str, part: &str) -> String {
    format!("{object}/{part}")
}
