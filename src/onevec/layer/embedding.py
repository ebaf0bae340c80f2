"""The layer: a table of vectors that integers are looked up in, and that learns."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, Self, SupportsIndex

import numpy as np

from ..errors import ConfigurationError
from .constraints import CONSTRAINTS, by_row
from .gather import gather
from .gradient import SparseGradient, sum_by_row
from .initializers import INITIALIZERS, draw
from .named import find
from .regularizers import REGULARIZERS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from ..arrays import Array

__all__ = ["Embedding"]


class Embedding:
    """A table of `input_dim` vectors of `output_dim` numbers, looked up by integers.

    Names and meaning are those of keras.layers.Embedding. Different on purpose: an id outside the table is an error,
    where Keras returns NaN, zeros or another row; and the gradient holds only the rows that a batch used.

    Args:
        input_dim: how many ids there are, so the largest one is `input_dim - 1`.
        output_dim: width of the vectors.
        embeddings_initializer: a name such as "uniform" or "he_normal", one of `onevec.layer`'s classes or objects, or
            a function of the shape `(input_dim, output_dim)`.
        embeddings_regularizer: "l1", "l2", an object such as `L1L2(l1=..., l2=...)`, or one of your own that has the
            penalty as `__call__` and its derivative as `gradient`. It is a penalty on the whole table, as in Keras, so
            the gradient then holds every row.
        embeddings_constraint: "max_norm", "non_neg", "unit_norm", "min_max_norm", an object, or a function of a table;
            applied after every step of an optimizer. As in Keras, `axis=0` is the default and measures columns; give
            `axis=1` for the length of each vector.
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
        shape = _dimension("input_dim", input_dim), _dimension("output_dim", output_dim)
        self.embeddings_initializer = find(INITIALIZERS, embeddings_initializer)
        self.embeddings_regularizer = find(REGULARIZERS, embeddings_regularizer)
        if self.embeddings_regularizer is not None and not hasattr(self.embeddings_regularizer, "gradient"):
            message = "Embedding: embeddings_regularizer must have a method gradient(table), the penalty's derivative"
            raise ConfigurationError(message)
        self.embeddings_constraint = find(CONSTRAINTS, embeddings_constraint)
        self.mask_zero = mask_zero
        self.frozen: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._source = np.random.default_rng(seed)
        self._fulfilled = False  # whether the whole table fulfils the constraint
        self.embeddings: Array = self._first(shape) if weights is None else _given(weights, shape)

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
            TypeError: the ids are not integers.
        """
        where = self._ids(ids)
        shape = (*where.shape, self.output_dim)
        if out is None:
            out = np.empty(shape, dtype=np.float32)
        elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
            message = f"Embedding: out must be a C-contiguous float32 array {shape}, not {out.dtype} {out.shape}"
            raise ConfigurationError(message)
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
        values = np.asarray(grad, dtype=np.float32, order="C")
        if values.shape != (*where.shape, self.output_dim):
            message = f"Embedding: grad must have the shape {(*where.shape, self.output_dim)}, not {values.shape}"
            raise ConfigurationError(message)
        rows, sums = sum_by_row(where.reshape(-1), values.reshape(-1, self.output_dim))
        if self.embeddings_regularizer is not None:
            whole = np.array(self.embeddings_regularizer.gradient(self.embeddings), dtype=np.float32)
            whole[rows] += sums
            rows, sums = np.arange(self.input_dim), whole
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
        more = np.arange(self.input_dim) if rows is None else self._ids(rows).reshape(-1)
        self.frozen = np.union1d(self.frozen, more)

    def unfreeze(self, rows: ArrayLike | None = None) -> None:
        """Let rows learn again; None is every row."""
        fewer = self.frozen if rows is None else self._ids(rows).reshape(-1)
        self.frozen = np.setdiff1d(self.frozen, fewer)

    def grow(self, input_dim: int, weights: ArrayLike | None = None) -> None:
        """Make room for more ids; the rows that there are, and what an optimizer knows of them, stay.

        The table moves to new memory, so tensors of other frameworks no longer share it.

        Args:
            input_dim: how many ids there will be.
            weights: the new rows `(input_dim - old, output_dim)`; None lets the initializer draw them, as for a table
                of the new size.

        Raises:
            ConfigurationError: the table would shrink, or the new rows have another shape.
        """
        old, table = self.input_dim, self.embeddings
        if _dimension("input_dim", input_dim) < old:
            message = f"Embedding: input_dim can grow from {old}, not shrink to {input_dim}"
            raise ConfigurationError(message)
        grown = self._first((input_dim, self.output_dim)) if weights is None else np.empty(0, dtype=np.float32)
        if weights is not None:
            rows = _given(weights, (input_dim - old, self.output_dim))
            grown = np.concatenate([table, rows])
        grown[:old] = table
        self.embeddings = grown
        self._fulfilled = False

    def constrain(self, rows: NDArray[np.int64]) -> None:
        """Apply the constraint after rows have changed; optimizers call it.

        The whole table is changed the first time, and always by a constraint that measures columns, moves a row by
        degrees or is a function. Otherwise it is enough to change these rows.
        """
        constraint = self.embeddings_constraint
        if constraint is None:
            return
        if self._fulfilled and by_row(constraint):
            self.embeddings[rows] = constraint(self.embeddings[rows])
        else:
            kept = self.embeddings[self.frozen]
            self.embeddings[:] = constraint(self.embeddings)
            self.embeddings[self.frozen] = kept
            self._fulfilled = True

    def save(self, path: str | Path) -> None:
        """Write the table and its settings as a safetensors file; see `files.save`."""
        from .files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote, or a safetensors file with one table; see `files.load`."""
        from .files import load

        return load(cls, path)

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

    def _first(self, shape: tuple[int, int]) -> Array:
        return draw(self.embeddings_initializer, shape, self._source)

    def _ids(self, ids: ArrayLike) -> NDArray[np.intp]:
        """The ids as an array, all of them inside the table."""
        where = _integers(ids)
        if where.size and (where.min() < 0 or where.max() >= self.input_dim):
            flat = int(np.flatnonzero((where < 0) | (where >= self.input_dim))[0])
            place = ", ".join(str(int(at)) for at in np.unravel_index(flat, where.shape))
            message = (
                f"Embedding: ids[{place}] is {where.reshape(-1)[flat]}, but ids must be in [0, {self.input_dim}): "
                "give unknown words an id of their own (Vocabulary does), or grow() the table"
            )
            raise ConfigurationError(message)
        return np.asarray(where, dtype=np.intp, order="C")


def _integers(ids: ArrayLike) -> NDArray[np.integer[Any]]:
    try:
        where: NDArray[Any] = np.asarray(ids)
    except ValueError as error:
        message = f"Embedding: ids must be of one length in each dimension: pad them with 0 ({error})"
        raise ConfigurationError(message) from None
    if where.size == 0 and not isinstance(ids, np.ndarray):
        where = where.astype(np.int64)  # an empty list says nothing of its type
    if not np.issubdtype(where.dtype, np.integer):
        message = f"Embedding: ids must be integers, not {where.dtype}"
        raise TypeError(message)
    return where


def _dimension(name: str, value: object) -> int:
    if not isinstance(value, SupportsIndex) or isinstance(value, bool):
        message = f"Embedding: {name} must be a whole number, not {value!r}"
        raise TypeError(message)
    number = index(value)
    if number < 1:
        message = f"Embedding: {name} must be at least 1, not {number}"
        raise ConfigurationError(message)
    return number


def _given(weights: Any, shape: tuple[int, int]) -> Array:
    """A copy of a table that a user gave."""
    table = np.array(weights, dtype=np.float32, order="C")
    if isinstance(weights, list) and table.ndim == 3 and len(table) == 1:
        table = table[0]
    if table.shape != shape:
        message = f"Embedding: weights must have the shape {shape}, not {table.shape}"
        raise ConfigurationError(message)
    return table
