"""Small values that parse, validate, compare and serialise: addresses, domain names, indicators."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.entities.addresses import address_scope, parse_address
    from huntkit.entities.domains import domain_name, split_domain
    from huntkit.entities.indicators import (
        DEFAULT_IOC_TYPES,
        IOC_TYPES,
        defang,
        flaw,
        normal_form,
        refang,
    )

_DOORS = {
    "DEFAULT_IOC_TYPES": "huntkit.entities.indicators",
    "IOC_TYPES": "huntkit.entities.indicators",
    "address_scope": "huntkit.entities.addresses",
    "defang": "huntkit.entities.indicators",
    "domain_name": "huntkit.entities.domains",
    "flaw": "huntkit.entities.indicators",
    "normal_form": "huntkit.entities.indicators",
    "parse_address": "huntkit.entities.addresses",
    "refang": "huntkit.entities.indicators",
    "split_domain": "huntkit.entities.domains",
}

__all__ = [
    "DEFAULT_IOC_TYPES",
    "IOC_TYPES",
    "address_scope",
    "defang",
    "domain_name",
    "flaw",
    "normal_form",
    "parse_address",
    "refang",
    "split_domain",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
