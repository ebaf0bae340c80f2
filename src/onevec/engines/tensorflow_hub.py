"""SavedModels of TensorFlow that take texts, such as the Universal Sentence Encoders."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np

from ..embeddings import Role
from ..errors import BadResponse, ConfigurationError, MissingDependency
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import alias_of
from ..space import Recipe, SpaceId
from .hub import content

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["TensorflowHubEmbeddings"]


class TensorflowHubEmbeddings(LocalEmbeddings[Any]):
    """Embed texts with a SavedModel, from a folder or from TensorFlow Hub (now Kaggle Models).

    A folder is read by tensorflow alone; a handle is downloaded by tensorflow_hub, to the folder that TFHUB_CACHE_DIR
    names. Line breaks become spaces, as in LangChain's class. Models with operations of tensorflow_text, such as the
    multilingual encoders, need that package too. The embedded default, `DefaultEmbeddings`, is
    universal-sentence-encoder-multilingual/3 without TensorFlow.

    Example:
        >>> TensorflowHubEmbeddings(model_url="file:///models/use-large").model
        'file:///models/use-large'
    """

    model_url: str = "https://tfhub.dev/google/universal-sentence-encoder-multilingual/3"
    """A handle, a folder, or the file:// URL of one."""
    model: str = alias_of("model_url")

    model_parameter: ClassVar[str] = "model_url"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "tensorflow"
    docs: ClassVar[str] = "https://www.tensorflow.org/hub"

    def folder(self) -> Path | None:
        """The folder that is meant; None if it is a handle."""
        address = urlparse(self.model_url)
        if address.scheme == "file":
            return Path(url2pathname(address.path))
        return None if "://" in self.model_url else Path(self.model_url).expanduser()

    def identity(self) -> Hashable:
        """Where the model comes from."""
        return self.model_url

    def load(self) -> Any:
        """Load the SavedModel; one with a handle is downloaded first."""
        folder = self.folder()
        if folder is not None and not folder.is_dir():
            message = f"TensorflowHubEmbeddings: {folder} is no folder: name one, or a handle of TensorFlow Hub"
            raise ConfigurationError(message)
        tensorflow = need("tensorflow", extra="tensorflow")
        with suppress(MissingDependency):  # many models don't need it
            need("tensorflow_text", extra="tensorflow")
        if folder is None:
            folder = Path(need("tensorflow_hub", extra="tensorflow").resolve(self.model_url))
        try:
            model = tensorflow.saved_model.load(str(folder))
        except (OSError, ValueError, tensorflow.errors.OpError) as error:
            message = f"TensorflowHubEmbeddings: {self.model_url} could not be loaded: {str(error).strip()}"
            if "registered" in str(error):
                message += ": it may need pip install tensorflow-text"
            raise ConfigurationError(message) from error
        return model if callable(model) else _signature(model, self.model_url)

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; the name is the handle, or a hash of the folder."""
        folder = self.folder()
        if folder is None:
            return SpaceId(origin="tensorflow-hub", model=self.model_url)
        found = content(folder) if folder.is_dir() else ""
        return SpaceId(origin="tensorflow-hub", model="folder", revision=found)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="whole", options=(("newlines", " "),))

    def encode(self, model: Any, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode one batch."""
        given = need("tensorflow", extra="tensorflow").constant([text.replace("\n", " ") for text in texts])
        found = model(given)
        if hasattr(found, "keys"):  # several outputs, by name
            found = found[next(name for name in ("default", "outputs", *found) if name in found)]
        vectors = np.asarray(found, dtype=np.float32)
        if vectors.ndim != 2:
            message = f"{self.model_url} gave an array {vectors.shape} for {len(texts)} texts: it embeds no texts"
            raise BadResponse(message, provider="tensorflow_hub")
        return Encoded(vectors)


def _signature(model: Any, name: str) -> Any:
    """The function of a SavedModel that can't be called by itself."""
    for known in ("default", "serving_default"):
        if known in model.signatures:
            return model.signatures[known]
    message = f"TensorflowHubEmbeddings: {name} can't be called, and has no signature default or serving_default"
    raise ConfigurationError(message)
