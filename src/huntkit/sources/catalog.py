"""All drivers there are, and which one is meant by the name of an environment."""

from dataclasses import dataclass
from functools import cache

from huntkit.core.errors import HuntkitError, UnknownPlugin
from huntkit.core.registry import Registry, class_of, switched_off
from huntkit.sources.driver import Driver
from huntkit.sources.queries import environments as names


@dataclass(frozen=True, slots=True)
class Place:
    """An environment that can be asked.

    Attributes:
        environment: its own name (``MSSentinel``).
        others: its other names.
        driver: the class that talks to it.
        plugin: the name of the driver.
    """

    environment: str
    others: tuple[str, ...]
    driver: type[Driver]
    plugin: str

    @property
    def names(self) -> frozenset[str]:
        """All its names, folded, for comparing."""
        return frozenset(each.casefold() for each in (self.environment, *self.others))


@cache
def drivers(disabled_plugins: tuple[str, ...] = ()) -> Registry[type[Driver]]:
    """Every driver by name, but for those that settings switch off; listing them imports none.

    Examples:
        >>> "local" in drivers(), "local" in drivers(("driver.local", "chart.units"))
        (True, False)
    """
    contract = class_of(Driver)  # type: ignore[type-abstract]  # it gives concrete ones
    off = switched_off("driver", disabled_plugins)
    return Registry("driver", "huntkit.sources.drivers", pick=contract, disabled=off)


def places(plugins: Registry[type[Driver]] | None = None) -> dict[str, Place]:
    """Every environment whose driver can be loaded, by its own name, sorted.

    Examples:
        >>> places()["Local"].others
        ('LocalData',)
    """
    plugins = drivers() if plugins is None else plugins
    found: dict[str, Place] = {}
    for plugin in plugins.names():
        try:
            driver = plugins.load(plugin)
        except HuntkitError:
            continue  # the registry keeps why, and `place` tells it
        for each in _of(plugin, driver):
            found.setdefault(each.environment, each)
    return dict(sorted(found.items()))


def place(name: str, plugins: Registry[type[Driver]] | None = None) -> Place:
    """The environment of that name, in any case of letters.

    Raises:
        UnknownPlugin: nothing can ask it; the message says what there is.

    Examples:
        >>> place("localdata").environment
        'Local'
        >>> place("Locl")
        Traceback (most recent call last):
        huntkit.core.errors.UnknownPlugin: there is no data environment 'Locl' (did you mean
        'Local' or 'LocalData'?; there are: ...)
    """
    plugins = drivers() if plugins is None else plugins
    known = names.environment(name)
    wanted = (known.name if known else name).casefold()
    if wanted in plugins.disabled:
        plugins.load(wanted)  # says that it is switched off
    if wanted in plugins:  # its name says it: no other driver needs to be loaded
        for each in _of(wanted, plugins.load(wanted)):
            if wanted in each.names:
                return each
    every = places(plugins)
    for each in every.values():
        if wanted in each.names:
            return each
    raise _nothing_asks(name, known, every, plugins)


def _of(plugin: str, driver: type[Driver]) -> list[Place]:
    """The environments of a driver, with the names that people are known to use beside its own."""
    found = []
    for name, others in driver.environments.items():
        known = names.environment(name)
        every = [*others, *(known.others if known and known.name == name else ())]
        found.append(Place(name, tuple(dict.fromkeys(every)), driver, plugin))
    return found


def _nothing_asks(
    name: str,
    known: names.Environment | None,
    every: dict[str, Place],
    plugins: Registry[type[Driver]],
) -> UnknownPlugin:
    spellings = [one for each in every.values() for one in (each.environment, *each.others)]
    problem = UnknownPlugin("data environment", name, spellings)
    if known:
        problem.message = f"nothing here can ask {known.name} yet"
        problem.hint = ""
    broken = [
        f"the driver {each!r} can't be loaded: {why}" for each, why in plugins.problems.items()
    ]
    off = [f"switched off in the settings: driver.{each}" for each in sorted(plugins.disabled)]
    problem.hint = "; ".join(
        filter(None, [problem.hint, f"there are: {', '.join(every)}", *broken, *off])
    )
    return problem
