"""A finished page into a file."""

import os
from pathlib import Path

from huntkit.core.errors import EvidenceError, UsageError


def save_page(content: bytes, path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """Write a page to a file, which must not exist unless ``force`` is true."""
    target = Path(path)
    try:
        with target.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise UsageError(
            f"the file {str(target)!r} exists", hint="choose another name, or say force=True"
        ) from None
    except OSError as problem:
        raise EvidenceError(f"can't write {str(target)!r}: {problem.strerror}") from problem
    return target
