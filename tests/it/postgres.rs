//! The wheel of a database client, with some thirty libraries in it, on a system that has none of them, against a real server.
//!
//! Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does. Needs root, and of Debian `libpq-dev`, `postgresql` and
//! `debootstrap`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::case::Case;
use crate::expect;
use crate::place;
use crate::shell::{Shell, variable};

/// A server on a free port of this machine, ended when it is dropped.
struct Server {
    folder: TempDir,
    port: u16,
}

/// Folders where Debian keeps the server's programs.
fn program(name: &str) -> PathBuf {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&variable("PATH").unwrap_or_default()));
    folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("there is no `{name}`: install Debian's package `postgresql`"))
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ironwheel-")
            .tempdir()
            .expect("a temporary folder");
        // The server does not run as root, so the folder is its user's.
        Shell::new("chown")
            .args(["nobody"])
            .arg(folder.path())
            .run()
            .succeeded();
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let server = Self { folder, port };
        let data = server.folder.path().join("data");
        server
            .run("initdb")
            .args(["--username=demo", "--auth=trust", "--no-sync", "--pgdata"])
            .arg(&data)
            .run()
            .succeeded();
        let options =
            format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off");
        server
            .run("pg_ctl")
            .args(["start", "--wait", "--silent", "--options", &options, "--log"])
            .arg(server.folder.path().join("log"))
            .arg("--pgdata")
            .arg(&data)
            .run()
            .succeeded();
        server
    }

    /// A program of the server's, as its user.
    fn run(&self, name: &str) -> Shell {
        Shell::new("runuser")
            .args(["-u", "nobody", "--"])
            .arg(program(name))
            .folder(self.folder.path())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop = self
            .run("pg_ctl")
            .args(["stop", "--mode=immediate", "--silent", "--pgdata"]);
        let answer = stop.arg(self.folder.path().join("data")).run();
        assert!(
            answer.status == 0 || std::thread::panicking(),
            "the server does not end: {}",
            answer.stderr
        );
    }
}

/// The root of a small Debian with Python and without the client library, made once.
fn small_system() -> PathBuf {
    let _lock = place::lock("small-system");
    let root = place::kept("small-system");
    let made = root.join("made");
    if !made.exists() {
        let _ = std::fs::remove_dir_all(&root);
        Shell::new("debootstrap")
            .args(["--variant=minbase", "--include=python3", "stable"])
            .arg(&root)
            .run()
            .succeeded();
        std::fs::write(&made, "").expect("a mark");
    }
    let found = Shell::new("find")
        .arg(&root)
        .args(["-name", "libpq.so*"])
        .run()
        .succeeded();
    assert_eq!(found, "", "the small system must not have the library");
    root
}

fn install(wheel: &Path, root: &Path) -> PathBuf {
    let site = root.join("srv/site");
    let _ = std::fs::remove_dir_all(&site);
    Shell::new(&place::python().executable)
        .args([
            "-c",
            "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])",
        ])
        .arg(wheel)
        .arg(&site)
        .run()
        .succeeded();
    site
}

#[test]
fn a_client_of_postgresql_runs_where_its_library_is_not() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    let root = small_system();
    let case = Case::of("postgres-client");
    let words = case.build::<&str>([]).report();
    assert!(words.starts_with("status: 0"), "{words}");
    let wheel = case.wheels().remove(0);
    let name = wheel.file_name().and_then(|name| name.to_str()).expect("UTF-8");
    assert!(name.contains("-cp39-abi3-manylinux_2_"), "{name}");

    let look = expect::look(&wheel);
    let libraries = look
        .elf
        .keys()
        .filter(|path| path.starts_with("postgres_client.libs/"));
    assert!(
        libraries.count() >= 20,
        "the library has a long closure: {:?}",
        look.elf.keys()
    );
    for (path, elf) in &look.elf {
        for needed in elf.needed.iter().filter(|needed| needed.contains("libpq")) {
            assert!(needed.starts_with("libpq-"), "{path} needs {needed}");
        }
        assert!(
            elf.runpath.iter().all(|entry| entry.starts_with("$ORIGIN")),
            "{path}: {:?}",
            elf.runpath
        );
    }
    assert!(
        look.info
            .iter()
            .any(|path| path.starts_with("licenses/postgres_client.libs/libpq5/")),
        "the licences come along: {:?}",
        look.info
    );

    let server = Server::start();
    install(&wheel, &root);
    let code = format!(
        "import postgres_client as client; print(client.ask('host=127.0.0.1 port={} user=demo dbname=postgres', \
         'select 6 * 7'), client.library_version() > 90000)",
        server.port
    );
    let answer = Shell::new("chroot")
        .arg(&root)
        .args([
            "/usr/bin/env",
            "PYTHONPATH=/srv/site",
            "/usr/bin/python3",
            "-c",
            &code,
        ])
        .run()
        .succeeded();
    assert_eq!(answer, "42 True\n");
}
