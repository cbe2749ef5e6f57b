"""All providers that there are: built in, in the caller's folders, from other packages."""

from functools import cache
from types import ModuleType

from huntkit.core.errors import UnknownPlugin
from huntkit.core.registry import Registry, class_of
from huntkit.enrich.ti.provider import TIProvider


@cache
def modules() -> Registry[type[TIProvider]]:
    """The registry of provider modules; nothing is loaded by listing them."""
    return Registry("TI provider", "huntkit.enrich.ti.providers", pick=_pick)


def _pick(module: ModuleType) -> type[TIProvider]:
    return class_of(TIProvider)(module)  # type: ignore[type-abstract]  # concrete ones are picked


def provider_class(name: str) -> type[TIProvider]:
    """The provider of that name, in any case of letters.

    Raises:
        UnknownPlugin: there is none, with the nearest.
    """
    known = available()
    wanted = name.casefold()
    for each, kind in known.items():
        if each.casefold() == wanted:
            return kind
    raise UnknownPlugin("TI provider", name, list(known))


def available() -> dict[str, type[TIProvider]]:
    """Name -> class of every provider that can be loaded, sorted by name."""
    found = {kind.name: kind for kind in modules().load_all().values()}
    return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))
