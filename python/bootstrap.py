"""ironwheel's own hooks: those of the package beside, with the program built from these very sources.

So that ironwheel can be installed from its sources where there is no ironwheel yet; nothing but cargo is needed.
"""

import json
import os
import subprocess
import sys

import ironwheel
from ironwheel import *  # noqa: F403


def _program():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    manifest = os.path.join(root, "Cargo.toml")
    command = ["cargo", "build", "--release", "--locked", "--bin", "ironwheel", "--manifest-path", manifest]
    try:
        build = subprocess.run(
            command + ["--message-format", "json-render-diagnostics"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=ironwheel._environment(),
        )
    except FileNotFoundError:
        sys.exit("error: `cargo` was not found on PATH: install Rust")
    if build.returncode != 0:
        sys.exit(build.returncode)
    made = None
    for line in build.stdout.decode("utf-8", "replace").splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        made = message.get("executable") or made
    if made is None:
        sys.exit("error: cargo named no program")
    return made


# Asked for what it needs to be built, it answers without a program that would have to be built first.
def get_requires_for_build_wheel(config_settings=None):
    return ironwheel._rust_installer()


def get_requires_for_build_editable(config_settings=None):
    return ironwheel._rust_installer()


ironwheel.program = _program
