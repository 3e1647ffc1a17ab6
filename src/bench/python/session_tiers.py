"""Checks on a running service that sessions which had to leave the KV pool answer as ones that did not.

    session_tiers.py first STATE.json --url http://127.0.0.1:8080 --metrics http://127.0.0.1:8081 [--lines 400] [--fillers 4]
    session_tiers.py again STATE.json --url ... --metrics ...      # behind a restart of the service, out of Redis

`first` has one session answer all its turns in a row, then another with the same texts whose pages are taken by long prompts of nobody
between its turns; fillers times filler tokens must be more than the pool has. A third session is left before its last turn, which
`again` takes, out of Redis after a restart. Told are answers, what each restored turn says of its restore, and what the service counted.
Exit status 1: nothing came back, or an answer differs. Start the service with contexture.kv.stored-format=f16, as the other formats round,
and on CPUs with contexture.kv.partial-restore-tokens=0: a session that comes back in part selects otherwise.
"""

import argparse
import json
import random
import re
import sys
import time
import urllib.error
import urllib.request

COUNTERS = ("contexture_kv_stored_blocks_total", "contexture_kv_restored_tokens_total", "contexture_kv_restores_total",
            "contexture_kv_restore_choices_total", "contexture_kv_gone_blocks_total", "contexture_kv_rejected_total",
            "contexture_kv_audit_breaches_total", "contexture_host_layers")


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=900) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{url}: {error.code}: {error.read().decode()[:500]}")


def counters(args):
    totals = {}
    for name, labels, value in re.findall(r"^(\w+)(\{[^}]*\})? (\S+)$", call(args.metrics + "/actuator/prometheus"), re.M):
        if name in COUNTERS:
            kind = ",".join(v for k, v in re.findall(r'(\w+)="([^"]*)"', labels) if k in ("end", "choice", "reason"))
            key = name + (f" {kind}" if kind else "")
            totals[key] = totals.get(key, 0) + float(value)
    return totals


def turns(lines, seed=11):
    numbers = random.Random(seed).sample(range(1000, 10000), lines)
    text = "\n".join(f"Box {i} holds the number {number}." for i, number in enumerate(numbers))
    asked = (lines // 7, lines // 2, lines - 3)
    return [f"{text}\nWhich number does box {asked[0]} hold?"] + [f"And box {i}?" for i in asked[1:]]


def begin(args):
    return json.loads(call(args.url + "/v1/sessions", {"model": args.model, "ttl_seconds": 3600}))["id"]


def turn(args, session, text):
    began = time.perf_counter()
    answer = json.loads(call(args.url + "/v1/chat/completions", {
        "model": args.model, "session_id": session, "messages": [{"role": "user", "content": text}], "temperature": 0,
        "max_tokens": args.answer_tokens}))
    usage = answer["usage"]
    return {"text": answer["choices"][0]["message"]["content"], "seconds": round(time.perf_counter() - began, 3),
            "prompt": usage["prompt_tokens"], "cached": (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
            "restore": answer.get("contexture", {}).get("restore")}


def push_out(args, salt):
    """Waits until no more blocks are being stored, then takes the pool's pages for other prompts."""
    before = -1.0
    while (stored := counters(args).get("contexture_kv_stored_blocks_total", 0)) != before:
        before = stored
        time.sleep(1)
    for i in range(args.fillers):
        prompt = random.Random(7919 * salt + i).choices(range(256), k=args.filler_tokens)
        call(args.url + "/v1/completions", {"model": args.model, "prompt": prompt, "max_tokens": 1, "temperature": 0})


def report(name, got, expected):
    same = got["text"] == expected["text"]
    print(json.dumps({"turn": name, "same": same, **got, **({} if same else {"expected": expected["text"]})}), flush=True)
    return same


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("step", choices=("first", "again"))
    parser.add_argument("state")
    parser.add_argument("--url", required=True)
    parser.add_argument("--metrics", required=True)
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--answer-tokens", type=int, default=24)
    parser.add_argument("--fillers", type=int, default=4)
    parser.add_argument("--filler-tokens", type=int, default=4000)
    args = parser.parse_args()
    args.model = json.loads(call(args.url + "/v1/models"))["data"][0]["id"]
    before, same = counters(args), True
    if args.step == "first":
        texts, stays, leaves, left = turns(args.lines), begin(args), begin(args), begin(args)
        expected = [turn(args, stays, text) for text in texts]
        for i, text in enumerate(texts):
            push_out(args, i)
            same &= report(f"leaves {i}", turn(args, leaves, text), expected[i])
        for text in texts[:-1]:
            turn(args, left, text)
        push_out(args, len(texts))
        with open(args.state, "w") as file:
            json.dump({"session": left, "text": texts[-1], "expected": expected[-1]}, file)
    else:
        with open(args.state) as file:
            state = json.load(file)
        same = report("again", turn(args, state["session"], state["text"]), state["expected"])
    after = counters(args)
    grown = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    print(json.dumps({"counted": grown}))
    restored = grown.get("contexture_kv_restored_tokens_total", 0)
    if restored == 0:
        print("no token came back: did the fillers take all pages, and were blocks stored before?", file=sys.stderr)
    sys.exit(0 if same and restored > 0 else 1)


if __name__ == "__main__":
    main()
