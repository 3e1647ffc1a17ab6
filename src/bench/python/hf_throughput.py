"""Hugging Face transformers beside the suite device-throughput: same shapes, same lengths, same way of adding up.

  python3 hf_throughput.py --config FOLDER/config.json --result hf.json

Weights are random, in bfloat16; what torch may allocate is capped. Contexts are random numbers put into the cache, as
eager attention cannot take in long prompts: a step's time does not depend on them. Prompts are timed one sequence at a
time; where one kind of attention runs out of memory, its throughput is given with the other's time.
"""

import argparse
import contextlib
import datetime
import gc
import json
import os
import statistics
import time

os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")

import torch  # noqa: E402
import transformers  # noqa: E402

LEAST_SPACING = 1024


def tokens(text):
    return 1024 * int(text[:-1]) if text.endswith("k") else int(text)


def shape(text):
    prompt, output = (tokens(part) for part in text.split(":"))
    return prompt, output


def lengths(prompt, output, points):
    """Both ends of the output and what lies evenly between."""
    gaps = min(max(output // LEAST_SPACING, 1), max(1, points - 1))
    return [prompt + output * i // gaps for i in range(gaps + 1)]


def decode_seconds(prompt, output, step_ms):
    """All steps of an output, from steps at some lengths: between two, time is taken to grow evenly."""
    inside = sorted(length for length in step_ms if prompt <= length <= prompt + output)
    return sum((b - a) * (step_ms[a] + step_ms[b]) / 2 for a, b in zip(inside, inside[1:])) / 1e3


class Baseline:
    """A model of random weights with one kind of attention."""

    def __init__(self, config, attention, options):
        self.config, self.attention, self.options = config, attention, options
        self.rows = []
        with torch.device(options.device):
            self.model = transformers.AutoModelForCausalLM.from_config(
                config, dtype=torch.bfloat16, attn_implementation=attention).eval()
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

    def kv_bytes(self):
        return 2 * self.config.num_hidden_layers * self.config.num_key_value_heads * self.head_dim * 2

    def filled(self, batch, length):
        cache = transformers.DynamicCache()
        for layer in range(self.config.num_hidden_layers):
            size = (batch, self.config.num_key_value_heads, length, self.head_dim)
            key, value = (torch.randn(size, dtype=torch.bfloat16, device=self.options.device) for _ in range(2))
            cache.update(key, value, layer)
        return cache

    def random_tokens(self, batch, count):
        return torch.randint(self.config.vocab_size, (batch, count), device=self.options.device)

    @torch.inference_mode()
    def steps(self, batch, length, warm_up, timed):
        """Milliseconds of greedy steps behind a filled cache."""
        cache, token, millis = self.filled(batch, length), self.random_tokens(batch, 1), []
        for step in range(warm_up + timed):
            begin = time.perf_counter()
            logits = self.model(input_ids=token, past_key_values=cache, use_cache=True).logits
            token = logits[:, -1].argmax(-1, keepdim=True)
            token.tolist()  # a service hands its tokens out; waits for the device
            if step >= warm_up:
                millis.append((time.perf_counter() - begin) * 1e3)
        return millis

    @torch.inference_mode()
    def prompt_seconds(self, length):
        best = float("inf")
        for _ in range(2):
            ids = self.random_tokens(1, length)
            ids[0, 0].item()  # is there
            begin = time.perf_counter()
            self.model(input_ids=ids, use_cache=True, logits_to_keep=1).logits.argmax(-1).tolist()
            best = min(best, time.perf_counter() - begin)
        return best

    def fits(self, action):
        """What the action gives, or None where memory is not enough."""
        result = None
        with contextlib.suppress(torch.cuda.OutOfMemoryError):
            result = action()
        gc.collect()
        torch.cuda.empty_cache()
        return result

    def largest_batch(self, length):
        weights = sum(p.numel() * p.element_size() for p in self.model.parameters())
        batch = min(64, int((self.options.cap_bytes - weights) / (self.kv_bytes() * length)))
        while batch > 0 and self.fits(lambda: self.steps(batch, length, 0, 2)) is None:
            batch -= 1
        return batch

    def measure(self, shapes, batch_wanted):
        """Shapes of one total length."""
        total = sum(shapes[0])
        room = self.options.warm_up + self.options.steps
        batch = batch_wanted or self.largest_batch(total + room)
        if self.options.device == "cuda":
            torch.cuda.reset_peak_memory_stats()  # tries do not count
        name, step_ms = f"transformers {self.attention}", {}
        for length in sorted({each for s in shapes for each in lengths(*s, self.options.points)}):
            millis = self.fits(lambda: self.steps(batch, length, self.options.warm_up, self.options.steps))
            if millis is None:
                raise SystemExit(f"a batch of {batch} at {length} tokens does not fit")
            step_ms[length] = statistics.mean(millis)
            self.rows.append({"kind": "step", "contender": name, "batch": batch, "length": length,
                              "step_ms": step_ms[length], "step_ms_median": statistics.median(millis)})
            print(f"{name}: {batch} sequences of {length}: {step_ms[length]:.1f} ms", flush=True)
        for prompt, output in shapes:
            one = self.fits(lambda: self.prompt_seconds(prompt))
            self.rows.append({
                "kind": "throughput", "contender": name, "in": prompt, "out": output, "batch": batch,
                "prefill_seconds": None if one is None else one * batch,
                "decode_seconds": (seconds := decode_seconds(prompt, output, step_ms)),
                "decode_tokens_per_second": batch * output / seconds,
                "peak_device_bytes": torch.cuda.max_memory_reserved()})


def add_prefill(rows):
    """Throughput with prompts; a kind of attention that cannot take them in borrows the other's time."""
    throughput = [row for row in rows if row["kind"] == "throughput"]
    known = {row["in"]: (row["prefill_seconds"] / row["batch"], row["contender"])
             for row in throughput if row["prefill_seconds"] is not None}
    for row in throughput:
        if row["prefill_seconds"] is None and row["in"] in known:
            one, row["prefill_of"] = known[row["in"]]
            row["prefill_seconds"] = one * row["batch"]
        if row["prefill_seconds"] is not None:
            all_seconds = row["decode_seconds"] + row["prefill_seconds"]
            row["tokens_per_second"] = row["batch"] * row["out"] / all_seconds


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="config.json of the model")
    parser.add_argument("--result", default="hf-throughput.json")
    parser.add_argument("--attention", default="eager,sdpa")
    parser.add_argument("--shapes", default="2k:16k,2k:32k,16k:2k,32k:2k")
    parser.add_argument("--points", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch", type=int, default=0, help="0: as large as fits")
    parser.add_argument("--cap-bytes", type=int, default=80_000_000_000)
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--device", default="cuda", help="cpu: to try the script with a tiny model")
    return parser.parse_args()


def main():
    options = parse()
    torch.manual_seed(1)
    device = "cpu"
    if options.device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        torch.cuda.set_per_process_memory_fraction(min(1.0, options.cap_bytes / properties.total_memory))
        device = properties.name
    with open(options.config, encoding="utf-8") as file:
        given = json.load(file)
    config = transformers.AutoConfig.for_model(**given)
    by_total = {}
    for text in options.shapes.split(","):
        prompt, output = shape(text)
        by_total.setdefault(prompt + output, []).append((prompt, output))
    rows = []
    for attention in options.attention.split(","):
        baseline = Baseline(config, attention, options)
        for total in sorted(by_total):
            baseline.measure(by_total[total], options.batch)
        rows += baseline.rows
        del baseline
        gc.collect()
        torch.cuda.empty_cache()
    add_prefill(rows)
    for row in rows:
        if row["kind"] == "throughput":
            print(f"[{row['in']}, {row['out']}] {row['contender']} batch {row['batch']}: "
                  f"{row['decode_tokens_per_second']:.0f} tokens/s, "
                  f"{row.get('tokens_per_second', float('nan')):.0f} with prefill")
    result = {"suite": "hf-throughput", "at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
              "commit": options.commit, "device": device, "torch": torch.__version__,
              "transformers": transformers.__version__, "settings": {k: v for k, v in vars(options).items()
                                                                      if k not in ("config", "result", "commit")},
              "rows": rows}
    with open(options.result, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)


if __name__ == "__main__":
    main()
