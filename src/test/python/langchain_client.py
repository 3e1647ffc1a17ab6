"""LangChain's OpenAI client against a running service: invoke, stream, tools, structured output, embeddings, errors.

usage: langchain_client.py BASE_URL MODEL EMBEDDING_MODEL
Exits with 0 if all held; prints what did not.
"""

import asyncio
import sys
from typing import Literal

import openai
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, Field

QUESTION = [SystemMessage("You answer briefly."), HumanMessage("Name the capital of France.")]


class Month(BaseModel):
    """What is known of a month."""

    season: Literal["spring", "summer", "autumn", "winter"]
    days: int = Field(ge=28, le=31)


@tool
def get_weather(city: Literal["Paris", "Rome", "Turku"], unit: Literal["celsius", "fahrenheit"]) -> str:
    """The weather in a city now."""
    return f"20 degrees {unit} in {city}"


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def chat(base_url, model, **more):
    given = dict(base_url=base_url, api_key="none-needed", model=model, temperature=0, max_tokens=24, max_retries=0)
    return ChatOpenAI(**{**given, **more})


def answer(base_url, model):
    whole = chat(base_url, model).invoke(QUESTION)
    check("Paris" in whole.text, f"unexpected answer: {whole.text!r}")
    check(whole.response_metadata["model_name"] == model, f"metadata {whole.response_metadata}")
    usage = whole.usage_metadata
    check(usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0, f"usage {usage}")
    check(usage["input_token_details"]["cache_read"] >= 0, f"usage {usage}")

    chunks = list(chat(base_url, model, stream_usage=True).stream(QUESTION))
    check("".join(chunk.text for chunk in chunks) == whole.text, f"streamed {chunks} instead of {whole.text!r}")
    check(len([chunk for chunk in chunks if chunk.text]) > 1, "came in one piece")
    joined = sum(chunks[1:], chunks[0])
    check(joined.usage_metadata["output_tokens"] == usage["output_tokens"], f"usage {joined.usage_metadata}")
    reason = whole.response_metadata["finish_reason"]
    check(joined.response_metadata["finish_reason"] == reason, f"metadata {joined.response_metadata}")

    several = asyncio.run(chat(base_url, model).abatch([QUESTION, QUESTION]))
    check([message.text for message in several] == [whole.text] * 2, f"at once {several}")

    talk = [*QUESTION, whole, HumanMessage("What did I ask?")]
    more = chat(base_url, model).invoke(talk)
    check(more.usage_metadata["input_tokens"] > usage["input_tokens"], "the conversation is not part of the prompt")

    stopped = chat(base_url, model).invoke(QUESTION, stop=["Paris"])
    check("Paris" not in stopped.text and stopped.response_metadata["finish_reason"] == "stop", f"stopped {stopped}")


def tools(base_url, model):
    free = chat(base_url, model, max_tokens=100)
    for choice in ("required", "get_weather"):
        bound = free.bind_tools([get_weather], tool_choice=choice, parallel_tool_calls=False)
        called = bound.invoke("How is it in Paris?")
        check(len(called.tool_calls) == 1 and not called.invalid_tool_calls, f"{choice}: {called}")
        call = called.tool_calls[0]
        check(call["name"] == "get_weather", f"{choice}: {call}")
        result = get_weather.invoke(call)  # refuses what is not of its schema
        check(isinstance(result, ToolMessage) and result.tool_call_id == call["id"], f"result {result}")

        chunks = list(bound.stream("How is it in Paris?"))
        joined = sum(chunks[1:], chunks[0])
        check(joined.tool_calls[0]["args"] == call["args"], f"streamed {joined.tool_calls} instead of {call}")

    after = [HumanMessage("How is it in Paris?"), AIMessage("", tool_calls=[call]), result]
    told = free.bind_tools([get_weather], tool_choice="none").invoke(after)
    check(told.text and not told.tool_calls, f"told {told}")
    automatic = free.bind_tools([get_weather]).invoke("How is it in Paris?")
    check(bool(automatic.text) != bool(automatic.tool_calls), f"automatic {automatic}")


def structured(base_url, model):
    free = chat(base_url, model, max_tokens=100, temperature=1, seed=5)
    for method in ("json_schema", "function_calling"):
        held = free.with_structured_output(Month, method=method, include_raw=True).invoke("What is June like?")
        check(held["parsing_error"] is None, f"{method}: {held}")
        check(isinstance(held["parsed"], Month) and 28 <= held["parsed"].days <= 31, f"{method}: {held}")
    streamed = list(free.with_structured_output(Month, method="json_schema").stream("What is June like?"))
    check(isinstance(streamed[-1], Month), f"streamed {streamed}")


def embed(base_url, model):
    # Ids of another tokenizer are not to be sent: the service has its own.
    vectors = OpenAIEmbeddings(base_url=base_url, api_key="none-needed", model=model, check_embedding_ctx_length=False)
    cat, kitten, rates = vectors.embed_documents(
        ["The cat sits on the mat.", "A kitten rests upon a rug.", "Interest rates rose by half a point."]
    )
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    check(len(cat) == 384 and abs(dot(cat, cat) - 1) < 1e-5, f"{len(cat)} dimensions")
    check(dot(cat, kitten) > dot(cat, rates) + 0.3, "a kitten is no cat")
    query = vectors.embed_query("The cat sits on the mat.")
    check(max(abs(x - y) for x, y in zip(query, cat)) < 1e-5, "a query is embedded otherwise")
    short = OpenAIEmbeddings(
        base_url=base_url, api_key="none-needed", model=model, check_embedding_ctx_length=False, dimensions=64
    )
    check(len(short.embed_query("x")) == 64, "dimensions")


def refused(base_url, model):
    for change, kind in ((dict(model="other"), openai.NotFoundError), (dict(temperature=9), openai.BadRequestError)):
        try:
            chat(base_url, **{"model": model, **change}).invoke(QUESTION)
            raise AssertionError(f"{change} was accepted")
        except kind as error:
            check(error.body["message"], f"{change}: no message")


def main(base_url, model, embedding_model):
    answer(base_url, model)
    tools(base_url, model)
    structured(base_url, model)
    embed(base_url, embedding_model)
    refused(base_url, model)
    print("all held")


if __name__ == "__main__":
    main(*sys.argv[1:])
