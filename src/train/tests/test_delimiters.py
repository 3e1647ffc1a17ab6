import hashlib
import json
import math

import numpy as np
import pytest
import torch

from contexture_train import dataset, delimiters, masks
from contexture_train.delimiters import SHAPES, TYPES, Settings, Vocabulary, delimiter_type, token_shape


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (" end.\n\n  ", "blank-line"),
        (";\n", "newline"),
        (".", "sentence-end"),
        ("?  ", "sentence-end"),
        ("。", "sentence-end"),
        (" a:", "colon"),
        (";", "colon"),
        ("，", "comma"),
        (");", "colon"),
        ("()", "close"),
        (' "', "close"),
        ("”", "close"),
        (" |", "cell"),
        ("\t", "cell"),
        (" word", "none"),
        ("   ", "none"),
        ("", "none"),
        ("(", "none"),
    ],
)
def test_type_is_that_of_the_last_character(text, kind):
    assert delimiter_type(text) == kind


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a\n", "newline-indent"),
        ("    ", "newline-indent"),
        (" ", "other"),
        ("7", "digit"),
        (" 42", "digit"),
        (" word", "word"),
        (" été", "word"),
        (" Word", "capital-word"),
        (" camelCase", "other"),
        ("ing", "inner-lower"),
        ("camelCase", "inner-capital"),
        ("Stream", "inner-capital"),
        ("_name", "underscore"),
        ("():", "bracket"),
        (" +=", "operator"),
        (" |", "cell"),
        ("'s", "quote"),
        ("...", "sentence-end"),
        (",", "comma"),
        ("--", "dash"),
        ("", "other"),
        ("§", "other"),
    ],
)
def test_shape(text, shape):
    assert token_shape(text) == shape


def test_control_tokens_are_turns_whatever_they_are_called():
    assert (delimiter_type("<|end|>", True), token_shape("<|end|>", True)) == ("turn", "special")


def test_digest_is_over_type_and_shape_of_every_token():
    vocabulary = Vocabulary.from_texts([("<|end|>", True), (" word", False), (".", False)])
    pairs = [("turn", "special"), ("none", "word"), ("sentence-end", "sentence-end")]
    expected = bytes(n for kind, shape in pairs for n in (TYPES.index(kind), SHAPES.index(shape)))
    assert vocabulary.digest() == hashlib.sha256(expected).hexdigest()


def test_tokens_of_a_byte_level_vocabulary_are_decoded(tmp_path):
    raw = {"model": {"vocab": {"Ġa": 0, "Ċ": 1, "Ã": 2}}, "added_tokens": [{"id": 3, "content": "<|x|>", "special": True}]}
    (tmp_path / "tokenizer.json").write_text(json.dumps(raw))
    assert delimiters._texts(tmp_path) == [(" a", False), ("\n", False), ("\ufffd", False), ("<|x|>", True)]


@torch.no_grad()
def test_score_is_near_attention_less_far_attention(target, ids):
    settings = Settings(future=3, retained=20)
    found = delimiters.scores(target, ids, settings, rows_at_once=50)
    c, tokens = target.config, len(ids)
    maps = []

    def on_layer(layer, q, k, v):
        scores = torch.einsum("hnd,htd->hnt", q, k.repeat_interleave(c.group, 0)) * c.head_dim**-0.5
        maps.append(torch.softmax(scores.masked_fill(~masks.causal(torch.arange(tokens), tokens), -1e30), -1).mean(0))

    target.prefill(ids, on_layer)
    attention = torch.stack(maps[c.layers // 3 : 2 * c.layers // 3]).mean(0)
    for variant, skipped in (("literal", 0), ("sinkless", masks.SINK)):
        assert math.isnan(found[variant][5]) and math.isnan(found[variant][tokens - 2])
        for cut in (30, 90, tokens - 4):
            expected = 0.0
            for query in range(cut + 1, cut + 4):
                near = attention[query, cut - 19 : cut + 1].sum()
                expected += (near - attention[query, skipped : cut - 19].sum()) / 3
            torch.testing.assert_close(found[variant][cut], torch.as_tensor(expected), atol=1e-5, rtol=1e-4)


def test_weights_reach_from_0_to_1_and_rare_types_get_the_mean():
    means = dict(zip(TYPES, (-0.4, -0.3, -0.2, 0.0, 9.0, 9.0, 9.0, 9.0, 5.0)))
    counts = dict.fromkeys(TYPES, 500) | dict.fromkeys(("colon", "comma", "close", "cell"), 10)
    weights = delimiters._weights(means, counts, 200)
    assert weights["turn"] == 0 and weights["sentence-end"] == 1 and "none" not in weights
    assert weights["colon"] == weights["cell"] == pytest.approx((0 + 0.25 + 0.5 + 1) / 4)


def test_table_has_what_the_server_reads(target):
    generator = np.random.default_rng(9)
    sequences = generator.integers(0, 200, (8, 128)).astype(np.uint16)
    texts = [(("word", ".", "\n", ",")[i % 4], False) for i in range(200)]
    table = delimiters.table(target, "tiny", "a" * 64, Vocabulary.from_texts(texts), sequences, np.arange(8) % 4, Settings(least_samples=1))
    assert (table["format"], table["version"], table["target_sha256"]) == ("contexture-delimiters", "1", "a" * 64)
    for variant in ("literal", "sinkless"):
        assert list(table["scores"][variant]) == list(dataset.KINDS)
        assert all(0 <= w <= 1 for weights in table["scores"][variant].values() for w in weights.values())
    for scores in table["shape_scores"].values():
        assert len(scores) == len(SHAPES)
        assert sum(math.exp(s / 1000) for s in scores) == pytest.approx(1, abs=0.01)
    json.dumps(table)
