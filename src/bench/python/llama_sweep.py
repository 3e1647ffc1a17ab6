"""Finds llama.cpp's best settings on this machine: runs llama_bench.py with several settings in turn.

usage: python llama_sweep.py MODEL.gguf [--rounds 2] [--threads 2] [--python PYTHON ...]

Each round (some eight minutes on two cores) runs every setting once; the table gives the median over rounds and the spread (min to max) in tokens per
second. Several --python interpreters compare builds (for instance one with a float BLAS).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SINGLE = [
    ("decode at 100", {"cmd": "decode", "context": 100, "steps": 32}),
    ("decode at 2000", {"cmd": "decode", "context": 2000, "steps": 24}),
    ("decode at 4000", {"cmd": "decode", "context": 4000, "steps": 24}),
    ("prefill 512", {"cmd": "prefill", "tokens": 512}),
    ("prefill 4000", {"cmd": "prefill", "tokens": 4000}),
]
BATCHED = [
    ("8 sequences at 100", {"cmd": "batch_decode", "sequences": 8, "context": 100, "steps": 32}),
    ("8 sequences at 1000", {"cmd": "batch_decode", "sequences": 8, "context": 1000, "steps": 24}),
]


def settings():
    for flash in (True, False):
        for n_batch in (512, 2048):
            load = {"n_ctx": 4608, "n_batch": n_batch, "flash_attn": flash}
            yield f"flash {'on ' if flash else 'off'} batch {n_batch:4d}", load, SINGLE
        for unified in (True, False):
            load = {"n_ctx": 8 * 1280, "sequences": 8, "flash_attn": flash, "kv_unified": unified}
            yield f"flash {'on ' if flash else 'off'} kv {'unified' if unified else 'split'}", load, BATCHED


class WorkerProcess:
    def __init__(self, python):
        self.process = subprocess.Popen([python, os.path.join(HERE, "llama_bench.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"{command}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", nargs="+", default=[sys.executable])
    options = parser.parse_args()
    samples = {}
    for round_index in range(options.rounds):
        print(f"round {round_index + 1} of {options.rounds}", file=sys.stderr, flush=True)
        for python in options.python:
            worker = WorkerProcess(python)
            for name, load, cases in settings():
                worker.ask({"cmd": "load", "model": options.model, "threads": options.threads, **load})
                for case, command in cases:
                    rate = worker.ask(command)["tokens_per_second"]
                    samples.setdefault((case, python, name), []).append(rate)
                    print(f"  {case:20s} {name:26s} {rate:7.1f} tok/s, load average {os.getloadavg()[0]:.2f}",
                          file=sys.stderr, flush=True)
            worker.close()
    for (case, python, name), rates in sorted(samples.items()):
        print(f"{case:20s} {python if len(options.python) > 1 else '':28s} {name:26s} "
              f"{statistics.median(rates):7.1f}  ({min(rates):.1f} to {max(rates):.1f}) tok/s")


if __name__ == "__main__":
    main()
