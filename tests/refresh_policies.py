#!/usr/bin/env python3
"""Writes src/audit/policies.json from the policies of an installed `auditwheel`.

    python -m venv venv && venv/bin/pip install auditwheel==6.8.2 && venv/bin/python tests/refresh_policies.py

With --check it writes nothing and fails where the file does not say what `auditwheel` says.

The upstream lists repeat themselves: every policy names each symbol version that it has. Every list grows from one policy to
the next, so that "version → oldest policy that has it" says the same in a tenth of the size. Stops where that is not so.
"""

import collections
import importlib.metadata
import json
import pathlib
import re
import sys

import auditwheel.policy

TARGET = pathlib.Path(__file__).parents[1] / "src/audit/policies.json"
UPSTREAM = pathlib.Path(auditwheel.policy.__file__).parent


def load(name):
    """The policies of one C library as (major, minor, policy), the most portable first."""
    found = []
    for policy in json.loads((UPSTREAM / name).read_text()):
        match = re.fullmatch(r"(?:many|musl)linux_(\d+)_(\d+)", policy["name"])
        if match:
            found.append((*map(int, match.groups()), policy))
        else:
            assert policy["name"] == "linux", policy["name"]
    found.sort(key=lambda it: it[:2])
    assert len({it[0] for it in found}) == 1, "one major version"
    priorities = [it[2]["priority"] for it in found]
    assert priorities == sorted(priorities, reverse=True), "priority follows the version"
    return found


def sort_key(text):
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"[._]", text)]


def grouped(first):
    """{thing: first} as {first: [things]}, both sorted."""
    groups = collections.defaultdict(list)
    for thing, minor in first.items():
        groups[minor].append(thing)
    return {str(minor): sorted(groups[minor], key=sort_key) for minor in sorted(groups)}


def spans(policies, has):
    """First and last policy for which `has` is true, which must be so for all between."""
    minors = [minor for _, minor, policy in policies if has(policy)]
    between = [minor for _, minor, _ in policies if minors[0] <= minor <= minors[-1]]
    assert minors == between, minors
    return [minors[0], minors[-1]]


def condense(policies):
    newest = policies[-1][1]
    architectures, versions = {}, {}
    for architecture in sorted({name for _, _, policy in policies for name in policy["symbol_versions"]}):
        span = spans(policies, lambda policy: architecture in policy["symbol_versions"])
        architectures[architecture] = span
        namespaces = collections.defaultdict(dict)
        for _, minor, policy in policies:
            offered = policy["symbol_versions"].get(architecture)
            if offered is None:
                continue
            for namespace, known in namespaces.items():
                assert known.keys() <= set(offered.get(namespace, [])), (architecture, minor, namespace)
            for namespace, found in offered.items():
                for version in found:
                    namespaces[namespace].setdefault(version, minor)
        if namespaces:
            versions[architecture] = {name: grouped(namespaces[name]) for name in sorted(namespaces)}
    libraries = {}
    for library in {name for _, _, policy in policies for name in policy["lib_whitelist"]}:
        first, last = spans(policies, lambda policy: library in policy["lib_whitelist"])
        assert last == newest, library
        libraries[library] = first
    blocked = collections.defaultdict(lambda: collections.defaultdict(list))
    for library in sorted({name for _, _, policy in policies for name in policy["blacklist"]}):
        for symbol in sorted({name for _, _, policy in policies for name in policy["blacklist"].get(library, [])}):
            first, last = spans(policies, lambda policy: symbol in policy["blacklist"].get(library, []))
            blocked[library][f"{first}-{last}"].append(symbol)
    return {
        "major": policies[0][0],
        "minors": [minor for _, minor, _ in policies],
        "architectures": architectures,
        "libraries": grouped(libraries),
        "blocked": blocked,
        "versions": versions,
    }


def spell(value, depth=0):
    """JSON with a line for each list that says something of its own."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value)
    if all(isinstance(it, (list, int, str)) for it in value.values()) and depth > 2:
        return json.dumps(value)
    indent = " " * (depth + 1)
    lines = ",\n".join(f"{indent}{json.dumps(key)}: {spell(it, depth + 1)}" for key, it in value.items())
    return "{\n" + lines + "\n" + " " * depth + "}"


def main():
    version = importlib.metadata.version("auditwheel")
    data = {
        "source": f"derived from the policies of auditwheel {version} (MIT) by tests/refresh_policies.py",
        "manylinux": condense(load("manylinux-policy.json")),
        "musllinux": condense(load("musllinux-policy.json")),
    }
    text = spell(data) + "\n"
    assert json.loads(text) == json.loads(json.dumps(data))
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            sys.exit(f"{TARGET} does not say what the policies of auditwheel {version} say")
        return
    TARGET.write_text(text)
    print(f"{TARGET}: {len(text)} bytes")


if __name__ == "__main__":
    main()
