"""LASER: one encoder for 93 languages, on torch alone."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.request import urlopen

import numpy as np

from ..arrays import unit_length
from ..embeddings import Role
from ..errors import ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..space import Recipe, SpaceId
from .checkpoint import notes_of
from .hub import sha256
from .token_ids import groups, padded

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..arrays import Array

__all__ = ["LaserEmbeddings"]

BOS, PADDING, EOS, UNKNOWN = range(4)
"""Ids that the vocabulary leaves to these, whatever it says itself."""
SPECIAL = {"<s>": BOS, "<pad>": PADDING, "</s>": EOS, "<unk>": UNKNOWN}
FILES = ("laser2.pt", "laser2.spm")
TOKENS = 8192
"""Tokens that are computed together, padding included."""
CODES = """
acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab als_Latn amh_Ethi apc_Arab arb_Arab arb_Latn ars_Arab ary_Arab
arz_Arab ayr_Latn azb_Arab azj_Latn bel_Cyrl ben_Beng bos_Latn bul_Cyrl cat_Latn ces_Latn ckb_Arab crh_Latn
dan_Latn deu_Latn ell_Grek eng_Latn epo_Latn est_Latn eus_Latn fin_Latn fra_Latn gle_Latn glg_Latn hau_Latn
heb_Hebr hin_Deva hrv_Latn hun_Latn hye_Armn ind_Latn isl_Latn ita_Latn jpn_Jpan kab_Latn kat_Geor kaz_Cyrl
khm_Khmr kmr_Latn kor_Hang lit_Latn lvs_Latn mal_Mlym mar_Deva mkd_Cyrl mya_Mymr nld_Latn nob_Latn oci_Latn
pes_Arab plt_Latn pol_Latn por_Latn ron_Latn rus_Cyrl sin_Sinh slk_Latn slv_Latn snd_Arab som_Latn spa_Latn
srp_Cyrl swe_Latn swh_Latn tam_Taml tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tur_Latn uig_Arab ukr_Cyrl
urd_Arab uzn_Latn vie_Latn yue_Hant zho_Hans zho_Hant zsm_Latn
"""
LANGUAGES = frozenset(CODES.split())
"""What LASER2 was trained on, as FLORES-200 spells it."""


class _Model(NamedTuple):
    pieces: Any
    ids: dict[str, int]
    punctuation: Any
    encoder: Any
    lock: Lock


class LaserEmbeddings(LocalEmbeddings[_Model]):
    """Embed texts with LASER2: sentences that mean the same are near each other, whatever their language.

    The encoder is that of Artetxe and Schwenk, Massively Multilingual Sentence Embeddings for Zero-Shot Cross-Lingual
    Transfer and Beyond (2019): a bidirectional LSTM of five layers, and the largest value of each of its outputs. The
    published file is read without fairseq. It is downloaded once, as the package laser_encoders does it, to the same
    folder. Vectors have 1024 numbers. LASER reads sentences; of a longer text nothing is cut unless max_tokens says so,
    but 100,000 characters take minutes.

    LASER3 has encoders of another kind for 147 languages, each of its own, which this class does not run; 39 of these
    languages are among LASER2's too.

    Example:
        >>> LaserEmbeddings(lang="zho_Hans")
        LaserEmbeddings(lang='zho_Hans')
    """

    lang: str | None = None
    """The language, such as zho_Hans; it has no effect, as there is one encoder for all, but others are refused."""
    model_dir: str = "~/.cache/laser_encoders"
    """The folder with laser2.pt and laser2.spm."""
    base_url: str = "https://dl.fbaipublicfiles.com/nllb/laser"
    """Where these are downloaded from, if they are not there."""
    normalize: bool = False
    """Whether vectors get the length 1."""
    max_tokens: int | None = None
    """Longer texts are cut; None reads all."""
    device: str | None = None
    """cuda, mps or cpu; None takes the first of them that there is."""

    status: ClassVar[str] = "library"
    model_parameter: ClassVar[str] = "model_dir"
    extra: ClassVar[str | None] = "laser"
    docs: ClassVar[str] = "https://github.com/facebookresearch/LASER/tree/main/laser_encoders"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(
            self.max_tokens is None or self.max_tokens > 1, f"max_tokens must be at least 2: {self.max_tokens}"
        )
        self.require(
            self.lang is None or self.lang in LANGUAGES or self.lang in {code[:3] for code in LANGUAGES},
            f"LASER2 does not know the language {self.lang!r}; languages are spelled as in eng_Latn or zho_Hans",
        )

    def files(self) -> tuple[Path, Path]:
        """The encoder and the pieces; downloaded if they are not there."""
        folder = Path(self.model_dir).expanduser()
        for name in FILES:
            if not (folder / name).is_file():
                _packages()  # whoever lacks one should know before they have downloaded so much
                _download(f"{self.base_url.rstrip('/')}/{name}", folder / name)
        return folder / FILES[0], folder / FILES[1]

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        return self.model_dir, self.device

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the encoder."""
        revision = sha256(self.files()[0])
        return SpaceId(origin="laser", model="laser2", revision=revision, normalised=self.normalize)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        options = (("limit", str(self.max_tokens)), ("pieces", sha256(self.files()[1])))
        return Recipe(space=self.space, long_text="truncate" if self.max_tokens else "whole", options=options)

    def load(self) -> _Model:
        """Read encoder, vocabulary and pieces."""
        torch, moses, sentencepiece = _packages()
        weights, pieces = self.files()
        encoder, ids = _encoder(torch, weights, self.device or _device(torch))
        normaliser = moses.MosesPunctNormalizer("en", perl_parity=True)
        # Moses 4.0 makes double quotes of these two; LASER was trained on texts that it had cleaned.
        normaliser.substitutions[21:23] = [("‘", '"'), ("‚", '"')]
        processor = sentencepiece.SentencePieceProcessor(model_file=str(pieces))
        return _Model(processor, {**ids, **SPECIAL}, normaliser, encoder, Lock())

    def encode(self, model: _Model, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode one batch, long texts first."""
        whole = [_ids(model, text) for text in texts]
        limit = self.max_tokens
        tokens = [[*each[: limit - 1], EOS] if limit and len(each) > limit else each for each in whole]
        lengths = [len(each) for each in tokens]
        vectors = np.zeros((len(texts), 0), dtype=np.float32)
        for places in groups(lengths, TOKENS):
            ids = padded([tokens[place] for place in places], PADDING).ids
            with model.lock:
                found: Array = model.encoder(ids, [lengths[place] for place in places])
            if not vectors.size:
                vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
            vectors[places] = found
        notes = notes_of([len(each) for each in whole], limit, role_known=True)
        return Encoded(unit_length(vectors) if self.normalize else vectors, sum(lengths), notes)


def _packages() -> tuple[Any, Any, Any]:
    torch, moses, sentencepiece = (need(name, extra="laser") for name in ("torch", "sacremoses", "sentencepiece"))
    return torch, moses, sentencepiece


class _Printed(dict[int, str]):
    """For str.translate: a space for every character that is not printed."""

    def __missing__(self, character: int) -> str:
        text = chr(character)
        self[character] = " " if unicodedata.category(text).startswith("C") else text
        return self[character]


_printed = _Printed()


def _ids(model: _Model, text: str) -> list[int]:
    """The tokens of a text: cleaned as for the training, lowercased, cut into pieces."""
    cleaned: str = model.punctuation.normalize(text.translate(_printed)).lower()
    # A piece that holds a line break or another space is cut there, as the published code does it.
    pieces = " ".join(model.pieces.encode(cleaned, out_type=str)).split()
    return [*(model.ids.get(piece, UNKNOWN) for piece in pieces), EOS]


def _encoder(torch: Any, path: Path, device: str) -> tuple[Any, dict[str, int]]:
    """A function from padded ids and lengths to vectors, and the vocabulary."""
    try:
        whole: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises several kinds for a file that is none of its own
        message = f"LaserEmbeddings: {path} could not be read: {error}"
        raise ConfigurationError(message) from error
    if "params" not in whole:
        message = f"LaserEmbeddings: {path} is no LSTM encoder, maybe one of LASER3, which this class does not run"
        raise ConfigurationError(message)
    params: dict[str, Any] = whole["params"]
    weights: dict[str, Any] = {name: values.float() for name, values in whole["model"].items()}
    sizes = {name: params[name] for name in ("hidden_size", "num_layers", "bidirectional") if name in params}
    lstm = torch.nn.LSTM(params.get("embed_dim", 320), **{"hidden_size": 512, **sizes}).to(device).eval()
    lstm.load_state_dict({name[5:]: values for name, values in weights.items() if name.startswith("lstm.")})
    table = weights["embed_tokens.weight"]

    def encode(ids: Any, lengths: list[int]) -> Array:
        with torch.inference_mode():
            tokens = torch.from_numpy(ids).to(device)
            packed = torch.nn.utils.rnn.pack_padded_sequence(table[tokens.T], lengths)
            outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], padding_value=float("-inf"))
            largest: Array = outputs.max(dim=0).values.cpu().numpy()
            return largest

    return encode, whole["dictionary"]


def _device(torch: Any) -> str:
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def _download(url: str, place: Path) -> None:
    """Write a file whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    number, part = tempfile.mkstemp(dir=place.parent)
    try:
        with os.fdopen(number, "wb") as file, urlopen(url, timeout=60) as reply:  # noqa: S310  # users may name a folder
            while chunk := reply.read(1 << 20):
                file.write(chunk)
        Path(part).replace(place)
    except (OSError, ValueError) as error:
        message = (
            f"LaserEmbeddings: {place} is not there, and {url} could not be downloaded: {error}: put laser2.pt and "
            "laser2.spm there, or pass model_dir=..."
        )
        raise ConfigurationError(message) from error
    finally:
        with suppress(FileNotFoundError):
            Path(part).unlink()
