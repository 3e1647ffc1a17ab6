"""Time per token of Hugging Face's transformers with random weights on a GPU, at some lengths: what device_speed.py is compared with.

    transformers_speed.py OUT.jsonl CONFIG.json [--gigabytes 80] --point BATCH:TOKENS:ATTENTION ...

ATTENTION is eager or sdpa. The cache is filled with random keys and values instead of by a prompt, as eager attention has no memory
for long ones; ten steps are timed behind three. A point that does not fit is told as such.
"""

import argparse
import json
import statistics
import time

import torch
import transformers

WARM_STEPS, STEPS = 3, 10


def filled(config, batch, tokens):
    cache = transformers.DynamicCache()
    heads = config.num_key_value_heads
    dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    for layer in range(config.num_hidden_layers):
        keys = torch.randn(batch, heads, tokens, dim, device="cuda", dtype=torch.bfloat16)
        cache.update(keys, torch.randn_like(keys), layer)
    return cache


@torch.inference_mode()
def measure(model, batch, tokens):
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    cache = filled(model.config, batch, tokens)
    token = torch.zeros(batch, 1, dtype=torch.long, device="cuda")
    times = []
    for step in range(WARM_STEPS + STEPS):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        logits = model(input_ids=token, past_key_values=cache, use_cache=True).logits
        token = logits[:, -1:].argmax(-1)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    step = statistics.median(times[WARM_STEPS:])
    return {"token_ms": round(1e3 * step, 3), "tokens_per_second": round(batch / step, 1),
            "device_bytes": torch.cuda.max_memory_allocated()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out")
    arguments.add_argument("config")
    arguments.add_argument("--gigabytes", type=float, default=80)
    arguments.add_argument("--point", action="append", default=[], help="BATCH:TOKENS:ATTENTION")
    given = arguments.parse_args()
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, given.gigabytes * 1e9 / whole))
    config = transformers.AutoConfig.from_pretrained(given.config)
    with torch.device("cuda"):
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    for point in given.point:
        batch, tokens, attention = point.split(":")
        model.set_attn_implementation(attention)
        result = {"label": "transformers", "batch": int(batch), "tokens": int(tokens), "mode": attention}
        try:
            result |= measure(model, int(batch), int(tokens))
        except torch.OutOfMemoryError:
            result["error"] = "out of memory"
        line = json.dumps(result)
        print(line, flush=True)
        with open(given.out, "a") as out:
            out.write(line + "\n")


if __name__ == "__main__":
    main()
