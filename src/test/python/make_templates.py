"""Renders golden/templates with Python jinja2: whole chat templates in six styles and small feature snippets.

usage: python make_templates.py
"""

import copy

import chat_jinja
import golden_io
import jinja2
import template_features

FOLDER = "templates"
CHATML = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}
LLAMA = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
MISTRAL = {"bos_token": "<s>", "eos_token": "</s>"}
GEMMA = {"bos_token": "<bos>", "eos_token": "<eos>"}

ASK = [{"role": "user", "content": "  Is the tide table for Brest still here?\n"}]
SYSTEM = [{"role": "system", "content": " Be brief. "}]
TALK = ASK + [{"role": "assistant", "content": "Yes: shelf 14, \"almanacs\".\n"},
              {"role": "user", "content": "Kiitos! 👍🏽 <b>&amp;</b> 日本語?"}]
CROSSED = [{"role": "user", "content": "One."}, {"role": "user", "content": "Two."}]

TIDE_TOOL = {"type": "function", "function": {
    "name": "tide_height", "description": "Height of the tide in metres, above the harbour's \"zero\" <datum>",
    "parameters": {"type": "object", "required": ["harbour"], "properties": {
        "harbour": {"type": "string", "description": "Name, e.g. Saint-Malo or Świnoujście"},
        "hour": {"type": "integer", "minimum": 0, "default": None},
        "exact": {"type": "boolean", "default": False}, "scale": {"type": "number", "default": 1.0}}}}}
CLOCK_TOOL = {"type": "function", "function": {
    "name": "clock", "description": "The time now", "parameters": {"type": "object", "properties": {}}}}
TOOLS = [TIDE_TOOL, CLOCK_TOOL]


def call(identity, name, arguments):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool_turns(identity="call00001", content=None):
    assistant = {"role": "assistant", "tool_calls": [call(identity, "tide_height", {"harbour": "Brest", "hour": 6})]}
    if content is not None:
        assistant["content"] = content
    return [{"role": "user", "content": "How high is the tide in Brest at six?"}, assistant,
            {"role": "tool", "tool_call_id": identity, "name": "tide_height", "content": "{\"metres\": 5.1}"}]


DONE = [{"role": "assistant", "content": "5.1 metres."}, {"role": "user", "content": "And at seven?"}]


def two_calls():
    turns = tool_turns()
    turns[1]["tool_calls"].append(call("call00002", "clock", {}))
    return turns + [{"role": "tool", "tool_call_id": "call00002", "name": "clock", "content": "06:01"}]


def bare_calls():
    turns = two_calls()
    turns[1]["tool_calls"] = [c["function"] for c in turns[1]["tool_calls"]]
    return turns


def text_arguments():
    turns = tool_turns()
    turns[1]["tool_calls"][0]["function"]["arguments"] = '{"harbour":"Brest"}'
    return turns


def listed_result():
    turns = tool_turns()
    turns[2] = {"role": "ipython", "content": [{"metres": 5.1, "note": "höher"}]}
    return turns


def thinking(*, separate):
    if separate:
        answer = {"role": "assistant", "content": "Low water.", "reasoning_content": "\nSix hours after high water.\n"}
    else:
        answer = {"role": "assistant", "content": "<think>\nSix hours after high water.\n</think>\n\nLow water."}
    return ASK + [answer]


def common_cases():
    yield "one question", {"messages": ASK, "add_generation_prompt": True}
    yield "without generation prompt", {"messages": ASK}
    yield "system message", {"messages": SYSTEM + ASK, "add_generation_prompt": True}
    yield "several turns", {"messages": TALK, "add_generation_prompt": True}
    yield "system and several turns", {"messages": SYSTEM + TALK, "add_generation_prompt": True}
    yield "ends with an answer", {"messages": TALK[:2], "add_generation_prompt": False}
    yield "tools null", {"messages": TALK, "tools": None, "add_generation_prompt": True}
    yield "empty content", {"messages": [{"role": "user", "content": ""}], "add_generation_prompt": True}
    yield "roles do not take turns", {"messages": CROSSED, "add_generation_prompt": True}


def tool_cases():
    yield "tools, one question", {"messages": ASK, "tools": TOOLS, "add_generation_prompt": True}
    yield "tools and system message", {"messages": SYSTEM + ASK, "tools": [TIDE_TOOL], "add_generation_prompt": True}
    yield "tools empty", {"messages": ASK, "tools": [], "add_generation_prompt": True}
    yield "call and result", {"messages": tool_turns(content=""), "tools": TOOLS, "add_generation_prompt": True}
    yield "call without content key", {"messages": tool_turns(), "tools": TOOLS, "add_generation_prompt": True}
    yield "call with text before it", {"messages": tool_turns(content="Let me look."), "tools": TOOLS,
                                       "add_generation_prompt": True}
    yield "call, result, answer, question", {"messages": tool_turns(content="") + DONE, "tools": TOOLS,
                                             "add_generation_prompt": True}
    yield "two calls, two results", {"messages": two_calls(), "tools": TOOLS, "add_generation_prompt": True}
    yield "calls without the function wrapper", {"messages": bare_calls(), "tools": TOOLS,
                                                 "add_generation_prompt": True}
    yield "arguments as text", {"messages": text_arguments(), "tools": TOOLS, "add_generation_prompt": True}


def llama_cases():
    yield from common_cases()
    yield from tool_cases()
    yield "date given", {"messages": ASK, "date_string": "1 Jan 2027", "add_generation_prompt": True}
    yield "tools in the system message", {"messages": SYSTEM + ASK, "tools": TOOLS, "tools_in_user_message": False,
                                          "add_generation_prompt": True}
    yield "custom tools", {"messages": ASK, "custom_tools": [CLOCK_TOOL], "add_generation_prompt": True}
    yield "builtin tools", {"messages": ASK, "builtin_tools": ["search", "code_interpreter", "algebra"],
                            "add_generation_prompt": True}
    yield "builtin tool called", {
        "messages": ASK + [{"role": "assistant", "tool_calls": [call("x", "search", {"query": "tides", "at": "Brest"})]}],
        "builtin_tools": ["search"], "add_generation_prompt": True}
    yield "result as a list", {"messages": listed_result(), "tools": TOOLS, "add_generation_prompt": True}
    yield "tools, system message only", {"messages": SYSTEM, "tools": TOOLS}


def qwen3_cases():
    yield from common_cases()
    yield from tool_cases()
    yield "thinking off", {"messages": ASK, "add_generation_prompt": True, "enable_thinking": False}
    yield "thinking on", {"messages": ASK, "add_generation_prompt": True, "enable_thinking": True}
    yield "reasoning of the last answer is kept", {"messages": thinking(separate=False)}
    yield "separate reasoning of the last answer is kept", {"messages": thinking(separate=True)}
    yield "earlier reasoning is dropped", {"messages": thinking(separate=False) + [
        {"role": "user", "content": "Thanks."}], "add_generation_prompt": True}
    yield "separate earlier reasoning is dropped", {"messages": thinking(separate=True) + [
        {"role": "user", "content": "Thanks."}], "add_generation_prompt": True}
    yield "result sent as user", {"messages": tool_turns()[:2] + [
        {"role": "user", "content": "<tool_response>\n5.1\n</tool_response>"}], "tools": TOOLS,
        "add_generation_prompt": True}
    reasoned = tool_turns(content="")
    reasoned[1]["reasoning_content"] = "I need the table."
    yield "reasoning before a call is kept", {"messages": reasoned, "tools": TOOLS, "add_generation_prompt": True}
    yield "reasoning before a call, later question", {"messages": reasoned + DONE, "tools": TOOLS,
                                                      "add_generation_prompt": True}
    yield "content parts are ignored", {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
                                        "add_generation_prompt": True}


def mistral_cases():
    yield from common_cases()
    yield from tool_cases()
    yield "short call id", {"messages": tool_turns(identity="short"), "tools": TOOLS}
    nested = tool_turns()
    nested[2]["content"] = {"content": 5.1}
    yield "nested result", {"messages": nested, "tools": TOOLS}
    yield "starts with an answer", {"messages": [{"role": "assistant", "content": "Hello"}]}
    yield "unknown role", {"messages": ASK + [{"role": "critic", "content": "No."}]}


STYLES = [
    ("smollm2", "ChatML with a default system message, whitespace kept away by dashes", CHATML, common_cases),
    ("smollm2-oneline", "the same with line breaks inside string literals and no dashes", CHATML, common_cases),
    ("llama31", "Llama 3.1: date, tools in the user or system message, built-in tools", LLAMA, llama_cases),
    ("qwen25", "Qwen2.5: tools in XML tags, runs of tool results in one turn", CHATML,
     lambda: [*common_cases(), *tool_cases()]),
    ("qwen3", "Qwen3: namespace, reversed loop, reasoning kept only after the last question", CHATML, qwen3_cases),
    ("mistral", "Mistral v0.3: alternation checked by raise_exception, tools before the last question", MISTRAL,
     mistral_cases),
    ("gemma", "Gemma: refuses a system role, assistant is called model, blocks trimmed by the environment", GEMMA,
     common_cases),
]


def main():
    for name, description, tokens, cases in STYLES:
        with open(golden_io.golden_path(FOLDER, f"{name}.jinja"), encoding="utf-8", newline="") as file:
            source = file.read()
        rendered = []
        for case, variables in cases():
            variables = {**tokens, **copy.deepcopy(variables)}
            rendered.append({"name": case, "variables": variables,
                             **chat_jinja.render(source, copy.deepcopy(variables))})
        golden_io.write_json(golden_io.golden_path(FOLDER, f"{name}.json"), {
            "description": description, "template": f"{name}.jinja",
            "origin": "Template and inputs are our own; expected text by make_templates.py.",
            "jinja2": jinja2.__version__, "now": chat_jinja.FIXED_NOW.isoformat(), "cases": rendered})
        print(f"{name}: {len(rendered)} cases, {sum('error' in c for c in rendered)} errors")

    snippets = [{"name": name, "template": template, "variables": variables,
                 **chat_jinja.render(template, copy.deepcopy(variables))}
                for name, template, variables in template_features.SNIPPETS]
    if len({s["name"] for s in snippets}) != len(snippets):
        raise SystemExit("snippet names must be unique")
    golden_io.write_json(golden_io.golden_path(FOLDER, "features.json"), {
        "description": "One Jinja feature each; the part of the name before the slash groups them.",
        "origin": "Snippets are our own (template_features.py); expected text by make_templates.py.",
        "jinja2": jinja2.__version__, "now": chat_jinja.FIXED_NOW.isoformat(), "cases": snippets})
    print(f"features: {len(snippets)} snippets, {sum('error' in s for s in snippets)} errors")


if __name__ == "__main__":
    main()
