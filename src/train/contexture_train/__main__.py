"""python -m contexture_train {fetch,tokenize,train,evaluate,calibrate,all} --help"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from . import dataset, delimiters, evaluate, export, texts
from .head import HeadConfig
from .target import Target, fingerprint, model_name
from .train import train

HERE = Path(__file__).resolve().parent.parent


def _configs(path: Path, names: list[str]) -> list[HeadConfig]:
    listed = [HeadConfig(**{**entry, "feature_layers": tuple(entry["feature_layers"])}) for entry in json.loads(path.read_text())]
    missing = set(names) - {c.name for c in listed}
    if missing:
        raise SystemExit(f"{path} has no head named {', '.join(sorted(missing))}")
    return [c for c in listed if not names or c.name in names]


def _target(arguments) -> Target:
    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = True
    return Target(arguments.model, device, torch.bfloat16 if device == "cuda" else torch.float32)


def _fetch(arguments) -> None:
    texts.fetch(texts.sources(arguments.texts), arguments.data)


def _tokenize(arguments) -> None:
    tokenizer = dataset.load_tokenizer(arguments.model)
    out = dataset.build(texts.sources(arguments.texts), arguments.data, tokenizer, arguments.length, arguments.begin, arguments.seed)
    summary = dataset.save(out, arguments.sequences, arguments.validation, arguments.evaluation, arguments.seed)
    dataset.export_texts(tokenizer, arguments.sequences, arguments.sequences / "evaluation-texts.zip")
    print(json.dumps(summary))


def _train(arguments) -> None:
    target = _target(arguments)
    with np.load(arguments.sequences / "train.npz") as file:
        sequences = file["sequences"]
    configs = _configs(arguments.heads, arguments.names)
    if arguments.next_token_loss is not None:
        configs = [replace(config, next_token_loss=arguments.next_token_loss) for config in configs]
    arguments.out.mkdir(parents=True, exist_ok=True)
    sha256 = fingerprint(arguments.model)
    start = {}
    for config in configs if arguments.start else []:
        start[config.name] = export.read(arguments.start / f"{config.name}.safetensors", target, sha256, floats=True).state_dict()
    heads = train(
        target,
        sequences,
        configs,
        arguments.seconds,
        arguments.out / "train.jsonl",
        seed=arguments.seed,
        closed_loop=arguments.closed_loop,
        row_scale=arguments.row_scale,
        peak=arguments.learning_rate,
        start=start,
    )
    training = {"seconds": arguments.seconds, "seed": arguments.seed, "closed_loop": arguments.closed_loop, "device": target.device}
    summary = arguments.sequences / "summary.json"
    if summary.exists():
        training["data"] = json.loads(summary.read_text())
    for name, head in heads.items():
        path = arguments.out / f"{name}.safetensors"
        history = {**training, "learning_rate": arguments.learning_rate, "beside": sorted(heads.keys() - {name})}
        if arguments.start:
            history["start"] = export.training(arguments.start / f"{name}.safetensors")
        export.write(head, target.config, model_name(arguments.model), sha256, sequences.shape[1], history, path)
        export.write_floats(head, path)
        print(path, path.stat().st_size)


def _evaluate(arguments) -> None:
    target = _target(arguments)
    sha256 = fingerprint(arguments.model)
    names = arguments.names or [p.stem for p in sorted(arguments.out.glob("*.safetensors"))]
    heads = {name: export.read(arguments.out / f"{name}.safetensors", target, sha256, arguments.floats) for name in names}
    with np.load(arguments.sequences / f"{arguments.role}.npz") as file:
        kinds = {kind: file[kind] for kind in file.files}
    table = evaluate.evaluate(
        target,
        heads,
        kinds,
        arguments.table or arguments.out / f"{arguments.role}.json",
        contexts=arguments.contexts,
        budgets=arguments.budgets,
        baselines=not arguments.no_baselines,
        sequences=arguments.windows,
        window=arguments.window_tokens,
        passes=arguments.passes,
    )
    for kind in ("all", *kinds) if arguments.by_kind else ("all",):
        print(f"== {kind}")
        evaluate.print_table(table, kind)


def _calibrate(arguments) -> None:
    target = _target(arguments)
    with np.load(arguments.sequences / "train.npz") as file:
        sequences, kinds_of = file["sequences"], file["kinds"]
    tokens = delimiters.Vocabulary.of(arguments.model)
    settings = delimiters.Settings(sequences=arguments.windows)
    table = delimiters.table(target, model_name(arguments.model), fingerprint(arguments.model), tokens, sequences, kinds_of, settings)
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{table['target_sha256']}.json"
    path.write_text(json.dumps(table, indent=1) + "\n")
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="contexture_train")
    parser.add_argument("command", choices=("fetch", "tokenize", "train", "evaluate", "calibrate", "all"))
    parser.add_argument("--model", type=Path, required=True, help="the target: a GGUF file or a safetensors folder")
    parser.add_argument("--data", type=Path, default=Path("data"), help="takes the packages of texts")
    parser.add_argument("--sequences", type=Path, default=Path("data/sequences"), help="takes the token sequences")
    parser.add_argument("--out", type=Path, default=Path("data/heads"), help="takes heads, logs and tables")
    parser.add_argument("--texts", type=Path, default=HERE / "texts.json")
    parser.add_argument("--heads", type=Path, default=HERE / "heads.json")
    parser.add_argument("--names", nargs="*", default=[], help="which heads of the list; all by default")
    parser.add_argument("--device", default="", help="cuda or cpu; what there is by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--length", type=int, default=8192, help="tokens of a sequence")
    parser.add_argument("--begin", type=int, default=0, help="token that begins a document")
    parser.add_argument("--validation", type=int, default=8, help="sequences per kind")
    parser.add_argument("--evaluation", type=int, default=24, help="sequences per kind")
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument("--closed-loop", type=float, default=0.0, help="share of steps with features of sparse passes")
    parser.add_argument("--next-token-loss", type=float, help="weight of the second loss, for all heads")
    parser.add_argument("--row-scale", type=float, default=1.0, help="of the 256 teacher rows per sequence")
    parser.add_argument("--start", type=Path, help="folder of heads to go on with")
    parser.add_argument("--role", choices=("validation", "evaluation"), default="validation")
    parser.add_argument("--windows", type=int, default=8, help="sequences per kind in evaluation and calibration")
    parser.add_argument("--window-tokens", type=int, default=evaluate.WINDOW_TOKENS, help="sparse positions per window")
    parser.add_argument("--passes", type=int, default=3, help="of the closed loop, per window")
    parser.add_argument("--contexts", type=int, nargs="*", default=evaluate.CONTEXTS)
    parser.add_argument("--budgets", type=int, nargs="*", default=evaluate.BUDGETS)
    parser.add_argument("--table", type=Path, help="takes the evaluation's table; <out>/<role>.json by default")
    parser.add_argument("--by-kind", action="store_true", help="print a table for each kind of text too")
    parser.add_argument("--floats", action="store_true", help="evaluate heads as they were before rounding to 8 bits")
    parser.add_argument("--no-baselines", action="store_true")
    arguments = parser.parse_args()
    steps = {"fetch": [_fetch], "tokenize": [_tokenize], "train": [_train], "evaluate": [_evaluate], "calibrate": [_calibrate]}
    for step in steps.get(arguments.command, [_fetch, _tokenize, _train, _evaluate]):
        step(arguments)


if __name__ == "__main__":
    main()
