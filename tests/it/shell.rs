//! Programs that tests run: with a clean environment, to their end, and with all they said kept.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Variables that every program here inherits: where tools lie and how the network is reached, nothing that a build heeds.
const INHERITED: [&str; 28] = [
    "PATH",
    "HOME",
    "USER",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "PYENV_ROOT",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CARGO_NET_OFFLINE",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_DISABLE_PIP_VERSION_CHECK",
    "PIP_CONFIG_FILE",
    "UV_INDEX_URL",
    "UV_CACHE_DIR",
];

/// A program about to run.
#[derive(Clone)]
pub struct Shell {
    program: OsString,
    arguments: Vec<OsString>,
    variables: BTreeMap<String, OsString>,
    folder: PathBuf,
}

/// What a program came to. Its three answers are only to be had together.
#[derive(Debug)]
pub struct Answer {
    /// The line that was run, for messages.
    pub line: String,
    /// The exit status; 128 + N where signal N ended it.
    pub status: i32,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

/// A variable of the environment that the tests themselves run in.
#[expect(
    clippy::disallowed_methods,
    reason = "tests look around in one place as well: this one"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Shell {
    /// A program by its name or path, to be run in the root folder.
    pub fn new(program: impl Into<OsString>) -> Self {
        let variables = INHERITED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), variable(name)?.into())))
            .chain([
                ("LANG".to_owned(), "C.UTF-8".into()),
                ("PIP_ROOT_USER_ACTION".to_owned(), "ignore".into()),
            ])
            .collect();
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variables,
            folder: "/".into(),
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    pub fn args<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    pub fn set(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Unsets a variable.
    pub fn unset(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// What a variable is set to; nothing where it is not set.
    pub fn variable(&self, name: &str) -> String {
        let value = self.variables.get(name).cloned().unwrap_or_default();
        value.into_string().expect("UTF-8")
    }

    /// Where it runs.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    fn line(&self) -> String {
        let words = [&self.program].into_iter().chain(&self.arguments);
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Starts it, its two streams kept for later.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests start programs in one place as well: this one"
    )]
    pub fn start(&self) -> std::process::Child {
        std::process::Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run `{}`: {error}", self.line()))
    }

    /// Runs it to its end.
    pub fn run(self) -> Answer {
        let line = self.line();
        let output = self
            .start()
            .wait_with_output()
            .expect("a child can be waited for");
        answer(line, output)
    }
}

/// What a finished child came to.
pub fn answer(line: String, output: std::process::Output) -> Answer {
    use std::os::unix::process::ExitStatusExt;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("programs here speak UTF-8");
    Answer {
        line,
        status: output
            .status
            .code()
            .unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Answer {
    /// Standard output of a program that must succeed.
    pub fn succeeded(self) -> String {
        assert!(
            self.status == 0,
            "`{}` failed with status {}\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.status,
            self.stdout,
            self.stderr
        );
        self.stdout
    }
}

/// Copies a folder and all below it: contents, modes and symbolic links.
pub fn copy_folder(from: &Path, to: &Path, skip: &[&str]) {
    std::fs::create_dir_all(to).expect("a folder for the copy");
    for entry in
        std::fs::read_dir(from).unwrap_or_else(|error| panic!("cannot list {}: {error}", from.display()))
    {
        let entry = entry.expect("an entry of a folder");
        if skip.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("the kind of an entry");
        if kind.is_dir() {
            copy_folder(&entry.path(), &target, skip);
        } else if kind.is_symlink() {
            let link = std::fs::read_link(entry.path()).expect("a symbolic link");
            std::os::unix::fs::symlink(link, target).expect("a copy of a symbolic link");
        } else {
            std::fs::copy(entry.path(), target).expect("a copy of a file");
        }
    }
}
