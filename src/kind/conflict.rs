//! What is in the way of making an object.

/// Everything that is in the way of making an object, or of putting it elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflict {
    /// The reason why the object can't be made, whatever else the plan does: a quota.
    pub obstacle: Option<String>,
    /// The places in local files that hold another object.
    pub occupied: Vec<OccupiedPlace>,
    /// The message about an object of the same kind that is there, belongs to the same parent, and
    /// may be the declared one; nothing tells.
    pub unmanaged: Option<String>,
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
