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
    "AlephAlphaAsymmetricSemanticEmbedding": "providers.aleph_alpha",
    "AlephAlphaSymmetricSemanticEmbedding": "providers.aleph_alpha",
    "AnyscaleEmbeddings": "providers.anyscale",
    "ArkEmbeddings": "providers.ark",
    "AuthenticationError": "errors",
    "AwaEmbeddings": "engines.awa",
    "AzureOpenAIEmbeddings": "providers.azure_openai",
    "BadResponse": "errors",
    "BaichuanTextEmbeddings": "providers.baichuan",
    "BedrockEmbeddings": "providers.bedrock",
    "BookendEmbeddings": "providers.bookend",
    "ByteStore": "stores",
    "CacheBackedEmbeddings": "cache",
    "CacheError": "errors",
    "CacheStats": "cache",
    "ClarifaiEmbeddings": "providers.clarifai",
    "CloudflareWorkersAIEmbeddings": "providers.cloudflare_workersai",
    "ClovaXEmbeddings": "providers.naver",
    "CohereEmbeddings": "providers.cohere",
    "Completed": "errors",
    "ConfigurationError": "errors",
    "ContextualEmbeddings": "contextual",
    "DashScopeEmbeddings": "providers.dashscope",
    "DatabricksEmbeddings": "providers.databricks",
    "DeepInfraEmbeddings": "providers.deepinfra",
    "DefaultEmbeddings": "engines.use",
    "DeterministicFakeEmbedding": "engines.fake",
    "EdenAiEmbeddings": "providers.edenai",
    "ElasticsearchEmbeddings": "providers.elasticsearch",
    "EmbaasEmbeddings": "providers.embaas",
    "Embedded": "embeddings",
    "EmbeddingError": "errors",
    "Embeddings": "embeddings",
    "EncoderBackedStore": "storage",
    "ErnieEmbeddings": "providers.ernie",
    "FakeEmbeddings": "engines.fake",
    "FastEmbedEmbeddings": "engines.fastembed",
    "FireworksEmbeddings": "providers.fireworks",
    "GPT4AllEmbeddings": "engines.gpt4all",
    "GigaChatEmbeddings": "providers.gigachat",
    "GoogleGenerativeAIEmbeddings": "providers.google_generative_ai",
    "GooglePalmEmbeddings": "providers.google_palm",
    "GradientEmbeddings": "providers.gradient_ai",
    "Hit": "search",
    "HuggingFaceBgeEmbeddings": "engines.huggingface",
    "HuggingFaceEmbeddings": "engines.huggingface",
    "HuggingFaceEndpointEmbeddings": "providers.huggingface_endpoint",
    "HuggingFaceHubEmbeddings": "providers.huggingface_endpoint",
    "HuggingFaceInferenceAPIEmbeddings": "providers.huggingface_endpoint",
    "HuggingFaceInstructEmbeddings": "engines.huggingface",
    "HunyuanEmbeddings": "providers.hunyuan",
    "HybridIndex": "search",
    "InMemoryByteStore": "storage",
    "InMemoryStore": "storage",
    "InfinityEmbeddings": "providers.infinity",
    "InfinityEmbeddingsLocal": "engines.infinity_local",
    "InputTooLong": "errors",
    "InvalidRequest": "errors",
    "JavelinAIGatewayEmbeddings": "providers.javelin_ai_gateway",
    "JinaEmbeddings": "providers.jina",
    "JohnSnowLabsEmbeddings": "engines.johnsnowlabs",
    "KeywordIndex": "search",
    "LLMRailsEmbeddings": "providers.llm_rails",
    "LMDBStore": "stores",
    "LaserEmbeddings": "engines.laser",
    "LlamaCppEmbeddings": "engines.llamacpp",
    "LlamafileEmbeddings": "providers.llamafile",
    "LocalAIEmbeddings": "providers.localai",
    "LocalFileStore": "storage",
    "MemoryStore": "stores",
    "MiniMaxEmbeddings": "providers.minimax",
    "MissingDependency": "errors",
    "MistralAIEmbeddings": "providers.mistralai",
    "MixedbreadEmbeddings": "providers.mixedbread",
    "MlflowAIGatewayEmbeddings": "providers.mlflow_gateway",
    "MlflowCohereEmbeddings": "providers.mlflow",
    "MlflowEmbeddings": "providers.mlflow",
    "Model2vecEmbeddings": "engines.model2vec",
    "ModelNotFound": "errors",
    "ModelScopeEmbeddings": "engines.modelscope_hub",
    "MosaicMLInstructorEmbeddings": "providers.mosaicml",
    "NLPCloudEmbeddings": "providers.nlpcloud",
    "NVIDIAEmbeddings": "providers.nvidia_ai_endpoints",
    "NeMoEmbeddings": "providers.nemo",
    "NomicEmbeddings": "providers.nomic",
    "Note": "embeddings",
    "OCIGenAIEmbeddings": "providers.oci_generative_ai",
    "OVHCloudEmbeddings": "providers.ovhcloud",
    "ObjectStore": "stores",
    "OctoAIEmbeddings": "providers.octoai_embeddings",
    "OllamaEmbeddings": "providers.ollama",
    "OneHotEmbeddings": "engines.onehot",
    "OnnxEmbeddings": "engines.onnx",
    "OpenAIEmbeddings": "providers.openai",
    "OpenRouterEmbeddings": "providers.openrouter",
    "OpenVINOBgeEmbeddings": "engines.openvino",
    "OpenVINOEmbeddings": "engines.openvino",
    "OracleEmbeddings": "providers.oracleai",
    "PostgresStore": "stores",
    "PremAIEmbeddings": "providers.premai",
    "ProviderError": "errors",
    "ProviderInfo": "load",
    "QianfanEmbeddingsEndpoint": "providers.baidu_qianfan_endpoint",
    "QuantizedBgeEmbeddings": "engines.itrex",
    "QuantizedBiEncoderEmbeddings": "engines.optimum_intel",
    "RateLimited": "errors",
    "ReadOnlyStore": "stores",
    "Recipe": "space",
    "RedisStore": "stores",
    "Role": "embeddings",
    "SQLiteStore": "stores",
    "SagemakerEndpointEmbeddings": "providers.sagemaker_endpoint",
    "SambaNovaEmbeddings": "providers.sambastack",
    "SambaStudioEmbeddings": "providers.sambanova",
    "Secret": "secret",
    "SelfHostedEmbeddings": "engines.self_hosted",
    "SelfHostedHuggingFaceEmbeddings": "engines.self_hosted_hugging_face",
    "SelfHostedHuggingFaceInstructEmbeddings": "engines.self_hosted_hugging_face",
    "SentenceTransformerEmbeddings": "engines.huggingface",
    "ServiceUnavailable": "errors",
    "SiliconFlowEmbeddings": "providers.siliconflow",
    "SolarEmbeddings": "providers.solar",
    "SpaceId": "space",
    "SpaceMismatch": "errors",
    "SpacyEmbeddings": "engines.spacy_embeddings",
    "SparkLLMTextEmbeddings": "providers.sparkllm",
    "TensorflowHubEmbeddings": "engines.tensorflow_hub",
    "TextEmbeddingsInferenceEmbeddings": "providers.text_embeddings_inference",
    "TfidfEmbeddings": "engines.tfidf",
    "TieredStore": "stores",
    "TimedOut": "errors",
    "TitanTakeoffEmbed": "providers.titan_takeoff",
    "TogetherEmbeddings": "providers.together",
    "TransportError": "errors",
    "UpstageEmbeddings": "providers.upstage",
    "UpstashRedisByteStore": "storage",
    "UpstashRedisStore": "storage",
    "Usage": "embeddings",
    "VLLMEmbeddings": "providers.vllm",
    "VectorIndex": "search",
    "VertexAIEmbeddings": "providers.vertexai",
    "VolcanoEmbeddings": "providers.volcengine",
    "VoyageEmbeddings": "providers.voyageai",
    "WatsonxEmbeddings": "providers.ibm",
    "WordEmbeddings": "words",
    "WordLlamaEmbeddings": "engines.wordllama",
    "XinferenceEmbeddings": "providers.xinference",
    "YandexGPTEmbeddings": "providers.yandex",
    "ZhipuAIEmbeddings": "providers.zhipuai",
    "cached": "cache",
    "cluster": "search",
    "cosine": "search",
    "duplicates": "search",
    "load": "load",
    "mmr": "search",
    "providers": "load",
    "reciprocal_rank_fusion": "search",
    "reveal_secrets": "secret",
    "similarity_matrix": "search",
    "store_from": "stores",
    "top_n": "search",
    "top_n_chunked": "search",
}
_PACKAGES = ("adapters", "contextual", "errors", "layer", "search", "storage", "stores", "tasks", "testing", "words")

__all__ = [*_MODULES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=sys.modules[__name__])
    value: object = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_PACKAGES})


class _Package(ModuleType):
    """Keeps `onevec.load` the function: importing a module would put it in the place of a name that it shares."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
