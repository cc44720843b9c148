//! A member of a workspace, standing on another member.

/// What Python imports.
#[pyo3::pymodule]
mod workspace_member {
    /// What the other member says.
    #[pyo3::pyfunction]
    fn helped() -> &'static str {
        helper_of_workspace_member::HELP
    }
}
