"""A trainable table of vectors: integers in, vectors out, with Keras's names and meaning.

Example:
    >>> from onevec.layer import Adam, Embedding
    >>> layer = Embedding(1000, 64, seed=0)
    >>> vectors = layer([[4, 20, 0], [7, 7, 1]])
    >>> vectors.shape
    (2, 3, 64)
    >>> optimizer = Adam(layer, learning_rate=0.01)
    >>> gradient = layer.backward([[4, 20, 0], [7, 7, 1]], 2 * vectors)  # of the loss sum(vectors ** 2)
    >>> gradient
    SparseGradient(5 of 1000 rows, 64 wide)
    >>> optimizer.step(gradient)
    >>> bool((layer([4]) ** 2).sum() < (vectors[0, 0] ** 2).sum())
    True
"""

from .constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from .embedding import Embedding
from .gradient import SparseGradient
from .initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from .optimizers import SGD, Adagrad, Adam
from .regularizers import L1, L1L2, L2
from .vocabulary import Vocabulary

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "SGD",
    "Adagrad",
    "Adam",
    "Constant",
    "Embedding",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LecunNormal",
    "LecunUniform",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "SparseGradient",
    "TruncatedNormal",
    "UnitNorm",
    "VarianceScaling",
    "Vocabulary",
    "Zeros",
]
