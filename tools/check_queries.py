"""Check queries of the library against their events: ``python -m tools.check_queries mde/files``.

Without names, all files are checked. Prints what is wrong, which changes of a query its events
do not notice, and a line of sums; ends with 1 if anything is wrong.
"""

import argparse
import sys
import time
from pathlib import Path

from huntkit.sources.queries import QueryFileError, read_queries
from huntkit.testing import check_queries

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "src" / "huntkit" / "sources" / "library"
EVENTS = ROOT / "tests" / "data" / "sources" / "library"


def main() -> int:
    """Check what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="such as mde/files or mssentinel")
    parser.add_argument("--survivors", action="store_true", help="show changes unnoticed")
    asked = parser.parse_args()
    files = sorted(LIBRARY.glob("*/*.yaml"))
    wanted = [
        each
        for each in files
        if not asked.names
        or any(each.relative_to(LIBRARY).as_posix().startswith(name) for name in asked.names)
    ]
    wrong = queries = killed = survived = 0
    begun = time.perf_counter()
    for path in wanted:
        name = path.relative_to(LIBRARY)
        try:
            if not (EVENTS / name).is_file():
                if all(each.language != "kql" for each in read_queries(path)):
                    continue
                print(f"{name}: has no events at {EVENTS / name}")
                wrong += 1
                continue
            found = check_queries(path, EVENTS / name)
        except QueryFileError as problem:
            print(problem)
            wrong += 1
            continue
        for each in found:
            queries += 1
            killed += each.killed
            survived += len(each.survivors)
            wrong += bool(each.problems)
            for problem in each.problems:
                print(f"{name}: {each.name}: {problem}")
            if asked.survivors:
                for survivor in each.survivors:
                    print(f"{name}: {each.name}: not noticed: {survivor}")
    print(
        f"{queries} queries, {wrong} wrong; changes noticed: {killed} of {killed + survived}; "
        f"{time.perf_counter() - begun:.1f} s"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
