"""Models of the Hugging Face hub, run by Infinity's engine in this process."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..embeddings import Role, in_thread
from ..errors import ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import ignored, param
from ..space import Recipe, SpaceId
from .checkpoint import Checkpoint, notes_of
from .hub import find
from .token_ids import TokenIds

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable
    from types import TracebackType

    from .hub import Source

__all__ = ["InfinityEmbeddingsLocal"]

POLL_SECONDS = 0.01
TOGETHER = 1024
"""Texts that are handed over together; Infinity sorts them by length and makes batches of them."""


class _Loaded:
    """The engine, and the event loop that keeps it running, if one does."""

    def __init__(self, engine: Any, tokens: TokenIds | None, limit: int | None) -> None:
        self.engine, self.tokens, self.limit = engine, tokens, limit
        self.lock = Lock()
        """Held by who has started the engine: a call, or `loop`."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.users = 0
        self.calls: set[asyncio.Task[Any]] = set()

    def embed(self, texts: list[str]) -> list[Any]:
        """The rows of texts; an engine that does not run is started for them, on a loop in a thread of its own."""
        if loop := self.loop:
            if asyncio._get_running_loop() is loop:
                message = "inside `async with`, await aembed, aembed_documents or aembed_query: others block the engine"
                raise ConfigurationError(message)
            rows = asyncio.run_coroutine_threadsafe(self._embed_here(texts), loop).result()
            if rows is not None:
                return rows
        with self.lock, ThreadPoolExecutor(1, "onevec") as pool:
            return pool.submit(asyncio.run, self._embed_started(texts)).result()

    async def _embed_here(self, texts: list[str]) -> list[Any] | None:
        """The rows of texts, or None if the engine was stopped meanwhile."""
        call = asyncio.current_task()
        if self.loop is None or call is None:
            return None
        self.calls.add(call)
        try:
            return await _rows(self.engine, texts)
        finally:
            self.calls.discard(call)

    async def _embed_started(self, texts: list[str]) -> list[Any]:
        async with self.engine:
            return await _rows(self.engine, texts)

    async def start(self) -> None:
        """Keep the engine running on this loop; a loop that comes second uses the first one's engine."""
        loop = asyncio.get_running_loop()
        # a thread that waits for the lock could not be cancelled, and would keep it
        while self.loop is None and not self.lock.acquire(blocking=False):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        if self.loop is None:
            self.loop = loop
            await self.engine.astart()
        self.users += self.loop is loop

    async def stop(self) -> None:
        """Stop the engine once its calls are done, if this loop has started it and nobody else on it needs it."""
        if self.loop is not asyncio.get_running_loop():
            return
        self.users -= 1
        if self.users == 0:
            self.loop = None
            while self.calls:
                await asyncio.wait(self.calls)
            await self.engine.astop()
            self.lock.release()


class InfinityEmbeddingsLocal(LocalEmbeddings[_Loaded]):
    """Embed texts with Infinity in this process.

    Every call starts the engine's threads and stops them, which takes half a second or more; `async with model:`
    keeps them running. Vectors have the length 1. Texts go in without the model's prompts, and those beyond its limit
    are cut, which a note says.

    Example:
        >>> InfinityEmbeddingsLocal(model="BAAI/bge-small-en-v1.5", device="cpu")
        InfinityEmbeddingsLocal(model='BAAI/bge-small-en-v1.5', device='cpu')
    """

    model: str = param()
    """A model of the hub, or a folder."""
    revision: str | None = None
    """A commit, branch or tag of the hub."""
    batch_size: int = 32
    """Texts that are computed together."""
    device: str = "auto"
    """cpu, cuda, mps or auto."""
    backend: str = "torch"
    """torch, optimum, ctranslate2 or neuron."""
    model_warmup: bool = True
    """Whether to compute something when the model is loaded."""
    engine: Any = ignored("the engine is made from model")

    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "infinity"
    docs: ClassVar[str] = "https://github.com/michaelfeil/infinity"

    def identity(self) -> Hashable:
        """All that the engine depends on."""
        return self.model, self.revision, self.batch_size, self.device, self.backend, self.model_warmup

    def load(self) -> _Loaded:
        """Load the model; one that was downloaded before stays at its commit."""
        library = need("infinity_emb", extra="infinity")
        name, revision, source = self.model, self.revision, self._source()
        if source is not None and Path(name).expanduser().is_dir():
            name = str(source.folder)
        elif source is not None:
            revision = source.revision
        try:
            engine = library.AsyncEmbeddingEngine(
                model_name_or_path=name,
                revision=revision,
                batch_size=self.batch_size,
                device=self.device,
                engine=self.backend,
                model_warmup=self.model_warmup,
            )
        except OSError as error:
            reason = str(error).strip().partition("\n")[0]
            place = "could not be loaded" if source else "is no folder on this machine and did not come from the hub"
            message = f"InfinityEmbeddingsLocal: the model {self.model!r} {place}: {reason}"
            raise ConfigurationError(message) from error
        source, limit = self._source(), self._limit()
        return _Loaded(engine, TokenIds(source.folder, limit) if source and limit else None, limit)

    def _source(self) -> Source | None:
        return find(self.model, None, self.revision, self.on_disk)

    def _checkpoint(self) -> Checkpoint | None:
        source = self._source()
        return Checkpoint.read(source.folder, source.files) if source else None

    def _limit(self) -> int | None:
        """Tokens of the longest text; sentence-transformers obeys the folder, the others what the architecture has."""
        checkpoint = self._checkpoint()
        if checkpoint is None:
            return None
        places: int | None = checkpoint.config.get("max_position_embeddings")
        return checkpoint.max_tokens if self.backend == "torch" else places

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the hub's commit, or the sha256 of a folder's weights."""
        source, checkpoint = self._source(), self._checkpoint()
        name = source.name if source else self.model
        return SpaceId(
            origin="huggingface",
            model=name if self.backend == "torch" else f"{name}#{self.backend}",
            revision=source.revision if source else self.revision or "",
            dimensions=checkpoint.dimensions if checkpoint else None,
            normalised=True,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="truncate", options=(("limit", str(self._limit())),))

    def batches(self, texts: list[str]) -> list[list[str]]:
        """Many texts at once, as Infinity batches by itself."""
        return [texts[start : start + TOGETHER] for start in range(0, len(texts), TOGETHER)]

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode many texts."""
        vectors = np.asarray(model.embed(texts), dtype=np.float32)
        if model.tokens is None:
            return Encoded(vectors)
        ids, totals = model.tokens.read(texts)
        return Encoded(vectors, sum(map(len, ids)), notes_of(totals, model.limit, role_known=True))

    async def __aenter__(self) -> Self:
        await (await in_thread(self.loaded)).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await (await in_thread(self.loaded)).stop()


async def _rows(engine: Any, texts: list[str]) -> list[Any]:
    """The rows of texts, or the error that Infinity's threads ended with: it logs that, and then never answers."""
    with _failures() as failed:
        work = asyncio.ensure_future(engine.embed(texts))
        await asyncio.wait({work, failed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            failed.result()
        rows, _ = await work
        return list(rows)


@contextmanager
def _failures() -> Generator[asyncio.Future[None]]:
    """Ends with the first error that Infinity logs in here."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    handler = _Listener(loop, failed)
    logger = logging.getLogger("infinity_emb")
    logger.addHandler(handler)
    try:
        yield failed
    finally:
        logger.removeHandler(handler)
        if not failed.cancel() and not failed.cancelled():
            failed.exception()  # it was raised, or came after the rows: nothing to log


class _Listener(logging.Handler):
    def __init__(self, loop: asyncio.AbstractEventLoop, failed: asyncio.Future[None]) -> None:
        super().__init__(logging.ERROR)
        self.loop, self.failed = loop, failed

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            self.loop.call_soon_threadsafe(self._fail, error)

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)
