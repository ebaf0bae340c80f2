"""Throughput, CPU and overhead of hosted classes against a stub server, beside other clients, in one run.

    pip install openai langchain-openai        # the peers; those that are missing are left out
    python benchmarks/client.py [--texts 20000] [--json]

The server runs in a process of its own on 127.0.0.1, speaks HTTP/1.1 keep-alive, and answers with 1536 float32 numbers
a text, as base64 where it is asked for, after a delay that the path names. Each client runs in a fresh process, in
turn with the others, several times; the best run of each counts.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

DIMENSIONS = 1536
BATCH = 100
ROUNDS = 3


def reply_for(count: int, *, packed: bool) -> bytes:
    """The stub's answer: the same vectors every time, rows in order."""
    rows = np.random.default_rng(0).normal(size=(count, DIMENSIONS)).astype("<f4")
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.tobytes()).decode() if packed else row.tolist(),
        }
        for index, row in enumerate(rows)
    ]
    body = {"object": "list", "data": data, "model": "stub", "usage": {"prompt_tokens": count, "total_tokens": count}}
    return orjson.dumps(body)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ready: dict[Any, bytes]) -> None:
    """Serve one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            body = orjson.loads(await reader.readexactly(int(length[1]) if length else 0))
            delay = re.match(rb"POST /delay/(\d+)", head)
            if delay:
                await asyncio.sleep(int(delay[1]) / 1000)
            texts = body["input"]
            key = len(texts) if isinstance(texts, list) else 1, body.get("encoding_format") == "base64"
            if key not in ready:
                ready[key] = reply_for(key[0], packed=key[1])
            content = ready[key]
            start = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
            writer.write(start.encode() + content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(port: Any) -> None:
    """Run the stub until it is killed."""

    async def run() -> None:
        ready: dict[Any, bytes] = {}
        server = await asyncio.start_server(lambda r, w: answer(r, w, ready), "127.0.0.1", 0, limit=1 << 22)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def bare(url: str) -> Callable[[list[str]], Any]:
    """The least that has to be done: httpx2, orjson, base64, one array."""
    import httpx2

    client = httpx2.Client(timeout=60)

    def embed(texts: list[str]) -> Any:
        parts: list[Any] = []
        for start in range(0, len(texts), BATCH):
            body = {"input": texts[start : start + BATCH], "model": "stub", "encoding_format": "base64"}
            reply = client.post(
                f"{url}/embeddings", content=orjson.dumps(body), headers={"content-type": "application/json"}
            )
            packed = b"".join(base64.b64decode(row["embedding"]) for row in orjson.loads(reply.content)["data"])
            parts.append(np.frombuffer(packed, dtype="<f4").reshape(-1, DIMENSIONS))
        return np.concatenate(parts)

    return embed


def ours(url: str, concurrency: int = 1) -> Callable[[list[str]], Any]:
    """Our class."""
    from onevec import OpenAIEmbeddings

    model = OpenAIEmbeddings(api_key="k", base_url=url, model="stub", batch_size=BATCH, max_concurrency=concurrency)
    return lambda texts: model.embed(texts).vectors


def ours_concurrent(url: str) -> Callable[[list[str]], Any]:
    """The same with its default of 8 requests in flight."""
    return ours(url, 8)


def openai_sdk(url: str) -> Callable[[list[str]], Any]:
    """The vendor's SDK, in a loop as its users write it."""
    import openai

    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0)

    def embed(texts: list[str]) -> Any:
        found: list[Any] = []
        for start in range(0, len(texts), BATCH):
            reply = client.embeddings.create(input=texts[start : start + BATCH], model="stub")
            found += [row.embedding for row in reply.data]
        return found

    return embed


def langchain(url: str) -> Callable[[list[str]], Any]:
    """LangChain's class of the same name."""
    from langchain_openai import OpenAIEmbeddings

    model = OpenAIEmbeddings(
        api_key="k", base_url=url, model="stub", chunk_size=BATCH, check_embedding_ctx_length=False, max_retries=0
    )
    return model.embed_documents


CLIENTS = {
    "bare httpx2": bare,
    "onevec": ours,
    "onevec, 8 in flight": ours_concurrent,
    "openai SDK": openai_sdk,
    "langchain-openai": langchain,
}


def measure(name: str, url: str, count: int, task: str) -> dict[str, float]:
    """One client in this process."""
    make = CLIENTS[name]
    embed = make(url)
    texts = [f"text number {index} of a list" for index in range(count)]
    if task == "query":
        for _ in range(50):
            embed(texts[:1])
        walls = []
        for index in range(count):
            start = time.perf_counter()
            embed([texts[index % len(texts)]])
            walls.append(time.perf_counter() - start)
        return {"seconds": float(np.median(walls))}
    embed(texts[:BATCH])
    cpu, wall = time.process_time(), time.perf_counter()
    found = embed(texts)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert (len(found), len(found[0])) == (count, DIMENSIONS)
    return {"seconds": wall, "cpu": cpu}


def best(name: str, url: str, count: int, task: str) -> dict[str, float] | None:
    """One run in a fresh process; None if the client is not installed."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, "--url", url, "--texts", str(count), "--task", task],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_PROXY": "*"},
    )
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(names: list[str], url: str, count: int, task: str) -> dict[str, dict[str, float]]:
    """The best of several rounds of each client, in turn."""
    runs: dict[str, list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for name in names:
            if (one := best(name, url, count, task)) is not None:
                runs.setdefault(name, []).append(one)
    return {name: {key: min(one[key] for one in found) for key in found[0]} for name, found in runs.items()}


def report(title: str, rows: dict[str, dict[str, float]], count: int, against: str) -> None:
    """A table with ratios."""
    print(f"\n{title}")
    base = rows.get(against)
    for name, row in rows.items():
        line = f"  {name:22} {count / row['seconds']:10,.0f} texts/s"
        if "cpu" in row:
            line += f"  {row['cpu'] / count * 1e6:8.1f} us CPU a text"
        if base is not None:
            line += f"  {base['seconds'] / row['seconds']:6.2f} x {against}"
        print(line)


def main() -> None:
    """Start the server and run all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--one")
    parser.add_argument("--url")
    parser.add_argument("--task", default="many")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.url, args.texts, args.task)))
        return
    port: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get()}"
    try:
        names = list(CLIENTS)
        many = compare(names, url, args.texts, "many")
        report(f"{args.texts} texts, {BATCH} a request, no delay", many, args.texts, "openai SDK")
        slow = args.texts // 5
        report(f"{slow} texts, 50 ms a request", compare(names, f"{url}/delay/50", slow, "many"), slow, "openai SDK")
        single = compare(["bare httpx2", "onevec", "openai SDK"], url, 1000, "query")
        report("one text a request (median of 1000)", single, 1, "bare httpx2")
    finally:
        server.kill()


if __name__ == "__main__":
    main()
