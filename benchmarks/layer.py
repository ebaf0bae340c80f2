"""The embedding layer beside torch and Keras: looking rows up, and a step of Adam on a sparse gradient.

    python benchmarks/layer.py [--rows 1000000] [--width 300] [--rounds 200] [--steps 5]

Needs `pip install torch keras`; Keras runs on its torch backend. Batches of 64 x 128 ids, drawn evenly, or as words are
in a text (Zipf's law). All libraries have tables of their own and take turns in one process, and each round has other
ids, so that a busy machine slows all of them; the best round shows most of what an idle one would do. A step is the
lookup, the gradient of the table, and the change of the table; Keras's gradient is dense.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from onevec.layer import Adam, Embedding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

os.environ["KERAS_BACKEND"] = "torch"
BATCH = (64, 128)


def batches(rows: int, count: int, *, even: bool) -> list[Any]:
    """Ids for each round."""
    draw = np.random.default_rng(0)
    if even:
        return [draw.integers(0, rows, BATCH) for _ in range(count)]
    shares = np.cumsum(1 / np.arange(1, rows + 1))
    return [np.searchsorted(shares, draw.random(BATCH) * shares[-1]) for _ in range(count)]


def in_turns(calls: Mapping[str, Callable[[int], Any]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call in each round, ascending."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for each in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call(each)
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: sorted(times) for name, times in taken.items()}


def report(title: str, taken: Mapping[str, list[float]]) -> None:
    """Times, and how many times as fast the first one is."""
    print(f"\n{title}\n| | ms, best | ms, median | onevec is faster by: best, median |\n|---|---|---|---|")
    points = {name: (times[0], times[len(times) // 2]) for name, times in taken.items()}
    own = points["onevec"]
    for name, (best, median) in points.items():
        ratio = "" if name == "onevec" else f"{best / own[0]:.1f}, {median / own[1]:.1f}"
        print(f"| {name} | {best:.2f} | {median:.2f} | {ratio} |")


def main() -> None:
    """Measure and print."""
    import keras
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 1_000_000), ("width", 300), ("rounds", 200), ("steps", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    ours = Embedding(options.rows, options.width, seed=0)
    table = torch.from_numpy(ours.embeddings.copy())
    theirs = torch.nn.Embedding.from_pretrained(table, freeze=False, sparse=True)
    other = keras.layers.Embedding(options.rows, options.width, "zeros")
    other.build()
    other.set_weights([ours.embeddings])
    versions = f"torch {torch.__version__}, keras {keras.__version__}, numpy {np.__version__}"
    print(f"{versions}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    print(f"{options.rows:,} x {options.width}, batches of {BATCH[0]} x {BATCH[1]}")

    for even in (False, True):
        ids = batches(options.rows, options.rounds, even=even)
        tensors = [torch.from_numpy(each) for each in ids]
        assert np.array_equal(ours(ids[0]), theirs(tensors[0]).detach().numpy())
        assert np.array_equal(ours(ids[0]), other(ids[0]).detach().numpy())
        calls = {
            "onevec": lambda each, ids=ids: ours(ids[each]),
            "torch": lambda each, tensors=tensors: theirs(tensors[each]),
            "Keras": lambda each, ids=ids: other(ids[each]),
        }
        in_turns(calls, 3)
        report(f"Lookup, ids drawn {'evenly' if even else 'as words'}", in_turns(calls, options.rounds))

    if not options.steps:
        return
    grad = np.random.default_rng(0).normal(size=(*BATCH, options.width)).astype(np.float32)
    ids = batches(options.rows, options.steps, even=True)
    tensors = [torch.from_numpy(each) for each in ids]
    steps = {"onevec": step(ours, ids, grad)} | torch_steps(theirs, other, tensors, torch.from_numpy(grad))
    in_turns(steps, 1)  # makes room for the state
    report("Step of Adam, ids drawn evenly", in_turns(steps, options.steps))
    apart = float(np.abs(ours.embeddings - theirs.weight.detach().numpy()).max())
    print(f"\nlargest difference to torch's table after {options.steps + 1} steps: {apart:.1e}")


def step(layer: Embedding, ids: list[Any], grad: Any) -> Callable[[int], None]:
    """Our step; forward is part of it, as it is of the others, where it records what backward needs."""
    adam = Adam(layer)

    def own_step(each: int) -> None:
        layer(ids[each])
        adam.step(layer.backward(ids[each], grad))

    return own_step


def torch_steps(theirs: Any, other: Any, ids: list[Any], grad: Any) -> dict[str, Callable[[int], None]]:
    """The steps of the peers."""
    import keras
    import torch

    sparse = torch.optim.SparseAdam(theirs.parameters())
    adam = keras.optimizers.Adam()

    def torch_step(each: int) -> None:
        sparse.zero_grad()
        theirs(ids[each]).backward(grad)
        sparse.step()

    def keras_step(each: int) -> None:
        other.embeddings.value.grad = None
        other(ids[each]).backward(grad)
        adam.apply([other.embeddings.value.grad], [other.embeddings])

    return {"torch": torch_step, "Keras": keras_step}


if __name__ == "__main__":
    main()
