//! The package around an extension that has no Python files beside it.

use super::{Glue, GlueError};
use crate::name::ModulePath;

/// Why the file is there, for people.
pub(super) const RULE: &str = "generated beside the extension";

/// Where it lies in the wheel.
pub(super) fn path(module: &ModulePath) -> String {
    format!("{}/__init__.py", module.last())
}

/// Adds it.
pub(super) fn add(module: &ModulePath, glue: &mut Glue) -> Result<(), GlueError> {
    Ok(glue.add(&path(module), init_py(module.last()), RULE)?)
}

/// `__init__.py` of the package that an extension without Python files gets: the package shows what the extension shows.
///
/// `extension` is the extension's own name, the one in `PyInit_<name>`.
fn init_py(extension: &str) -> String {
    format!(
        "from .{extension} import *\n\
         \n\
         __doc__ = {extension}.__doc__\n\
         if hasattr({extension}, \"__all__\"):\n    \
             __all__ = {extension}.__all__"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_shows_what_the_extension_shows() {
        assert_eq!(
            init_py("rpds"),
            r#"from .rpds import *

__doc__ = rpds.__doc__
if hasattr(rpds, "__all__"):
    __all__ = rpds.__all__"#
        );
    }
}
