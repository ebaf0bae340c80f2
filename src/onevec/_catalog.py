"""Every model class with what can be told without importing it.

Written by scripts/gen.py: change the classes, then run it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ENTRIES", "Entry"]


class Entry(NamedTuple):
    """One model class.

    Attributes:
        name: the class.
        module: where it is, such as "onevec.providers.openai".
        kind: "provider" (reached over a network) or "engine" (runs here).
        slug: what stands before the ":" in `load("slug:model")`.
        default: whether `load` takes this class for its slug; one class of a module is.
        status: "live", "retired", ...
        successor: the class to use in place of a retired one.
        extra: the extra of onevec that it needs.
        variables: the environment variables that it reads.
        docs: the vendor's page.
    """

    name: str
    module: str
    kind: str
    slug: str
    default: bool
    status: str
    successor: str | None
    extra: str | None
    variables: tuple[str, ...]
    docs: str


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="DeterministicFakeEmbedding",
        module="onevec.engines.fake",
        kind="engine",
        slug="fake",
        default=True,
        status="library",
        successor=None,
        extra=None,
        variables=(),
        docs="https://reference.langchain.com/python/langchain_core/embeddings/",
    ),
    Entry(
        name="FakeEmbeddings",
        module="onevec.engines.fake",
        kind="engine",
        slug="fake",
        default=False,
        status="library",
        successor=None,
        extra=None,
        variables=(),
        docs="https://reference.langchain.com/python/langchain_core/embeddings/",
    ),
    Entry(
        name="DefaultEmbeddings",
        module="onevec.engines.use",
        kind="engine",
        slug="use",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=(),
        docs="https://arxiv.org/abs/1907.04307",
    ),
    Entry(
        name="AzureOpenAIEmbeddings",
        module="onevec.providers.azure_openai",
        kind="provider",
        slug="azure_openai",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=(
            "OPENAI_API_BASE",
            "OPENAI_ORG_ID",
            "OPENAI_ORGANIZATION",
            "OPENAI_PROXY",
            "OPENAI_API_VERSION",
            "AZURE_OPENAI_ENDPOINT",
            "OPENAI_API_TYPE",
            "AZURE_OPENAI_API_KEY",
            "OPENAI_API_KEY",
            "AZURE_OPENAI_AD_TOKEN",
        ),
        docs="https://learn.microsoft.com/en-us/azure/ai-services/openai/reference",
    ),
    Entry(
        name="QianfanEmbeddingsEndpoint",
        module="onevec.providers.baidu_qianfan_endpoint",
        kind="provider",
        slug="baidu_qianfan_endpoint",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=(
            "QIANFAN_BASE_URL",
            "QIANFAN_ACCESS_TOKEN",
            "QIANFAN_AK",
            "QIANFAN_SK",
            "QIANFAN_ACCESS_KEY",
            "QIANFAN_SECRET_KEY",
        ),
        docs="https://cloud.baidu.com/doc/qianfan-api/s/Fm7u3ropn",
    ),
    Entry(
        name="BedrockEmbeddings",
        module="onevec.providers.bedrock",
        kind="provider",
        slug="bedrock",
        default=True,
        status="live",
        successor=None,
        extra="aws",
        variables=(
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
            "AWS_ENDPOINT_URL",
            "AWS_DEFAULT_REGION",
            "AWS_PROFILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_BEARER_TOKEN_BEDROCK",
        ),
        docs="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html",
    ),
    Entry(
        name="CohereEmbeddings",
        module="onevec.providers.cohere",
        kind="provider",
        slug="cohere",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=("COHERE_API_KEY",),
        docs="https://docs.cohere.com/reference/embed",
    ),
    Entry(
        name="ErnieEmbeddings",
        module="onevec.providers.ernie",
        kind="provider",
        slug="ernie",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=("ERNIE_API_BASE", "ERNIE_CLIENT_ID", "ERNIE_CLIENT_SECRET"),
        docs="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/alj562vvu",
    ),
    Entry(
        name="GigaChatEmbeddings",
        module="onevec.providers.gigachat",
        kind="provider",
        slug="gigachat",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=(
            "GIGACHAT_BASE_URL",
            "GIGACHAT_AUTH_URL",
            "GIGACHAT_CREDENTIALS",
            "GIGACHAT_SCOPE",
            "GIGACHAT_ACCESS_TOKEN",
            "GIGACHAT_USER",
            "GIGACHAT_PASSWORD",
            "GIGACHAT_VERIFY_SSL_CERTS",
            "GIGACHAT_CA_BUNDLE_FILE",
            "GIGACHAT_CERT_FILE",
            "GIGACHAT_KEY_FILE",
            "GIGACHAT_KEY_FILE_PASSWORD",
        ),
        docs="https://developers.sber.ru/docs/ru/gigachat/api/embeddings",
    ),
    Entry(
        name="GooglePalmEmbeddings",
        module="onevec.providers.google_palm",
        kind="provider",
        slug="google_palm",
        default=True,
        status="retired",
        successor="GoogleGenerativeAIEmbeddings",
        extra=None,
        variables=("GOOGLE_API_KEY",),
        docs="https://ai.google.dev/gemini-api/docs/deprecations",
    ),
    Entry(
        name="MiniMaxEmbeddings",
        module="onevec.providers.minimax",
        kind="provider",
        slug="minimax",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=("MINIMAX_GROUP_ID", "MINIMAX_API_KEY"),
        docs="https://platform.minimaxi.com/docs/api-reference/errorcode.md",
    ),
    Entry(
        name="OCIGenAIEmbeddings",
        module="onevec.providers.oci_generative_ai",
        kind="provider",
        slug="oci_generative_ai",
        default=True,
        status="live",
        successor=None,
        extra="oci",
        variables=(),
        docs="https://docs.oracle.com/en-us/iaas/api/#/en/generative-ai-inference/20231130/EmbedTextResult/EmbedText",
    ),
    Entry(
        name="OllamaEmbeddings",
        module="onevec.providers.ollama",
        kind="provider",
        slug="ollama",
        default=True,
        status="self-hosted",
        successor=None,
        extra=None,
        variables=("OLLAMA_HOST", "OLLAMA_API_KEY"),
        docs="https://docs.ollama.com/api/embed",
    ),
    Entry(
        name="OpenAIEmbeddings",
        module="onevec.providers.openai",
        kind="provider",
        slug="openai",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=(
            "OPENAI_API_BASE",
            "OPENAI_BASE_URL",
            "OPENAI_ORG_ID",
            "OPENAI_ORGANIZATION",
            "OPENAI_PROXY",
            "OPENAI_API_KEY",
            "OPENAI_PROJECT_ID",
            "OPENAI_API_TYPE",
        ),
        docs="https://platform.openai.com/docs/api-reference/embeddings/create",
    ),
    Entry(
        name="SagemakerEndpointEmbeddings",
        module="onevec.providers.sagemaker_endpoint",
        kind="provider",
        slug="sagemaker_endpoint",
        default=True,
        status="live",
        successor=None,
        extra="aws",
        variables=(
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_PROFILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ),
        docs="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
    ),
    Entry(
        name="SparkLLMTextEmbeddings",
        module="onevec.providers.sparkllm",
        kind="provider",
        slug="sparkllm",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=("SPARK_APP_ID", "SPARK_API_KEY", "SPARK_API_SECRET"),
        docs="https://www.xfyun.cn/doc/spark/Embedding_api.html",
    ),
    Entry(
        name="VolcanoEmbeddings",
        module="onevec.providers.volcengine",
        kind="provider",
        slug="volcengine",
        default=True,
        status="retired",
        successor="VolcengineArkEmbeddings",
        extra=None,
        variables=("VOLC_ACCESSKEY", "VOLC_SECRETKEY"),
        docs="https://www.volcengine.com/docs/82379/1355331",
    ),
)
