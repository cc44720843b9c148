//! Hands the arguments to the house and returns its answer.

fn main() -> std::process::ExitCode {
    ironwheel::cli::commands::run(std::env::args_os()).into()
}
