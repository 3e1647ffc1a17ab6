"""Token sequences of equal length by role, and the rule that keeps the roles apart."""

import hashlib
import json
import random
import zipfile
from pathlib import Path

import numpy as np

from . import generated
from .texts import Source, documents, paragraphs

KINDS = ("prose", "code", "dialogue", "table")
WINDOW = 64


def load_tokenizer(path: Path):
    """The tokenizer of a GGUF file (gpt2 vocabularies) or of a folder with a tokenizer.json."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    if path.is_dir():
        return Tokenizer.from_file(str(path / "tokenizer.json"))
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    if fields["tokenizer.ggml.model"].contents() != "gpt2":
        raise ValueError(f"the tokenizer of {path} is not of the kind gpt2: give a folder with a tokenizer.json")
    tokens, types = fields["tokenizer.ggml.tokens"].contents(), fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges, fuse_unk=False))
    steps = [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    if fields["tokenizer.ggml.pre"].contents() == "smollm":
        steps.insert(0, pre_tokenizers.Digits(individual_digits=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([t for t, kind in zip(tokens, types) if kind == 3])
    return tokenizer


def _pack(tokenizer, docs: list[str], length: int, begin: int | None) -> np.ndarray:
    """Documents end to end, cut into sequences; a document begins with `begin` where that is given."""
    stream: list[int] = []
    for encoding in tokenizer.encode_batch(docs):
        stream += ([] if begin is None else [begin]) + encoding.ids
    count = len(stream) // length
    return np.array(stream[: count * length], dtype=np.int32).reshape(count, length)


def _digests(sequences: np.ndarray, step: int) -> set[bytes]:
    found = set()
    for row in sequences:
        data = np.ascontiguousarray(row)
        for at in range(0, len(data) - WINDOW + 1, step):
            found.add(hashlib.blake2b(data[at : at + WINDOW].tobytes(), digest_size=12).digest())
    return found


def require_apart(held_out: dict[str, np.ndarray], train: np.ndarray) -> int:
    """No run of 64 tokens of a held-out text may begin anywhere in a training text.

    Every start in training is tried against every 64th start of the held-out texts, so a shared run of 127 tokens is
    always found. Training sequences that share one are an error of the list of texts; their indices are returned by
    `overlapping`, which the builder drops. Returns the number of windows compared.
    """
    shared = overlapping(held_out, train)
    if shared:
        raise ValueError(f"{len(shared)} training sequences share a run of {WINDOW} tokens with held-out texts")
    return sum(a.size // WINDOW for a in held_out.values())


def overlapping(held_out: dict[str, np.ndarray], train: np.ndarray) -> list[int]:
    known = set()
    for sequences in held_out.values():
        known |= _digests(sequences, WINDOW)
    return [i for i, row in enumerate(train) if _digests(row[None], 1) & known]


def build(listed: list[Source], folder: Path, tokenizer, length: int, begin: int, seed: int) -> dict[str, np.ndarray]:
    """Sequences [count, length] by role and kind: train/prose, validation/code and so on."""
    out: dict[str, np.ndarray] = {}
    counts = {"train": (620, 320), "validation": (12, 12), "evaluation": (40, 40)}
    for role, (dialogues, tables) in counts.items():
        rng = random.Random(f"{seed} {role}")
        docs: dict[str, list[str]] = {"prose": [], "code": []}
        for source in listed:
            if source.role == role:
                docs[source.kind] += documents(source, folder)
        words, running = generated.vocabulary(role), paragraphs(docs["prose"])
        for kind in ("prose", "code"):
            rng.shuffle(docs[kind])
            out[f"{role}/{kind}"] = _pack(tokenizer, docs[kind], length, begin)
        sizes = (8_000, 20_000, 36_000) if role == "train" else (38_000,)
        chats = [generated.dialogue(running, words, rng, rng.choice(sizes)) for _ in range(dialogues)]
        lists = [generated.table(words, rng, rng.choice(sizes)) for _ in range(tables)]
        out[f"{role}/dialogue"] = _pack(tokenizer, chats, length, None)
        out[f"{role}/table"] = _pack(tokenizer, lists, length, None)
    return out


def _narrow(ids: np.ndarray) -> np.ndarray:
    """Token ids in two bytes where they fit, else in four."""
    return ids.astype(np.uint16 if ids.max(initial=0) < 1 << 16 else np.uint32)


def save(out: dict[str, np.ndarray], path: Path, validation: int, evaluation: int, seed: int) -> dict:
    """Writes <path>/train.npz (sequences, and kinds as indices into KINDS), validation.npz and evaluation.npz (one array
    per kind); returns a summary with digests."""
    rng = np.random.default_rng(seed)
    picked = {}
    for role, most in (("validation", validation), ("evaluation", evaluation)):
        picked[role] = {kind: _narrow(out[f"{role}/{kind}"][:most]) for kind in KINDS}
    held_out = {f"{role}/{kind}": rows.astype(np.int32) for role, kinds in picked.items() for kind, rows in kinds.items()}
    train = np.concatenate([out[f"train/{kind}"] for kind in KINDS])
    kinds_of = np.repeat(np.arange(len(KINDS), dtype=np.uint8), [len(out[f"train/{kind}"]) for kind in KINDS])
    shared = set(overlapping(held_out, train))
    kept = np.array([i for i in range(len(train)) if i not in shared])
    compared = require_apart(held_out, train[kept])
    order = kept[rng.permutation(len(kept))]
    train, kinds_of = _narrow(train[order]), kinds_of[order]
    path.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path / "train.npz", sequences=train, kinds=kinds_of)
    for role, kinds in picked.items():
        np.savez_compressed(path / f"{role}.npz", **kinds)
    summary = {
        "train_sequences": len(train),
        "train": {kind: int((kinds_of == i).sum()) for i, kind in enumerate(KINDS)},
        "dropped_as_shared": len(shared),
        "windows_compared": compared,
        "train_sha256": hashlib.sha256(train.tobytes()).hexdigest(),
        "evaluation_sha256": hashlib.sha256(b"".join(picked["evaluation"][kind].tobytes() for kind in KINDS)).hexdigest(),
        "held_out": {name: len(rows) for name, rows in held_out.items()},
    }
    (path / "summary.json").write_text(json.dumps(summary, indent=1))
    return summary


def export_texts(tokenizer, path: Path, target: Path) -> None:
    """Evaluation sequences as plain text in one archive: <kind>/<number>.txt."""
    with np.load(path / "evaluation.npz") as kinds, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in KINDS:
            for number, row in enumerate(kinds[kind]):
                archive.writestr(f"{kind}/{number:03d}.txt", tokenizer.decode(row.tolist(), skip_special_tokens=False))
