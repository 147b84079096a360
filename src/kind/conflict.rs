//! The conflicts that are in the way of making an object.

/// Everything that is in the way of making an object, or of putting it elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflict {
    /// The reason why the object can't be made, whatever else the plan does: a quota.
    pub obstacle: Option<String>,
    /// The places in local files that hold another object.
    pub occupied: Vec<OccupiedPlace>,
    /// An object of the same kind and parent that may be the declared one; nothing tells.
    pub unmanaged: Option<UnrecordedObject>,
}

impl Conflict {
    /// Makes a conflict that nothing in the plan resolves.
    pub fn obstacle(why: impl Into<String>) -> Self {
        Self { obstacle: Some(why.into()), ..Self::default() }
    }
}

/// The messages about an object that nobody recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnrecordedObject {
    /// The reason why no second one is made beside it, and the ways out.
    pub refusal: String,
    /// The note if a second one is made.
    pub note: String,
}

/// A place in a local file that holds another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OccupiedPlace {
    /// The field that names the place.
    pub field: &'static str,
    /// The id of the object that is in it.
    pub by: String,
    /// The reason why the object must not be overwritten; `None` if the manifest allows it.
    pub reason: Option<String>,
}

impl Conflict {
    /// Returns the conflict, if anything is in the way.
    pub fn found(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}
