"""Oracle Database: the database itself embeds, with a model in it or by asking a provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..arrays import array
from ..embeddings import Role
from ..errors import AuthenticationError, BadResponse, InvalidRequest, ModelNotFound, ProviderError, ServiceUnavailable
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import SecretField, param, secret
from ..space import Recipe, SpaceId

__all__ = ["OracleEmbeddings"]

EMBED = "select t.* from dbms_vector_chain.utl_to_embeddings(:content, json(:params)) t"
PROXY = "begin utl_http.set_proxy(:proxy); end;"
LOAD = """begin dbms_data_mining.drop_model(model_name => :model, force => true);
sys.dbms_vector.load_onnx_model(:path, :filename, :model,
json('{"function": "embedding", "embeddingOutput": "embedding", "input": {"input": ["DATA"]}}')); end;"""
ERRORS = {"ORA-01017": AuthenticationError, "ORA-40284": ModelNotFound}


class OracleEmbeddings(LocalEmbeddings[Any]):
    """Embed texts with Oracle Database 23ai or later; an error of the database has its ORA number as `code`."""

    conn: Any = param(default=None, shown=False)
    """An open connection of python-oracledb."""
    dsn: SecretField = secret(env="ORACLE_DSN", default=None)
    """In place of `conn`: user/password@host:port/service; a connection is opened for each call."""
    params: Mapping[str, Any] = param()
    """{"provider": "database", "model": ...}, or a provider's name with its credential_name, url and model."""
    proxy: str | None = None
    """host:port through which the database asks a provider."""

    docs = "https://docs.oracle.com/en/database/oracle/oracle-database/23/vecse/dbms_vector_chain-vecse.html"
    extra = "oracle"
    status = "library"
    _transient = frozenset({"conn", "on_progress"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.conn is not None or self.dsn, "pass conn, or dsn (ORACLE_DSN)")

    @property
    def space(self) -> SpaceId:
        own = self.params.get("provider") == "database"  # another database may have another model of this name
        where = self.dsn.get_secret_value().rpartition("@")[2] if self.dsn else self.conn.dsn
        return SpaceId(origin=f"oracleai:{where}" if own else "oracleai", model=str(self.params.get("model", "")))

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        Role(role)
        return Recipe(space=self.space, options=tuple(sorted((key, str(value)) for key, value in self.params.items())))

    def identity(self) -> str:
        return str(self.space)

    def load(self) -> Any:
        driver = need("oracledb", extra="oracle")
        try:
            return driver.connect(self.dsn.get_secret_value() if self.dsn else None)
        except driver.Error as error:
            raise failure(error) from error

    def loaded(self) -> Any:
        return self.load() if self.conn is None else self.conn

    def encode(self, model: Any, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # the database has no roles
        items = [orjson.dumps({"chunk_id": place, "chunk_data": text}).decode() for place, text in enumerate(texts, 1)]
        try:
            with model.cursor() as cursor:
                if self.proxy:
                    cursor.execute(PROXY, proxy=self.proxy)
                content = model.gettype("SYS.VECTOR_ARRAY_T").newobject(items)
                cursor.execute(EMBED, content=content, params=orjson.dumps(self.params).decode(), fetch_lobs=False)
                rows = [orjson.loads(row[0]) for row in cursor]
                if self.proxy:
                    cursor.execute(PROXY, proxy=None)  # the session may be one of a pool
        except need("oracledb", extra="oracle").Error as error:
            raise failure(error) from error
        try:
            found = {int(row["embed_id"]): orjson.loads(row["embed_vector"]) for row in rows}
            return Encoded(array([found[place] for place in range(1, len(texts) + 1)]))
        except (LookupError, TypeError, ValueError) as error:
            message = f"the rows of the database have no vector for every text: {error}"
            raise BadResponse(message, provider="oracleai") from None

    @staticmethod
    def load_onnx_model(conn: Any, dir: str, onnx_file: str, model_name: str) -> None:  # noqa: A002  # LangChain's name
        """Put a model into the database, from a file in one of its directories; it replaces one of that name."""
        with conn.cursor() as cursor:
            cursor.execute(LOAD, path=dir, filename=onnx_file, model=model_name)


def failure(error: Exception) -> ProviderError:
    """The error for one of the driver."""
    detail: Any = error.args[0]
    code = getattr(detail, "full_code", "") or ""
    passing = bool(getattr(detail, "isrecoverable", False))
    kind = ERRORS.get(code, ServiceUnavailable if passing else InvalidRequest)
    return kind(str(error), provider="oracleai", code=code, retryable=passing)
