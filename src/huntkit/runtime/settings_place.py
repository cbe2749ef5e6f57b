"""Which settings file is used."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

NAMES: Final = ("huntkit.yaml", "msticpyconfig.yaml")
VARIABLES: Final = ("HUNTKITCONFIG", "MSTICPYCONFIG")


def find(*, folder: Path | None = None, home: Path | None = None) -> tuple[Path | None, str]:
    """The settings file that is used, and why a nearer one is not, if there is one.

    A file that a variable names comes first, then one in the current folder, then the user's own.
    One in the current folder that others can write to is not used: evidence lies in folders, too.
    """
    for variable in VARIABLES:
        given = os.environ.get(variable, "").strip()
        if given:
            return Path(given).expanduser(), ""
    folder, home = folder or Path.cwd(), home or Path.home()
    why = ""
    for name in NAMES:
        path = folder / name
        if path.is_file():
            if not _is_foreign(path):
                return path, why
            why = (
                f"{path} is not used, since others can write to it "
                f"(run: chmod o-w {path}; or name it in {VARIABLES[0]})"
            )
    own = (home / ".huntkit" / NAMES[0], home / NAMES[0], home / ".msticpy" / NAMES[1])
    return next((path for path in own if path.is_file()), None), why


def _is_foreign(path: Path) -> bool:
    """Whether somebody else owns the file or may write to it."""
    owner: Callable[[], int] | None = getattr(os, "getuid", None)
    if owner is None:  # Windows keeps this elsewhere
        return False
    facts = path.stat()
    return facts.st_uid not in (owner(), 0) or bool(facts.st_mode & stat.S_IWOTH)
