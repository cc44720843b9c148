"""Takes the libraries out of a repaired wheel and gives everything the names that it had before.

    python3 unrepair.py IRONWHEEL WHEEL TREE LIBRARIES

TREE becomes the unpacked wheel for the plain Linux platform, LIBRARIES the folder with what was grafted into it.
"""

import pathlib
import platform
import re
import shutil
import subprocess
import sys
import zipfile

HASHED = re.compile(r"^(?P<base>[^.]*)-[0-9a-f]{8}(?P<rest>\..*)$")


def restored(name):
    found = HASHED.match(name)
    return found["base"] + found["rest"] if found else name


def needed(path):
    text = subprocess.run(["readelf", "-dW", path], check=True, capture_output=True, text=True).stdout
    return [line.split("[")[1].split("]")[0] for line in text.splitlines() if "(NEEDED)" in line]


def main(ironwheel, wheel, tree, libraries):
    tree, libraries = pathlib.Path(tree), pathlib.Path(libraries)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree)
    libraries.mkdir()
    grafted = set()
    for folder in tree.glob("*.libs"):
        for library in folder.iterdir():
            grafted.add(library.name)
            shutil.move(library, libraries / restored(library.name))
        folder.rmdir()
    assert grafted, f"{wheel} carries no library"
    for path in [*libraries.iterdir(), *tree.rglob("*")]:
        if not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        command = [ironwheel, "elf", "--remove-rpath"]
        for name in needed(path):
            if name in grafted:
                command += ["--replace-needed", name, restored(name)]
        if path.parent == libraries:
            command += ["--set-soname", path.name]
        subprocess.run([*command, path], check=True)
    for info in tree.glob("*.dist-info"):
        shutil.rmtree(info / "sboms", ignore_errors=True)
        text = (info / "WHEEL").read_text()
        tag = re.search(r"^Tag: (\S+-\S+)-", text, re.MULTILINE)[1]
        kept = [line for line in text.splitlines() if line and not line.startswith("Tag:")]
        (info / "WHEEL").write_text("\n".join([*kept, f"Tag: {tag}-linux_{platform.machine()}", ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
