"""Anthropic's Python client against a running service: plain, streamed, stop, tools, schemas, counting, errors, cancel.

usage: anthropic_client.py BASE_URL MODEL EMBEDDING_MODEL
Exits with 0 if all held; prints what did not. The embedding model is not asked.
"""

import sys
from typing import Literal

import anthropic
from pydantic import BaseModel

# The client has no parameters for sampling any more.
GREEDY = {"temperature": 0}
QUESTION = [{"role": "user", "content": "Name the capital of France."}]
WEATHER = [{"role": "user", "content": "How is it in Paris?"}]
TOOL = {
    "name": "get_weather",
    "description": "The weather now",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Paris", "Rome", "Turku"]}},
        "required": ["city"],
    },
}


class Month(BaseModel):
    season: Literal["spring", "summer", "autumn", "winter"]
    warm: bool


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def speak(client, model):
    common = dict(model=model, messages=QUESTION, max_tokens=24, extra_body=GREEDY)
    whole = client.messages.create(**common)
    check("Paris" in text(whole), f"unexpected answer: {whole.content}")
    check(whole.id.startswith("msg_") and whole.role == "assistant" and whole.type == "message", f"message {whole}")
    check(whole.stop_reason in ("end_turn", "max_tokens"), whole.stop_reason)
    check(whole._request_id, "no request id")

    # The client's own reader of events, which puts the message together.
    with client.messages.stream(**common) as stream:
        kinds = [event.type for event in stream]
    check(kinds[:2] == ["message_start", "content_block_start"], f"events {kinds}")
    check(kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"], f"events {kinds}")
    streamed = stream.get_final_message()
    check(text(streamed) == text(whole), f"streamed {text(streamed)!r} instead of {text(whole)!r}")
    check(streamed.stop_reason == whole.stop_reason, f"stop reason {streamed.stop_reason}")
    for used in (whole.usage, streamed.usage):
        check(used.output_tokens == whole.usage.output_tokens > 0, f"usage {used}")
        check(used.cache_creation_input_tokens == 0, f"usage {used}")
    prompt = whole.usage.input_tokens + whole.usage.cache_read_input_tokens
    check(prompt == streamed.usage.input_tokens + streamed.usage.cache_read_input_tokens, f"usage {streamed.usage}")
    counted = client.messages.count_tokens(model=model, messages=QUESTION)
    check(counted.input_tokens == prompt, f"counted {counted.input_tokens} instead of {prompt}")

    # What begins without an event of ours behind it is told in the first.
    events = client.messages.create(stream=True, **common)
    start = next(iter(events)).message
    check(start.usage.input_tokens + start.usage.cache_read_input_tokens == prompt, f"start {start}")
    check(start.stop_reason is None and start.content == [], f"start {start}")
    events.close()

    stopped = client.messages.create(stop_sequences=["Rome", "Paris"], **common)
    check(stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == "Paris", f"stopped {stopped}")
    check("Paris" not in text(stopped), "the stop sequence is in the text")

    system = [{"type": "text", "text": "You are brief.", "cache_control": {"type": "ephemeral"}}]
    told = client.messages.create(
        model=model, system=system, max_tokens=8, metadata={"user_id": "x"}, thinking={"type": "disabled"},
        extra_body={"top_k": 5, "top_p": 0.9},
        messages=[*QUESTION, {"role": "assistant", "content": whole.content}, {"role": "user", "content": "And of Italy?"}],
    )
    check(told.usage.input_tokens + told.usage.cache_read_input_tokens > prompt, f"usage {told.usage}")


def call_tools(client, model):
    calling = dict(model=model, max_tokens=100, tools=[TOOL], extra_body=GREEDY)
    whole = client.messages.create(messages=WEATHER, tool_choice={"type": "any", "disable_parallel_tool_use": True}, **calling)
    check(whole.stop_reason == "tool_use", f"stop reason {whole.stop_reason}")
    call, = whole.content
    check(call.type == "tool_use" and call.name == "get_weather", f"call {call}")
    check(call.input["city"] in ("Paris", "Rome", "Turku"), f"input {call.input}")

    named = {"type": "tool", "name": "get_weather"}
    with client.messages.stream(messages=WEATHER, tool_choice=named, **calling) as stream:
        kinds = [event.type for event in stream]
    check("input_json" in kinds, f"events {kinds}")
    streamed, = stream.get_final_message().content
    check(streamed.input == call.input, f"streamed {streamed}")
    check(stream.get_final_message().stop_reason == "tool_use", "stop reason of a stream")

    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "It rains in Paris."}]}
    talk = [*WEATHER, {"role": "assistant", "content": whole.content}, {"role": "user", "content": [result]}]
    told = client.messages.create(messages=talk, tool_choice={"type": "none"}, **calling)
    check(text(told) and told.stop_reason != "tool_use", f"told {told}")


def parse(client, model):
    asked = [{"role": "user", "content": "What is June like?"}]
    parsed = client.messages.parse(
        model=model, messages=asked, max_tokens=60, output_format=Month, extra_body={"temperature": 1, "seed": 3}
    )
    check(isinstance(parsed.parsed_output, Month), f"parsed {parsed}")


def refuse(client, model):
    common = dict(model=model, messages=QUESTION, max_tokens=5)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
    search = {"type": "web_search_20250305", "name": "web_search"}
    for change, kind in (
        (dict(model="other"), anthropic.NotFoundError),
        (dict(extra_body={"temperature": 9}), anthropic.BadRequestError),
        (dict(max_tokens=10**6), anthropic.BadRequestError),
        (dict(messages=[{"role": "user", "content": [image]}]), anthropic.BadRequestError),
        (dict(tools=[search]), anthropic.BadRequestError),
    ):
        for streamed in (False, True):
            try:
                client.messages.create(stream=streamed, timeout=60, **{**common, **change})
                raise AssertionError(f"{change} was accepted")
            except kind as error:
                check(error.body["type"] == "error" and error.body["error"]["message"], f"{change}: {error.body}")
                check(error.request_id == error.body["request_id"], f"{change}: no request id")


def main(base_url, model, _embedding_model):
    # This one checks all that it reads against the types of the API.
    client = anthropic.Anthropic(
        base_url=base_url.removesuffix("/v1"), api_key="none-needed", max_retries=0, _strict_response_validation=True
    )
    speak(client, model)
    call_tools(client, model)
    parse(client, model)
    refuse(client, model)

    endless = client.messages.create(
        model=model, messages=QUESTION, max_tokens=6000, stream=True, extra_body={"logit_bias": {"2": -100}}
    )
    for count, _ in enumerate(endless):
        if count == 5:
            endless.close()
            break
    print("all held")


if __name__ == "__main__":
    main(*sys.argv[1:])
