# Says what naming an extension needs. Understood by every Python from 2.7 on, so that an old one can be called too old.
import sys

# The working directory may hold modules that are named like those below.
sys.path[:] = [folder for folder in sys.path if folder]

facts = {
    "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
    "major": sys.version_info[0],
    "minor": sys.version_info[1],
}

if sys.version_info >= (3, 7):
    import importlib.machinery
    import sysconfig

    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    known = sysconfig.get_config_var
    facts["free_threaded"] = bool(known("Py_GIL_DISABLED"))
    facts["debug"] = bool(known("Py_DEBUG") or hasattr(sys, "gettotalrefcount"))
    # What the import system looks for first is what holds; CPython also has a name for it.
    facts["ext_suffix"] = facts["implementation"] == "cpython" and known("EXT_SUFFIX") or suffixes[0]
    facts["soabi"] = known("SOABI")
    facts["abiflags"] = getattr(sys, "abiflags", "")
    facts["pointer_width"] = 64 if sys.maxsize > 2**32 else 32
    facts["platform"] = sysconfig.get_platform()
    facts["executable"] = sys.executable
    facts["base_executable"] = getattr(sys, "_base_executable", None) or sys.executable

import json

sys.stdout.write("\nironwheel " + json.dumps(facts) + "\n")
