//! `ironwheel cook`: the dependencies alone, for a container layer.

use std::path::PathBuf;

use clap::ArgAction;
use serde::Serialize;

use super::args::{self, BuildArguments, CargoArguments, LaterArguments, ScreenArguments, UsageError};
use super::commands::Failure;
use super::render::Screen;
use crate::cook;
use crate::host::Host;
use crate::project::settings::Overrides;

/// What `cook` takes: of the flags of `build`, those that dependencies hang on.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Recipe")]
pub struct CookArguments {
    /// Compile nothing: write to FILE all that the dependencies hang on
    #[arg(long, value_name = "FILE", conflicts_with = "from_recipe")]
    pub recipe: Option<PathBuf>,
    /// Read from FILE what the manifests here would tell
    #[arg(long, value_name = "FILE", conflicts_with = "manifest_path")]
    pub from_recipe: Option<PathBuf>,
    /// Cargo.toml of the crate [default: the one here]
    #[arg(short, long, value_name = "PATH", help_heading = "Wheel")]
    pub manifest_path: Option<PathBuf>,
    /// Pythons to build for: 3.12, 3.14t, pypy3.11, python3, a path
    #[arg(short, long, value_name = "PYTHON", num_args = 0.., action = ArgAction::Append, help_heading = "Wheel")]
    pub interpreter: Vec<String>,
    /// Every supported Python on this machine
    #[arg(short, long, conflicts_with = "interpreter", help_heading = "Wheel")]
    pub find_interpreter: bool,
    /// Crate that binds Python, where it is not clear
    #[arg(
        short,
        long,
        value_name = "BINDINGS",
        hide_short_help = true,
        help_heading = "Wheel"
    )]
    pub bindings: Option<String>,
    /// What goes to cargo.
    #[command(flatten)]
    pub cargo: CargoArguments,
    /// What a later version brings.
    #[command(flatten)]
    pub later: LaterArguments,
}

impl CookArguments {
    fn overrides(&self, screen: &ScreenArguments) -> Result<Overrides, UsageError> {
        let build = BuildArguments {
            manifest_path: self.manifest_path.clone(),
            interpreter: self.interpreter.clone(),
            find_interpreter: self.find_interpreter,
            bindings: self.bindings.clone(),
            cargo: self.cargo.clone(),
            later: self.later.clone(),
            ..BuildArguments::default()
        };
        build.overrides(screen)
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
    seconds: f64,
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
        seconds: cooked.duration.as_secs_f64(),
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
        assert!(parse(["ironwheel", "cook", "--recipe", "a", "--from-recipe", "b"]).is_err());
    }
}
