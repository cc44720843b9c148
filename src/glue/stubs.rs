//! Type stubs, read off the extension: PyO3's feature `experimental-inspect` writes into it what it shows.
//!
//! <https://pyo3.rs/main/type-stub.html>

use std::collections::BTreeMap;

use super::{Glue, GlueError, Request, Words};
use crate::name::ModulePath;
use crate::project::Notice;
use crate::project::layout::Kind;

const RULE: &str = "type stub, read off the extension";

/// Adds a stub for each module of the extension.
pub(super) fn add(request: Request<'_>, module: &ModulePath, glue: &mut Glue) -> Result<(), GlueError> {
    let shown = pyo3_introspection::introspect_cdylib(request.file, module.last()).map_err(|error| {
        GlueError::Stubs {
            library: request.file.to_owned(),
            source: Words::new(format!("{error:#}")),
        }
    })?;
    let stubs: BTreeMap<String, String> = pyo3_introspection::module_stub_files(&shown)
        .into_iter()
        .map(|(path, text)| (path.to_string_lossy().into_owned(), text))
        .collect();
    let layout = &request.project.layout;
    if !layout.has_package(module) {
        if let Kind::Pure { stub: Some(written) } = &layout.kind {
            glue.notices.push(
                Notice::new(format!(
                    "the stub in the project is left out, since one is generated: {}",
                    written.display()
                ))
                .hint("remove it, or do without `generate-stubs`"),
            );
        }
        for (path, text) in &stubs {
            glue.add(&format!("{}/{path}", module.last()), text.as_str(), RULE)?;
        }
        glue.add(&format!("{}/py.typed", module.last()), "", RULE)?;
        return Ok(());
    }
    let parts = module.parts();
    let home = match parts {
        [one] => format!("{one}/{one}"),
        parts => parts.join("/"),
    };
    match stubs.iter().next() {
        Some((_, text)) if stubs.len() == 1 => glue.add(&format!("{home}.pyi"), text.as_str(), RULE)?,
        _ => {
            for (path, text) in &stubs {
                glue.add(&format!("{home}/{path}"), text.as_str(), RULE)?;
            }
        }
    }
    Ok(())
}
