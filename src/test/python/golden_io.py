"""Writers for the golden formats; golden/README.md describes them for readers."""

import gzip
import json
import os
import struct

import numpy as np

GOLDEN_ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../resources/golden"))
PROMPT_MAGIC = b"CXG1"
TINY_MAGIC = b"CXG2"


def golden_path(*parts):
    path = os.path.join(GOLDEN_ROOT, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write_bytes(path, data):
    """Writes the bytes, gzipped without a timestamp when the name ends in .gz: equal input gives equal files."""
    if path.endswith(".gz"):
        data = gzip.compress(data, compresslevel=9, mtime=0)
    with open(path, "wb") as file:
        file.write(data)


def write_json(path, value):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def little_endian(array, kind):
    return np.ascontiguousarray(array, dtype=np.dtype(kind).newbyteorder("<")).tobytes()


def pack_prompt(prompt, greedy, last_logits, margins, top_ids, top_logprobs):
    steps, top = top_ids.shape
    header = PROMPT_MAGIC + struct.pack("<iiii", len(prompt), steps, top, len(last_logits))
    return b"".join([header, little_endian(prompt, "i4"), little_endian(greedy, "i4"),
                     little_endian(last_logits, "f4"), little_endian(margins, "f4"),
                     little_endian(top_ids, "i4"), little_endian(top_logprobs, "f4")])


def unpack_prompt(path):
    with gzip.open(path) as file:
        data = file.read()
    if data[:4] != PROMPT_MAGIC:
        raise ValueError(f"{path} is no golden prompt file")
    prompt, steps, top, vocabulary = struct.unpack_from("<iiii", data, 4)
    at = 20
    arrays = {}
    for name, kind, shape in [("prompt", "<i4", (prompt,)), ("greedy", "<i4", (steps,)),
                              ("last_logits", "<f4", (vocabulary,)), ("margins", "<f4", (steps,)),
                              ("top_ids", "<i4", (steps, top)), ("top_logprobs", "<f4", (steps, top))]:
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(data, kind, count, at).reshape(shape)
        at += 4 * count
    if at != len(data):
        raise ValueError(f"{path} has {len(data) - at} bytes too many")
    return arrays


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def bucketed_kl(top_ids, top_logprobs, other_logprobs):
    """KL(reference ‖ other) in nats over the reference's top ids and one bucket that holds all other ids."""
    p = np.exp(top_logprobs.astype(np.float64))
    q_log = other_logprobs[top_ids]
    p_tail, q_tail = 1.0 - p.sum(), 1.0 - np.exp(q_log).sum()
    kl = float((p * (top_logprobs - q_log)).sum())
    if p_tail > 1e-12:
        kl += float(p_tail * (np.log(p_tail) - np.log(max(q_tail, 1e-12))))
    return kl


def pack_tiny(prompt, greedy, first_position, rows):
    """rows: float32 logits [len(prompt) - first_position + len(greedy) - 1, vocabulary] of the teacher-forced run."""
    if len(rows) != len(prompt) - first_position + len(greedy) - 1:
        raise ValueError(f"{len(rows)} rows do not fit {len(prompt)} + {len(greedy)} tokens from {first_position}")
    header = TINY_MAGIC + struct.pack("<iiiii", len(prompt), len(greedy), first_position, *rows.shape)
    return b"".join([header, little_endian(prompt, "i4"), little_endian(greedy, "i4"), little_endian(rows, "f4")])
