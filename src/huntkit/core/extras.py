"""Optional packages: there when their extra is installed, a clear message when not."""

import importlib
from types import ModuleType

from huntkit.core.errors import HuntkitError, MissingExtra


def require(module: str, *, extra: str) -> ModuleType:
    """The optional module, imported.

    Args:
        module: its import name, such as ``sklearn.cluster``.
        extra: the extra of huntkit that installs it.

    Raises:
        MissingExtra: it is not installed; the hint is the line that installs it.
        HuntkitError: it is installed, but broken.

    Examples:
        >>> require("no_such_package", extra="ml")
        Traceback (most recent call last):
        huntkit.core.errors.MissingExtra: this needs the package 'no_such_package', which is not
        installed (run: pip install "huntkit[ml]")
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as problem:
        if problem.name == package:
            raise MissingExtra(package, extra) from problem
        raise _broken(package, extra, problem) from problem
    except ImportError as problem:
        raise _broken(package, extra, problem) from problem


def _broken(package: str, extra: str, problem: ImportError) -> HuntkitError:
    return HuntkitError(
        f"the package {package!r} is installed but can't be loaded: {problem}",
        hint=f'run: pip install --force-reinstall "huntkit[{extra}]"',
        context={"package": package, "extra": extra},
    )
