"""Makes golden/smollm2-135m: the default model's answers in float32, as the measure for our own engine.

usage: python make_golden.py MODEL.gguf

transformers loads the GGUF and dequantises it; every weight is compared with gguf's own dequantisation first. A second
pass in float64, with float64 rotary angles, tells how much of a difference is rounding of the reference itself.
"""

import argparse
import os
import platform
import time

import gguf_model
import golden_io
import numpy as np
import prompts
import torch
import transformers
from jinja2.sandbox import ImmutableSandboxedEnvironment
from transformers import AutoModelForCausalLM

STEPS = 64
TOP = 256
FOLDER = "smollm2-135m"
LAYER_TENSORS = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
}


def transformers_name(name):
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{LAYER_TENSORS[part]}.weight"


def check_weights(model, path):
    """Every float32 weight must be bit for bit what gguf's dequantisation gives."""
    expected = gguf_model.dequantized(path)
    state = dict(model.named_parameters())
    if len(state) != len(expected):
        raise SystemExit(f"the file has {len(expected)} tensors, transformers made {len(state)}")
    heads = {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}
    for name, weight in expected.items():
        part = name.split(".")[2] if name.startswith("blk.") else name
        if part in heads:
            weight = gguf_model.half_split_rows(weight, heads[part])
        if not np.array_equal(state[transformers_name(name)].detach().numpy(), weight):
            raise SystemExit(f"{name} differs between transformers and gguf")
    return len(expected)


class Float64Rotary(torch.nn.Module):
    """Rotary embedding with angles in float64 (transformers computes them in float32 whatever the weights are)."""

    def __init__(self, head_dim, theta):
        super().__init__()
        self.inverse = theta ** -(torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)

    def forward(self, hidden, position_ids):
        angles = position_ids[..., None].double() * self.inverse
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos().to(hidden.dtype), angles.sin().to(hidden.dtype)


def chat_renderer(template):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    compiled = environment.from_string(template)
    return lambda messages: compiled.render(messages=messages, add_generation_prompt=True)


def decode_greedily(model, ids):
    """Returns the logits [STEPS, vocabulary] behind each greedy token, and those tokens. End of text does not stop."""
    rows, tokens, cache = [], [], None
    step = torch.tensor([ids])
    for _ in range(STEPS):
        out = model(step, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        rows.append(out.logits[0, -1].numpy().copy())
        tokens.append(int(rows[-1].argmax()))
        step = torch.tensor([[tokens[-1]]])
    return np.stack(rows), tokens


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)

    fields = gguf_model.metadata(options.model)
    tokenizer = gguf_model.byte_level_tokenizer(fields)
    model = AutoModelForCausalLM.from_pretrained(
        os.path.dirname(options.model), gguf_file=os.path.basename(options.model), dtype=torch.float32,
        attn_implementation="sdpa").eval()
    compared = check_weights(model, options.model)
    print(f"{compared} tensors are equal to gguf's dequantisation", flush=True)

    entries, results = [], []
    for name, kind, description, ids in prompts.make_prompts(
            lambda text: tokenizer.encode(text).ids, chat_renderer(fields["tokenizer.chat_template"])):
        started = time.perf_counter()
        logits, tokens = decode_greedily(model, ids)
        results.append((ids, tokens, logits))
        logprobs = golden_io.log_softmax(logits)
        order = np.argsort(-logprobs, axis=1, kind="stable")[:, :TOP]
        best = np.take_along_axis(logits, order[:, :2], axis=1)
        margins = best[:, 0] - best[:, 1]
        file = f"{name}.bin.gz"
        golden_io.write_bytes(golden_io.golden_path(FOLDER, file), golden_io.pack_prompt(
            ids, tokens, logits[0], margins, order, np.take_along_axis(logprobs, order, axis=1)))
        entries.append({"name": name, "file": file, "kind": kind, "description": description,
                        "prompt_tokens": len(ids), "smallest_margin": float(margins.min()),
                        "smallest_margin_step": int(margins.argmin()), "greedy_text": tokenizer.decode(tokens)})
        print(f"{name}: {len(ids)} tokens, smallest margin {margins.min():.4f} at {margins.argmin()}, "
              f"{time.perf_counter() - started:.0f} s", flush=True)

    model.double()
    model.model.rotary_emb = Float64Rotary(model.config.head_dim, fields["llama.rope.freq_base"])
    for entry, (ids, tokens, logits) in zip(entries, results):
        exact = model(torch.tensor([ids + tokens[:-1]]), use_cache=False, logits_to_keep=STEPS).logits[0].numpy()
        entry["float64"] = {
            "max_abs_logit_difference_last_prompt_position": float(np.abs(exact[0] - logits[0]).max()),
            "max_abs_logit_difference_all_steps": float(np.abs(exact - logits).max()),
            "greedy_equal": bool((exact.argmax(axis=1) == np.array(tokens)).all())}
        print(entry["name"], entry["float64"], flush=True)

    golden_io.write_json(golden_io.golden_path(FOLDER, "index.json"), {
        "description": "Next-token logits and greedy tokens of the default model with its dequantised weights in "
                       "float32 (transformers, sdpa attention, float32 KV cache). Format: ../README.md.",
        "origin": "Prompts are written or generated by src/test/python/prompts.py; answers by make_golden.py.",
        "format": "CXG1", "steps": STEPS, "top": TOP,
        "model": {"file": os.path.basename(options.model), "sha256": gguf_model.sha256(options.model),
                  "license": fields["general.license"]},
        "versions": {"python": platform.python_version(), "torch": torch.__version__.split("+")[0],
                     "transformers": transformers.__version__, "numpy": np.__version__},
        "weights_equal_to_gguf_dequantisation": compared,
        "prompts": entries})


if __name__ == "__main__":
    main()
