"""One table of throughput from the results of several suites.

  python3 device_table.py target/bench/device.json hf.json

Ratios are of tokens per second while decoding; "with prefill" counts the prompts' time.
"""

import json
import sys

BASES = ("contexture dense", "transformers eager", "transformers sdpa")


def throughput(paths):
    shapes = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for row in json.load(file)["rows"]:
                if row["kind"] == "throughput":
                    shapes.setdefault((row["in"], row["out"]), {})[row["contender"]] = row
    return shapes


def ratios(row, contenders):
    for base in BASES:
        if base in contenders:
            yield f"{row['decode_tokens_per_second'] / contenders[base]['decode_tokens_per_second']:.2f}"
        else:
            yield ""


def main():
    columns = ["[in, out]", "", "batch", "tokens/s", "with prefill", "prefill, s"] + [f"× {base}" for base in BASES]
    print("| " + " | ".join(columns) + " |")
    print("| --- | --- |" + " ---: |" * (len(columns) - 2))
    for (prompt, output), contenders in sorted(throughput(sys.argv[1:]).items()):
        for name, row in contenders.items():
            whole, prefill = row.get("tokens_per_second"), row["prefill_seconds"]
            cells = [f"[{prompt}, {output}]", name, row["batch"], f"{row['decode_tokens_per_second']:.0f}",
                     "" if whole is None else f"{whole:.0f}", "" if prefill is None else f"{prefill:.1f}",
                     *ratios(row, contenders)]
            print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
