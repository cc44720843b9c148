"""Judges a wheel's container byte by byte, by the rules the package index and the wheel specification set.

    python3 judge_zip.py WHEEL [--epoch SECONDS]

Written without a look at the program under test and without its libraries: it walks the bytes itself and trusts no
zip library. Prints a line for each fault; exits 0 where there is none, 1 where there are some, 2 where it cannot read.
The identifiers (ZIP-09 …) are those of the checklist the project was written against.
"""

import base64
import csv
import hashlib
import io
import itertools
import re
import stat
import struct
import sys
import tarfile
import time
import unicodedata
import zlib

FAULTS = []


def fault(rule, text):
    FAULTS.append(f"{rule}: {text}")


def require(condition, rule, text):
    if not condition:
        fault(rule, text)
    return condition


class Unreadable(Exception):
    pass


def take(data, offset, layout):
    size = struct.calcsize(layout)
    if offset + size > len(data):
        raise Unreadable(f"the file ends at {len(data)}, a record at {offset} needs {size} bytes")
    return struct.unpack_from(layout, data, offset), offset + size


def read_end(data):
    """The end record: one, at the very end, without a comment, true in every number."""
    require(data.count(b"PK\x05\x06") >= 1, "ZIP-04", "no end record")
    at = data.rfind(b"PK\x05\x06")
    if at < 0:
        raise Unreadable("no end record")
    fields, end = take(data, at, "<4sHHHHIIH")
    _, disk, first_disk, here, total, size, offset, comment = fields
    require(comment == 0 and end == len(data), "ZIP-04", f"{len(data) - end} bytes stand behind the end record")
    require((disk, first_disk) == (0, 0), "ZIP-22", "the archive spans disks")
    require(here == total, "ZIP-04", "the end record counts two different numbers of entries")
    require(0xFFFFFFFF not in (size, offset) and total != 0xFFFF, "ZIP-08", "ZIP64 where nothing calls for it")
    require(offset + size == at, "ZIP-04", "the central directory does not end where the end record begins")
    return total, offset, at


def read_central(data, offset, end):
    entries = []
    while offset < end:
        fields, at = take(data, offset, "<4sBBHHHHHIIIHHHHHII")
        (signature, version, system, needed, flags, method, clock, date, crc, packed, size, name_length, extra_length,
         comment_length, disk, internal, external, local) = fields
        if signature != b"PK\x01\x02":
            raise Unreadable(f"no central record at {offset}")
        name = data[at:at + name_length]
        extra = data[at + name_length:at + name_length + extra_length]
        offset = at + name_length + extra_length + comment_length
        entries.append(dict(name=name, version=version, system=system, needed=needed, flags=flags, method=method,
                            clock=clock, date=date, crc=crc, packed=packed, size=size, extra=extra,
                            comment=comment_length, disk=disk, internal=internal, external=external, local=local))
    require(offset == end, "ZIP-04", "the central directory overlaps the end record")
    return entries


def read_local(data, entry):
    """The local header must say what the central directory says; gives the entry's bytes."""
    name = entry["name"]
    fields, at = take(data, entry["local"], "<4sHHHHHIIIHH")
    signature, needed, flags, method, clock, date, crc, packed, size, name_length, extra_length = fields
    if signature != b"PK\x03\x04":
        raise Unreadable(f"no local record at {entry['local']}")
    require(data[at:at + name_length] == name, "ZIP-03", f"{name!r} has another name in its local header")
    require(extra_length == 0, "ZIP-22", f"{name!r} has an extra field in its local header")
    for key, value in (("needed", needed), ("flags", flags), ("method", method), ("clock", clock), ("date", date),
                       ("crc", crc), ("packed", packed), ("size", size)):
        require(entry[key] == value, "ZIP-03", f"{name!r}: `{key}` is {value} locally and {entry[key]} centrally")
    start = at + name_length + extra_length
    body = data[start:start + entry["packed"]]
    if method == 8:
        inflate = zlib.decompressobj(-15)
        plain = inflate.decompress(body) + inflate.flush()
        require(inflate.eof and not inflate.unused_data, "ZIP-03", f"{name!r}: the deflated bytes do not end in time")
    else:
        plain = body
    require(len(plain) == entry["size"], "ZIP-03", f"{name!r} unpacks to {len(plain)} bytes, not {entry['size']}")
    require(zlib.crc32(plain) == entry["crc"], "ZIP-03", f"{name!r} fails its checksum")
    return start + entry["packed"], plain


def judge_names(entries):
    names = []
    for entry in entries:
        raw = entry["name"]
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            fault("ZIP-06", f"{raw!r} is not UTF-8")
            continue
        names.append(name)
        require(not any(byte < 0x20 or byte == 0x7F for byte in raw), "ZIP-06", f"{name!r} holds control characters")
        require(raw.isascii() or entry["flags"] & 0x800, "ZIP-07", f"{name!r} lacks the UTF-8 flag")
        require("\\" not in name and not name.startswith("/") and name[1:2] != ":", "ZIP-13", f"{name!r} is not relative")
        require(not {"", ".", ".."} & set(name.split("/")), "ZIP-13", f"{name!r} is not a plain path")
        require(not name.endswith("/"), "ZIP-15", f"{name!r} is a folder")
    require(len(set(names)) == len(names), "ZIP-02", "a name comes twice")
    folded = [unicodedata.normalize("NFC", name).casefold() for name in names]
    require(len(set(folded)) == len(names), "ZIP-20", "two names differ only in case or composition")
    return names


def judge_order(names):
    info = sorted({name.split("/")[0] for name in names if name.split("/")[0].endswith(".dist-info")})
    if not require(len(info) == 1, "WM-01", f"{len(info)} .dist-info folders: {info}"):
        raise Unreadable("no single .dist-info folder")
    info = info[0] + "/"
    inside = [name.startswith(info) for name in names]
    require(inside == sorted(inside), "ZIP-12", "the .dist-info folder does not come last")
    require(names[-1] == info + "RECORD", "ZIP-12", f"the last entry is {names[-1]}, not RECORD")
    outside = [name.encode() for name in names if not name.startswith(info)]
    require(outside == sorted(outside), "ZIP-19", "the files are not sorted by their bytes")
    within = [name.encode() for name in names if name.startswith(info)][:-1]
    require(within == sorted(within), "ZIP-19", "the files of .dist-info are not sorted by their bytes")
    return info


def judge_entry(entry, name, info, moment):
    require(entry["method"] in (0, 8), "ZIP-01", f"{name} is compressed by method {entry['method']}")
    require(not entry["flags"] & 0x8, "ZIP-09", f"{name} has a data descriptor")
    require(not entry["flags"] & ~0x800, "ZIP-22", f"{name} has flags {entry['flags']:#x}")
    require(entry["comment"] == 0, "ZIP-05", f"{name} has a comment")
    require(not entry["extra"], "ZIP-22", f"{name} has an extra field")
    require(entry["disk"] == 0, "ZIP-22", f"{name} is on another disk")
    require(entry["system"] == 3, "ZIP-17", f"{name} was made on system {entry['system']}, not Unix")
    mode = entry["external"] >> 16
    require(stat.S_ISREG(mode), "ZIP-14", f"{name} is no regular file: {mode:o}")
    require(stat.S_IMODE(mode) in (0o644, 0o755), "ZIP-17", f"{name} has mode {mode:o}")
    require(not entry["external"] & 0xFFFF, "ZIP-17", f"{name} has DOS attributes")
    require((entry["date"], entry["clock"]) == moment, "ZIP-16", f"{name} has another time: {entry['date']:#x} {entry['clock']:#x}")
    root, _, rest = name.partition("/")
    if root.endswith(".data") and rest.startswith("scripts/"):
        require(stat.S_IMODE(mode) == 0o755, "ZIP-18", f"{name} is not executable")
        require(rest.count("/") == 1, "WM-10", f"{name} is a script in a folder")
    if name.startswith(info):
        require(stat.S_IMODE(mode) == 0o644, "ZIP-17", f"{name} has mode {mode:o}")


def judge_record(info, contents):
    raw = contents[info + "RECORD"]
    require(not raw.startswith(b"\xef\xbb\xbf"), "REC-04", "RECORD begins with a byte order mark")
    require(b"\r" not in raw and raw.endswith(b"\n"), "REC-03", "RECORD's lines do not end in a line feed")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
    listed = {}
    for row in rows:
        if not require(len(row) == 3, "REC-03", f"a row of {len(row)} fields: {row}"):
            continue
        path, digest, size = row
        require(path not in listed, "REC-04", f"{path} is listed twice")
        listed[path] = (digest, size)
    require(set(listed) == set(contents), "REC-01", f"listed and packed differ: {set(listed) ^ set(contents)}")
    order = [row[0].encode() for row in rows]
    packed = [path.encode() for path in contents]
    require(order in (packed, [*sorted(packed[:-1]), packed[-1]]), "REC-07", "RECORD has neither the archive's order nor its own")
    for path, (digest, size) in listed.items():
        if path == info + "RECORD":
            require((digest, size) == ("", ""), "REC-02", "RECORD states its own hash")
        elif path in contents:
            true = base64.urlsafe_b64encode(hashlib.sha256(contents[path]).digest()).rstrip(b"=").decode()
            require(digest == f"sha256={true}", "REC-02", f"{path} has another hash")
            require(size == str(len(contents[path])), "REC-02", f"{path} has another size")


def judge_wheel_file(filename, info, contents):
    parts = filename.removesuffix(".whl").split("-")
    require(len(parts) in (5, 6) and filename.endswith(".whl"), "FN-01", f"{filename} has {len(parts)} parts")
    require(info == f"{parts[0]}-{parts[1]}.dist-info/", "WM-01", f"{info} does not follow from {filename}")
    require(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", parts[0]), "FN-02", f"{parts[0]} is not normalized")
    require(filename.isascii(), "FN-06", "the file name is not ASCII")
    for group in parts[-3:]:
        tags = group.split(".")
        require(tags == sorted(tags) and len(set(tags)) == len(tags), "FN-08", f"{group} is not sorted")
    expanded = {"-".join(tag) for tag in itertools.product(*(group.split(".") for group in parts[-3:]))}
    text = contents[info + "WHEEL"].decode("ascii")
    require(text.endswith("\n") and "\n\n" not in text, "WM-04", "WHEEL has an empty line or no last one")
    lines = [line.partition(": ") for line in text.splitlines()]
    keys = [key for key, _, _ in lines]
    tags = [value for key, _, value in lines if key == "Tag"]
    for key in ("Wheel-Version", "Generator", "Root-Is-Purelib"):
        require(keys.count(key) == 1, "WM-04", f"WHEEL has `{key}` {keys.count(key)} times")
    require(("Wheel-Version", ": ", "1.0") in lines, "WM-04", "WHEEL is not of version 1.0")
    require(("Root-Is-Purelib", ": ", "false") in lines, "WM-07", "native code is not pure")
    require(set(tags) == expanded and len(tags) == len(expanded), "WM-05", f"WHEEL's tags {tags} are not {sorted(expanded)}")
    require(set(keys) <= {"Wheel-Version", "Generator", "Root-Is-Purelib", "Tag"}, "WM-04", f"WHEEL has other keys: {keys}")


def judge_metadata(info, contents):
    head, _, body = contents[info + "METADATA"].decode("utf-8").partition("\n\n")
    require("\r" not in head, "MD-01", "METADATA has carriage returns")
    fields = []
    for line in head.removesuffix("\n").split("\n"):
        if line[:1] in (" ", "\t"):
            require(fields and fields[-1][0] == "License", "MD-07", f"a folded line outside License: {line!r}")
            continue
        key, colon, value = line.partition(": ")
        # `Import-Name` alone may be empty: the wheel provides no module.
        require(colon and (value or key == "Import-Name"), "MD-01", f"no header: {line!r}")
        fields.append((key, value))
    keys = [key for key, _ in fields]
    values = lambda wanted: [value for key, value in fields if key == wanted]
    newer = {"Import-Name", "Import-Namespace"} & set(keys)
    require(values("Metadata-Version") == (["2.5"] if newer else ["2.4"]), "MD-02", f"Metadata-Version {values('Metadata-Version')}")
    many = {"Classifier", "Requires-Dist", "Provides-Extra", "Project-URL", "License-File", "Import-Name", "Import-Namespace",
            "Platform", "Supported-Platform", "Requires-External", "Dynamic", "Provides-Dist", "Obsoletes-Dist"}
    for key in set(keys) - many:
        require(keys.count(key) == 1, "MD-32", f"{key} comes {keys.count(key)} times")
    require("Dynamic" not in keys, "MD-30", "a wheel has no dynamic fields")
    require(not {"License", "License-Expression"} <= set(keys), "MD-12", "License and License-Expression")
    licenses = info + "licenses/"
    require({licenses + path for path in values("License-File")} == {path for path in contents if path.startswith(licenses)},
            "MD-13", "License-File and `licenses/` differ")
    for value in values("Summary"):
        require(len(value) <= 512, "MD-06", f"Summary has {len(value)} characters")
    labels = [value.split(",")[0].strip() for value in values("Project-URL")]
    require(len(set(labels)) == len(labels) and all(0 < len(label) <= 32 for label in labels), "MD-20", f"labels: {labels}")
    for value in values("Requires-Dist"):
        require(not re.match(r"[\w.-]+(\[[^]]*\])?\s*\(", value), "MD-17", f"parentheses in {value!r}")
    for value in values("Provides-Extra"):
        require(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value), "MD-15", f"extra {value!r} is not normalized")
    require(values("Name") and re.sub(r"[-_.]+", "_", values("Name")[0]).lower() == info.split("-")[0], "WM-01", "Name is another")
    require(values("Version") == [info.removesuffix(".dist-info/").split("-")[1]], "FN-03", "Version is another")
    require(not body or "Description-Content-Type" in keys or "Description" not in keys, "MD-08", "two descriptions")


def judge_contents(info, contents):
    for name in ("METADATA", "WHEEL", "RECORD"):
        require(info + name in contents, "WM-02", f"{name} is missing")
    for name in ("INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s"):
        require(info + name not in contents, "WM-03", f"{name} does not belong into a built wheel")
    folders = {path[len(info):].split("/")[0] for path in contents if path.startswith(info) and "/" in path[len(info):]}
    require(folders <= {"licenses", "sboms"}, "WM-12", f"folders in .dist-info: {folders}")
    for path, content in contents.items():
        parts = path.split("/")
        require("__pycache__" not in parts and not path.endswith((".pyc", ".pyo")), "WM-11", f"{path} is a left-over")
        require(parts[0] not in ("target", ".git", ".venv", "setup.py", "setup.cfg"), "WM-11", f"{path} does not belong into a wheel")
        if parts[0].endswith(".data"):
            require(parts[0] == info.removesuffix(".dist-info/") + ".data", "WM-08", f"{parts[0]} is another project's")
            require(parts[1] in ("purelib", "platlib", "headers", "scripts", "data"), "WM-08", f"{path} is in no known scheme")
        if len(parts) > 2 and parts[0].endswith(".data") and parts[1] == "scripts" and content.startswith(b"#!python"):
            require(content.split(b"\n")[0] in (b"#!python", b"#!pythonw"), "WM-10", f"{path} has another first line")
    require(any(content.startswith(b"\x7fELF") for content in contents.values()), "TAG-08", "no native code in it")


def moment_of(epoch):
    """The DOS date and time of an epoch, clamped to what DOS can say."""
    clock = time.gmtime(max(int(epoch), 315532800))
    return ((clock.tm_year - 1980) << 9 | clock.tm_mon << 5 | clock.tm_mday,
            clock.tm_hour << 11 | clock.tm_min << 5 | clock.tm_sec // 2)


def judge(path, epoch):
    data = open(path, "rb").read()
    require(not tarfile.is_tarfile(path), "ZIP-10", "the file is a tar archive as well")
    total, directory, end = read_end(data)
    entries = read_central(data, directory, end)
    require(len(entries) == total, "ZIP-04", f"{len(entries)} entries, the end record says {total}")
    names = judge_names(entries)
    info = judge_order(names)
    contents, expected = {}, 0
    for entry, name in zip(entries, names):
        require(entry["local"] == expected, "ZIP-04", f"{name} begins at {entry['local']}, not right behind the one before")
        expected, contents[name] = read_local(data, entry)
        judge_entry(entry, name, info, moment_of(epoch))
    require(expected == directory, "ZIP-04", "something stands between the last file and the central directory")
    unpacked = sum(map(len, contents.values()))
    require(unpacked <= 64 << 20 or unpacked <= 50 * len(data), "ZIP-11", "the archive unpacks to more than fifty times its size")
    judge_record(info, contents)
    judge_wheel_file(path.rsplit("/", 1)[-1], info, contents)
    judge_metadata(info, contents)
    judge_contents(info, contents)


def main(arguments):
    epoch = 315532800
    if "--epoch" in arguments:
        at = arguments.index("--epoch")
        epoch = arguments[at + 1]
        del arguments[at:at + 2]
    try:
        judge(arguments[0], epoch)
    except (Unreadable, OSError, zlib.error, KeyError, IndexError) as error:
        FAULTS.append(f"unreadable: {error!r}")
        print("\n".join(FAULTS))
        return 2
    print("\n".join(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
