"""The embedding layer beside torch and Keras: looking rows up, and a step of Adam on a sparse gradient.

    python benchmarks/layer.py [--backend tensorflow] [--rows 1000000] [--rounds 200] [--turns 3] [--steps 5]

Needs `pip install torch keras`, and what Keras's `--backend` is: tensorflow, its own default, or jax or torch. Batches
of 64 x 128 ids, drawn evenly, or as words are in a text (Zipf's law). Every library has a table of its own. They take
turns of --rounds lookups, one after the other as a training loop has them, with a pause before each turn: threads of
one library that wait for work would slow the next one, and it takes dozens of calls until the system has spread a
library's own threads over the cores. Of each library the turn with the best median counts. A step is the lookup, the
gradient of the table, and the change of the table; Keras's is `train_on_batch`, compiled where the backend can.
"""

from __future__ import annotations

import argparse
import os
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from onevec.layer import Adam, Embedding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Call = Callable[[int], Any]

BATCH = (64, 128)
PAUSE = 0.3
"""Seconds before a turn: longer than the threads of any of the libraries spin when they have nothing to do."""


def batches(rows: int, count: int, *, even: bool) -> list[Any]:
    """Ids for each round."""
    draw = np.random.default_rng(0)
    if even:
        return [draw.integers(0, rows, BATCH) for _ in range(count)]
    shares = np.cumsum(1 / np.arange(1, rows + 1))
    return [np.searchsorted(shares, draw.random(BATCH) * shares[-1]) for _ in range(count)]


def in_turns(calls: Mapping[str, Call], rounds: int, turns: int = 1) -> dict[str, tuple[float, float]]:
    """Milliseconds of each call, the least and the median, in its best turn."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for name, call in list(calls.items()) * turns:
        time.sleep(PAUSE)
        times = []
        for each in range(rounds):
            start = time.perf_counter()
            call(each)
            times.append((time.perf_counter() - start) * 1000)
        taken[name].append((median(times), min(times)))
    return {name: (min(found)[1], min(found)[0]) for name, found in taken.items()}


def report(title: str, taken: Mapping[str, tuple[float, float]]) -> None:
    """Times, and how many times as fast we are."""
    print(f"\n{title}\n| | ms, best | ms, median | onevec is faster by: best, median |\n|---|---|---|---|")
    own = taken["onevec"]
    for name, (best, usual) in taken.items():
        ratio = "" if name == "onevec" else f"{best / own[0]:.2f}, {usual / own[1]:.2f}"
        print(f"| {name} | {best:.2f} | {usual:.2f} | {ratio} |")


def finished(vectors: Any) -> Any:
    """Keras's vectors once they are there: JAX returns before."""
    return vectors.block_until_ready() if hasattr(vectors, "block_until_ready") else vectors


def own_step(layer: Embedding, ids: list[Any], grad: Any) -> Call:
    """Our step; forward is part of it, as it is of the others, where it records what backward needs."""
    adam = Adam(layer)

    def step(each: int) -> None:
        layer(ids[each])
        adam.step(layer.backward(ids[each], grad))

    return step


def torch_step(layer: Any, ids: list[Any], grad: Any) -> Call:
    """The step of torch's SparseAdam."""
    import torch

    adam, slopes = torch.optim.SparseAdam(layer.parameters()), torch.from_numpy(grad)

    def step(each: int) -> None:
        adam.zero_grad()
        layer(torch.from_numpy(ids[each])).backward(slopes)
        adam.step()

    return step


def keras_step(layer: Any, ids: list[Any], grad: Any) -> Call:
    """The step of Keras: the loss is the sum of the products with the gradient, so that this is its gradient."""
    import keras

    class Products(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.ops.sum(y_true * y_pred)

    model = keras.Sequential([keras.Input(BATCH[1:], dtype="int64"), layer])
    model.compile(keras.optimizers.Adam(), Products("sum"))
    return lambda each: model.train_on_batch(ids[each], grad)


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--backend",
        choices=("tensorflow", "torch", "jax"),
        default="tensorflow",
        help="of Keras, whose default this is",
    )
    for name, default in (("rows", 1_000_000), ("width", 300), ("rounds", 200), ("turns", 3), ("steps", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = arguments()
    os.environ["KERAS_BACKEND"] = options.backend
    import keras
    import torch

    ours = Embedding(options.rows, options.width, seed=0)
    theirs = torch.nn.Embedding.from_pretrained(torch.from_numpy(ours.embeddings.copy()), freeze=False, sparse=True)
    other = keras.layers.Embedding(options.rows, options.width, "zeros")
    other.build()
    other.set_weights([ours.embeddings])
    versions = f"torch {torch.__version__}, Keras {keras.__version__} on {options.backend}, numpy {np.__version__}"
    print(f"{versions}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    print(f"{options.rows:,} x {options.width}, batches of {BATCH[0]} x {BATCH[1]}")

    for even in (False, True):
        ids = batches(options.rows, options.rounds, even=even)
        tensors = [torch.from_numpy(each) for each in ids]
        own = [keras.ops.convert_to_tensor(each) for each in ids]
        assert np.array_equal(ours(ids[0]), theirs(tensors[0]).detach().numpy())
        assert np.array_equal(ours(ids[0]), keras.ops.convert_to_numpy(other(own[0])))
        calls: dict[str, Call] = {
            "onevec": lambda each, ids=ids: ours(ids[each]),
            "torch": lambda each, tensors=tensors: theirs(tensors[each]),
            "Keras": lambda each, own=own: finished(other(own[each])),
        }
        title = f"Lookup, ids drawn {'evenly' if even else 'as words'}"
        report(title, in_turns(calls, options.rounds, options.turns))

    if not options.steps:
        return
    grad = np.random.default_rng(0).normal(size=(*BATCH, options.width)).astype(np.float32)
    ids = batches(options.rows, options.steps, even=True)
    steps = {
        "onevec": own_step(ours, ids, grad),
        "torch": torch_step(theirs, ids, grad),
        "Keras": keras_step(other, ids, grad),
    }
    in_turns(steps, 1)  # makes room for the state
    tables = {"torch's": theirs.weight.detach().numpy(), "Keras's": np.asarray(other.get_weights()[0])}
    for name, table in tables.items():
        print(f"\nlargest difference to {name} table after the first step: {np.abs(ours.embeddings - table).max():.1e}")
    report("Step of Adam, ids drawn evenly", in_turns(steps, options.steps))


if __name__ == "__main__":
    main()
