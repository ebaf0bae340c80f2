"""One interface to every text-embedding model, hosted or local.

Written by scripts/gen.py: change the classes, then run it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

# Public name: the module that is imported when the name is first used.
_MODULES = {
    "AuthenticationError": "errors",
    "AzureOpenAIEmbeddings": "providers.azure_openai",
    "BadResponse": "errors",
    "BedrockEmbeddings": "providers.bedrock",
    "CacheError": "errors",
    "CohereEmbeddings": "providers.cohere",
    "Completed": "errors",
    "ConfigurationError": "errors",
    "DefaultEmbeddings": "engines.use",
    "DeterministicFakeEmbedding": "engines.fake",
    "Embedded": "embeddings",
    "EmbeddingError": "errors",
    "Embeddings": "embeddings",
    "ErnieEmbeddings": "providers.ernie",
    "FakeEmbeddings": "engines.fake",
    "GigaChatEmbeddings": "providers.gigachat",
    "GooglePalmEmbeddings": "providers.google_palm",
    "InputTooLong": "errors",
    "InvalidRequest": "errors",
    "MiniMaxEmbeddings": "providers.minimax",
    "MissingDependency": "errors",
    "ModelNotFound": "errors",
    "Note": "embeddings",
    "OCIGenAIEmbeddings": "providers.oci_generative_ai",
    "OllamaEmbeddings": "providers.ollama",
    "OpenAIEmbeddings": "providers.openai",
    "ProviderError": "errors",
    "ProviderInfo": "load",
    "QianfanEmbeddingsEndpoint": "providers.baidu_qianfan_endpoint",
    "RateLimited": "errors",
    "Recipe": "space",
    "Role": "embeddings",
    "SagemakerEndpointEmbeddings": "providers.sagemaker_endpoint",
    "Secret": "secret",
    "ServiceUnavailable": "errors",
    "SpaceId": "space",
    "SpaceMismatch": "errors",
    "SparkLLMTextEmbeddings": "providers.sparkllm",
    "TimedOut": "errors",
    "TransportError": "errors",
    "Usage": "embeddings",
    "VolcanoEmbeddings": "providers.volcengine",
    "cosine": "search",
    "load": "load",
    "providers": "load",
    "reveal_secrets": "secret",
    "top_n": "search",
    "top_n_chunked": "search",
}

__all__ = [*_MODULES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=sys.modules[__name__])
    value: object = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})


class _Package(ModuleType):
    """Keeps `onevec.load` the function: importing a module would put it in the place of a name that it shares."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
