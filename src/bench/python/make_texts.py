"""Makes the texts of the benchmarks: packages with the role `evaluation` in src/train/texts.json, which neither a training nor a choice
of settings has seen, and dialogues and tables in words that training does not use.

usage: python3 make_texts.py FOLDER [--texts 24] [--chars 44000] [--seed 1] [--role evaluation]

Needs no packages of Python, but apt-get and dpkg-deb (a Debian of the release that texts.json names). Writes
FOLDER/<kind>/<number>.txt, each of that many characters (more than 8,192 tokens of the default model), and FOLDER/provenance.json.
"""

import argparse
import hashlib
import json
import random
import shutil
import sys
from pathlib import Path

TRAIN = Path(__file__).resolve().parents[2] / "train"
sys.path.insert(0, str(TRAIN))

from contexture_train import generated, texts  # noqa: E402

DOCUMENT_BEGIN = "<|endoftext|>"


def packed(documents, count, chars):
    """Documents end to end, cut into texts of one length."""
    found, text = [], ""
    for document in documents:
        text += DOCUMENT_BEGIN + document
        while len(text) >= chars and len(found) < count:
            found.append(text[:chars])
            text = text[chars:]
        if len(found) == count:
            break
    return found


def make(sources, role, folder, count, chars, seed):
    rng = random.Random(f"{seed} {role}")
    documents = {"prose": [], "code": []}
    for source in sources:
        documents[source.kind] += texts.documents(source, folder)
    words, running = generated.vocabulary(role), texts.paragraphs(documents["prose"])
    kinds = {}
    for kind, found in documents.items():
        rng.shuffle(found)
        kinds[kind] = packed(found, count, chars)
    kinds["dialogue"] = [generated.dialogue(running, words, rng, chars) for _ in range(count)]
    kinds["table"] = [generated.table(words, rng, chars) for _ in range(count)]
    return kinds


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=24, help="of each kind")
    parser.add_argument("--chars", type=int, default=44_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--role", choices=("validation", "evaluation"), default="evaluation", help="validation: to choose settings by")
    options = parser.parse_args()
    packages = options.folder / "packages"
    sources = [source for source in texts.sources(TRAIN / "texts.json") if source.role == options.role]
    texts.fetch(sources, packages)
    kinds = make(sources, options.role, packages, options.texts, options.chars, options.seed)
    digest = hashlib.sha256()
    for kind, found in kinds.items():
        shutil.rmtree(options.folder / kind, ignore_errors=True)
        (options.folder / kind).mkdir(parents=True)
        for number, text in enumerate(found):
            (options.folder / kind / f"{number:03d}.txt").write_text(text, encoding="utf-8")
            digest.update(text.encode())
    archives = {}
    for package in sorted({source.package for source in sources}):
        archive = next((packages / "archives").glob(f"{package}_*.deb"))
        archives[archive.name] = sha256(archive)
    provenance = {
        "role": options.role,
        "packages": archives,
        "seed": options.seed,
        "texts": {kind: len(found) for kind, found in kinds.items()},
        "characters": options.chars,
        "sha256": digest.hexdigest(),
    }
    (options.folder / "provenance.json").write_text(json.dumps(provenance, indent=1))


if __name__ == "__main__":
    main()
