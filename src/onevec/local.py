"""A model class that runs on this machine: loaded once a process, in batches, with bounded memory."""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from .advice import advise
from .arrays import check_array
from .embeddings import Embedded, Embeddings, Role, Usage, check_texts, register_with_langchain
from .errors import BadResponse, Completed, ConfigurationError, EmbeddingError
from .params import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Sequence
    from concurrent.futures import Future

    from .arrays import Array
    from .embeddings import Note

__all__ = ["Encoded", "LocalEmbeddings"]

Model = TypeVar("Model")
BAR = 30
"""Characters of the progress bar."""


class Encoded(NamedTuple):
    """What a model made of one batch.

    Attributes:
        vectors: float32 array `(texts, dimension)`.
        tokens: tokens of the texts together; None if nobody counted.
        notes: what happened to single texts; `index` is the position in the batch.
    """

    vectors: Array
    tokens: int | None = None
    notes: tuple[Note, ...] = ()


class LocalEmbeddings(Parameters, Embeddings, Generic[Model]):
    """The base of every class that runs a model on this machine.

    A subclass is parameters, `space`, `recipe`, and the hooks `identity`, `load` and `encode`. Equal texts are encoded
    once a call. All instances in a process share a loaded model, and no pickle carries it.

    Raises:
        ConfigurationError: at construction, see `Parameters`.
        BadResponse: a model gave wrong rows or NaN.
    """

    batch_size: int = 256
    """Texts that are encoded together, at most."""
    max_concurrency: int | None = None
    """Batches that are encoded side by side, each in its own thread; None is what suits the engine."""
    show_progress: bool = False
    """Whether to draw a bar on stderr, if that is a terminal."""
    on_progress: Callable[[int, int], None] | None = None
    """Told after every batch how many different texts are done, and how many there are."""

    _transient = frozenset({"on_progress"})
    model_parameter: ClassVar[str] = "model"
    """The parameter that names the model."""
    survives_fork: ClassVar[bool] = False
    """Whether a forked process may use the model that its parent has loaded."""

    @abstractmethod
    def identity(self) -> Hashable:
        """What tells the model that this instance uses from others of the class."""

    @abstractmethod
    def load(self) -> Model:
        """Load the model; never called by two threads at once."""

    @abstractmethod
    def encode(self, model: Model, texts: list[str], role: Role) -> Encoded:
        """Encode one batch of different texts; called by several threads at once if `workers` says so."""

    def workers(self) -> int:
        """Batches that are encoded side by side; for engines whose library has no threads of its own."""
        return self.max_concurrency or 1

    def batches(self, texts: list[str]) -> list[list[str]]:
        """The texts cut into batches, in order."""
        return [texts[start : start + self.batch_size] for start in range(0, len(texts), self.batch_size)]

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_concurrency"):
            value = getattr(self, name)
            if value is not None and value < 1:
                message = f"{type(self).__name__}: {name} must be at least 1, not {value}"
                raise ConfigurationError(message)

    @property
    def on_disk(self) -> Hashable:
        """What the model's own files were when this instance first looked; () for a model that is no path.

        So who trains a model again into the same folder gets the new one in a new instance, while a call that runs
        keeps its own, and so does a cache that has made keys for it.
        """
        name = getattr(self, self.model_parameter, None)
        if not isinstance(name, str):
            return ()
        known: dict[str, Hashable] = vars(self).setdefault("_on_disk", {})
        if name not in known:
            known[name] = _files_of(Path(name).expanduser())
        return known[name]

    def loaded(self) -> Model:
        """The model, loaded if this process has not done so yet."""
        process = 0 if self.survives_fork else os.getpid()
        model: Model = _models.get((type(self), self.identity(), self.on_disk, process), self.load)
        return model

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; see `Embeddings.embed`."""
        register_with_langchain()
        whole = check_texts(texts)
        role = Role(role)
        if not whole:
            return Embedded.of(np.zeros((0, self.space.dimensions or 0), dtype=np.float32), self.space)
        advise(self, str(getattr(self, "model_name", "") or self.space.model), role, whole)
        number: dict[str, int] = {}
        places = [number.setdefault(text, len(number)) for text in whole]
        work = _Work(self, list(number))
        try:
            work.run(role)
        except EmbeddingError as error:
            error.completed = work.completed(places)
            raise
        rows = work.rows if len(number) == len(whole) else work.rows[places]
        notes = tuple(
            replace(work.notes[place], index=index) for index, place in enumerate(places) if place in work.notes
        )
        return Embedded.of(rows, self.space, Usage(work.tokens), notes)

    def progress(self, done: int, total: int) -> None:
        """Tell how far a call is."""
        if self.on_progress is not None:
            self.on_progress(done, total)
        if self.show_progress and sys.stderr is not None and sys.stderr.isatty():
            bar = "#" * (BAR * done // total)
            sys.stderr.write(f"\r[{bar:<{BAR}}] {done}/{total} texts" + ("\n" if done == total else ""))
            sys.stderr.flush()


def _files_of(path: Path) -> Hashable:
    """Place, size and time of a file, or of those of a folder and of the folders in it."""
    try:
        inside = [*path.glob("*"), *path.glob("*/*")] if path.is_dir() else [path]
        found = [(str(each.absolute()), each.stat()) for each in sorted(inside) if each.is_file()]
    except (OSError, ValueError):  # no name that a file could have
        return ()
    return tuple((name, seen.st_size, seen.st_mtime_ns) for name, seen in found)


class _Work:
    """One call: its different texts, and what is known of them so far."""

    def __init__(self, owner: LocalEmbeddings[Any], texts: list[str]) -> None:
        self.owner, self.texts = owner, texts
        self.rows: Array = np.zeros((0, 0), dtype=np.float32)
        self.done = 0
        self.tokens: int | None = None
        self.notes: dict[int, Note] = {}

    def run(self, role: Role) -> None:
        """Encode all batches."""
        owner, model = self.owner, self.owner.loaded()
        batches = owner.batches(self.texts)
        workers = min(owner.workers(), len(batches)) if len(batches) > 1 else 1
        started = _side_by_side(lambda batch: owner.encode(model, batch, role), batches, workers)
        with closing(started) as results:
            for batch, encoded in zip(batches, results, strict=True):
                self._take(len(batch), encoded)
                owner.progress(self.done, len(self.texts))

    def _take(self, count: int, encoded: Encoded) -> None:
        try:
            check_array(encoded.vectors, count, self.rows.shape[1] if self.done else self.owner.space.dimensions)
        except ValueError as error:
            raise BadResponse(str(error), provider=str(self.owner.space)) from None
        if self.done == 0:
            self.rows = np.empty((len(self.texts), encoded.vectors.shape[1]), dtype=np.float32)
        self.rows[self.done : self.done + count] = encoded.vectors
        self.notes |= {self.done + note.index: note for note in encoded.notes}
        if encoded.tokens is not None:
            self.tokens = encoded.tokens + (self.tokens or 0)
        self.done += count

    def completed(self, places: list[int]) -> Completed | None:
        """The rows that there are; `places` leads from the texts of the call to the different ones."""
        indices = [index for index, place in enumerate(places) if place < self.done]
        return Completed(indices, self.rows[[places[index] for index in indices]]) if indices else None


def _side_by_side(encode: Callable[[list[str]], Encoded], batches: list[list[str]], workers: int) -> Generator[Encoded]:
    """The results in order; only a few are waiting at any time, so memory does not grow with the texts."""
    if workers == 1:
        yield from map(encode, batches)
        return
    pool = ThreadPoolExecutor(workers, "onevec")
    waiting: deque[Future[Encoded]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(encode, batch))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Models:
    """The models that this process has loaded."""

    def __init__(self) -> None:
        self.by_key: dict[Hashable, Any] = {}
        self.lock = RLock()

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        if key not in self.by_key:
            with self.lock:
                if key not in self.by_key:
                    self.by_key[key] = load()
        return self.by_key[key]

    def after_fork(self) -> None:
        """A thread that was loading did not come along, so it would never let go of the lock."""
        self.lock = RLock()


_models = _Models()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_models.after_fork)
