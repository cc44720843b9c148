"""Says as JSON what is in a wheel: files and modes, METADATA as Python reads it, tags, entry points, what ELF files need.

    python3 look.py WHEEL

Reads with Python's own libraries and binutils' `readelf` alone.
"""

import configparser
import email
import email.policy
import json
import os
import subprocess
import sys
import tempfile
import zipfile


def readelf(content, *arguments):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(["readelf", *arguments, file.name], check=True, capture_output=True, text=True, env=environment).stdout


def bracketed(text, mark):
    return [line.split("[")[1].rstrip("]") for line in text.splitlines() if mark in line]


def elf(content):
    dynamic = readelf(content, "-dW")
    symbols = readelf(content, "--dyn-syms", "-W")
    exported = [line.split()[-1] for line in symbols.splitlines() if " UND " not in line and " GLOBAL " in line]
    return {
        "needed": sorted(bracketed(dynamic, "(NEEDED)")),
        "runpath": bracketed(dynamic, "(RUNPATH)") + bracketed(dynamic, "(RPATH)"),
        "exported": sorted(name for name in exported if name.startswith(("PyInit_", "PyModExport_"))),
    }


def entry_points(text):
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return sorted(f"{group} {name} = {value}" for group in parser.sections() for name, value in parser.items(group))


def look(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        info = next(name for name in names if name.endswith(".dist-info/RECORD")).removesuffix("RECORD")
        metadata = archive.read(info + "METADATA").decode("utf-8")
        message = email.message_from_string(metadata, policy=email.policy.compat32)
        contents = {name: archive.read(name) for name in names}
        return {
            "files": [name for name in names if not name.startswith(info)],
            "info": [name.removeprefix(info) for name in names if name.startswith(info)],
            "executable": [item.filename for item in archive.infolist() if item.external_attr >> 16 & 0o111],
            "headers": [f"{key}: {' '.join(value.split())}" for key, value in message.items()],
            "body": metadata.partition("\n\n")[2],
            "entry_points": entry_points(contents.get(info + "entry_points.txt", b"").decode("utf-8")),
            "elf": {name: elf(content) for name, content in contents.items() if content.startswith(b"\x7fELF")},
        }


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    json.dump(look(sys.argv[1]), sys.stdout, ensure_ascii=False)
