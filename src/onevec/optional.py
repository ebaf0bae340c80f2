"""Import an optional package, or say which extra brings it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .errors import MissingDependency

if TYPE_CHECKING:
    from typing import Any

__all__ = ["need"]


def need(package: str, *, extra: str) -> Any:
    """Import a package that not every installation has.

    Args:
        package: name to import, such as "pyarrow.parquet".
        extra: the extra of onevec that installs it.

    Raises:
        MissingDependency: the package is not installed. A package that is installed but broken raises its own error.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if not f"{package}.".startswith(f"{error.name}."):  # no name: the package raised it by itself
            raise
        message = f"{package} is not installed: pip install 'onevec[{extra}]'"
        raise MissingDependency(message, name=package) from error
