"""The hooks by which pip, uv, build and others make wheels with ironwheel.

Nothing is decided here: each hook starts the program `ironwheel` and gives back the last line that it prints.

https://peps.python.org/pep-0517/, https://peps.python.org/pep-0660/
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig

__all__ = [
    "UnsupportedOperation",
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
    "program",
]

# What may stand before the name of a setting and of a variable, the first that is there counting.
_PREFIXES = ("ironwheel.", "maturin.", "")
_VARIABLES = ("IRONWHEEL_", "MATURIN_")
_SETTINGS = ("build-args", "use-base-python")


class UnsupportedOperation(Exception):
    """What front ends expect where there can be no source distribution."""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Builds a wheel into a folder and gives its file name."""
    return _build(wheel_directory, config_settings, metadata_directory, [])


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Builds a wheel that leaves the sources where they are, and gives its file name."""
    return _build(wheel_directory, config_settings, metadata_directory, ["--editable"])


def build_sdist(sdist_directory, config_settings=None):
    """Builds a source distribution into a folder and gives its file name."""
    options = ["--sdist-directory", _path(sdist_directory)]
    return os.path.basename(_last_line("write-sdist", options, config_settings))


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Writes the metadata of the wheel into a folder without compiling, and gives its folder's name."""
    return _prepare(metadata_directory, config_settings, [])


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    """The same for an editable wheel."""
    return _prepare(metadata_directory, config_settings, ["--editable"])


def get_requires_for_build_wheel(config_settings=None):
    """What has to be installed before a wheel is built."""
    required = _call("requires", _asking(config_settings), config_settings, _environment_as_it_is)
    if sys.implementation.name == "pypy":
        # It brings its own.
        required = [requirement for requirement in required if requirement != "cffi"]
    return required + _rust_installer()


def get_requires_for_build_editable(config_settings=None):
    """What has to be installed before an editable wheel is built."""
    return get_requires_for_build_wheel(config_settings)


def get_requires_for_build_sdist(config_settings=None):
    """What has to be installed before a source distribution is built."""
    return _rust_installer()


def program():
    """The path of the program: where this package was installed, in this environment, or on PATH."""
    name = "ironwheel" + (sysconfig.get_config_var("EXE") or "")
    for folder in _script_folders():
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    path = shutil.which("ironwheel")
    if path is None:
        sys.exit("error: the program `ironwheel` is neither in this environment nor on PATH")
    return path


def _script_folders():
    # In build isolation the package lies in a folder of its own, and the interpreter's may hold another version.
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for _ in range(4):
        yield os.path.join(above, "Scripts" if os.name == "nt" else "bin")
        above = os.path.dirname(above)
    yield sysconfig.get_path("scripts")
    for scheme in sysconfig.get_scheme_names():
        yield sysconfig.get_path("scripts", scheme)


def _build(wheel_directory, config_settings, metadata_directory, options):
    options = options + _asking(config_settings) + ["--wheel-directory", _path(wheel_directory)]
    if metadata_directory is not None:
        options += ["--metadata-directory", _path(metadata_directory)]
    return os.path.basename(_last_line("build-wheel", options, config_settings))


def _prepare(metadata_directory, config_settings, options):
    options = options + _asking(config_settings) + ["--metadata-directory", _path(metadata_directory)]
    return _last_line("write-dist-info", options, config_settings)


def _asking(config_settings):
    """The Python that asks, and the one that it is an environment of, where the project is to choose."""
    wish = _setting(config_settings, "use-base-python")
    if wish is None:
        wish = _variable("PEP517_USE_BASE_PYTHON")
    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    if wish is None:
        return ["--python", sys.executable, "--base-python", base]
    return ["--python", base if str(wish).lower() in ("1", "true") else sys.executable]


def _path(folder):
    return os.fsdecode(os.path.abspath(folder))


def _build_arguments(config_settings):
    """The flags of `ironwheel build` that whoever asked for the wheel gave."""
    given = _setting(config_settings, "build-args")
    if given is None:
        given = _variable("PEP517_ARGS") or ""
    if isinstance(given, str):
        return shlex.split(given)
    if isinstance(given, (list, tuple)) and all(isinstance(word, str) for word in given):
        return list(given)
    sys.exit("error: the config setting `build-args` must be a text or a list of texts: {!r}".format(given))


def _setting(config_settings, name):
    settings = config_settings or {}
    for prefix in _PREFIXES:
        if settings.get(prefix + name) is not None:
            return settings[prefix + name]
    return None


def _variable(name):
    for prefix in _VARIABLES:
        if os.environ.get(prefix + name):
            return os.environ[prefix + name]
    return None


def _mention_unknown(config_settings):
    known = [prefix + name for prefix in _PREFIXES for name in _SETTINGS]
    for name in config_settings or {}:
        if name not in known:
            message = "notice: the config setting `{}` is none of ironwheel's and is ignored".format(name)
            print(message, file=sys.stderr, flush=True)


def _rust_is_missing():
    return shutil.which("cargo") is None and _variable("NO_INSTALL_RUST") is None


def _rust_installer():
    return ["puccinialin"] if _rust_is_missing() else []


def _environment_as_it_is():
    return dict(os.environ)


def _environment():
    """The program's environment, with a Rust that is installed where there is none."""
    environment = _environment_as_it_is()
    if _rust_is_missing():
        try:
            from puccinialin import setup_rust
        except ImportError:
            # The program says that there is no cargo, and what to do.
            return environment
        print("notice: there is no `cargo` on PATH: installing Rust", file=sys.stderr, flush=True)
        environment.update(setup_rust())
    return environment


def _last_line(hook, options, config_settings):
    _mention_unknown(config_settings)
    lines = _call(hook, options, config_settings, _environment)
    if not lines:
        sys.exit("error: `ironwheel pep517 {}` gave no answer".format(hook))
    return lines[-1]


def _call(hook, options, config_settings, environment):
    """Runs the program, and gives the lines that it prints; its words go where ours go."""
    command = [program(), "pep517", hook] + options + _build_arguments(config_settings)
    child = subprocess.Popen(
        command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=None
    )
    try:
        output, _ = child.communicate()
    except KeyboardInterrupt:
        # It ends what it started and removes what is unfinished: nobody shall kill it meanwhile.
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
    if child.returncode != 0:
        sys.exit(child.returncode if child.returncode > 0 else 128 - child.returncode)
    return os.fsdecode(output).splitlines()
