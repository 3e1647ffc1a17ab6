"""OpenAI's Python client against a running service: plain, streamed, stop, logprobs, usage, errors, cancel.

usage: openai_client.py BASE_URL MODEL
Exits with 0 if all held; prints what did not.
"""

import sys

import openai

QUESTION = [{"role": "user", "content": "Name the capital of France."}]


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def main(base_url, model):
    client = openai.OpenAI(base_url=base_url, api_key="none-needed", max_retries=0)
    common = dict(model=model, messages=QUESTION, temperature=0)

    whole = client.chat.completions.create(max_tokens=24, **common)
    text = whole.choices[0].message.content
    check("Paris" in text, f"unexpected answer: {text!r}")
    check(whole.usage.prompt_tokens_details.cached_tokens >= 0, "cached_tokens missing")

    pieces, usage, reasons = [], None, []
    for chunk in client.chat.completions.create(
        max_tokens=24, stream=True, stream_options={"include_usage": True}, **common
    ):
        for choice in chunk.choices:
            pieces.append(choice.delta.content or "")
            if choice.finish_reason:
                reasons.append(choice.finish_reason)
        usage = chunk.usage or usage
    check("".join(pieces) == text, f"streamed {pieces} instead of {text!r}")
    check(reasons == [whole.choices[0].finish_reason], f"finish reasons {reasons}")
    check(usage.completion_tokens == whole.usage.completion_tokens, f"usage {usage}")

    stopped = client.chat.completions.create(max_tokens=24, stop=["Paris"], **common)
    check("Paris" not in stopped.choices[0].message.content, "the stop sequence is in the text")
    check(stopped.choices[0].finish_reason == "stop", stopped.choices[0].finish_reason)

    scored = client.chat.completions.create(max_tokens=5, logprobs=True, top_logprobs=2, **common)
    content = scored.choices[0].logprobs.content
    check(len(content) == 5 and all(len(t.top_logprobs) == 2 for t in content), f"logprobs {content}")

    several = client.chat.completions.create(
        model=model, messages=QUESTION, n=3, seed=7, temperature=1.2, max_tokens=12
    )
    check([c.index for c in several.choices] == [0, 1, 2], "indices")
    again = client.chat.completions.create(
        model=model, messages=QUESTION, n=3, seed=7, temperature=1.2, max_tokens=12
    )
    check(
        [c.message.content for c in several.choices] == [c.message.content for c in again.choices],
        "same seed, other answers",
    )

    completion = client.completions.create(model=model, prompt="One two three four", max_tokens=4)
    check(len(completion.choices[0].text) > 0, "no text")

    for change, kind in (
        (dict(model="other"), openai.NotFoundError),
        (dict(temperature=9), openai.BadRequestError),
        (dict(max_tokens=10**6), openai.BadRequestError),
    ):
        try:
            client.chat.completions.create(**{**common, **change})
            raise AssertionError(f"{change} was accepted")
        except kind as error:
            check(error.body["message"], f"{change}: no message")

    stream = client.chat.completions.create(
        max_tokens=6000, stream=True, logit_bias={"2": -100}, **common
    )
    for count, _ in enumerate(stream):
        if count == 5:
            stream.close()
            break
    print("all held")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
