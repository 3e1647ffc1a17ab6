"""OpenAI's Python client against a running service: plain, streamed, stop, logprobs, usage, tools, schemas, errors, cancel, responses, embeddings.

usage: openai_client.py BASE_URL MODEL EMBEDDING_MODEL
Exits with 0 if all held; prints what did not.
"""

import json
import sys
from typing import Literal

import openai
from pydantic import BaseModel

QUESTION = [{"role": "user", "content": "Name the capital of France."}]


class Month(BaseModel):
    season: Literal["spring", "summer", "autumn", "winter"]
    warm: bool


class GetWeather(BaseModel):
    """The weather now."""

    city: Literal["Paris", "Rome", "Turku"]
    unit: Literal["celsius", "fahrenheit"]


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def embed(client, model):
    texts = ["The cat sits on the mat.", "A kitten rests upon a rug.", "Interest rates rose by half a point."]
    # The client asks for base64 by itself where no format is named.
    coded = client.embeddings.create(model=model, input=texts)
    plain = client.embeddings.create(model=model, input=texts, encoding_format="float")
    check([e.index for e in coded.data] == [0, 1, 2], "indices of embeddings")
    for a, b in zip(coded.data, plain.data):
        check(len(a.embedding) == 384, f"{len(a.embedding)} dimensions")
        check(max(abs(x - y) for x, y in zip(a.embedding, b.embedding)) < 1e-6, "base64 is not float")
    cat, kitten, rates = (e.embedding for e in coded.data)
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    check(abs(dot(cat, cat) - 1) < 1e-5, "length is not 1")
    check(dot(cat, kitten) > dot(cat, rates) + 0.3, "a kitten is no cat")
    check(coded.usage.prompt_tokens == coded.usage.total_tokens > 20, f"usage {coded.usage}")
    short = client.embeddings.create(model=model, input=texts[0], dimensions=64)
    check(len(short.data[0].embedding) == 64, "dimensions")
    for change, kind in (
        (dict(model="other"), openai.NotFoundError),
        (dict(input=""), openai.BadRequestError),
        (dict(dimensions=1000), openai.BadRequestError),
    ):
        try:
            client.embeddings.create(**{**dict(model=model, input="x"), **change})
            raise AssertionError(f"{change} was accepted")
        except kind as error:
            check(error.body["param"], f"{change}: no param")


def respond(client, model):
    common = dict(model=model, temperature=0, max_output_tokens=24)
    first = client.responses.create(input="Name the capital of France.", **common)
    check("Paris" in first.output_text, f"unexpected answer: {first.output_text!r}")
    check(first.status in ("completed", "incomplete"), first.status)
    check(first.usage.input_tokens_details.cached_tokens >= 0, f"usage {first.usage}")
    check(client.responses.retrieve(first.id).output_text == first.output_text, "retrieved another text")

    with client.responses.stream(input="Name the capital of France.", store=False, **common) as stream:
        events = list(stream)
    kinds = [event.type for event in events]
    check(kinds[:4] == ["response.created", "response.in_progress", "response.output_item.added",
                        "response.content_part.added"], f"events {kinds}")
    check(kinds[-1] == "response." + first.status, f"last event {kinds[-1]}")
    check(events[-1].response.output_text == first.output_text, "streamed another text")

    second = client.responses.create(input="What did I ask?", previous_response_id=first.id, **common)
    check(second.previous_response_id == first.id, "previous_response_id")
    check(second.usage.input_tokens > first.usage.input_tokens, "the conversation is not part of the prompt")
    items = list(client.responses.input_items.list(second.id, order="asc"))
    check([item.content[0].text for item in items] == ["What did I ask?"], f"input items {items}")

    schema = {"type": "object", "properties": {"days": {"type": "integer", "minimum": 1, "maximum": 31}},
              "required": ["days"], "additionalProperties": False}
    asked = {"type": "json_schema", "name": "month", "strict": True, "schema": schema}
    held = client.responses.create(input="How many days has June?", text={"format": asked}, **common)
    check(1 <= json.loads(held.output_text)["days"] <= 31, f"not of the schema: {held.output_text!r}")
    check(held.text.format.schema_ == schema, f"another schema: {held.text}")

    tool = {"type": "function", "name": "get_weather", "description": "The weather now", "strict": True, "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}}
    calling = dict(model=model, temperature=0, max_output_tokens=120, tools=[tool], parallel_tool_calls=False)
    with client.responses.stream(input="How is it in Paris?", tool_choice="required", **calling) as stream:
        events = list(stream)
    called = events[-1].response
    check(called.status == "completed" and called.tool_choice == "required", f"called {called}")
    call, = called.output
    check(call.type == "function_call" and call.name == "get_weather", f"output {call}")
    check(isinstance(json.loads(call.arguments)["city"], str), f"arguments {call.arguments!r}")
    check([e.type for e in events[2:-1]] == [
        "response.output_item.added", "response.function_call_arguments.delta",
        "response.function_call_arguments.done", "response.output_item.done"], f"events {[e.type for e in events]}")
    check(called.tools[0].parameters == tool["parameters"], f"tools {called.tools}")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "It rains in Paris."}
    calling["tool_choice"] = "none"
    answer = client.responses.create(input=[result], previous_response_id=called.id, **calling)
    check(answer.output_text, f"no answer to an output: {answer.output}")
    # All items sent back say the same as the id of the response that has them.
    sent = [{"role": "user", "content": "How is it in Paris?"}, *called.output, result]
    alone = client.responses.create(input=sent, store=False, **calling)
    check(alone.output_text == answer.output_text, f"{alone.output_text!r} instead of {answer.output_text!r}")

    endless = client.responses.create(
        model=model, input="Count.", max_output_tokens=6000, stream=True, extra_body={"logit_bias": {"2": -100}}
    )
    running = next(endless).response.id
    check(client.responses.cancel(running).status == "cancelled", "not cancelled")
    last = list(endless)[-1]
    check(last.response.status == "cancelled", f"last event {last}")

    client.responses.delete(second.id)
    for call, kind in (
        (lambda: client.responses.retrieve(second.id), openai.NotFoundError),
        (lambda: client.responses.cancel(first.id), openai.BadRequestError),
        (lambda: client.responses.create(input="x", previous_response_id=second.id, **common), openai.BadRequestError),
        (lambda: client.responses.create(input="x", background=True, **common), openai.BadRequestError),
        (lambda: client.responses.create(input="x", tools=[{"type": "web_search"}], **common), openai.BadRequestError),
    ):
        try:
            call()
            raise AssertionError(f"{kind} did not come")
        except kind as error:
            check(error.body["message"], "no message")


def call_tools(client, model):
    question = [{"role": "user", "content": "How is it in Paris?"}]
    tool = openai.pydantic_function_tool(GetWeather)
    calling = dict(model=model, temperature=0, max_tokens=100, tools=[tool], parallel_tool_calls=False)
    whole = client.chat.completions.create(messages=question, tool_choice="required", **calling).choices[0]
    check(whole.finish_reason == "tool_calls", whole.finish_reason)
    call, = whole.message.tool_calls
    GetWeather.model_validate_json(call.function.arguments)

    # The client's own reader of chunks, which puts calls together and reads their arguments into types.
    named = {"type": "function", "function": {"name": "GetWeather"}}
    with client.chat.completions.stream(messages=question, tool_choice=named, **calling) as stream:
        kinds = [event.type for event in stream]
    check("tool_calls.function.arguments.delta" in kinds, f"events {kinds}")
    check(kinds.count("tool_calls.function.arguments.done") == 1, f"events {kinds}")
    streamed, = stream.get_final_completion().choices[0].message.tool_calls
    check(isinstance(streamed.function.parsed_arguments, GetWeather), f"streamed {streamed}")

    talk = [*question, whole.message, {"role": "tool", "tool_call_id": call.id, "content": "It rains in Paris."}]
    told = client.chat.completions.create(messages=talk, tool_choice="none", **calling).choices[0]
    check(told.message.content and not told.message.tool_calls, f"told {told}")


def parse(client, model):
    asked = [{"role": "user", "content": "What is June like?"}]
    common = dict(model=model, messages=asked, response_format=Month, temperature=1, seed=3, max_tokens=60)
    parsed = client.chat.completions.parse(**common).choices[0]
    check(isinstance(parsed.message.parsed, Month) and parsed.finish_reason == "stop", f"parsed {parsed}")
    with client.chat.completions.stream(**common) as stream:
        kinds = {event.type for event in stream}
    check("content.delta" in kinds and "content.done" in kinds, f"events {kinds}")
    again = stream.get_final_completion().choices[0].message.parsed
    check(again == parsed.message.parsed, f"{again} streamed instead of {parsed.message.parsed}")
    response = client.responses.parse(
        model=model, input="What is June like?", text_format=Month, temperature=1, max_output_tokens=60)
    check(isinstance(response.output_parsed, Month), f"parsed {response}")


def main(base_url, model, embedding_model):
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

    # This one checks all that it reads against the types of the API.
    strict = openai.OpenAI(base_url=base_url, api_key="none-needed", max_retries=0, _strict_response_validation=True)
    respond(strict, model)
    call_tools(strict, model)
    parse(strict, model)
    embed(client, embedding_model)
    print("all held")


if __name__ == "__main__":
    main(*sys.argv[1:])
