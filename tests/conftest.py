"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("onevec", deadline=None, max_examples=60)  # a busy machine is no fault
settings.load_profile("onevec")

collect_ignore = ["typing"]
"""Read by type checkers, never run."""
