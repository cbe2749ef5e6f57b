"""A settings file to begin with: every provider, what it needs, switched off."""

from dataclasses import MISSING, fields
from pathlib import Path

from huntkit.core.errors import UsageError
from huntkit.enrich.ti.catalog import available
from huntkit.enrich.ti.provider import TIProvider
from huntkit.runtime.secrets import Secret


def write_starter_settings(path: str | Path, *, force: bool = False) -> Path:
    """Write a settings file with an entry for every provider; none is enabled.

    Keys are references to environment variables: no secret belongs in the file.

    Args:
        path: where to.
        force: replace what is there.

    Raises:
        UsageError: there is a file already.

    Examples:
        >>> import tempfile
        >>> made = write_starter_settings(Path(tempfile.mkdtemp()) / "huntkit.yaml")
        >>> made.read_text().splitlines()[0]
        'TIProviders:'
    """
    target = Path(path).expanduser()
    if target.exists() and not force:
        raise UsageError(f"{target} is there already", hint="say force=True to replace it")
    entries = [_entry(kind) for kind in available().values()]
    target.write_text("TIProviders:\n" + "".join(entries), encoding="utf-8")
    return target


def _entry(kind: type[TIProvider]) -> str:
    lines = [f"  {kind.name}:", "    Enabled: false"]
    notes = [each for each in (kind.home, kind.terms) if each]
    if kind.keyless:
        notes.append("needs no key")
    args = fields(kind.settings)
    if args:
        lines.append("    Args:")
    for each in args:
        name = "".join(part.title() for part in each.name.split("_"))
        if "Secret" in str(each.type) or each.type is Secret:
            value = f"env:{kind.name.upper()}_{each.name.upper()}"
        else:
            value = "" if each.default in (MISSING, None, ()) else str(each.default)
        optional = "" if each.default is MISSING else "# "
        lines.append(f"      {optional}{name}: {value}".rstrip())
    if args and all(each.default is not MISSING for each in args):
        lines[lines.index("    Args:")] = "    # Args:"
    return "".join(f"  # {note}\n" for note in notes) + "\n".join(lines) + "\n"
