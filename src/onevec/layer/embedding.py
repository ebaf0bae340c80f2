"""The layer: a table of vectors that integers are looked up in, and that learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from ..errors import ConfigurationError
from .arguments import destination, floats, rows_of, table_of, whole
from .constraints import CONSTRAINTS, by_row, fulfilled
from .gather import gather
from .gradient import SparseGradient, sum_by_row
from .initializers import INITIALIZERS, draw
from .named import find
from .regularizers import REGULARIZERS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from ..arrays import Array
    from .pretrained import WordRows
    from .vocabulary import Vocabulary

__all__ = ["Embedding", "around"]

Layer = TypeVar("Layer", bound="Embedding")


class Embedding:
    """A table of `input_dim` vectors of `output_dim` numbers, looked up by integers.

    Names and meaning are those of keras.layers.Embedding. Different on purpose: an id outside the table is an error,
    where Keras returns NaN, zeros or another row; and the gradient holds only the rows that a batch used.

    A subclass has to take the same arguments, because `load`, `from_torch` and `from_keras` make the layer with them.

    Args:
        input_dim: how many ids there are, so the largest one is `input_dim - 1`.
        output_dim: width of the vectors.
        embeddings_initializer: a name such as "uniform" or "he_normal", one of the classes or objects of `onevec.layer`
            or of Keras, or a function of the shape `(input_dim, output_dim)`; None is "glorot_uniform", as in Keras.
        embeddings_regularizer: "l1", "l2", an object such as `L1L2(l1=..., l2=...)`, Keras's too, or one of your own
            that has the penalty as `__call__` and its derivative as `gradient`. It is a penalty on the whole table, as
            in Keras, so the gradient then holds every row.
        embeddings_constraint: "max_norm", "non_neg", "unit_norm", "min_max_norm", an object, Keras's too, or a function
            that returns a new table; applied after every step of an optimizer to the rows that are not frozen. As in
            Keras, `axis=0` is the default and measures columns; give `axis=1` for the length of each vector.
        mask_zero: whether id 0 is padding; see `compute_mask`.
        weights: the first table `(input_dim, output_dim)`, or a list with it, in place of the initializer. It is
            copied.
        seed: a whole number from which the initializer draws; None is another one each time.

    Attributes:
        embeddings: the table, float32 `(input_dim, output_dim)`. It may be changed in place.
        frozen: int64 array of the rows that do not learn, ascending.

    Raises:
        ConfigurationError: an argument is wrong; the message names it.
        TypeError: a dimension is no whole number.

    Example:
        >>> layer = Embedding(4, 2, weights=[[0, 0], [1, 2], [3, 4], [5, 6]], mask_zero=True)
        >>> layer([[3, 1, 0]]).tolist()
        [[[5.0, 6.0], [1.0, 2.0], [0.0, 0.0]]]
        >>> layer.compute_mask([[3, 1, 0]]).tolist()
        [[True, True, False]]
    """

    def __init__(  # noqa: PLR0917  # Keras's order
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        seed: int | None = None,
    ) -> None:
        shape = whole("input_dim", input_dim, 1), whole("output_dim", output_dim, 1)
        initializer = "glorot_uniform" if embeddings_initializer is None else embeddings_initializer
        self.embeddings_initializer = find(INITIALIZERS, initializer)
        self.embeddings_regularizer = find(REGULARIZERS, embeddings_regularizer)
        if self.embeddings_regularizer is not None and not hasattr(self.embeddings_regularizer, "gradient"):
            message = "Embedding: embeddings_regularizer must have a method gradient(table), the penalty's derivative"
            raise ConfigurationError(message)
        self.embeddings_constraint = find(CONSTRAINTS, embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.frozen: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._source = np.random.default_rng(None if seed is None else whole("seed", seed, 0))
        self._fulfilled = False  # whether the whole table fulfils the constraint
        self.embeddings: Array = self._first(shape) if weights is None else table_of(weights, shape)

    @property
    def input_dim(self) -> int:
        """How many ids there are."""
        return len(self.embeddings)

    @property
    def output_dim(self) -> int:
        """Width of the vectors."""
        return int(self.embeddings.shape[1])

    def __repr__(self) -> str:
        return f"Embedding({self.input_dim}, {self.output_dim})"

    def __call__(self, ids: ArrayLike, *, out: Array | None = None) -> Array:
        """The vectors of ids.

        Args:
            ids: integers of any shape `(...)`, in [0, input_dim).
            out: a C-contiguous float32 array `(..., output_dim)` to write to and return; saves the memory of a new one.

        Returns:
            A float32 array `(..., output_dim)`; a copy, so that changing it leaves the table as it is.

        Raises:
            ConfigurationError: an id is outside the table; the message names its place.
            TypeError: the ids are not integers, or `out` is no array.
        """
        where = self._ids(ids)
        shape = (*where.shape, self.output_dim)
        out = np.empty(shape, dtype=np.float32) if out is None else destination(out, shape)
        gather(self.embeddings, where.reshape(-1), out.reshape(-1, self.output_dim))
        return out

    def compute_mask(self, ids: ArrayLike) -> NDArray[np.bool_] | None:
        """Where ids are no padding: a bool array of their shape, False where the id is 0; None without `mask_zero`."""
        return self._ids(ids) != 0 if self.mask_zero else None

    def backward(self, ids: ArrayLike, grad: ArrayLike) -> SparseGradient:
        """The gradient of the loss by the table.

        The values of an id that occurs several times are added up. The regularizer's gradient is in it; then it holds
        every row. Frozen rows are left out. Nothing is kept here: give the result to an optimizer, or add it to another
        one.

        Args:
            ids: the integers of a call, `(...)`.
            grad: the gradient of the loss by what that call returned, `(..., output_dim)`.

        Raises:
            ConfigurationError: an id is outside the table, or the shapes do not fit.
            TypeError: the ids are not integers.
        """
        where = self._ids(ids)
        values = floats("grad", grad)
        if values.shape != (*where.shape, self.output_dim):
            message = f"Embedding: grad must have the shape {(*where.shape, self.output_dim)}, not {values.shape}"
            raise ConfigurationError(message)
        rows, sums = sum_by_row(where.reshape(-1), values.reshape(-1, self.output_dim))
        if self.embeddings_regularizer is not None:
            every = np.array(self.embeddings_regularizer.gradient(self.embeddings), dtype=np.float32)
            every[rows] += sums
            rows, sums = np.arange(self.input_dim), every
        return SparseGradient(rows, sums, self.input_dim).without(self.frozen)

    @property
    def losses(self) -> list[float]:
        """What the regularizer adds to the loss, as Keras gives it: a list of one number, or of none."""
        return [] if self.embeddings_regularizer is None else [float(self.embeddings_regularizer(self.embeddings))]

    def freeze(self, rows: ArrayLike | None = None) -> None:
        """Keep rows as they are in all further steps; None is every row that there is.

        Raises:
            ConfigurationError: a row is outside the table.
            TypeError: the rows are not integers.
        """
        more = np.arange(self.input_dim) if rows is None else self._ids(rows, "rows").reshape(-1)
        self.frozen = np.union1d(self.frozen, more)

    def unfreeze(self, rows: ArrayLike | None = None) -> None:
        """Let rows learn again, and be constrained with the next step; None is every row."""
        fewer = self.frozen if rows is None else self._ids(rows, "rows").reshape(-1)
        self.frozen = np.setdiff1d(self.frozen, fewer)
        self._fulfilled = False

    def grow(self, input_dim: int, weights: ArrayLike | None = None) -> None:
        """Make room for more ids; the rows that there are, and what an optimizer knows of them, stay.

        The table moves to new memory, so tensors of other frameworks no longer share it; with the size that it has, it
        stays where it is.

        Args:
            input_dim: how many ids there will be.
            weights: the new rows `(input_dim - old, output_dim)`; None lets the initializer draw them, as those of a
                table of the new size.

        Raises:
            ConfigurationError: the table would shrink, or the new rows have another shape.
        """
        old, shape = self.input_dim, (whole("input_dim", input_dim, 1), self.output_dim)
        if shape[0] < old:
            message = f"Embedding: input_dim can grow from {old}, not shrink to {input_dim}"
            raise ConfigurationError(message)
        rows = None if weights is None else table_of(weights, (shape[0] - old, self.output_dim))
        if shape[0] == old:
            return
        grown = np.empty(shape, dtype=np.float32)
        grown[:old] = self.embeddings
        grown[old:] = self._first(shape, old) if rows is None else rows
        self.embeddings = grown
        self._fulfilled = False

    def constrain(self, rows: NDArray[np.int64]) -> None:
        """Apply the constraint after rows have changed; optimizers call it.

        Frozen rows are left out, and not measured either. All others are changed the first time, and always by a
        constraint that measures columns, moves a row by degrees or is a function. Otherwise it is enough to change
        these rows.

        Raises:
            ConfigurationError: the constraint is a function that returned None or another shape.
        """
        constraint = self.embeddings_constraint
        if constraint is None or self.frozen.size == self.input_dim:
            return
        changed: Any = rows
        if not (self._fulfilled and by_row(constraint)):
            frozen = self.frozen
            changed = np.setdiff1d(np.arange(self.input_dim), frozen) if frozen.size else slice(None)
        self.embeddings[changed] = fulfilled(constraint, self.embeddings[changed])
        self._fulfilled = True

    def save(self, path: str | Path) -> None:
        """Write the table and its settings as a safetensors file; see `files.save`."""
        from .files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | Path, name: str | None = None) -> Self:
        """Read what `save` wrote, or a table of another safetensors file, chosen by its name; see `files.load`."""
        from .files import load

        return load(cls, path, name)

    @classmethod
    def from_words(cls, vocabulary: Vocabulary, vectors: WordRows, **given: Any) -> Self:
        """A layer with the vectors of a vocabulary's words, such as those of `WordVectors`; see `pretrained`."""
        from .pretrained import from_words

        return from_words(cls, vocabulary, vectors, **given)

    def to_torch(self, *, sparse: bool = True) -> Any:
        """A torch.nn.Embedding on the same memory; see `interop.to_torch`."""
        from .interop import to_torch

        return to_torch(self, sparse=sparse)

    @classmethod
    def from_torch(cls, module: Any) -> Self:
        """A layer on the memory of a torch.nn.Embedding; see `interop.from_torch`."""
        from .interop import from_torch

        return from_torch(cls, module)

    def to_keras(self) -> Any:
        """A keras.layers.Embedding with the same table; see `interop.to_keras`."""
        from .interop import to_keras

        return to_keras(self)

    @classmethod
    def from_keras(cls, layer: Any) -> Self:
        """A layer with the table of a keras.layers.Embedding; see `interop.from_keras`."""
        from .interop import from_keras

        return from_keras(cls, layer)

    def _first(self, shape: tuple[int, int], start: int = 0) -> Array:
        return draw(self.embeddings_initializer, shape, self._source, start)

    def _ids(self, ids: ArrayLike, name: str = "ids") -> NDArray[np.intp]:
        """The ids as an array, all of them inside the table."""
        return rows_of(name, ids, self.input_dim)


def around(kind: type[Layer], table: Array) -> Layer:
    """A layer whose table is this array, not a copy."""
    layer = kind(1, 1, "zeros")
    layer.embeddings_initializer = find(INITIALIZERS, "uniform")  # for rows that are added
    layer.embeddings = table
    return layer
