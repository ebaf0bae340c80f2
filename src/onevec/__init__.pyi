# Written by scripts/gen.py: change the classes, then run it.
from .embeddings import Embedded as Embedded
from .embeddings import Embeddings as Embeddings
from .embeddings import Note as Note
from .embeddings import Role as Role
from .embeddings import Usage as Usage
from .engines.fake import DeterministicFakeEmbedding as DeterministicFakeEmbedding
from .engines.fake import FakeEmbeddings as FakeEmbeddings
from .errors import AuthenticationError as AuthenticationError
from .errors import BadResponse as BadResponse
from .errors import CacheError as CacheError
from .errors import Completed as Completed
from .errors import ConfigurationError as ConfigurationError
from .errors import EmbeddingError as EmbeddingError
from .errors import InputTooLong as InputTooLong
from .errors import InvalidRequest as InvalidRequest
from .errors import MissingDependency as MissingDependency
from .errors import ModelNotFound as ModelNotFound
from .errors import ProviderError as ProviderError
from .errors import RateLimited as RateLimited
from .errors import ServiceUnavailable as ServiceUnavailable
from .errors import SpaceMismatch as SpaceMismatch
from .errors import TimedOut as TimedOut
from .errors import TransportError as TransportError
from .load import ProviderInfo as ProviderInfo
from .load import load as load
from .load import providers as providers
from .providers.minimax import MiniMaxEmbeddings as MiniMaxEmbeddings
from .providers.openai import OpenAIEmbeddings as OpenAIEmbeddings
from .secret import Secret as Secret
from .secret import reveal_secrets as reveal_secrets
from .space import Recipe as Recipe
from .space import SpaceId as SpaceId

__version__: str
