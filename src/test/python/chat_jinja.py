"""Jinja as transformers sets it up for chat templates, with a fixed clock."""

import json
from datetime import datetime

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

FIXED_NOW = datetime(2026, 3, 9, 14, 5, 7)


class Generation(Extension):
    """`{% generation %}…{% endgeneration %}` marks what the assistant wrote; rendering shows its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("body"), [], [], body).set_lineno(line)

    def body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[Generation, loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = FIXED_NOW.strftime
    return made


def render(source, variables):
    """Returns {"expected": text} or {"error": kind, "message": text}; kind is syntax, raised, or runtime."""
    try:
        return {"expected": environment().from_string(source).render(**variables)}
    except (jinja2.exceptions.TemplateSyntaxError, SyntaxError) as problem:
        return {"error": "syntax", "message": str(problem)}
    except jinja2.exceptions.TemplateRuntimeError as problem:
        return {"error": "runtime", "message": str(problem)}
    except jinja2.exceptions.TemplateError as problem:
        kind = "raised" if type(problem) is jinja2.exceptions.TemplateError else "runtime"
        return {"error": kind, "message": str(problem)}
    except (TypeError, ValueError, ZeroDivisionError, KeyError, AttributeError, IndexError) as problem:
        return {"error": "runtime", "message": str(problem)}
