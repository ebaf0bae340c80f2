"""Databricks' login: what ~/.databrickscfg says of a workspace.

Source: https://docs.databricks.com/aws/en/dev-tools/auth/config-profiles
"""

from __future__ import annotations

import os
from configparser import ConfigParser, Error
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["databricks_profile"]


def databricks_profile(name: str) -> Mapping[str, str]:
    """The fields of a profile, such as host and token; "" is the profile that is used if none is named.

    Raises:
        ConfigurationError: the file can't be read, or lacks the profile that is named.
    """
    path = Path(os.environ.get("DATABRICKS_CONFIG_FILE") or "~/.databrickscfg").expanduser()
    wanted = name or os.environ.get("DATABRICKS_CONFIG_PROFILE", "")
    file = ConfigParser(interpolation=None, default_section="none")  # profiles inherit nothing
    try:
        file.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError) as error:
        message = f"{path} can't be read: {error}"
        raise ConfigurationError(message) from None
    if wanted and wanted not in file:
        message = f"{path} has no profile {wanted!r}"
        raise ConfigurationError(message)
    return file[wanted or "DEFAULT"] if wanted or "DEFAULT" in file else {}
