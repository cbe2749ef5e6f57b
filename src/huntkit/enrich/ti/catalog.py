"""All providers that there are: built in, in the caller's folders, from other packages."""

from types import ModuleType
from typing import Final, Generic, TypeVar

from huntkit.core.errors import UnknownPlugin
from huntkit.core.registry import Registry, class_of
from huntkit.enrich.ti.provider import LookupProvider, TIProvider

P = TypeVar("P", bound=LookupProvider)


class Catalog(Generic[P]):
    """The providers of one kind.

    Args:
        kind: what one is called: ``TI provider``.
        package: where the built-in ones are.
        contract: what each of them is.
    """

    def __init__(self, kind: str, package: str, contract: type[P]) -> None:
        self.kind = kind
        self._package = package
        self.contract = contract
        self._modules: Registry[type[P]] | None = None

    def modules(self) -> Registry[type[P]]:
        """The registry of provider modules; nothing is loaded by listing them."""
        if self._modules is None:
            self._modules = Registry(self.kind, self._package, pick=self._pick)
        return self._modules

    def provider_class(self, name: str) -> type[P]:
        """The provider of that name, in any case of letters.

        Raises:
            UnknownPlugin: there is none, with the nearest.
        """
        known = self.available()
        wanted = name.casefold()
        for each, kind in known.items():
            if each.casefold() == wanted:
                return kind
        raise UnknownPlugin(self.kind, name, list(known))

    def available(self) -> dict[str, type[P]]:
        """Name -> class of every provider that can be loaded, sorted by name."""
        found = {kind.name: kind for kind in self.modules().load_all().values()}
        return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))

    def _pick(self, module: ModuleType) -> type[P]:
        return class_of(self.contract)(module)


TI_PROVIDERS: Final = Catalog(
    "TI provider",
    "huntkit.enrich.ti.providers",
    TIProvider,  # type: ignore[type-abstract]  # concrete ones are picked
)


def modules() -> Registry[type[TIProvider]]:
    """The registry of their modules; nothing is loaded by listing them."""
    return TI_PROVIDERS.modules()


def provider_class(name: str) -> type[TIProvider]:
    """The provider of that name, in any case of letters.

    Raises:
        UnknownPlugin: there is none, with the nearest.
    """
    return TI_PROVIDERS.provider_class(name)


def available() -> dict[str, type[TIProvider]]:
    """Name -> class of every provider that can be loaded, sorted by name."""
    return TI_PROVIDERS.available()
