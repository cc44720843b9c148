#!/usr/bin/env python3
"""Writes src/check/stable_abi.json from an installed `abi3info` (MIT), which has it from CPython's own `stable_abi.toml`.

    python -m venv venv && venv/bin/pip install abi3info==2026.9.25 && venv/bin/python tests/refresh_stable_abi.py

"minor version of CPython 3 → symbols of the stable ABI that came with it".
"""

import collections
import importlib.metadata
import json
import pathlib

import abi3info

TARGET = pathlib.Path(__file__).parents[1] / "src/check/stable_abi.json"

symbols = collections.defaultdict(set)
for item in [*abi3info.FUNCTIONS.values(), *abi3info.DATAS.values()]:
    assert item.added.major == 3, item
    symbols[item.added.minor].add(item.symbol.name)

lines = [f'  "{minor}": {json.dumps(sorted(symbols[minor]))}' for minor in sorted(symbols)]
source = f"abi3info {importlib.metadata.version('abi3info')} (MIT), by tests/refresh_stable_abi.py"
TARGET.write_text('{\n "source": ' + json.dumps(source) + ',\n "since": {\n' + ",\n".join(lines) + "\n }\n}\n")
