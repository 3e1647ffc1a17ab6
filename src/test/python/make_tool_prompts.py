"""Writes golden/tools: requests with tools as clients send them, and the prompts that transformers' way of rendering makes of them.

usage: python make_tool_prompts.py
"""

import copy
import json

import chat_jinja
import golden_io
import jinja2

FOLDER = "tools"
TOKENS = {
    "llama31": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    "qwen25": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    "qwen3": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    "mistral": {"bos_token": "<s>", "eos_token": "</s>"},
}

FERRY = {"type": "function", "function": {
    "name": "next_ferry", "description": "When the next ferry leaves: harbour \"to\" harbour, <local> time",
    "parameters": {"type": "object", "required": ["to", "from"], "properties": {
        "to": {"type": "string", "enum": ["Häme", "Åland"]},
        "from": {"type": "string"},
        "cars": {"type": "integer", "minimum": 0, "maximum": 1e3, "default": 0},
        "fare": {"anyOf": [{"type": "number", "multipleOf": 0.05}, {"type": "null"}]}},
        "additionalProperties": False}}}
BARE = {"type": "function", "function": {"name": "list_harbours", "parameters": {"type": "object", "properties": {}}}}
ODD_ORDER = {"type": "function", "function": {
    "parameters": {"properties": {"b": {"type": "string"}, "a": {"type": "string"}}, "type": "object"},
    "description": "", "name": "odd-Order_1"}}


def call(identity, name, arguments):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


ASK = [{"role": "user", "content": "When does the ferry to Åland leave?"}]
ONE = ASK + [
    {"role": "assistant", "content": None, "tool_calls": [
        call("ferry0001", "next_ferry", "{\"to\":\"Åland\",\"from\":\"Turku\",\"cars\":1,\"fare\":12.50}")]},
    {"role": "tool", "tool_call_id": "ferry0001", "content": "{\"leaves\": \"06:10\"}"}]
DONE = ONE + [{"role": "assistant", "content": "At ten past six."}, {"role": "user", "content": "Thanks. And to Häme?"}]
TWO = ASK + [
    {"role": "assistant", "content": None, "tool_calls": [
        call("ferry0001", "next_ferry", "{\"to\": \"Åland\", \"from\": \"Turku\"}"), call("ferry0002", "list_harbours", "{}")]},
    {"role": "tool", "tool_call_id": "ferry0001", "content": "06:10"},
    {"role": "tool", "tool_call_id": "ferry0002", "content": "[\"Turku\", \"Åland\"]"}]
SYSTEM = [{"role": "system", "content": "You know the timetable."}]

CASES = [
    ("one tool", ASK, [FERRY]),
    ("several tools", ASK, [FERRY, BARE, ODD_ORDER]),
    ("system message", SYSTEM + ASK, [FERRY]),
    ("call and result", ONE, [FERRY, BARE]),
    ("later question", DONE, [FERRY]),
    ("two calls at once", TWO, [FERRY, BARE]),
    ("calls of before, no tools now", DONE, []),
]


def template_messages(messages):
    """What servers over transformers do first: arguments become objects, content that is null an empty text."""
    shaped = copy.deepcopy(messages)
    for message in shaped:
        message["content"] = message["content"] or ""
        for made in message.get("tool_calls", []):
            made["function"]["arguments"] = json.loads(made["function"]["arguments"])
    return shaped


def main():
    for style, tokens in TOKENS.items():
        with open(golden_io.golden_path("templates", f"{style}.jinja"), encoding="utf-8", newline="") as file:
            source = file.read()
        cases = []
        for name, messages, tools in CASES:
            variables = {**tokens, "messages": template_messages(messages), "tools": tools or None,
                         "add_generation_prompt": True}
            cases.append({"name": name, "messages": messages, "tools": tools,
                          **chat_jinja.render(source, copy.deepcopy(variables))})
        golden_io.write_json(golden_io.golden_path(FOLDER, f"{style}.json"), {
            "template": f"{style}.jinja", "tokens": tokens,
            "origin": "Requests are our own; expected text by make_tool_prompts.py.",
            "jinja2": jinja2.__version__, "now": chat_jinja.FIXED_NOW.isoformat(), "cases": cases})
        print(f"{style}: {len(cases)} cases, {sum('error' in c for c in cases)} errors")


if __name__ == "__main__":
    main()
