"""Edits shared objects of wheels as grafting does, and judges the result: elf_corpus.py IRONWHEEL SHARED FOLDER.

SHARED holds the list of wheels, the judge and the model of the algorithm; wheels are kept in FOLDER. Each object is judged
strictly after the edit and after `strip` of binutils, LLVM and elfutils; the same edit again must change nothing; and no file
may have grown more than the model's.
"""
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

IRONWHEEL, SHARED, WHEELS = (pathlib.Path(it) for it in sys.argv[1:4])
sys.path.insert(0, str(SHARED))
import elf_check  # noqa: E402
import fetch  # noqa: E402
import model  # noqa: E402
import run  # noqa: E402

STRIPS = ("strip", "llvm-strip", "eu-strip")
# Wheels beyond this are left out: the debug build of a test would take minutes for them.
LARGEST_WHEEL = 7_000_000


class Object:
    """A shared object and the edit that grafting would do to it."""

    def __init__(self, path, name):
        self.path = path
        self.needed = run.needed_of(path)
        kept = ("ld-", "ld.", "libc.")
        renamed = [it for it in self.needed if not it.startswith(kept)] or self.needed[:1]
        self.changes = {it: run.longer(it) for it in renamed}
        self.soname = run.longer(pathlib.PurePath(name).name) if ".so" in name else None

    def edit(self, source, target):
        command = [IRONWHEEL, "elf", "--set-rpath", run.RPATH]
        command += ["--set-soname", self.soname] if self.soname else []
        for old, new in self.changes.items():
            command += ["--replace-needed", old, new]
        ran = subprocess.run([*command, "--output", target, source], capture_output=True, text=True, errors="replace")
        return ran.stderr.strip() if ran.returncode else None

    def wishes(self):
        wishes = {"rpath": run.RPATH, "rpath_tag": "either", "needed_map": [f"{old}={new}" for old, new in self.changes.items()]}
        return wishes | ({"soname": self.soname} if self.soname else {})

    def model_growth(self):
        edits = {"rpath": run.RPATH, "soname": self.soname, "needed_map": self.changes}
        return model.patch(self.path.read_bytes(), **edits)[1]

    def strings(self):
        """The bytes of all new strings."""
        return sum(len(it) + 1 for it in [run.RPATH, *self.changes.values(), *filter(None, [self.soname])])


def findings_after(strip, original, source, target, wishes):
    """What the judge says after `strip`; nothing where the tool does not know the machine."""
    target.unlink(missing_ok=True)
    if subprocess.run([strip, "-o", target, source], capture_output=True).returncode or not target.exists():
        return None
    os.chmod(target, original.stat().st_mode)
    return elf_check.check(str(original), str(target), stripped=True, allow_evict=True, **wishes)[0]


def judge(wheel, name, data):
    """Everything that is wrong with one object's edit; and what it was like."""
    with tempfile.TemporaryDirectory() as folder:
        original, edited, again, stripped = (pathlib.Path(folder, it) for it in ("original.so", "edited.so", "again.so", "stripped.so"))
        original.write_bytes(data)
        it = Object(original, name)
        if not it.needed:
            return [], collections.Counter(without_needed=1)
        where = f"{wheel}: {name}"
        if error := it.edit(original, edited):
            return [f"{where}: {error}"], collections.Counter(refused=1)
        wrong = []
        fails, _, _, growth = elf_check.check(str(original), str(edited), allow_evict=True, **it.wishes())
        wrong += [f"{where}: {fail}" for fail in fails[:3]]
        if it.edit(edited, again) or again.read_bytes() != edited.read_bytes():
            wrong.append(f"{where}: the same edit again changes it")
        expected = it.model_growth()
        was_edited = expected["tier"] == "T3e"
        if growth > expected["growth"]:
            wrong.append(f"{where}: grew by {growth} bytes, the model by {expected['growth']}")
        if was_edited and growth > it.strings():
            wrong.append(f"{where}: grew by {growth} bytes for {it.strings()} bytes of strings")
        count = collections.Counter(judged=1, pristine=not was_edited, pristine_as_long=not was_edited and growth == 0)
        for strip in STRIPS:
            before = findings_after(strip, original, original, stripped, {})
            if before is None:
                continue
            after = findings_after(strip, original, edited, stripped, it.wishes())
            count[strip] += 1
            # Files that other tools have edited may not survive `strip`, edited by us or not.
            if after is None or {fail[0] for fail in after} - {fail[0] for fail in before}:
                wrong.append(f"{where}: after {strip}: {after}")
        return wrong, count


def main():
    WHEELS.mkdir(parents=True, exist_ok=True)
    rows = [row for row in fetch.rows("all") if int(row["wheel_bytes"]) < LARGEST_WHEEL]
    jobs = [(row["file"], name, data) for row in rows for name, data in run.objects(fetch.fetch(row, WHEELS))]
    wrong, count = [], collections.Counter()
    with concurrent.futures.ProcessPoolExecutor() as executor:
        for findings, facts in executor.map(judge, *zip(*jobs), chunksize=4):
            wrong += findings
            count += facts
    print(dict(count))
    if count["judged"] < 100 or any(count[strip] < 50 for strip in STRIPS):
        wrong.append(f"too few objects were judged: {dict(count)}")
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
