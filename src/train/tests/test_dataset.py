import json
import zipfile

import numpy as np
import pytest

from contexture_train import dataset, texts


def _random(seed, count, length=512):
    return np.random.default_rng(seed).integers(0, 60_000, (count, length)).astype(np.int32)


def test_a_shared_run_is_found_wherever_it_begins():
    held_out, train = {"evaluation/prose": _random(1, 2)}, _random(2, 5)
    assert dataset.overlapping(held_out, train) == []
    train[3, 200:327] = held_out["evaluation/prose"][1, 101:228]
    assert dataset.overlapping(held_out, train) == [3]
    with pytest.raises(ValueError, match="share a run"):
        dataset.require_apart(held_out, train)


def test_roles_are_kept_apart_and_kinds_stay_with_their_sequences(tmp_path):
    names = [f"{role}/{kind}" for role in texts.ROLES for kind in dataset.KINDS]
    out = {name: _random(seed, 4) for seed, name in enumerate(names)}
    out["train/code"][0, 10:300] = out["validation/table"][1, 50:340]
    summary = dataset.save(out, tmp_path, 2, 3, seed=1)
    assert summary["dropped_as_shared"] == 1
    assert summary["train"] == {"prose": 4, "code": 3, "dialogue": 4, "table": 4}
    with np.load(tmp_path / "train.npz") as file:
        for row, kind in zip(file["sequences"], file["kinds"]):
            assert any((row == own).all() for own in out[f"train/{dataset.KINDS[kind]}"])
    with np.load(tmp_path / "evaluation.npz") as file:
        assert {kind: len(file[kind]) for kind in file.files} == dict.fromkeys(dataset.KINDS, 3)


def test_ids_beyond_two_bytes_keep_their_value(tmp_path):
    names = [f"{role}/{kind}" for role in texts.ROLES for kind in dataset.KINDS]
    out = {name: _random(seed, 3) for seed, name in enumerate(names)}
    out["train/prose"][:, 7] = 70_000
    out["evaluation/table"][:, 7] = 151_000
    dataset.save(out, tmp_path, 2, 3, seed=1)
    with np.load(tmp_path / "train.npz") as file:
        assert (file["sequences"] == 70_000).sum() == 3
    with np.load(tmp_path / "evaluation.npz") as file:
        assert (file["table"] == 151_000).sum() == 3


def test_a_package_has_one_role(tmp_path):
    entry = {"package": "p", "kind": "prose", "files": "*", "most": 1}
    path = tmp_path / "texts.json"
    path.write_text(json.dumps({"train": [entry], "validation": [], "evaluation": [entry]}))
    with pytest.raises(ValueError, match="p is listed for train and for evaluation"):
        texts.sources(path)


def test_sources_come_out_of_archives_without_their_licence(tmp_path):
    root = tmp_path / "unpacked" / "jdk"
    root.mkdir(parents=True)
    body = "class A {}\n" * 200
    with zipfile.ZipFile(root / "src.zip", "w") as archive:
        archive.writestr("java.base/java/A.java", "/* licence */\n" + body)
        archive.writestr("java.sql/B.java", body)
    found = texts.documents(texts.Source("train", "jdk", "code", "java.base/java/**/*.java", 10**6), tmp_path)
    assert found == [body.strip()]
