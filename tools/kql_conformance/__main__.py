"""``python -m tools.kql_conformance [part ...]``: print each part's table, fail under its marks."""

import argparse
import importlib
import os
import pkgutil
import sys
import time
from pathlib import Path

import tools.kql_conformance as package


def main() -> int:
    """Run the named parts, or all."""
    parts = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name != "__main__")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}; all by default")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("HUNTKIT_DATA", "../shared/data")
    )
    given = parser.parse_args()
    reached = True
    for part in given.parts or parts:
        module = importlib.import_module(f"tools.kql_conformance.{part}")
        if not hasattr(module, "main"):
            continue
        print(f"== {part}")
        started = time.perf_counter()
        reached = module.main(Path(given.data), verbose=given.verbose) and reached
        print(f"   {time.perf_counter() - started:.1f} s")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
