"""Which HTTP library: httpx2, aiohttp and pyreqwest against the stub server of client.py, in one run.

    pip install aiohttp pyreqwest
    python benchmarks/http_libraries.py

Every library sends the same request for 100 texts and reads the same reply (820 kB) to its end; JSON and base64 are
left out. Blocking calls come from one thread and from eight, async ones from eight tasks.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

sys.path.insert(0, str(Path(__file__).parent))
from client import BATCH, serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REQUESTS = 300
BODY = orjson.dumps({"input": [f"text {index}" for index in range(BATCH)], "model": "m", "encoding_format": "base64"})
HEADERS = {"content-type": "application/json"}


def httpx2_blocking(url: str) -> Callable[[], int]:
    """httpx2, as onevec uses it."""
    import httpx2

    client = httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=64))
    return lambda: len(client.send(httpx2.Request("POST", url, headers=HEADERS, content=BODY)).content)


def pyreqwest_blocking(url: str) -> Callable[[], int]:
    """pyreqwest, blocking."""
    from pyreqwest.client import SyncClientBuilder

    client = SyncClientBuilder().build()
    return lambda: len(client.post(url).headers(HEADERS).body_bytes(BODY).build().send().bytes())


async def httpx2_async(url: str) -> Callable[[], Awaitable[int]]:
    """httpx2's async client."""
    import httpx2

    client = httpx2.AsyncClient(limits=httpx2.Limits(max_keepalive_connections=64))

    async def one() -> int:
        return len((await client.send(httpx2.Request("POST", url, headers=HEADERS, content=BODY))).content)

    return one


async def aiohttp_async(url: str) -> Callable[[], Awaitable[int]]:
    """The client of aiohttp."""
    import aiohttp

    session = aiohttp.ClientSession()

    async def one() -> int:
        async with session.post(url, data=BODY, headers=HEADERS) as reply:
            return len(await reply.read())

    return one


async def pyreqwest_async(url: str) -> Callable[[], Awaitable[int]]:
    """The async client of pyreqwest."""
    from pyreqwest.client import ClientBuilder

    client = ClientBuilder().build()

    async def one() -> int:
        reply = await client.post(url).headers(HEADERS).body_bytes(BODY).build().send()
        return len(await reply.bytes())

    return one


def timed(run: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds, the best of three."""
    walls, cpus = [], []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def blocking(make: Callable[[str], Callable[[], int]], url: str, threads: int) -> tuple[float, float]:
    """All requests from some threads."""
    one = make(url)
    one()
    with ThreadPoolExecutor(threads) as pool:
        return timed(lambda: list(pool.map(lambda _: one(), range(REQUESTS))))


def tasks(make: Callable[[str], Awaitable[Callable[[], Awaitable[int]]]], url: str) -> tuple[float, float]:
    """All requests from eight tasks."""
    with asyncio.Runner() as runner:
        one = runner.run(make(url))  # type: ignore[arg-type]  # every one of them is a coroutine function

        async def all_of_them() -> None:
            left = iter(range(REQUESTS))

            async def worker() -> None:
                for _ in left:
                    await one()

            await asyncio.gather(*(worker() for _ in range(8)))

        runner.run(all_of_them())
        return timed(lambda: runner.run(all_of_them()))


def main() -> None:
    """Start the server and run all."""
    port: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get()}/embeddings"
    try:
        rows = {
            "httpx2, 1 thread": lambda: blocking(httpx2_blocking, url, 1),
            "pyreqwest, 1 thread": lambda: blocking(pyreqwest_blocking, url, 1),
            "httpx2, 8 threads": lambda: blocking(httpx2_blocking, url, 8),
            "pyreqwest, 8 threads": lambda: blocking(pyreqwest_blocking, url, 8),
            "httpx2, 8 tasks": lambda: tasks(httpx2_async, url),
            "aiohttp, 8 tasks": lambda: tasks(aiohttp_async, url),
            "pyreqwest, 8 tasks": lambda: tasks(pyreqwest_async, url),
        }
        for name, run in rows.items():
            wall, cpu = run()
            print(f"{name:22} {REQUESTS / wall:8,.0f} requests/s {cpu / REQUESTS * 1e3:8.2f} ms CPU a request")
    finally:
        server.kill()


if __name__ == "__main__":
    main()
