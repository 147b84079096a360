//! The form of the tables of calls: one row a call, which holds all that is true of it.
//!
//! A row names the call and its fields, the action that allows it where that is not the call's own
//! name (`as`), and then:
//!
//! - `on`: the [`Target`](super::Target) of its permission; `moves_to`: where the same action must
//!   be allowed, too;
//! - `with`: what else the permission takes: `|it|` is the permission on the target;
//! - of a read: `paged`, and `why` it is sent (`after_sweep`: where a sweep has been seen);
//! - of a write: its `verb`, its `object` for people, and then what is true of few: `undone_by`
//!   (the action that takes a change of somebody's permissions back), `lost_answer`,
//!   `names_principals` and `gone_stays_gone`.
//!
//! The expressions of a row use the fields by their names.

/// What is true of a read, whatever its fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFacts {
    /// The IAM action that allows it, which is also its name in output.
    pub action: &'static str,
    /// Whether the answer may come in several pages.
    pub paged: bool,
    /// What it is asked for, for people.
    pub why: &'static str,
    /// The same where the account was swept.
    pub why_after_sweep: &'static str,
}

/// What is true of a write, whatever its fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteFacts {
    /// The operation, without its service.
    pub name: &'static str,
    /// The IAM action that allows it, which is also its name in output.
    pub action: &'static str,
    pub verb: WriteVerb,
    /// The action that takes a change of somebody's permissions back.
    pub undone_by: Option<&'static str>,
    pub lost_answer: LostAnswer,
    /// Holds a document that names principals, which must be known everywhere before AWS takes it.
    pub names_principals: bool,
    /// "Not found" means that the object is gone, never that it is not known yet.
    pub gone_stays_gone: bool,
}

/// What a write does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteVerb {
    Create,
    /// Changes a part of it, or sets it whatever it was.
    Update,
    Delete,
    Attach,
    Detach,
    /// Deletes everything in it.
    Empty,
    /// Hands the new key on.
    Deliver,
    /// Tries the new key.
    Prove,
}

impl WriteVerb {
    /// Whether something is gone afterwards.
    pub const fn is_removal(self) -> bool {
        match self {
            Self::Delete | Self::Detach | Self::Empty => true,
            Self::Create | Self::Update | Self::Attach | Self::Deliver | Self::Prove => false,
        }
    }
}

/// What may be done where no answer to a write has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostAnswer {
    /// It is sent again: twice is as good as once, or the second answer says that it was done.
    Repeat,
    /// It is sent again. "Already exists" may then be what the first try has made: the ownership
    /// tag tells.
    RepeatAndRecognize,
    /// It is never sent again: the second try would make another object, and what the first answer
    /// held is lost.
    GiveUp,
}

/// The given value, or the default.
macro_rules! or {
    ($default:expr;) => {
        $default
    };
    ($default:expr; $given:expr) => {
        $given
    };
}

/// A table of reads of one service.
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

            /// What the permission for it is on.
            pub fn target(&self) -> $crate::call::Target<'_> {
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => $target,)*
                }
            }

            pub(in $crate::call) fn permissions(
                &self,
                places: &$crate::call::PrincipalPaths,
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

/// A table of writes of one service.
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

            /// Its place in the table.
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

            /// What it is done to, for a list of calls: `serverless`, `serverless <- arn:…`,
            /// `serverless/inline-name`.
            pub fn object(&self) -> String {
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => String::from($object),)*
                }
            }

            /// What the permission for it is on.
            pub fn target(&self) -> $crate::call::Target<'_> {
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => $target,)*
                }
            }

            pub(in $crate::call) fn permissions(
                &self,
                places: &$crate::call::PrincipalPaths,
            ) -> Vec<$crate::call::Permission> {
                let action = self.action();
                let Some(permission) = self.target().permission(action, places) else { return Vec::new() };
                match self {
                    $(Self::$call $({ $($field),* })? $(($($part),*))? => {
                        $(let $it = permission; let permission = $with;)?
                        let all = Vec::from(permission);
                        $(let all = $crate::call::permission::both(all, $moves_to.permission(action, places));)?
                        all
                    })*
                }
            }
        }
    };
}

pub(super) use {or, reads, writes};

/// What is put onto something: `serverless <- arn:…`.
pub(super) fn onto(object: &str, what: &str) -> String {
    format!("{object} <- {what}")
}

/// A part of something: `serverless/inline-name`.
pub(super) fn part(object: &str, part: &str) -> String {
    format!("{object}/{part}")
}
