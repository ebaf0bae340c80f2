"""`onevec doctor` on a server of its own that speaks OpenAI's format, well or with a fault switched on."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from onevec import ConfigurationError, OpenAIEmbeddings, VLLMEmbeddings
from onevec.cli import main
from onevec.probe import MOST_TEXTS
from onevec.profiles import Learned, learned, profile_file
from onevec.profiles import save as save_profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTH = 32


@dataclass
class Behaviour:
    """What the server does, and what it was asked."""

    base64: str = "sent"
    dimensions: str = "obeyed"
    input_type: str = "ignored"
    order: str = "kept"
    texts: int = 10**6
    too_many: int = 400
    words: int = 10**6
    longer: str = "cut"
    unit: bool = True
    key: str = ""
    prefix: str = "/v1"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    behaviour: ClassVar[Behaviour]

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.behaviour.keys.append(self.headers.get("Authorization", ""))
        found = self.path == f"{self.behaviour.prefix}/models"
        self.answer(*((200, {"data": [{"id": "toy"}, {"id": "other"}]}) if found else (404, {"error": "no such page"})))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.behaviour.bodies.append(body)
        self.behaviour.keys.append(self.headers.get("Authorization", ""))
        self.answer(*reply(self.behaviour, body, self.headers.get("Authorization", "")))

    def answer(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def reply(does: Behaviour, body: dict[str, Any], key: str) -> tuple[int, Any]:
    """What the server answers."""
    fields = {"base64": "encoding_format", "dimensions": "dimensions", "input_type": "input_type"}
    refused = any(getattr(does, name) == "refused" and sent in body for name, sent in fields.items())
    if does.key and key != f"Bearer {does.key}":
        return 401, {"error": {"message": f"wrong key {key}", "code": "invalid_api_key"}}
    if refused or (does.longer == "refused" and any(len(text.split()) > does.words for text in body["input"])):
        return 400, {"error": {"message": "not here"}}
    if len(body["input"]) > does.texts:
        return does.too_many, {"error": {"message": "too many"}}
    typed = body.get("input_type", "") if does.input_type == "obeyed" else ""
    width = body.get("dimensions", WIDTH) if does.dimensions == "obeyed" else WIDTH
    vectors = [vector(typed + text, does)[:width] for text in body["input"]]
    packed = body.get("encoding_format") == "base64" and does.base64 in {"sent", "wrong"}
    dtype = ">f4" if does.base64 == "wrong" else "<f4"
    numbers = [b64encode(row.astype(dtype).tobytes()).decode() if packed else row.tolist() for row in vectors]
    rows = [{"index": number, "embedding": row} for number, row in enumerate(numbers)]
    if does.order == "by index":
        rows.reverse()
    if does.order == "mixed up":
        rows = [{"embedding": row} for row in numbers[::-1]]
    return 200, {"data": rows, "usage": {"total_tokens": 7}}


def vector(text: str, does: Behaviour) -> np.ndarray[Any, Any]:
    """The mean of one vector a word; the words behind the limit do not count."""
    words = text.split()[: does.words]
    seeds = [int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big") for word in words]
    known = {seed: np.random.default_rng(seed).normal(size=WIDTH) for seed in set(seeds)}
    row = np.mean([known[seed] for seed in seeds], axis=0)
    return np.asarray(row / np.linalg.norm(row) if does.unit else row * 3, dtype=np.float32)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai-alone")
    monkeypatch.delenv("OPENAI_API_BASE", raising=False)


@pytest.fixture
def does() -> Behaviour:
    return Behaviour()


@pytest.fixture
def url(does: Behaviour) -> Iterator[str]:
    handler = type("Handling", (Handler,), {"behaviour": does})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["doctor", *arguments, "--json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_good_server(url: str, does: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, url)
    assert found.pop("requests") == len(does.bodies)
    assert found == {
        "model": "toy",
        "dimensions": WIDTH,
        "normalised": True,
        "order": "kept",
        "base64": "sent",
        "shortening": "obeyed",
        "input_type": "ignored",
        "roles": [],
        "batch_size": MOST_TEXTS,
        "text_words": 7680,
        "longer_text": "read",
        "learned": {"base64": True, "batch_size": None, "text_tokens": None},
    }
    assert set(does.keys) == {"Bearer none"}, "no key that belongs to another server"


@pytest.mark.parametrize(
    ("switched", "wanted"),
    [
        ({"base64": "ignored"}, {"base64": "ignored"}),
        ({"base64": "refused"}, {"base64": "refused"}),
        ({"base64": "wrong"}, {"base64": "wrong"}),
        ({"dimensions": "ignored"}, {"shortening": "ignored"}),
        ({"dimensions": "refused"}, {"shortening": "refused"}),
        ({"input_type": "obeyed"}, {"input_type": "obeyed"}),
        ({"order": "by index"}, {"order": "by index"}),
        ({"order": "mixed up"}, {"order": "mixed up"}),
        ({"unit": False}, {"normalised": False}),
        ({"texts": 1}, {"batch_size": 1, "order": "one text"}),
        ({"texts": 33, "too_many": 413}, {"batch_size": 33}),
        ({"texts": 2047, "too_many": 500}, {"batch_size": 2047}),
    ],
)
def test_a_fault_is_found(
    url: str, does: Behaviour, capsys: pytest.CaptureFixture[str], switched: dict[str, Any], wanted: dict[str, Any]
) -> None:
    for name, value in switched.items():
        setattr(does, name, value)
    found = told(capsys, url)
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("longer", ["cut", "refused"])
@pytest.mark.parametrize("words", [60, 512, 5000])
def test_the_length_of_a_text_is_found(
    url: str, does: Behaviour, capsys: pytest.CaptureFixture[str], longer: str, words: int
) -> None:
    does.words, does.longer = words, longer
    found = told(capsys, url)
    assert found["longer_text"] == longer
    assert words * 0.9 - 16 <= found["text_words"] <= words, "never more than what counts"


def test_what_is_saved_is_heeded(url: str, does: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    does.base64, does.texts, does.words = "refused", 3, 100
    found = told(capsys, url, "--save")
    assert "servers.json" in str(profile_file())
    assert learned(url, "toy") == Learned(base64=False, batch_size=3, text_tokens=found["text_words"])
    does.bodies.clear()
    model = OpenAIEmbeddings(base_url=url, api_key="k", model="toy")
    vectors = model.embed_documents([f"text {number}" for number in range(7)] + ["word " * 150])
    assert np.shape(vectors) == (8, WIDTH)
    assert max(len(body["input"]) for body in does.bodies) == 3
    assert max(len(text.split()) for body in does.bodies for text in body["input"]) <= 100
    assert not any("encoding_format" in body for body in does.bodies)


def test_a_server_that_mixes_rows_up_gets_one_text_a_request(
    url: str, does: Behaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    does.order = "mixed up"
    for _ in range(2):  # what was kept before does not hide the fault
        assert told(capsys, url, "--save")["order"] == "mixed up"
    model = OpenAIEmbeddings(base_url=url, api_key="k", model="toy")
    left, right = model.embed(["a text", "another one"]).vectors
    assert not np.allclose(left, right)
    assert np.allclose(left, vector("a text", does), atol=1e-6)


def test_another_model_or_server_is_not_meant(url: str) -> None:
    save_profile(url, "toy", Learned(batch_size=3))
    model = OpenAIEmbeddings(base_url=url, api_key="k", model="toy")
    assert model.limits_of_model().texts == 3
    assert model.copy(update={"batch_size": 2}).limits_of_model().texts == 2
    assert model.copy(update={"model": "other"}).limits_of_model().texts == 1000
    assert model.copy(update={"base_url": "http://elsewhere.example/v1"}).limits_of_model().texts == 1000
    save_profile("https://api.openai.com/v1", "toy", Learned(batch_size=3))
    assert OpenAIEmbeddings(api_key="k", model="toy").limits_of_model().texts == 1000, "the vendor's own is documented"
    save_profile("http://localhost:8000/v1", "toy", Learned(batch_size=4))
    assert VLLMEmbeddings(model="toy").limits_of_model().texts == 4, "a server of one's own at its usual address"


def test_the_recipe_of_a_cache_stays(url: str) -> None:
    model = OpenAIEmbeddings(base_url=url, api_key="k", model="toy")
    before = model.recipe(), model.space
    save_profile(url, "toy", Learned(base64=False, batch_size=3))
    assert (model.recipe(), model.space) == before
    save_profile(url, "toy", Learned(base64=False, batch_size=3, text_tokens=100))
    assert model.recipe() != before[0], "long texts are now split elsewhere, and so have other vectors"
    assert model.space == before[1]


@pytest.mark.parametrize("content", ["{", "[]", '{"S": {"toy": {"batch_size": 0}}}', '{"S": {"toy": {"base64": 1}}}'])
def test_a_damaged_file_is_named(url: str, content: str) -> None:
    path = save_profile(url, "toy", Learned(batch_size=3))
    path.write_text(content.replace("S", url.partition("//")[2]), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"servers\.json.*mend or remove it"):
        OpenAIEmbeddings(base_url=url, api_key="k", model="toy").limits_of_model()


def test_the_address_may_lack_v1_and_a_name_is_taken(
    url: str, does: Behaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, url.removesuffix("/v1"), "--name", "bge-m3")["model"] == "bge-m3"
    assert {body["model"] for body in does.bodies} == {"bge-m3"}


def test_a_key_comes_from_the_variable_that_is_named(
    url: str, does: Behaviour, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    does.key = "sk-of-the-gateway"
    monkeypatch.setenv("GATEWAY_KEY", "sk-of-the-gateway")
    assert told(capsys, url, "--key-variable", "GATEWAY_KEY")["model"] == "toy"
    monkeypatch.setenv("GATEWAY_KEY", "sk-wrong")
    assert main(["doctor", url, "--key-variable", "GATEWAY_KEY"]) == 1
    said = capsys.readouterr().err
    assert "401" in said
    assert "sk-wrong" not in said
    assert main(["doctor", url, "--key-variable", "NO_SUCH_KEY"]) == 1
    assert "NO_SUCH_KEY is not set" in capsys.readouterr().err


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "http://127.0.0.1:9/v1"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("onevec: error: ")
    assert len(said.splitlines()) == 1


def test_a_server_without_a_list_wants_a_name(url: str, does: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    does.prefix = "/nowhere"
    assert main(["doctor", url]) == 2
    assert "pass --name" in capsys.readouterr().err
    assert told(capsys, url, "--name", "toy")["order"] == "kept"


def test_a_model_is_asked_by_its_class(
    url: str, does: Behaviour, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", url)
    assert told(capsys, "openai:toy")["batch_size"] == MOST_TEXTS
    assert "Bearer sk-for-openai-alone" in does.keys


def test_a_model_that_runs_here_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "fake:3")
    assert (found["dimensions"], found["normalised"], found["requests"]) == (3, False, 0)


def test_save_is_only_for_servers_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "fake:3", "--save"]) == 2
    assert "--save is for servers" in capsys.readouterr().err
    assert main(["doctor", "openai", "--save"]) == 2
    assert not profile_file().exists()


def test_without_an_argument_it_lists_the_keys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-mistral")
    monkeypatch.setenv("NVIDIA_BASE_URL", "http://localhost:1/v1")
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "MistralAIEmbeddings\tMISTRAL_API_KEY" in said
    assert "OpenAIEmbeddings\tOPENAI_API_KEY" in said
    assert "sk-" not in said
    assert "NVIDIAEmbeddings" not in said, "an address is no key"


def test_for_readers_it_is_a_table(url: str, does: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    does.texts = 5
    assert main(["doctor", url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "every vector has length 1\tyes" in lines
    assert "texts a request\t5" in lines
    assert "roles with vectors of their own\tnone" in lines
