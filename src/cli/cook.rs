//! `ironwheel cook`: the dependencies alone, for a container layer.

use std::path::PathBuf;

use serde::Serialize;

use super::args::{self, BuildArguments, ScreenArguments, UsageError};
use super::commands::Failure;
use super::render::Screen;
use crate::cook;
use crate::host::Host;
use crate::project::settings::Overrides;

/// What `cook` takes: the flags of `build`, of which those that dependencies hang on matter.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CookArguments {
    /// Compile nothing: write to FILE all that the dependencies hang on
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "from_recipe",
        help_heading = "Recipe"
    )]
    pub recipe: Option<PathBuf>,
    /// Read from FILE what the manifests here would tell
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "manifest_path",
        help_heading = "Recipe"
    )]
    pub from_recipe: Option<PathBuf>,
    /// The flags of `build`.
    #[command(flatten)]
    pub build: BuildArguments,
}

impl CookArguments {
    fn overrides(&self, screen: &ScreenArguments) -> Result<Overrides, UsageError> {
        if self.build.pgo {
            return Err(UsageError::NotYet {
                written: "--pgo",
                subject: "compiling the dependencies for a build that is optimised by how it runs",
                instead: "leave it out here: such a build compiles everything twice with flags of its own",
            });
        }
        self.build.overrides(screen)
    }
}

/// What is told of a recipe.
#[derive(Serialize)]
struct RecipeEvent<'a> {
    path: String,
    digest: &'a str,
}

/// What is told of dependencies.
#[derive(Serialize)]
struct CookedEvent {
    dependencies: usize,
    compiled: usize,
    target_directory: String,
    milliseconds: u128,
}

/// Writes a recipe, or compiles the dependencies.
pub(super) fn run(
    asked: &CookArguments,
    screen_arguments: &ScreenArguments,
    host: &Host,
    screen: &Screen,
) -> Result<(), Failure> {
    args::check_variables(host)?;
    let overrides = asked.overrides(screen_arguments)?;
    if let Some(path) = &asked.recipe {
        let recipe = cook::recipe(&overrides, host)?;
        let path = host.absolute(path);
        recipe.write(&path)?;
        let event = RecipeEvent {
            path: path.display().to_string(),
            digest: recipe.digest(),
        };
        screen.done(
            "Recipe",
            &[event.path.clone(), format!("sha256 {}", event.digest)],
            "recipe",
            &event,
        );
        return Ok(());
    }
    let tell = |event| screen.tell(&event);
    let cooked = match &asked.from_recipe {
        Some(recipe) => cook::cook_from(recipe, &overrides, host, &tell)?,
        None => cook::cook(&overrides, host, &tell)?,
    };
    let event = CookedEvent {
        dependencies: cooked.dependencies,
        compiled: cooked.compiled,
        target_directory: cooked.target_directory.display().to_string(),
        milliseconds: cooked.duration.as_millis(),
    };
    let words = format!("{} dependencies, {} compiled", event.dependencies, event.compiled);
    screen.done(
        "Cooked",
        &[words, event.target_directory.clone()],
        "cooked",
        &event,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::cli::args::{Command, parse};

    #[test]
    fn the_flags_of_build_mean_the_same() {
        let arguments = parse(["ironwheel", "cook", "-r", "-i", "3.12", "--locked", "-F", "x"]).unwrap();
        let Command::Cook(asked) = arguments.command else {
            panic!("not `cook`");
        };
        let overrides = asked.overrides(&arguments.screen).unwrap();
        assert_eq!(overrides.interpreters, ["3.12"]);
        assert_eq!(overrides.features, ["x"]);
        assert!(overrides.locked);
        let line = "ironwheel cook --compatibility linux -o out --strip --locked -- -C debuginfo=1";
        assert!(
            parse(line.split(' ')).is_ok(),
            "a line of `build` is one of `cook`"
        );
        assert!(parse(["ironwheel", "cook", "--recipe", "a", "--from-recipe", "b"]).is_err());
    }
}
