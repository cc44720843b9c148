"""Puts the program and its hooks into a wheel, as `ironwheel build` does, but without compiling anything: for tests.

Takes the program, the folder with the package, and the folder for the wheel.
"""

import base64
import hashlib
import pathlib
import platform
import subprocess
import sys
import zipfile

program, packages, out = map(pathlib.Path, sys.argv[1:])
version = subprocess.check_output([program, "--version"], text=True).split()[1]
name = f"ironwheel-{version}"
wheel = out / f"{name}-py3-none-linux_{platform.machine()}.whl"

sources = sorted((packages / "ironwheel").glob("*.py"))
newest = max(path.stat().st_mtime for path in [program, *sources, pathlib.Path(__file__)])
if wheel.exists() and wheel.stat().st_mtime >= newest:
    sys.exit()
for old in out.iterdir():
    old.unlink()

stripped = out / "stripped"
subprocess.check_call(["strip", "--strip-debug", "-o", stripped, program])
files = {f"ironwheel/{path.name}": path.read_bytes() for path in sources}
files[f"{name}.data/scripts/ironwheel"] = stripped.read_bytes()
stripped.unlink()
files[f"{name}.dist-info/METADATA"] = f"Metadata-Version: 2.4\nName: ironwheel\nVersion: {version}\n".encode()
files[f"{name}.dist-info/WHEEL"] = (
    f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: false\nTag: py3-none-linux_{platform.machine()}\n"
).encode()
rows = []
for path, content in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    rows.append(f"{path},sha256={digest},{len(content)}\n")
rows.append(f"{name}.dist-info/RECORD,,\n")
files[f"{name}.dist-info/RECORD"] = "".join(rows).encode()

part = out / "part"
with zipfile.ZipFile(part, "w") as archive:
    for path, content in files.items():
        entry = zipfile.ZipInfo(path)
        entry.external_attr = (0o100755 if "/scripts/" in path else 0o100644) << 16
        archive.writestr(entry, content)
part.rename(wheel)
