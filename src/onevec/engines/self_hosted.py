"""A model that runs elsewhere: in a process of its own, in an actor of Ray, or on a cluster of Runhouse."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np

from ..embeddings import Embedded
from ..errors import BadResponse, ConfigurationError, TransportError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import ignored, param

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ..embeddings import Role
    from ..space import SpaceId

__all__ = ["SelfHostedEmbeddings", "call_pipeline"]

Function = Callable[..., Any]


class Place(Protocol):
    """Where a pipeline is."""

    def run(self, function: Function, *args: Any, **options: Any) -> Any:
        """What `function(pipeline, *args, **options)` returns there."""


class Remote(NamedTuple):
    """A loaded pipeline.

    Attributes:
        place: where it is.
        space: the space of its vectors; None if it can't tell.
    """

    place: Place
    space: SpaceId | None


class SelfHostedEmbeddings(LocalEmbeddings[Remote]):
    """Embed texts with a function of your own, which runs elsewhere.

    `model_load_fn` makes a pipeline there, once, and `inference_fn` turns it and a list of texts into vectors. Line
    breaks become spaces. hardware="process" is a process on this machine; your module has to be importable, so a script
    needs `if __name__ == "__main__":`. hardware="ray" is an actor, in the cluster that this process is connected to,
    or on this machine. Anything else is a cluster object of Runhouse.

    As nobody knows what your functions compute, each instance has a space of its own, and a cache refuses it: write a
    subclass with `space` and `recipe` to change that.

    Example:
        >>> from onevec import DefaultEmbeddings
        >>> model = SelfHostedEmbeddings(
        ...     hardware="process",
        ...     model_load_fn=DefaultEmbeddings,
        ...     inference_fn=DefaultEmbeddings.embed_documents,
        ...     allow_dangerous_deserialization=True,
        ... )
    """

    hardware: Any = param()
    """"process", "ray", or a cluster of Runhouse."""
    model_load_fn: Any = param(shown=False)
    """Runs there with load_fn_kwargs, and makes the pipeline."""
    load_fn_kwargs: dict[str, Any] | None = None
    """Arguments of model_load_fn."""
    inference_fn: Function | None = param(default=None, shown=False)
    """Runs there with the pipeline and a list of texts; None calls the pipeline with the texts."""
    inference_kwargs: dict[str, Any] | None = None
    """Further arguments of inference_fn."""
    model_reqs: list[str] = ["./", "torch"]
    """Packages that Runhouse installs on its cluster."""
    ray_options: dict[str, Any] = {}
    """What the actor of Ray gets, such as num_gpus or runtime_env."""
    allow_dangerous_deserialization: bool = False
    """Must be True: functions and vectors travel as pickles, which can run any code where they are read."""
    pipeline_ref: Any = ignored("the pipeline is made by model_load_fn")
    client: Any = ignored("the pipeline is made by model_load_fn")

    status: ClassVar[str] = "library"
    model_parameter: ClassVar[str] = "hardware"
    extra: ClassVar[str | None] = "ray"
    docs: ClassVar[str] = "https://docs.ray.io/en/latest/ray-core/actors.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(
            self.allow_dangerous_deserialization,
            "functions and vectors travel as pickles, which can run any code where they are read: if you trust both "
            "ends, pass allow_dangerous_deserialization=True",
        )

    def loading(self) -> tuple[Function, dict[str, Any]]:
        """The function that makes the pipeline, with its arguments."""
        return self.model_load_fn, dict(self.load_fn_kwargs or {})

    def inference(self) -> Function:
        """The function that turns pipeline and texts into vectors."""
        return self.inference_fn or call_pipeline

    def arguments(self, texts: list[str], role: Role) -> tuple[Any, ...]:  # noqa: ARG002  # subclasses need it
        """What the function gets after the pipeline."""
        return ([text.replace("\n", " ") for text in texts],)

    def identity(self) -> Hashable:
        """The functions with their arguments, and the place."""
        function, options = self.loading()
        place = self.hardware if isinstance(self.hardware, str) else id(self.hardware)
        return place, function, repr((sorted(options.items()), self.model_reqs, sorted(self.ray_options.items())))

    def load(self) -> Remote:
        """Have the pipeline made."""
        return Remote(self.place(), None)

    def place(self) -> Place:
        """Start the process or the actor, or ask the cluster."""
        function, options = self.loading()
        if self.hardware == "process":
            try:
                pickle.dumps((function, options, self.inference()))
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                message = f"{type(self).__name__}: a function of a module is needed, which can be pickled: {error}"
                raise ConfigurationError(message) from error
            return _Process(function, options)
        if self.hardware == "ray":
            return _Actor(function, options, self.ray_options)
        self.require(not isinstance(self.hardware, str), f"hardware: there is no {self.hardware!r}")
        return _Cluster(function, options, self.hardware, self.model_reqs)

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in."""
        return self.loaded().space or super().space

    def encode(self, model: Remote, texts: list[str], role: Role) -> Encoded:
        """Encode one batch there."""
        found = model.place.run(self.inference(), *self.arguments(texts, role), **(self.inference_kwargs or {}))
        if isinstance(found, Embedded):
            return Encoded(found.vectors, found.usage.tokens, found.notes)
        try:
            vectors = np.asarray(found, dtype=np.float32)
        except (TypeError, ValueError):
            vectors = np.zeros(0, dtype=np.float32)
        if vectors.ndim != 2:
            message = (
                f"{type(self).__name__}: inference_fn gave no row of numbers for each text; a pipeline for feature "
                "extraction gives rows for tokens, so average them in an inference_fn of your own"
            )
            raise BadResponse(message)
        return Encoded(vectors)


def call_pipeline(pipeline: Any, *args: Any, **options: Any) -> Any:
    """What a pipeline that can be called makes of texts."""
    return pipeline(*args, **options)


class _Worker:
    """Holds the pipeline where it runs; made before it, so that a failure to make it arrives as what it is."""

    pipeline: Any = None

    def start(self, load: Function, options: Mapping[str, Any]) -> None:
        self.pipeline = load(**options)

    def run(self, function: Function, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        return function(self.pipeline, *args, **options)


_worker = _Worker()
"""That of a process of ours."""


def _start(load: Function, options: Mapping[str, Any]) -> None:
    _worker.start(load, options)


def _run(function: Function, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    return _worker.run(function, args, options)


class _Process:
    """A process on this machine; one that ends is started again by the next call."""

    def __init__(self, load: Function, options: Mapping[str, Any]) -> None:
        self.load, self.options = load, options
        self.lock = Lock()
        self.pool: ProcessPoolExecutor | None = self._started()

    def _started(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        try:
            pool.submit(_start, self.load, self.options).result()
        except BrokenProcessPool as error:
            message = (
                "the process for the model did not start: is the main module of this program one that can be imported "
                'without starting all of it, by if __name__ == "__main__"?'
            )
            raise ConfigurationError(message) from error
        except BaseException:
            pool.shutdown()
            raise
        return pool

    def run(self, function: Function, *args: Any, **options: Any) -> Any:
        with self.lock:
            self.pool = self.pool or self._started()
            try:
                return self.pool.submit(_run, function, args, options).result()
            except BrokenProcessPool as error:
                self.pool = None
                message = "the process with the model ended, maybe for lack of memory; the next call starts it again"
                raise TransportError(message) from error


class _Actor:
    """An actor of Ray; one that dies is made again by the next call."""

    def __init__(self, load: Function, options: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
        self.ray = need("ray", extra="ray")
        self.arguments, self.resources = (load, options), resources
        self.lock = Lock()
        self.actor: Any = self._started()

    def _started(self) -> Any:
        actor = self.ray.remote(_Worker).options(**self.resources).remote()
        self.ray.get(actor.start.remote(*self.arguments))
        return actor

    def run(self, function: Function, *args: Any, **options: Any) -> Any:
        with self.lock:
            self.actor = actor = self.actor or self._started()
        try:
            return self.ray.get(actor.run.remote(function, args, options))
        except self.ray.exceptions.RayActorError as error:
            self.actor = None
            message = "the actor with the model died, maybe for lack of memory; the next call makes it again"
            raise TransportError(message) from error


class _Cluster:
    """A cluster of Runhouse."""

    def __init__(self, load: Function, options: Mapping[str, Any], hardware: Any, packages: list[str]) -> None:
        self.library = need("runhouse", extra="runhouse")
        self.hardware, self.packages = hardware, packages
        self.pipeline = self._there(load).remote(**options)
        self.functions: dict[Function, Any] = {}

    def _there(self, function: Function) -> Any:
        return self.library.function(fn=function).to(self.hardware, reqs=self.packages)

    def run(self, function: Function, *args: Any, **options: Any) -> Any:
        if function not in self.functions:
            self.functions[function] = self._there(function)
        return self.functions[function](self.pipeline, *args, **options)
