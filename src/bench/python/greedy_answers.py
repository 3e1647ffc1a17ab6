"""Compares what two services answer greedily, one of them exact on CPUs, say, and the other on a GPU.

    greedy_answers.py record ANSWERS.json --url http://127.0.0.1:8080 [--tokens 64]
    greedy_answers.py compare EXACT.json OTHER.json

`record` asks short questions and the beginnings of a long text, sparse where a context is longer than the budget. `compare` tells for
each how many tokens are equal, by how much log-probabilities differ in these, and by what margin the first service chose the
first token that differs: answers of rounded numbers may part where the margin is about as large as the differences.
"""

import argparse
import json
import random
import urllib.request

QUESTIONS = ("What is the capital of France?", "Name three colours of the rainbow.", "Why does ice float on water?",
             "Write a sentence about a lighthouse.", "How many days has a leap year?")
LENGTHS = (700, 2000, 3900, 6200)  # of the long prompts, in tokens, about


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=900) as response:
        return json.load(response)


def long_text(tokens, seed=5):
    """Words with some sense of order: a diary of weather and visits."""
    choose = random.Random(seed).choice
    places, weather = ("harbour", "mill", "market", "bridge", "orchard", "station"), ("rain", "frost", "fog", "sun", "wind", "snow")
    people, deeds = ("Anna", "Boris", "Clara", "David", "Edith"), ("mended a net", "sold apples", "wrote letters", "painted a door")
    days = []
    while len(days) * 17 < tokens:
        days.append(f"Day {len(days) + 1}. {choose(weather).capitalize()} at the {choose(places)}; {choose(people)} {choose(deeds)}.")
    return "\n".join(days) + "\nDay"


def record(given):
    model = json.loads(urllib.request.urlopen(given.url + "/v1/models").read())["data"][0]["id"]
    answers = []
    common = {"model": model, "temperature": 0, "max_tokens": given.tokens}
    for question in QUESTIONS:
        told = post(given.url + "/v1/chat/completions", {**common, "logprobs": True, "top_logprobs": 2,
                                                         "messages": [{"role": "user", "content": question}]})["choices"][0]
        answers.append({"prompt": question, "tokens": [
            [t["token"], t["logprob"], [o["logprob"] for o in t["top_logprobs"]]] for t in told["logprobs"]["content"]]})
    for length in LENGTHS:
        told = post(given.url + "/v1/completions", {**common, "logprobs": 2, "prompt": long_text(length)})
        logprobs = told["choices"][0]["logprobs"]
        tops = [sorted(top.values(), reverse=True) for top in logprobs["top_logprobs"]]
        answers.append({"prompt": f"{told['usage']['prompt_tokens']} tokens", "tokens": [
            list(t) for t in zip(logprobs["tokens"], logprobs["token_logprobs"], tops)]})
    with open(given.answers, "w") as out:
        json.dump(answers, out)


def compare(given):
    with open(given.exact) as exact, open(given.other) as other:
        for a, b in zip(json.load(exact), json.load(other)):
            count = 0
            while count < min(len(a["tokens"]), len(b["tokens"])) and a["tokens"][count][0] == b["tokens"][count][0]:
                count += 1
            differences = [abs(x[1] - y[1]) for x, y in zip(a["tokens"][:count], b["tokens"])]
            words = f"{a['prompt']}: {count} of {len(a['tokens'])} tokens equal, log-probabilities within {max(differences, default=0):.3f}"
            if count < len(a["tokens"]):
                top = a["tokens"][count][2]
                words += f"; then a choice with a margin of {top[0] - top[1]:.3f}" if len(top) > 1 else "; one ends"
            print(words)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = arguments.add_subparsers(required=True)
    step = steps.add_parser("record")
    step.add_argument("answers")
    step.add_argument("--url", default="http://127.0.0.1:8080")
    step.add_argument("--tokens", type=int, default=64)
    step.set_defaults(run=record)
    step = steps.add_parser("compare")
    step.add_argument("exact")
    step.add_argument("other")
    step.set_defaults(run=compare)
    given = arguments.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
