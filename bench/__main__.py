"""Run benchmarks by name, or all of them."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import bench


def main() -> int:
    """Run the named benchmarks and print their tables."""
    known = [each.name for each in pkgutil.iter_modules(bench.__path__) if each.name[0] != "_"]
    chosen = sys.argv[1:] or known
    if unknown := [name for name in chosen if name not in known]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    data = Path(os.environ.get("HUNTKIT_DATA", "../shared/data")).resolve()
    if not data.is_dir():
        print(f"no shared data at {data}: set HUNTKIT_DATA", file=sys.stderr)
        return 2
    for name in chosen:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").run(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
