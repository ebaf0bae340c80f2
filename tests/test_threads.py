from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from onevec.engines import threads
from onevec.engines.threads import one_blas_thread, usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def setting() -> Iterator[int]:
    """What the user has set; two, so that one is a change on every machine."""
    if not blas_threads():
        pytest.skip(f"threadpoolctl knows no BLAS in this numpy {np.__version__}")
    with threadpool_limits(limits=2, user_api="blas"):
        yield 2


def test_inside_there_is_one_thread_and_afterwards_the_setting_is_back(setting: int) -> None:
    with one_blas_thread():
        assert blas_threads() == {1}
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {setting}


def test_an_exception_gives_the_setting_back(setting: int) -> None:
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    assert blas_threads() == {setting}


def test_the_last_of_several_threads_gives_the_setting_back(setting: int) -> None:
    inside, leave = Event(), Event()

    def stay() -> None:
        with one_blas_thread():
            inside.set()
            leave.wait(30)

    with ThreadPoolExecutor(1) as pool:
        with one_blas_thread():
            staying = pool.submit(stay)
            assert inside.wait(30)
        after_the_first = blas_threads()
        leave.set()
        staying.result()
    assert (after_the_first, blas_threads()) == ({1}, {setting})


def test_a_thread_takes_the_limit_though_another_one_has_set_it_before(setting: int) -> None:
    def inside() -> set[int]:
        with one_blas_thread():
            return blas_threads()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(inside).result() == {1}
        assert blas_threads() == {setting}
        with threadpool_limits(limits=3, user_api="blas"):  # while the other thread lives
            assert blas_threads() == {3}


def test_a_setting_made_between_two_calls_holds() -> None:
    with one_blas_thread():
        pass
    with threadpool_limits(limits=3, user_api="blas"):
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {3}


FORK = """
import os
from threadpoolctl import threadpool_info, threadpool_limits
import numpy
from onevec.engines.threads import one_blas_thread

def now():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

threadpool_limits(limits=2, user_api="blas")
with one_blas_thread():
    child = os.fork()
    if not child:
        before = now()
        with one_blas_thread():
            inside = now()
        os._exit(0 if (before, inside, now()) == ({2}, {1}, {2}) else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), now())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_starts_with_the_users_setting() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "0 {1}\n"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_cores_are_those_that_the_process_is_bound_to() -> None:
    code = (
        "import os; from onevec.engines.threads import usable_cores; "
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "150000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({}, 8),
    ],
)
def test_a_container_may_have_fewer_cores_than_the_machine(
    files: dict[str, str], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(threads, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)), raising=False)
    assert usable_cores() == cores
