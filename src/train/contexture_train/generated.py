"""Dialogues and tables that ask for what stood far above: facts, repeats, summaries, look-ups.

Names and phrases differ by role, so that evaluation asks in words that training never used.
"""

import random
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    things: tuple[str, ...]
    facts: tuple[str, ...]
    openings: tuple[str, ...]
    remember: str
    ask: str
    answer: str
    systems: tuple[str, ...]


_TRAIN = Vocabulary(
    things=tuple(
        "amber anchor badger barrel basket beacon birch bishop bottle branch bridge bucket button cabin camel canvas carpet castle "
        "cedar chapel cherry circle clover cobalt copper cotton cradle cricket crystal daisy dagger desert diamond dolphin donkey "
        "eagle ember engine falcon feather fiddle finger flint forest fossil garden ginger goblet granite hammer harbor hazel helmet "
        "heron hollow indigo island ivory jacket jasper kettle ladder lagoon lantern lemon linen magnet maple marble meadow mirror".split()
    ),
    facts=("my order number", "the access code", "the ticket number", "my membership number", "the locker combination", "the invoice number"),
    openings=("Can you tell me more about {w}?", "I have a question about {w}. How does it work?", "Please explain the part on {w} in plain words.", "Next topic: {w}. Go ahead."),
    remember="Please remember that {fact} for {thing} is {value}.",
    ask="What was {fact} for {thing} again?",
    answer="You told me that {fact} for {thing} is {value}.",
    systems=("You are a helpful AI assistant named SmolLM, trained by Hugging Face", "You are a careful assistant that answers from the documentation."),
)
_HELD_OUT = Vocabulary(
    things=tuple(
        "nettle oasis onyx orchid otter oyster paddle palace parrot pebble pencil pepper pigeon pillow pirate planet poplar prairie "
        "puzzle python quarry quartz rabbit raven ribbon river rocket saddle salmon sapphire scarlet shadow silver spider spruce "
        "statue summit sunset temple thistle thunder tiger timber topaz tunnel turtle valley velvet violet walnut willow window".split()
    ),
    facts=("my flight number", "the serial number of my laptop", "the pin of the gate", "my library card number"),
    openings=("What should I know about {w}?", "Could you describe {w} for a beginner?", "Let us turn to {w}."),
    remember="Note this down: {fact} for {thing} is {value}.",
    ask="I forgot {fact} for {thing}. Which one was it?",
    answer="According to your note, {fact} for {thing} is {value}.",
    systems=("You help an engineer with questions about software.", "You are a patient tutor."),
)


def vocabulary(role: str) -> Vocabulary:
    return _TRAIN if role == "train" else _HELD_OUT


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _turn(user: str, assistant: str) -> str:
    return f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{assistant}<|im_end|>\n"


def _first_sentence(paragraph: str) -> str:
    return re.split(r"(?<=[.!?]) ", paragraph)[0]


def dialogue(paragraphs: list[str], words: Vocabulary, rng: random.Random, chars: int) -> str:
    text = f"<|im_start|>system\n{rng.choice(words.systems)}<|im_end|>\n"
    known, told = [], []
    while len(text) < chars:
        roll = rng.random()
        if roll < 0.12:
            fact, thing, value = rng.choice(words.facts), rng.choice(words.things), _digits(rng, rng.choice((4, 5, 6)))
            known.append((fact, thing, value))
            text += _turn(words.remember.format(fact=fact, thing=thing, value=value), f"Noted: {fact} for {thing} is {value}.")
        elif roll < 0.27 and known:
            fact, thing, value = rng.choice(known)
            text += _turn(words.ask.format(fact=fact, thing=thing), words.answer.format(fact=fact, thing=thing, value=value))
        elif roll < 0.40 and told:
            topic, paragraph = rng.choice(told)
            text += _turn(f"Earlier we talked about {topic}. Please repeat the first sentence.", f"Sure. Here it is: {_first_sentence(paragraph)}")
        elif roll < 0.50:
            paragraph = rng.choice(paragraphs)
            text += _turn(f"Summarise this text:\n\n{paragraph}", f"In short: {_first_sentence(paragraph)}")
        else:
            paragraph = rng.choice(paragraphs)
            found = re.findall(r"[A-Za-z]{6,}", paragraph) or ["this"]
            topic = max(found, key=lambda w: (found.count(w), len(w)))
            told.append((topic, paragraph))
            text += _turn(rng.choice(words.openings).format(w=topic), paragraph)
    return text


def _name(words: Vocabulary, rng: random.Random) -> str:
    return f"{rng.choice(words.things)}-{rng.choice(words.things)}"


def _pairs(words: Vocabulary, rng: random.Random, chars: int) -> str:
    text, pairs = "The following is a list of keys and values.\n", []
    while len(text) < chars:
        if pairs and rng.random() < 0.25:
            key, value = rng.choice(pairs)
        else:
            key, value = _name(words, rng), _digits(rng, 5)
            pairs.append((key, value))
        text += f"The value of {key} is {value}.\n"
    return text


_COLUMNS = ("id", "name", "city", "price", "amount", "status", "weight", "owner")
_STATES = ("open", "closed", "waiting", "sent", "lost")


def _row(words: Vocabulary, rng: random.Random, number: int) -> list[str]:
    return [
        str(number),
        _name(words, rng),
        rng.choice(words.things).title(),
        f"{rng.randint(1, 900)}.{rng.randint(10, 99)}",
        str(rng.randint(1, 5000)),
        rng.choice(_STATES),
        f"{rng.randint(1, 99)} kg",
        rng.choice(words.things).title(),
    ]


def _table(words: Vocabulary, rng: random.Random, chars: int, style: str) -> str:
    """Rows in one style, with questions on earlier rows between them."""
    separator = {"csv": ",", "markdown": " | ", "json": ""}[style]
    head = {"csv": ",".join(_COLUMNS), "markdown": "| " + " | ".join(_COLUMNS) + " |\n" + "|---" * len(_COLUMNS) + "|", "json": "["}[style]
    text, rows, number = head + "\n", [], 1000
    while len(text) < chars:
        if rows and rng.random() < 0.12:
            row, column = rng.choice(rows), rng.randrange(1, len(_COLUMNS))
            text += f"\nIn the row with {_COLUMNS[0]} {row[0]} the {_COLUMNS[column]} is {row[column]}.\n\n"
            continue
        number += rng.randint(1, 9)
        row = _row(words, rng, number)
        rows.append(row)
        if style == "json":
            text += "  {" + ", ".join(f'"{c}": "{v}"' for c, v in zip(_COLUMNS, row)) + "},\n"
        elif style == "markdown":
            text += "| " + separator.join(row) + " |\n"
        else:
            text += separator.join(row) + "\n"
    return text


def table(words: Vocabulary, rng: random.Random, chars: int) -> str:
    style = rng.choice(("pairs", "csv", "markdown", "json"))
    return _pairs(words, rng, chars) if style == "pairs" else _table(words, rng, chars, style)
