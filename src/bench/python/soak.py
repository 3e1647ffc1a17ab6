"""Keeps a running service under mixed load for so many steps, and says whether it stays as it was.

    soak.py --url http://127.0.0.1:8080 --metrics http://127.0.0.1:8081 [--steps 10000] [--streams 24]

Streams ask for prompts of all lengths, dense and sparse, greedily and by draws, plain, in shared prefixes and in sessions; some hang up
in the middle. A watch question comes again and again, greedily. Told are requests by how they ended, the steps, failures that the service counted, how
many watch answers differ from the first, and memory of the device (where nvidia-smi is there) and of the process by tenths of the run.
Exit status 1: a request failed, or memory of the device grew by more than 64 MiB behind the first fifth.
"""

import argparse
import http.client
import json
import random
import re
import subprocess
import threading
import time
import urllib.parse
import urllib.request

WATCH = [{"role": "user", "content": "What is the capital of France?"}]


class Load:
    def __init__(self, args):
        self.at = urllib.parse.urlparse(args.url)
        self.args = args
        self.model = json.loads(urllib.request.urlopen(args.url + "/v1/models").read())["data"][0]["id"]
        self.lock = threading.Lock()
        self.ends, self.errors, self.over = {}, [], False

    def count(self, end):
        with self.lock:
            self.ends[end] = self.ends.get(end, 0) + 1

    def post(self, path, body, tokens_to_read=None):
        """The whole answer, or that of a stream up to some events."""
        connection = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=300)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {response.read()[:300]}")
            if tokens_to_read is None:
                return response.read().decode()
            for _ in range(2 * tokens_to_read):
                if not response.readline():
                    break
            return ""
        finally:
            connection.close()

    def stream(self, seed):
        pick = random.Random(seed)
        session = None
        while not self.over:
            try:
                session = self.one(pick, session)
            except Exception as error:  # pylint: disable=broad-except
                with self.lock:
                    self.errors.append(str(error)[:300])
                time.sleep(.2)

    def one(self, pick, session):
        kind = pick.choice(("prompt", "prompt", "prefix", "session", "leave"))
        sparsity = pick.choice(({"mode": "dense"}, {"mode": "tokens", "budget": 512}, {"mode": "two-level", "budget": 512}))
        common = {"model": self.model, "max_tokens": pick.choice((8, 40, 160)), "temperature": pick.choice((0, 0, .8)),
                  "top_p": .95, "seed": pick.randrange(1000)}
        if kind == "session":
            if session is None or pick.random() < .2:
                session = json.loads(self.post("/v1/sessions", {"model": self.model, "ttl_seconds": 600}))["id"]
            words = " ".join(pick.choices(("river", "stone", "light", "seven", "north"), k=pick.randrange(3, 200)))
            try:
                self.post("/v1/chat/completions", {**common, "session_id": session, "messages": [{"role": "user", "content": words}]})
                self.count("session")
            except RuntimeError as error:
                if "context_length_exceeded" not in str(error):
                    raise
                session = None
            return session
        length = int(10 ** pick.uniform(1, 3.6))
        first = random.Random(pick.randrange(6) if kind == "prefix" else pick.random())
        body = {**common, "prompt": first.choices(range(256), k=length), "contexture": {"sparsity": sparsity}}
        if kind == "leave":
            self.post("/v1/completions", {**body, "stream": True}, pick.randrange(1, 20))
        else:
            self.post("/v1/completions", body)
        self.count(kind)
        return session

    def counters(self):
        text = urllib.request.urlopen(self.args.metrics + "/actuator/prometheus").read().decode()

        def total(name):
            return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))

        return {"steps": total("contexture_iteration_time_seconds_count"), "failures": total("contexture_request_failures_total"),
                "heap_mb": round(total("jvm_memory_used_bytes") / 2**20)}


def device_mib():
    try:
        out = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"],
                             capture_output=True, text=True, check=True).stdout
        return int(out.strip())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--metrics", required=True)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--streams", type=int, default=24)
    args = parser.parse_args()
    load = Load(args)
    begin, began = load.counters(), time.time()
    threads = [threading.Thread(target=load.stream, args=(seed,), daemon=True) for seed in range(args.streams)]
    for thread in threads:
        thread.start()
    watched, tenths, now = [], [], begin
    while (done := now["steps"] - begin["steps"]) < args.steps:
        answer = load.post("/v1/chat/completions", {"model": load.model, "messages": WATCH, "temperature": 0, "max_tokens": 24})
        watched.append(json.loads(answer)["choices"][0]["message"]["content"])
        if done >= len(tenths) * args.steps / 10:
            tenths.append({"steps": int(done), "device_mib": device_mib(), "heap_mb": now["heap_mb"]})
        time.sleep(.1)
        now = load.counters()
    load.over = True
    tenths.append({"steps": int(now["steps"] - begin["steps"]), "device_mib": device_mib(), "heap_mb": now["heap_mb"]})
    for thread in threads:
        thread.join(60)
    failed = load.counters()["failures"] - begin["failures"]
    settled = [each["device_mib"] for each in tenths[2:] if each["device_mib"] is not None]
    grown = max(settled) - settled[0] if settled else 0
    print(json.dumps({"steps": int(now["steps"] - begin["steps"]), "seconds": round(time.time() - began, 1), "ended": load.ends,
                      "failures": failed, "watched": len(watched), "differ": sum(each != watched[0] for each in watched),
                      "device_grown_mib": grown, "errors": load.errors[:5], "error_count": len(load.errors), "tenths": tenths}))
    raise SystemExit(1 if load.errors or failed or grown > 64 else 0)


if __name__ == "__main__":
    main()
