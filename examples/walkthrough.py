"""The usage that LangChain's users know, with only the import lines changed; docs/walkthrough.md explains each part.

`python examples/walkthrough.py` shows the parts that need neither a key nor a download. With OPENAI_API_KEY set it asks
OpenAI too, and with the folder of a model as its argument it loads that.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

# In LangChain: from langchain_openai import OpenAIEmbeddings, from langchain_huggingface import HuggingFaceEmbeddings,
# from langchain.embeddings import CacheBackedEmbeddings, from langchain.storage import LocalFileStore
import onevec
from onevec import CacheBackedEmbeddings, HuggingFaceEmbeddings, OpenAIEmbeddings
from onevec.storage import LocalFileStore

if TYPE_CHECKING:
    from onevec import Embeddings
    from onevec.transport import Transport

TEXTS = ["Hi there!", "Oh, hello!", "What's your name?", "My friends call me World", "Hello World!"]
EMBEDDING_DEVICE = "cpu"


def hosted(transport: Transport | None = None) -> tuple[int, int]:
    """Five texts to five vectors of OpenAI; `transport` takes the place of the network."""
    embeddings_model = OpenAIEmbeddings(
        api_key=os.environ.get("OPENAI_API_KEY", "..."), max_retries=0, transport=transport
    )
    embeddings = embeddings_model.embed_documents(TEXTS)
    return len(embeddings), len(embeddings[0])


def local(folder: str) -> tuple[int, int]:
    """The same with a model on this machine; needs `pip install 'onevec[local]'`."""
    embeddings_model = HuggingFaceEmbeddings(model_name=folder, model_kwargs={"device": EMBEDDING_DEVICE})
    embeddings = embeddings_model.embed_documents(TEXTS)
    return len(embeddings), len(embeddings[0])


def cached(underlying: Embeddings, folder: str) -> tuple[float, float, list[str]]:
    """The seconds of a first and a second call, and the keys that the cache then has."""
    store = LocalFileStore(folder)
    embedder = CacheBackedEmbeddings.from_bytes_store(underlying, store, namespace="m3e-base", key_encoder="sha256")
    seconds: list[float] = []
    for _ in range(2):
        start = time.perf_counter()
        embedder.embed_documents(TEXTS)
        seconds.append(time.perf_counter() - start)
    return seconds[0], seconds[1], list(store.yield_keys())


def main() -> None:
    """Show all of it."""
    if "OPENAI_API_KEY" in os.environ:
        print("OpenAI:", hosted())
    if len(sys.argv) > 1:
        print("local folder:", local(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        first, second, keys = cached(onevec.load(), str(Path(folder) / "cache"))
    print(f"first call {first:.4f} s, second call {second:.4f} s, {len(keys)} keys such as {keys[0]}")
    print("classes:", ", ".join(entry.name for entry in onevec.providers()))


if __name__ == "__main__":
    main()
