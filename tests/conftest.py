"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("onevec", deadline=None)  # a busy machine is no fault
settings.load_profile("onevec")
