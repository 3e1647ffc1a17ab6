"""Adds llama.cpp's distance from the float32 reference to golden/smollm2-135m/index.json.

usage: python measure_llama_cpp.py MODEL.gguf     (with the packages of src/bench/python/requirements.txt)

Teacher-forced: the prompt, then the reference's greedy tokens one by one, on the same GGUF. The mean KL of this run is
the bar that our fast mode has to reach on the same prompts and positions.
"""

import argparse
import ctypes

import golden_io
import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as lib

FOLDER = "smollm2-135m"


@lib.llama_log_callback
def no_log(_level, _text, _data):
    pass


def logits_of(model, tokens):
    model.eval(tokens)
    return np.ctypeslib.as_array(model._ctx.get_logits(), shape=(model.n_vocab(),)).copy()


def compare(model, golden):
    model.reset()
    steps = len(golden["greedy"])
    kls, equal = [], 0
    for step in range(steps):
        tokens = golden["prompt"].tolist() if step == 0 else [int(golden["greedy"][step - 1])]
        logits = logits_of(model, tokens)
        logprobs = golden_io.log_softmax(logits)
        kls.append(golden_io.bucketed_kl(golden["top_ids"][step], golden["top_logprobs"][step], logprobs))
        equal += int(logits.argmax() == golden["greedy"][step])
        if step == 0:
            reference = golden_io.log_softmax(golden["last_logits"])
            full = float((np.exp(reference) * (reference - logprobs)).sum())
            error = float(np.abs(logits - golden["last_logits"]).max())
    return {"mean_kl": float(np.mean(kls)), "max_kl": float(np.max(kls)), "greedy_equal_of_steps": equal,
            "last_prompt_position": {"kl": kls[0], "kl_full_vocabulary": full, "max_abs_logit_difference": error}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    lib.llama_log_set(no_log, ctypes.c_void_p())
    path = golden_io.golden_path(FOLDER, "index.json")
    index = golden_io.read_json(path)
    runs = []
    for flash in (True, False):
        settings = {"n_ctx": 4608, "n_batch": 512, "n_ubatch": 512, "n_threads": options.threads,
                    "n_threads_batch": options.threads}
        model = llama_cpp.Llama(options.model, flash_attn=flash, verbose=False, logits_all=False, **settings)
        prompts = {}
        for entry in index["prompts"]:
            golden = golden_io.unpack_prompt(golden_io.golden_path(FOLDER, entry["file"]))
            prompts[entry["name"]] = compare(model, golden)
            print(flash, entry["name"], prompts[entry["name"]], flush=True)
        model.close()
        runs.append({"settings": {**settings, "flash_attn": flash, "kv": "f16"},
                     "mean_kl": float(np.mean([p["mean_kl"] for p in prompts.values()])), "prompts": prompts})
        print(f"flash attention {flash}: mean KL {runs[-1]['mean_kl']:.2e}", flush=True)
    index["llama_cpp"] = {
        "description": "Mean over the steps of each prompt, then over prompts; KL(reference || llama.cpp) in nats over "
                       "the reference's top ids and one bucket for the rest.",
        "llama_cpp_python": llama_cpp.__version__, "system_info": lib.llama_print_system_info().decode().strip(),
        "runs": runs}
    golden_io.write_json(path, index)


if __name__ == "__main__":
    main()
