"""Measures a running service on a GPU: time per token of some sequences at some lengths, sparse and dense.

    device_speed.py OUT.jsonl --url http://127.0.0.1:8080 --metrics http://127.0.0.1:8081 --point BATCH:TOKENS:MODE ...

A point is measured in two passes with the same random prompts: the first computes them, one after the other; the second finds
them in the prefix cache, so that all sequences decode together from the beginning. Told are the median time per token of the
middle of the answers, and what the service's own timers say of its steps. MODE is dense, or the budget in tokens.
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


def measure(given, model, batch, tokens, mode):
    all_prompts = prompts(batch, tokens)
    _, prefill_seconds = together(given.url, model, all_prompts, 1, "dense")
    before = timers(given.metrics)
    arrivals, _ = together(given.url, model, all_prompts, given.answer_tokens, mode)
    after = timers(given.metrics)
    # From when all sequences decode until the first has ended.
    begin, end = max(each[0] for each in arrivals), min(each[-1] for each in arrivals)
    gaps = [later - earlier for each in arrivals for earlier, later in zip(each, each[1:]) if begin <= earlier and later <= end]
    return {"batch": batch, "tokens": tokens, "mode": mode, "prefill_seconds": round(prefill_seconds, 3),
            "token_ms": round(1e3 * statistics.median(gaps), 3) if gaps else None, "gaps": len(gaps),
            "tokens_per_second": round(batch / statistics.mean(gaps), 1) if gaps else None, "device_bytes": device_bytes(),
            "timers": {name: round(after[name] - before.get(name, 0), 5) for name in after
                       if after[name] != before.get(name, 0)} | {"contexture_host_layers": after.get("contexture_host_layers", 0)}}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out")
    arguments.add_argument("--url", default="http://127.0.0.1:8080")
    arguments.add_argument("--metrics", default="http://127.0.0.1:8081")
    arguments.add_argument("--label", default="")
    arguments.add_argument("--answer-tokens", type=int, default=ANSWER_TOKENS)
    arguments.add_argument("--point", action="append", default=[], help="BATCH:TOKENS:MODE")
    given = arguments.parse_args()
    with urllib.request.urlopen(given.url + "/v1/models") as response:
        model = json.load(response)["data"][0]["id"]
    for point in given.point:
        batch, tokens, mode = point.split(":")
        try:
            result = measure(given, model, int(batch), int(tokens), mode)
        except RuntimeError as failure:
            result = {"batch": int(batch), "tokens": int(tokens), "mode": mode, "error": str(failure)}
        line = json.dumps({"label": given.label, **result})
        print(line, flush=True)
        with open(given.out, "a") as out:
            out.write(line + "\n")


if __name__ == "__main__":
    main()
