"""Measures a running service on a GPU: time per token of some sequences at some lengths, sparse and dense.

    device_speed.py OUT.jsonl --url http://127.0.0.1:8080 --metrics http://127.0.0.1:8081 --point BATCH:TOKENS:MODE ...

MODE is dense, or the budget in tokens. A point is measured in two passes with the same random prompts: the first computes them, one
after the other; the second finds them in the prefix cache, so that all sequences decode together from the beginning. Where the cache
cannot hold them all, BATCH:TOKENS:MODE:STEP_TOKENS measures in one pass, with answers so long that the first sequences still
decode when the last prompt is computed, STEP_TOKENS of it in each step. Told are the median time per token while all decode, what the
service's own timers say, and how much of the time the device was busy.
"""

import argparse
import http.client
import json
import random
import statistics
import subprocess
import threading
import time
import urllib.parse
import urllib.request

ANSWER_TOKENS = 48
TIMERS = ("contexture_iteration_time_seconds", "contexture_retrieval_select_seconds", "contexture_retrieval_observe_seconds",
          "contexture_layers_place_seconds", "contexture_elastic_rows", "contexture_host_layers", "contexture_sparse_rows",
          "contexture_prefix_cache_hits", "contexture_prefix_cache_queries")


def prompts(batch, tokens):
    return [random.Random(1000003 * i).choices(range(256), k=tokens) for i in range(batch)]


def complete(url, model, prompt, answer_tokens, mode, arrivals):
    at = urllib.parse.urlparse(url)
    body = {"model": model, "prompt": prompt, "max_tokens": answer_tokens, "temperature": 0, "stream": True,
            "logit_bias": {"256": -100}, "stream_options": {"include_usage": True},
            "contexture": {"sparsity": {"mode": "dense"} if mode == "dense" else {"mode": "tokens", "budget": int(mode)}}}
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=600)
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(response.read().decode()[:500])
    for line in response:
        if line.startswith(b"data: {"):
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(str(event)[:500])
            if event.get("choices"):
                arrivals.append(time.perf_counter())


def together(url, model, all_prompts, answer_tokens, mode):
    arrivals, failures = [[] for _ in all_prompts], []

    def run(i):
        try:
            complete(url, model, all_prompts[i], answer_tokens, mode, arrivals[i])
        except Exception as failure:  # told by the caller
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(all_prompts))]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return arrivals, time.perf_counter() - begin


def timers(metrics):
    found = {}
    with urllib.request.urlopen(metrics + "/actuator/prometheus") as response:
        for line in response.read().decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith(TIMERS) and "_bucket" not in name and "_max" not in name:
                found[name.split("{")[0]] = found.get(name.split("{")[0], 0) + float(value)
    return found


def device_bytes():
    try:
        told = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
                              capture_output=True, text=True, check=True).stdout
        return int(told.split()[0]) << 20
    except (OSError, subprocess.CalledProcessError):
        return None


class Busy:
    """Percent of the time in which the device ran something, sample by sample."""

    def __enter__(self):
        self.samples = []
        try:
            self.process = subprocess.Popen(["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits",
                                             "-lms", "100"], stdout=subprocess.PIPE, text=True)
        except OSError:
            self.process = None
            return self
        self.thread = threading.Thread(target=lambda: self.samples.extend(
            (time.perf_counter(), int(line)) for line in self.process.stdout))
        self.thread.start()
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            self.thread.join()

    def median(self, begin, end):
        found = [percent for at, percent in self.samples if begin + 0.3 <= at <= end]
        return statistics.median(found) if found else None


def measure(given, model, batch, tokens, mode, step_tokens):
    all_prompts, answer_tokens, prefill_seconds = prompts(batch, tokens), given.answer_tokens, None
    if step_tokens:
        answer_tokens += batch * -(-tokens // step_tokens)
    else:
        prefill_seconds = round(together(given.url, model, all_prompts, 1, "dense")[1], 3)
    before = timers(given.metrics)
    with Busy() as busy:
        arrivals, _ = together(given.url, model, all_prompts, answer_tokens, mode)
    after = timers(given.metrics)
    # From when all sequences decode until the first has ended.
    begin, end = max(each[0] for each in arrivals), min(each[-1] for each in arrivals)
    gaps = [later - earlier for each in arrivals for earlier, later in zip(each, each[1:]) if begin <= earlier and later <= end]
    return {"batch": batch, "tokens": tokens, "mode": mode, "prefill_seconds": prefill_seconds,
            "token_ms": round(1e3 * statistics.median(gaps), 3) if gaps else None, "gaps": len(gaps),
            "tokens_per_second": round(batch / statistics.mean(gaps), 1) if gaps else None, "device_bytes": device_bytes(),
            "busy_percent": busy.median(begin, end),
            "timers": {name: round(after[name] - before.get(name, 0), 5) for name in after
                       if after[name] != before.get(name, 0)} | {"contexture_host_layers": after.get("contexture_host_layers", 0)}}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out")
    arguments.add_argument("--url", default="http://127.0.0.1:8080")
    arguments.add_argument("--metrics", default="http://127.0.0.1:8081")
    arguments.add_argument("--label", default="")
    arguments.add_argument("--answer-tokens", type=int, default=ANSWER_TOKENS)
    arguments.add_argument("--point", action="append", default=[], help="BATCH:TOKENS:MODE[:STEP_TOKENS]")
    given = arguments.parse_args()
    with urllib.request.urlopen(given.url + "/v1/models") as response:
        model = json.load(response)["data"][0]["id"]
    for point in given.point:
        batch, tokens, mode, *step_tokens = point.split(":")
        try:
            result = measure(given, model, int(batch), int(tokens), mode, int(step_tokens[0]) if step_tokens else 0)
        except RuntimeError as failure:
            result = {"batch": int(batch), "tokens": int(tokens), "mode": mode, "error": str(failure)}
        line = json.dumps({"label": given.label, **result})
        print(line, flush=True)
        with open(given.out, "a") as out:
            out.write(line + "\n")


if __name__ == "__main__":
    main()
