"""A settings file to begin with: every provider, what it needs, switched off."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

from huntkit.core.errors import UsageError
from huntkit.enrich.context.catalog import CONTEXT_PROVIDERS
from huntkit.enrich.ti.catalog import TI_PROVIDERS, Catalog
from huntkit.enrich.ti.provider import LookupProvider
from huntkit.runtime.secrets import Secret


def write_starter_settings(path: str | Path, *, force: bool = False) -> Path:
    """Write a settings file with an entry for every provider, of context too; none is enabled.

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
    sections: dict[str, Catalog[Any]] = {
        "TIProviders": TI_PROVIDERS,
        "ContextProviders": CONTEXT_PROVIDERS,
    }
    text = [
        f"{name}:\n" + "".join(_entry(kind) for kind in catalog.available().values())
        for name, catalog in sections.items()
    ]
    target.write_text("\n".join(text), encoding="utf-8")
    return target


def _entry(kind: type[LookupProvider]) -> str:
    lines = [f"  {kind.name}:", "    Enabled: false"]
    notes = [each for each in (kind.home, kind.terms) if each]
    if kind.keyless:
        notes.append("needs no key")
    types = get_type_hints(kind.settings)
    args = [each for each in fields(kind.settings) if types[each.name] is not Any]  # no file's
    if args:
        lines.append("    Args:")
    for each in args:
        name = "".join(part.title() for part in each.name.split("_"))
        if "Secret" in str(types[each.name]) or types[each.name] is Secret:
            value = f"env:{kind.name.upper()}_{each.name.upper()}"
        else:
            value = "" if each.default in (MISSING, None, ()) else str(each.default)
        optional = "" if each.default is MISSING else "# "
        lines.append(f"      {optional}{name}: {value}".rstrip())
    if args and all(each.default is not MISSING for each in args):
        lines[lines.index("    Args:")] = "    # Args:"
    return "".join(f"  # {note}\n" for note in notes) + "\n".join(lines) + "\n"
