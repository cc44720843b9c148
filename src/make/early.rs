//! What is certain before minutes of compiling: tools that are missing, and systems that the wheel could not run on. What only the
//! finished file tells is held against the same image behind.

use super::{MakeError, architecture_of, sysroot};
use crate::audit::CLibrary;
use crate::audit::image::{Image, glibc_of};
use crate::bundle::Bundled;
use crate::compile;
use crate::elf::Facts;
use crate::event::Reason;
use crate::host::Host;
use crate::project::products::Role;
use crate::project::{Notice, Project};
use crate::tag::PlatformWish;

/// Whether what compiles must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tools {
    /// Cargo is about to compile.
    Needed,
    /// Nothing is compiled.
    NotNeeded,
}

/// Looks around before cargo compiles.
///
/// # Errors
/// Where nothing could come of compiling: no linker, no standard library for the target, an image that is not known or has
/// another C library.
pub(super) fn look(project: &Project, host: &Host, tools: Tools) -> Result<Vec<Notice>, MakeError> {
    let image = image(project)?;
    if tools == Tools::Needed {
        check_linker(project, host)?;
        check_standard_library(project, host)?;
    }
    Ok(newer(project, image.as_ref()).into_iter().collect())
}

/// The image that the wheel is to run in, which must have the C library that the project is compiled for.
pub(super) fn image(project: &Project) -> Result<Option<Image>, MakeError> {
    let Some(name) = &project.settings.for_image.value else {
        return Ok(None);
    };
    let image = Image::find(name)?;
    let target = &project.cargo.target_triple;
    let compiled_for = if target.contains("-musl") {
        CLibrary::Musl
    } else {
        CLibrary::Gnu
    };
    let only_programs = project
        .products
        .iter()
        .all(|product| matches!(product.role, Role::Program(_)));
    let fits = match image.c_library {
        Some((c_library, ..)) => c_library == compiled_for,
        None => false,
    };
    // A program that is linked to musl is linked statically, and needs nothing of any system.
    if fits || (only_programs && compiled_for == CLibrary::Musl) {
        return Ok(Some(image));
    }
    Err(MakeError::OtherCLibrary {
        image: image.name.clone(),
        has: image.c_library_in_words(),
        target: target.clone(),
    })
}

/// The linker that rustc would call. One that is given by a path or comes with rustc is rustc's affair.
fn check_linker(project: &Project, host: &Host) -> Result<(), MakeError> {
    let linker = compile::linker(project, host)?;
    let is_given = linker.is_some();
    let program = linker.unwrap_or_else(|| "cc".to_owned());
    if program.contains('/') || program.starts_with("rust-lld") || host.find_program(&program).is_some() {
        return Ok(());
    }
    Err(MakeError::NoLinker { program, is_given })
}

/// Another target than the compiler's own needs a standard library of its own.
fn check_standard_library(project: &Project, host: &Host) -> Result<(), MakeError> {
    let cargo = &project.cargo;
    let settings = &project.settings;
    let mut words = settings.unstable_flags.value.iter().chain(&settings.config.value);
    let is_built = words.any(|word| word.contains("build-std"));
    if cargo.target_triple == cargo.host_triple || is_built {
        return Ok(());
    }
    match compile::target_libraries(project, host) {
        Some(folder) if !folder.is_dir() => Err(MakeError::NoStandardLibrary {
            target: cargo.target_triple.clone(),
            folder,
        }),
        _ => Ok(()),
    }
}

/// Says that this machine's C library is newer than the one asked for: what is linked to it may ask for too much.
fn newer(project: &Project, image: Option<&Image>) -> Option<Notice> {
    let cargo = &project.cargo;
    if cargo.target_triple.contains("-musl") {
        return None;
    }
    let asked = project
        .settings
        .compatibility
        .value
        .iter()
        .filter_map(|wish| match wish {
            PlatformWish::Manylinux(major, minor) => Some(((*major, *minor), wish.to_string())),
            _ => None,
        });
    let of_image = image.and_then(|image| {
        let (_, major, minor) = image.c_library?;
        Some(((major, minor), format!("`{}` has", image.name)))
    });
    let (oldest, whose) = asked
        .map(|(version, wish)| (version, format!("`{wish}` promises")))
        .chain(of_image)
        .min()?;
    let here = glibc_of(&sysroot(project), architecture_of(&cargo.target_triple))?;
    (here > oldest).then(|| {
        Notice::new(format!(
            "what is compiled here is linked to glibc {}.{}, and {whose} {}.{}: it may ask for more",
            here.0, here.1, oldest.0, oldest.1
        ))
        .hint("the finished file is judged; where it asks for more, build in a container of the older system")
    })
}

/// Holds what was built against the image that it is for.
///
/// # Errors
/// Where it asks the image's C library for symbols that it does not have.
pub(super) fn hold<'f>(
    project: &Project,
    facts: impl Iterator<Item = (String, &'f Facts)>,
    bundled: &Bundled,
) -> Result<Option<Notice>, MakeError> {
    let Some(image) = image(project)? else {
        return Ok(None);
    };
    for (file, facts) in facts {
        if let Some(beyond) = image.beyond(facts) {
            return Err(MakeError::TooNewForImage {
                file,
                version: beyond.version,
                symbol: beyond.symbol,
                image: image.name.clone(),
                has: image.c_library_in_words(),
            });
        }
    }
    let missing: Vec<String> = bundled
        .outside()
        .into_iter()
        .filter(|outside| outside.reason != Reason::LeftOut)
        .map(|outside| outside.library)
        .filter(|library| image.lacks(library))
        .collect();
    Ok((!missing.is_empty()).then(|| {
        let hint = match image.installer {
            Some(installer) => {
                format!("install what has it in the image (`{installer}`), or have it put into the wheel")
            }
            None => "choose an image that has it, or have it put into the wheel".to_owned(),
        };
        Notice::new(format!(
            "`{}` is not known to have what the wheel needs there: {}",
            image.name,
            missing.join(", ")
        ))
        .hint(hint)
    }))
}
