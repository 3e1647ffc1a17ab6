"""DD-Select's weights of delimiters, from the target's own attention, and what tells kinds of text apart.

Idea: a delimiter is a good place to cut if the positions behind it look at what stood just before it rather than far
above. Source: DynSplit-KV, arXiv 2602.03184, section on DD-Select; the region sizes, the reading by type of delimiter and
the score without sinks are ours.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from . import masks
from .dataset import KINDS
from .target import Target

FORMAT, VERSION = "contexture-delimiters", "1"
TYPES = ("turn", "blank-line", "newline", "sentence-end", "colon", "comma", "close", "cell", "none")
SHAPES = (
    "special",
    "newline-indent",
    "digit",
    "word",
    "capital-word",
    "inner-lower",
    "inner-capital",
    "underscore",
    "bracket",
    "operator",
    "cell",
    "quote",
    "sentence-end",
    "comma",
    "dash",
    "other",
)
_LAST_CHARACTER = (
    ("sentence-end", ".!?。！？"),
    ("colon", ";:：；"),
    ("comma", ",，、"),
    ("close", ")]}>»”\""),
    ("cell", "|\t"),
)
_ANY_CHARACTER = (
    ("underscore", "_"),
    ("bracket", "()[]{}<>"),
    ("operator", "=+*/%&^~\\@#$"),
    ("cell", "|\t"),
    ("quote", "\"'`“”‘’"),
    ("sentence-end", ".!?"),
    ("comma", ",;:"),
    ("dash", "-"),
)


def delimiter_type(text: str, special: bool = False) -> str:
    """What a token is as a delimiter, from its decoded text alone."""
    if special:
        return "turn"
    if "\n\n" in text:
        return "blank-line"
    if "\n" in text:
        return "newline"
    last = text.rstrip(" ")[-1:]
    return next((name for name, characters in _LAST_CHARACTER if last and last in characters), "none")


def _is_letter(character: str) -> bool:
    return "a" <= character <= "z" or "A" <= character <= "Z" or ord(character) >= 0xC0


def _is_upper(character: str) -> bool:
    return "A" <= character <= "Z"


def token_shape(text: str, special: bool = False) -> str:
    """What a token looks like; letters are those of ASCII and all code points from 0xC0 on, so that no table is needed."""
    if special:
        return "special"
    if "\n" in text or (len(text) >= 2 and not text.strip(" ")):
        return "newline-indent"
    spaced = text.startswith(" ")
    body = text[1:] if spaced else text
    if body and all("0" <= c <= "9" for c in body):
        return "digit"
    if body and all(map(_is_letter, body)):
        lower = not any(map(_is_upper, body))
        if not spaced:
            return "inner-lower" if lower else "inner-capital"
        if lower or _is_upper(body[0]):
            return "word" if lower else "capital-word"
    return next((name for name, characters in _ANY_CHARACTER if any(c in text for c in characters)), "other")


def _bytes_of_characters() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary stands for."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(0x100 + i): b for i, b in enumerate(rest)}


@dataclass(frozen=True)
class Vocabulary:
    """Type and shape of every token, as indices into TYPES and SHAPES."""

    types: np.ndarray
    shapes: np.ndarray

    @staticmethod
    def from_texts(texts: list[tuple[str, bool]]) -> "Vocabulary":
        types = [TYPES.index(delimiter_type(text, special)) for text, special in texts]
        shapes = [SHAPES.index(token_shape(text, special)) for text, special in texts]
        return Vocabulary(np.array(types, dtype=np.uint8), np.array(shapes, dtype=np.uint8))

    @staticmethod
    def of(model: Path) -> "Vocabulary":
        return Vocabulary.from_texts(_texts(model))

    def digest(self) -> str:
        return hashlib.sha256(np.stack([self.types, self.shapes], 1).tobytes()).hexdigest()


def _texts(model: Path) -> list[tuple[str, bool]]:
    """Decoded text of every token in order, and whether it is a control token. Byte-level vocabularies only."""
    if model.is_dir():
        raw = json.loads((model / "tokenizer.json").read_text())
        added = {entry["id"]: entry for entry in raw["added_tokens"]}
        tokens = {i: token for token, i in raw["model"]["vocab"].items()} | {i: e["content"] for i, e in added.items()}
        listed = [(tokens.get(i, ""), i in added, i in added and added[i]["special"]) for i in range(max(tokens) + 1)]
    else:
        from gguf import GGUFReader

        fields = GGUFReader(model).fields
        if fields["tokenizer.ggml.model"].contents() != "gpt2":
            raise ValueError(f"the tokenizer of {model} is not of the kind gpt2")
        control, user_defined = 3, 4
        pairs = zip(fields["tokenizer.ggml.tokens"].contents(), fields["tokenizer.ggml.token_type"].contents())
        listed = [(token, kind in (control, user_defined), kind == control) for token, kind in pairs]
    byte_of = _bytes_of_characters()

    def decoded(token: str, literal: bool) -> str:
        if literal or any(c not in byte_of for c in token):
            return token
        return bytes(byte_of[c] for c in token).decode("utf-8", "replace")

    return [(decoded(token, literal), special) for token, literal, special in listed]


@dataclass(frozen=True)
class Settings:
    """future: queries behind a candidate. retained: positions up to the candidate that count as kept."""

    future: int = 6
    retained: int = 64
    alpha: float = 1.0
    sequences: int = 32
    least_samples: int = 200


def scores(target: Target, ids: torch.Tensor, settings: Settings, rows_at_once: int = 256) -> dict[str, torch.Tensor]:
    """The score of a cut behind each position of ids [T], by variant; NaN where the regions do not fit. Each is [T]."""
    c, tokens = target.config, len(ids)
    layers = range(c.layers // 3, 2 * c.layers // 3)
    attention = torch.zeros(tokens, tokens, device=ids.device)

    def on_layer(layer, q, k, v):
        if layer not in layers:
            return
        for begin in range(0, tokens, rows_at_once):
            rows = torch.arange(begin, min(tokens, begin + rows_at_once), device=ids.device)
            grouped = q[:, rows].reshape(c.kv_heads, c.group * len(rows), c.head_dim)
            raw = torch.matmul(grouped, k.transpose(1, 2)).view(c.heads, len(rows), tokens).float() * c.head_dim**-0.5
            raw = raw.masked_fill(~masks.causal(rows, tokens), -1e30)
            attention[rows] += torch.softmax(raw, -1).mean(0) / len(layers)

    target.prefill(ids, on_layer)
    upto = attention.cumsum(-1)
    found = {}
    cuts = torch.arange(settings.retained + masks.SINK, tokens - settings.future, device=ids.device)
    for variant, skipped in (("literal", 0), ("sinkless", masks.SINK)):
        total = torch.zeros(len(cuts), device=ids.device)
        for ahead in range(1, settings.future + 1):
            near, far = upto[cuts + ahead, cuts], upto[cuts + ahead, cuts - settings.retained]
            discarded = far - (upto[cuts + ahead, skipped - 1] if skipped else 0)
            total += near - far - settings.alpha * discarded
        found[variant] = torch.full((tokens,), math.nan, device=ids.device)
        found[variant][cuts] = total / settings.future
    return found


def _weights(means: dict[str, float], counts: dict[str, int], least: int) -> dict[str, float]:
    """Means of the delimiters brought to 0..1; rare types get the mean weight of the others."""
    delimiters = [name for name in TYPES if name != "none"]
    common = {name: means[name] for name in delimiters if counts[name] >= least}
    if not common:
        return dict.fromkeys(delimiters, 0.5)
    low, high = min(common.values()), max(common.values())
    weights = {name: (mean - low) / (high - low) if high > low else 0.5 for name, mean in common.items()}
    middle = sum(weights.values()) / len(weights)
    return {name: round(weights.get(name, middle), 4) for name in delimiters}


def shape_scores(shapes: np.ndarray, sequences: np.ndarray, kinds_of: np.ndarray) -> dict[str, list[int]]:
    """1000 ln p(shape | kind), with every shape counted once more than seen."""
    found = {}
    for i, kind in enumerate(KINDS):
        counts = np.bincount(shapes[sequences[kinds_of == i].reshape(-1)], minlength=len(SHAPES)) + 1
        found[kind] = [round(1000 * math.log(count / counts.sum())) for count in counts.tolist()]
    return found


@torch.no_grad()
def table(
    target: Target,
    target_name: str,
    target_sha256: str,
    vocabulary: Vocabulary,
    sequences: np.ndarray,
    kinds_of: np.ndarray,
    settings: Settings,
) -> dict:
    """Everything that the server needs to weigh delimiters: see docs/retrieval-head.md."""
    weights: dict[str, dict] = {"literal": {}, "sinkless": {}}
    statistics: dict[str, dict] = {"literal": {}, "sinkless": {}}
    counts_of = {}
    for i, kind in enumerate(KINDS):
        by_sequence: dict[str, list] = {"literal": [], "sinkless": []}
        counted = np.zeros(len(TYPES), dtype=np.int64)
        for row in sequences[kinds_of == i][: settings.sequences]:
            ids = torch.from_numpy(row.astype(np.int64)).to(target.device)
            types = vocabulary.types[row]
            for variant, values in scores(target, ids, settings).items():
                values = values.cpu().double().numpy()
                valid = ~np.isnan(values)
                number = np.bincount(types[valid], minlength=len(TYPES))
                total = np.bincount(types[valid], weights=values[valid], minlength=len(TYPES))
                by_sequence[variant].append((number, total))
            counted += number
        counts_of[kind] = dict(zip(TYPES, counted.tolist()))
        for variant, parts in by_sequence.items():
            numbers, totals = np.stack([n for n, _ in parts]), np.stack([t for _, t in parts])
            means = totals.sum(0) / np.maximum(numbers.sum(0), 1)
            residual = totals - means * numbers
            errors = np.sqrt((residual**2).sum(0)) / np.maximum(numbers.sum(0), 1)
            named = dict(zip(TYPES, means.tolist()))
            weights[variant][kind] = _weights(named, counts_of[kind], settings.least_samples)
            statistics[variant][kind] = {
                name: {"mean": round(mean, 5), "standard_error": round(error, 5)}
                for name, mean, error in zip(TYPES, means.tolist(), errors.tolist())
                if counts_of[kind][name]
            }
    return {
        "format": FORMAT,
        "version": VERSION,
        "target_name": target_name,
        "target_sha256": target_sha256,
        "scores": weights,
        "types": list(TYPES),
        "shapes": list(SHAPES),
        "shape_scores": shape_scores(vocabulary.shapes, sequences, kinds_of),
        "vocabulary_digest": vocabulary.digest(),
        "calibration": {
            "settings": {
                **asdict(settings),
                "first_layer": target.config.layers // 3,
                "last_layer": 2 * target.config.layers // 3 - 1,
                "tokens": sequences.shape[1],
            },
            "counts": counts_of,
            "statistics": statistics,
        },
    }
