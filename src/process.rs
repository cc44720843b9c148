//! Calls to other programs: as data first, then run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// A call to another program. Prints as a line that can be pasted into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program's name or path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables set for it, over those it inherits.
    pub set: BTreeMap<String, String>,
    /// Variables it shall not inherit.
    pub unset: Vec<String>,
    /// Where it runs.
    pub working_directory: PathBuf,
}

impl Invocation {
    /// The line for somebody who stands in `folder` already: without a `cd` where none is needed.
    #[must_use]
    pub fn line_from(&self, folder: &Path) -> String {
        let mut words: Vec<String> = Vec::new();
        if self.working_directory != folder {
            words.push(format!(
                "cd {} &&",
                quote(&self.working_directory.to_string_lossy())
            ));
        }
        if !self.unset.is_empty() {
            words.push("env".to_owned());
            words.extend(self.unset.iter().map(|name| format!("-u {}", quote(name))));
        }
        words.extend(
            self.set
                .iter()
                .map(|(name, value)| format!("{name}={}", quote(value))),
        );
        words.push(quote(&self.program));
        words.extend(self.arguments.iter().map(|argument| quote(argument)));
        words.join(" ")
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line_from(Path::new("")))
    }
}

/// A word as a shell reads it. No program can be given a NUL, so its place is marked and nothing is lost that could be run.
fn quote(word: &str) -> String {
    let word = word.replace('\0', "\u{fffd}");
    shlex::try_quote(&word).map_or_else(|_| word.clone(), std::borrow::Cow::into_owned)
}

/// What a call came to.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit status; 128 + N where signal N ended it.
    pub status: i32,
    /// What it printed to standard output, where that was captured.
    pub stdout: Vec<u8>,
    /// What it printed to standard error, where that was captured.
    pub stderr: Vec<u8>,
}

/// Why a program did not run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program.
    #[error("`{0}` was not found on `PATH`")]
    Missing(String),
    /// It could not be started or waited for.
    #[error("cannot run `{program}`")]
    Failed {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl ProcessError {
    fn new(invocation: &Invocation, source: std::io::Error) -> Self {
        // A working directory that is gone and a path that leads nowhere give the same error as an unknown name.
        let searched = !invocation.program.contains('/') && invocation.working_directory.is_dir();
        if searched && source.kind() == ErrorKind::NotFound {
            Self::Missing(invocation.program.clone())
        } else {
            Self::Failed {
                program: invocation.program.clone(),
                source,
            }
        }
    }
}

/// Starts a program. One that was written a moment ago may still be open for writing in a child that another thread has just
/// forked, for as long as that child takes to become another program.
fn start(command: &mut Command) -> std::io::Result<Child> {
    const TRIES: u32 = 50;
    for _ in 0..TRIES {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            started => return started,
        }
    }
    command.spawn()
}

/// Runs a program to its end and keeps what it printed on both streams.
pub fn capture(invocation: &Invocation) -> Result<Finished, ProcessError> {
    let run = || {
        let child = start(command(invocation).stderr(Stdio::piped()))?;
        let running = Running::new(&child);
        let output = child.wait_with_output();
        drop(running);
        output
    };
    let output = run().map_err(|source| ProcessError::new(invocation, source))?;
    Ok(Finished {
        status: status_number(output.status),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

/// Runs a program to its end: its standard error goes to ours untouched, each line of its standard output to `line`, without
/// its line break and as soon as it comes.
pub fn stream(invocation: &Invocation, line: &mut dyn FnMut(&[u8])) -> Result<Finished, ProcessError> {
    let mut run = || {
        let mut child = start(command(invocation).stderr(Stdio::inherit()))?;
        let running = Running::new(&child);
        let read = read_lines(&mut child, line);
        let waited = child.wait();
        drop(running);
        read.and(waited)
    };
    let status = run().map_err(|source| ProcessError::new(invocation, source))?;
    Ok(Finished {
        status: status_number(status),
        stdout: Vec::new(),
        stderr: Vec::new(),
    })
}

/// The call in the standard library's words: nothing to read on its standard input, its standard output for us.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that starts programs"
)]
fn command(invocation: &Invocation) -> Command {
    let mut command = Command::new(&invocation.program);
    command
        .args(&invocation.arguments)
        .current_dir(&invocation.working_directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for name in &invocation.unset {
        command.env_remove(name);
    }
    command.envs(&invocation.set);
    command
}

/// Hands over each line that a child prints until it closes its standard output.
fn read_lines(child: &mut Child, line: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
    let Some(stdout) = child.stdout.take() else {
        return Ok(());
    };
    let mut reader = BufReader::new(stdout);
    let mut buffer = Vec::new();
    while reader.read_until(b'\n', &mut buffer)? > 0 {
        let text = buffer.strip_suffix(b"\n").unwrap_or(&buffer);
        line(text.strip_suffix(b"\r").unwrap_or(text));
        buffer.clear();
    }
    Ok(())
}

/// The exit status as shells count it.
fn status_number(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return 128 + signal;
        }
    }
    status.code().unwrap_or(1)
}

/// The children that run now, by process id.
static CHILDREN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn children() -> MutexGuard<'static, BTreeSet<u32>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a signal is ending the program.
static ENDING: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// A child's place among those that a signal ends too, left when this value goes.
struct Running(u32);

impl Running {
    fn new(child: &Child) -> Self {
        children().insert(child.id());
        Self(child.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        children().remove(&self.0);
        // The child has ended because the program is being ended: nobody shall go on from here and say that it failed.
        while ENDING.load(Ordering::SeqCst) {
            std::thread::park();
        }
    }
}

/// How long children may take to end before they are killed.
const PATIENCE: Duration = Duration::from_secs(3);

/// From now on SIGINT, SIGTERM and SIGHUP end the children that run, remove unfinished files, and end the program with 128 + N.
/// One that whoever started the program wants ignored, as `nohup` does, stays ignored.
#[cfg(unix)]
pub fn end_cleanly_on_signals() -> std::io::Result<()> {
    let signals = ending_signals();
    for &signal in &signals {
        signal_hook::flag::register(signal, Arc::clone(&ENDING))?;
    }
    let mut waiting = signal_hook::iterator::Signals::new(signals)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = waiting.forever().next() {
                end_children();
                crate::fs::remove_unfinished();
                std::process::exit(128 + signal);
            }
        })?;
    Ok(())
}

/// From now on a signal would end the program cleanly; here the system does that itself.
#[cfg(not(unix))]
pub fn end_cleanly_on_signals() -> std::io::Result<()> {
    Ok(())
}

/// While this value lives, SIGINT, SIGTERM and SIGHUP wait. What is done meanwhile is over soon and leaves nothing behind; then
/// the one that came ends the program with 128 + N.
///
/// For whoever starts no other program: it costs a tenth of what [`end_cleanly_on_signals`] does, which a command that is done in
/// a millisecond feels.
#[derive(Debug)]
pub struct HeldSignals(());

/// The last signal that came while signals were held.
#[cfg(unix)]
static HELD: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Whether signals do what they always do.
#[cfg(unix)]
static AT_LARGE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// Holds the signals that would end the program.
#[cfg(unix)]
pub fn hold_signals() -> std::io::Result<HeldSignals> {
    use signal_hook::flag;

    static LISTENS: OnceLock<()> = OnceLock::new();

    if LISTENS.get().is_none() {
        for signal in ending_signals() {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&AT_LARGE))?;
            flag::register_usize(signal, Arc::clone(&HELD), usize::try_from(signal).unwrap_or(0))?;
        }
        LISTENS.get_or_init(|| ());
    }
    AT_LARGE.store(false, Ordering::SeqCst);
    Ok(HeldSignals(()))
}

#[cfg(unix)]
impl Drop for HeldSignals {
    fn drop(&mut self) {
        AT_LARGE.store(true, Ordering::SeqCst);
        let signal = i32::try_from(HELD.load(Ordering::SeqCst)).unwrap_or(0);
        if signal != 0 {
            std::process::exit(128 + signal);
        }
    }
}

/// Holds nothing: here the system ends the program whatever it does.
#[cfg(not(unix))]
pub fn hold_signals() -> std::io::Result<HeldSignals> {
    Ok(HeldSignals(()))
}

/// The signals that end the program: those that whoever started it does not want ignored.
#[cfg(unix)]
fn ending_signals() -> Vec<i32> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    /// Longer than the status of any process; the system makes it up anew for each call that reads a part of it.
    const ENOUGH: usize = 8 * 1024;

    let status = crate::fs::read_beginning(Path::new("/proc/self/status"), ENOUGH).unwrap_or_default();
    let ignored = ignored_signals(&String::from_utf8_lossy(&status));
    [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0)
        .collect()
}

/// The signals that are ignored, a bit each, from a process's status as the system tells it.
#[cfg(unix)]
fn ignored_signals(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Asks every child and what it started to end; kills what does not.
///
/// What a child started is asked too, because cargo does not hand on the signal that ends it, and a compiler that outlives it
/// would go on writing into the target directory.
#[cfg(unix)]
fn end_children() {
    use rustix::process::Signal;

    let mut family: Vec<u32> = children().iter().copied().collect();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(started_by(parent));
        next += 1;
    }
    signal_all(&family, Signal::TERM);
    let deadline = Instant::now() + PATIENCE;
    while !children().is_empty() {
        if Instant::now() > deadline {
            signal_all(&family, Signal::KILL);
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
fn signal_all(processes: &[u32], signal: rustix::process::Signal) {
    for process in processes {
        let process = i32::try_from(*process)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(process) = process {
            // One that has ended meanwhile needs no signal.
            let _ = rustix::process::kill_process(process, signal);
        }
    }
}

/// The processes that a process started and that still run, where the system tells.
#[cfg(unix)]
fn started_by(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|list| {
            list.split_ascii_whitespace()
                .filter_map(|number| number.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Invocation {
        Invocation {
            program: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            set: BTreeMap::new(),
            unset: Vec::new(),
            working_directory: PathBuf::from("/"),
        }
    }

    #[test]
    fn prints_as_a_line_that_a_shell_reads_back() {
        let mut invocation = shell("echo 'a b'");
        invocation.set.insert("GREETING".to_owned(), "it's".to_owned());
        invocation.unset = vec!["CARGO".to_owned()];
        invocation.working_directory = PathBuf::from("/tmp/a b");
        let line = invocation.to_string();
        assert_eq!(
            line,
            r#"cd '/tmp/a b' && env -u CARGO GREETING="it's" sh -c "echo 'a b'""#
        );
        assert_eq!(
            shlex::split(&line).unwrap(),
            [
                "cd",
                "/tmp/a b",
                "&&",
                "env",
                "-u",
                "CARGO",
                "GREETING=it's",
                "sh",
                "-c",
                "echo 'a b'"
            ]
        );
    }

    #[test]
    fn needs_no_cd_where_one_stands_already() {
        assert_eq!(shell("true").line_from(Path::new("/")), "sh -c true");
    }

    #[test]
    fn captures_both_streams_and_the_status() {
        let mut invocation = shell("echo out $NAME; echo err >&2; cat; exit 3");
        invocation.set.insert("NAME".to_owned(), "x".to_owned());
        let finished = capture(&invocation).unwrap();
        assert_eq!(finished.status, 3);
        assert_eq!(finished.stdout, b"out x\n");
        assert_eq!(finished.stderr, b"err\n");
    }

    #[test]
    fn a_variable_can_be_kept_from_a_child() {
        let mut invocation = shell("echo ${PATH-unset}");
        invocation.unset.push("PATH".to_owned());
        invocation.program = "/bin/sh".to_owned();
        let stdout = capture(&invocation).unwrap().stdout;
        // A shell without PATH may give itself one of its own.
        assert_ne!(
            stdout.trim_ascii(),
            capture(&shell("echo $PATH")).unwrap().stdout.trim_ascii()
        );
    }

    #[test]
    fn streams_each_line_without_its_break() {
        let mut lines: Vec<String> = Vec::new();
        let finished = stream(&shell("printf 'a\\nb\\r\\n\\nc'; kill -9 $$"), &mut |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
        })
        .unwrap();
        assert_eq!(lines, ["a", "b", "", "c"]);
        assert_eq!(finished.status, 128 + 9);
    }

    #[test]
    fn tells_a_missing_program_from_one_that_cannot_run() {
        let mut invocation = shell("true");
        invocation.program = "no-such-program-anywhere".to_owned();
        assert_eq!(
            capture(&invocation).unwrap_err().to_string(),
            "`no-such-program-anywhere` was not found on `PATH`"
        );
        invocation.program = "/no/such/program".to_owned();
        assert!(matches!(
            stream(&invocation, &mut |_| ()),
            Err(ProcessError::Failed { .. })
        ));
        let mut homeless = shell("true");
        homeless.working_directory = PathBuf::from("/no/such/folder");
        assert!(matches!(capture(&homeless), Err(ProcessError::Failed { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn knows_which_signals_are_to_be_ignored() {
        let status = "Name:\tironwheel\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_signals(status), 1 | 1 << 12);
        assert_eq!(ignored_signals("Name:\tironwheel\n"), 0);
    }

    #[cfg(unix)]
    #[test]
    fn knows_what_a_child_started() {
        let mut grandchildren = Vec::new();
        let _ = stream(&shell("sleep 0.2 & echo $!; wait"), &mut |line| {
            let sleeper: u32 = String::from_utf8_lossy(line).parse().unwrap();
            let parents: Vec<u32> = children().iter().copied().collect();
            grandchildren = parents.into_iter().flat_map(started_by).collect();
            assert!(grandchildren.contains(&sleeper), "{sleeper} in {grandchildren:?}");
        })
        .unwrap();
        assert!(!grandchildren.is_empty());
    }
}
