//! What stops a plan before it runs.
