"""The command line: `huntkit`."""

import sys
from collections.abc import Sequence

from huntkit import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends by raising SystemExit with the exit code.

    0 done, 1 failed, 2 wrong use, 3 done in part, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["--version"], ["-V"]):
        print(f"huntkit {__version__}")
        raise SystemExit(0)
    # Later than the version, which must not wait for it.
    from huntkit.cli.app import app  # noqa: PLC0415

    app(given, prog_name="huntkit")
