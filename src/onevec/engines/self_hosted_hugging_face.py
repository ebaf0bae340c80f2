"""sentence-transformers models that run elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..embeddings import Role
from ..params import alias_of, param
from ..space import Recipe, SpaceId
from .huggingface import HuggingFaceEmbeddings, HuggingFaceInstructEmbeddings
from .self_hosted import Remote, SelfHostedEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..embeddings import Embedded
    from .self_hosted import Function

__all__ = [
    "SelfHostedHuggingFaceEmbeddings",
    "SelfHostedHuggingFaceInstructEmbeddings",
    "embed_pairs",
    "embed_texts",
    "load_embedding_model",
    "load_model",
    "space_of",
]


class SelfHostedHuggingFaceEmbeddings(SelfHostedEmbeddings):
    """Embed texts with a sentence-transformers model that runs elsewhere; for hardware see `SelfHostedEmbeddings`.

    There, `HuggingFaceEmbeddings` does the work, so onevec has to be installed there too. An inference_fn of your own
    gets a SentenceTransformer, as in LangChain's class, and the texts.

    Example:
        >>> model = SelfHostedHuggingFaceEmbeddings(
        ...     model_id="BAAI/bge-small-zh-v1.5", hardware="process", allow_dangerous_deserialization=True
        ... )
    """

    model_id: str = "sentence-transformers/all-mpnet-base-v2"
    """A model of the hub, or a folder there."""
    model: str = alias_of("model_id")
    model_name: str = alias_of("model_id")
    model_load_fn: Any = param(default=None, shown=False)
    """Runs there with load_fn_kwargs; None loads model_id."""
    load_fn_kwargs: dict[str, Any] | None = None
    """Arguments of model_load_fn, for ours model_id, instruct and device: "cuda", -1 for the CPU, ..."""
    model_reqs: list[str] = ["./", "sentence_transformers", "torch", "onevec"]

    instruct: ClassVar[bool] = False
    """Whether the model wants instructions, as INSTRUCTOR does."""
    model_parameter: ClassVar[str] = "model_id"
    extra: ClassVar[str | None] = "local"

    @property
    def ours(self) -> bool:
        """Whether all functions are ours, so that it is known what they do."""
        return self.model_load_fn is None and self.inference_fn is None

    def loading(self) -> tuple[Function, dict[str, Any]]:
        """The function that makes the pipeline, with its arguments."""
        known = {"model_id": self.model_id, "instruct": self.instruct}
        own = load_embedding_model if self.inference_fn else load_model
        return self.model_load_fn or own, {**known, **(self.load_fn_kwargs or {})}

    def inference(self) -> Function:
        """The function that turns pipeline and texts into vectors."""
        return self.inference_fn or embed_texts

    def arguments(self, texts: list[str], role: Role) -> tuple[Any, ...]:
        """What the function gets after the pipeline; ours also gets the role."""
        cleaned = super().arguments(texts, role)
        return cleaned if self.inference_fn else (*cleaned, str(role))

    def load(self) -> Remote:
        """Have the model loaded, and ask which it is."""
        place = self.place()
        return Remote(place, SpaceId.from_json(place.run(space_of)) if self.ours else None)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role; unknown if a function is yours."""
        if not self.ours:
            return super().recipe(role)
        return Recipe(space=self.space, role=str(Role(role)), long_text="truncate", options=(("newlines", " "),))


class SelfHostedHuggingFaceInstructEmbeddings(SelfHostedHuggingFaceEmbeddings):
    """Embed texts with an INSTRUCTOR model that runs elsewhere; for hardware see `SelfHostedEmbeddings`.

    An inference_fn of your own gets a list of pairs, instruction and text.

    Example:
        >>> model = SelfHostedHuggingFaceInstructEmbeddings(hardware="process", allow_dangerous_deserialization=True)
    """

    model_id: str = "hkunlp/instructor-large"
    embed_instruction: str = "Represent the document for retrieval: "
    """Put in front of everything but queries."""
    query_instruction: str = "Represent the question for retrieving supporting documents: "
    """Put in front of queries."""

    instruct: ClassVar[bool] = True

    def inference(self) -> Function:
        """The function that turns pipeline and pairs into vectors."""
        return self.inference_fn or embed_pairs

    def instruction(self, role: Role) -> str:
        """What is put in front of a text."""
        return self.query_instruction if role is Role.QUERY else self.embed_instruction

    def arguments(self, texts: list[str], role: Role) -> tuple[Any, ...]:
        """Pairs of instruction and text."""
        return ([[self.instruction(role), text] for text in texts],)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role; unknown if a function is yours."""
        if not self.ours:
            return super().recipe(role)
        return Recipe(space=self.space, prefix=self.instruction(Role(role)), long_text="truncate")


def load_model(model_id: str, *, instruct: bool = False, device: str | int | None = None) -> HuggingFaceEmbeddings:
    """The model class that runs there."""
    options = {} if device is None else {"device": _device(device)}
    kind: Any = HuggingFaceInstructEmbeddings if instruct else HuggingFaceEmbeddings
    model: HuggingFaceEmbeddings = kind(model_name=model_id, model_kwargs=options)
    model.loaded()
    return model


def load_embedding_model(model_id: str, *, instruct: bool = False, device: str | int | None = None) -> Any:
    """The SentenceTransformer that an inference_fn of users gets."""
    return load_model(model_id, instruct=instruct, device=device).loaded().client


def embed_texts(model: HuggingFaceEmbeddings, texts: list[str], role: str) -> Embedded:
    """The vectors of texts, with what happened to them."""
    return model.embed(texts, role)


def embed_pairs(model: HuggingFaceInstructEmbeddings, pairs: Sequence[tuple[str, str]]) -> Embedded:
    """The vectors of texts that all have the instruction of the first."""
    told = model.copy(update={"embed_instruction": pairs[0][0]})
    return told.embed([text for _, text in pairs])


def space_of(model: HuggingFaceEmbeddings) -> str:
    """The space of a model, as JSON."""
    return model.space.to_json()


def _device(device: str | int) -> str:
    """The name that torch has for a device; LangChain's classes count GPUs from 0, and call the CPU -1."""
    return device if isinstance(device, str) else "cpu" if device < 0 else f"cuda:{device}"
