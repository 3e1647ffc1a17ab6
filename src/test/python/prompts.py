"""The ten prompts of the parity test: our own sentences, lengthened by seeded generators. Nothing is quoted."""

import json
import random

PEOPLE = ["Ines", "Tomasz", "Adaeze", "Ravi", "Maren", "Kofi", "Yuki", "Lucía", "Bram", "Salma", "Oksana", "Hugo"]
PLACES = ["the harbour office", "an empty greenhouse", "the upper reading room", "the tram depot", "a rented boathouse",
          "the old salt works", "the weather station", "a kitchen above the bakery", "the records cellar"]
OBJECTS = ["a ledger bound in green cloth", "three jars of copper filings", "a map with two coastlines",
           "the spare key", "a box of unsent letters", "a lamp without a shade", "a crate of lemons",
           "an instrument nobody could name", "a tin of sealing wax", "the tide tables for the coming year"]
ACTIONS = ["measured", "counted", "wrapped", "described", "forgot", "repaired", "borrowed", "hid", "sold", "drew"]
REASONS = ["because the inspector would come on Thursday", "although nobody had asked for it",
           "since the boats were late again", "so that the younger clerks could learn",
           "while the rain kept everyone indoors", "before the electricity was cut",
           "and wrote the number on the wall", "without telling the committee"]
ASIDES = ["It was the sort of decision that looks small for a year.", "Nobody laughed.",
          "The figures agreed, which was suspicious.", "Outside, the gulls had found the rubbish carts.",
          "What mattered, she thought, was the order of things.", "He had been wrong about the winter, too.",
          "There are two kinds of silence in an archive, and this was the other one.",
          "The clock in the hall was eleven minutes fast and always had been.",
          "Later they would disagree about who had spoken first."]
TOPICS = {
    "battery": ["The cells were cycled between 2.8 and 4.1 volts at {n} milliamperes.",
                "After {n} cycles the capacity had fallen to {p} percent of its first value.",
                "Impedance at one kilohertz rose in every sample but the {k}th."],
    "river": ["The gauge at the second bridge read {n} centimetres at dawn.",
              "Flow was estimated at {n} cubic metres per second, within {p} percent.",
              "Sediment from the {k}th trap was coarser than in any earlier season."],
    "queue": ["The scheduler admitted {n} requests before the first rejection.",
              "Utilisation stayed near {p} percent while the median wait doubled.",
              "Only the {k}th worker ever stole a task from its neighbour."],
}


def story(rng, sentences):
    lines = []
    for i in range(sentences):
        who, other = rng.sample(PEOPLE, 2)
        form = rng.randrange(4)
        if form == 0:
            lines.append(f"{who} {rng.choice(ACTIONS)} {rng.choice(OBJECTS)} in {rng.choice(PLACES)} {rng.choice(REASONS)}.")
        elif form == 1:
            lines.append(f"\"You {rng.choice(ACTIONS)} it yourself,\" said {who}, and {other} looked at {rng.choice(OBJECTS)}.")
        elif form == 2:
            lines.append(rng.choice(ASIDES))
        else:
            lines.append(f"By the time {who} reached {rng.choice(PLACES)}, {other} had already {rng.choice(ACTIONS)} "
                         f"{rng.choice(OBJECTS)}.")
        if i % 7 == 6:
            lines.append("\n\n")
    return " ".join(lines).replace(" \n\n ", "\n\n")


def report(rng, sections):
    parts = []
    for i in range(sections):
        topic = rng.choice(sorted(TOPICS))
        parts.append(f"## {i + 1}. Observations on the {topic}\n")
        for _ in range(rng.randrange(3, 7)):
            parts.append(rng.choice(TOPICS[topic]).format(n=rng.randrange(12, 9800), p=rng.randrange(3, 99),
                                                          k=rng.randrange(4, 20)))
        parts.append(rng.choice(ASIDES) + "\n\n")
    return " ".join(parts).replace("\n ", "\n")


def python_code(rng, functions):
    out = ["import heapq\nfrom dataclasses import dataclass, field\n\n"]
    nouns = ["parcel", "window", "signal", "ticket", "sample", "packet"]
    for i in range(functions):
        noun, limit = rng.choice(nouns), rng.randrange(2, 500)
        out.append(f"""
def drain_{noun}s_{i}(queue, limit={limit}):
    \"\"\"Takes up to `limit` {noun}s that are due, oldest first.\"\"\"
    taken = []
    while queue and len(taken) < limit:
        due, {noun} = heapq.heappop(queue)
        if due > {noun}.now:
            heapq.heappush(queue, (due, {noun}))
            break
        taken.append({noun})
    return taken

""")
    return "".join(out)


def java_code(rng, classes):
    out = ["package example.metering;\n\nimport java.util.ArrayDeque;\nimport java.util.Objects;\n\n"]
    for i in range(classes):
        name, size = rng.choice(["Meter", "Gauge", "Tally", "Probe"]), rng.choice([8, 64, 256, 1024])
        out.append(f"""/** Keeps the last {size} readings of one sensor; not safe for use by several threads. */
final class {name}{i} {{
    private static final int READING_MAX = {size};
    private final ArrayDeque<Double> readings = new ArrayDeque<>(READING_MAX);

    void add(double value) {{
        if (Double.isNaN(value)) {{
            throw new IllegalArgumentException("reading of {name}{i} must be a number");
        }}
        if (readings.size() == READING_MAX) {{
            readings.removeFirst();
        }}
        readings.addLast(value);
    }}

    double mean() {{
        return readings.stream().mapToDouble(Double::doubleValue).average().orElse(0.{rng.randrange(10)});
    }}
}}

""")
    return "".join(out)


def table(rng, rows):
    records = [{"id": 1000 + 7 * i, "station": rng.choice(PLACES), "observer": rng.choice(PEOPLE),
                "level_cm": round(rng.uniform(20, 480), 1), "ok": rng.random() > 0.2, "note": None}
               for i in range(rows)]
    lines = ["| id | observer | level (cm) | ok |", "|---:|:---|---:|:--:|"]
    lines += [f"| {r['id']} | {r['observer']} | {r['level_cm']} | {'yes' if r['ok'] else 'no'} |" for r in records]
    return "\n".join(lines) + "\n\n```json\n" + json.dumps(records, indent=2, ensure_ascii=False) + "\n```\n"


MULTILINGUAL = """Liste der Wörter: Äpfel, Öl, Übung, Straße, naïve façade, Ærø, Łódź, señal, coração.
Русский: Сегодня мы читаем короткое письмо о море и старом маяке.
Ελληνικά: Το πλοίο φεύγει αύριο το πρωί από το μικρό λιμάνι.
日本語: 明日の朝、港から小さな船が出ます。天気は晴れでしょう。
中文：今天的会议改到下午三点，请带上去年的记录。
한국어: 오늘은 바람이 많이 불어서 배가 늦게 도착했습니다.
العربية: وصلت الرسالة مساء أمس وفيها خريطة صغيرة.
עברית: המכתב הגיע אתמול בערב.
हिन्दी: नाव कल सुबह छोटी बंदरगाह से निकलेगी।
Emoji: 🚢⚓️ 👩🏽‍🔬 👨‍👩‍👧‍👦 🏳️‍🌈 🇵🇱🇯🇵 1️⃣ ☕ → ∑ ≤ ∞ ½ ™
Question: which of these lines mention a ship?
Answer:"""

SYSTEM = "You are a patient librarian. Answer in plain sentences and say when you are not sure."

DIALOGUE = [
    ("user", "Which shelf has books about tides and lighthouses?"),
    ("assistant", "Shelf 14, between the atlases and the almanacs. The oldest ones are in the glass case."),
    ("user", "I need something with tables, not stories. My nephew wants to compare spring tides of two harbours."),
    ("assistant", "Then take the yearly tide tables. Each page lists one harbour, with times and heights for every day. "
                  "He can put two pages side by side and subtract the heights."),
    ("user", "He is eleven. Would he understand why the heights differ?"),
]


def make_prompts(encode, render_chat):
    """Returns (name, kind, description, token ids) per prompt.

    encode maps a text to token ids; render_chat maps a list of messages to the text that asks for the next answer.
    """
    rng = random.Random(20260117)

    def chat(*messages):
        return encode(render_chat([{"role": role, "content": content} for role, content in messages]))

    def cut(text, length):
        ids = encode(text)
        if len(ids) < length:
            raise ValueError(f"the text has {len(ids)} tokens, {length} are wanted")
        return ids[:length]

    background = report(rng, 9)
    return [
        ("sentence-16", "prose", "the beginning of one sentence",
         cut("When the ferry was late, the postmaster usually opened the second window and began to sort the bags", 16)),
        ("chat-question", "dialogue", "one question by the model's own chat template, default system message",
         chat(("user", "What is a KV cache, and why does it make text generation faster?"))),
        ("code-python-129", "code", "a Python function, cut in its body", cut(python_code(rng, 3), 129)),
        ("table-json-255", "table", "a Markdown table followed by JSON", cut(table(rng, 9), 255)),
        ("multilingual-emoji", "multilingual", "ten scripts and joined emoji", encode(MULTILINGUAL)),
        ("dialogue-turns", "dialogue", "a system message and five turns",
         chat(("system", SYSTEM), *DIALOGUE)),
        ("story-777", "prose", "generated story", cut(story(rng, 80), 777)),
        ("code-java-1024", "code", "generated Java classes", cut(java_code(rng, 9), 1024)),
        ("dialogue-report", "dialogue", "a long report inside a chat message, then a question about it",
         chat(("system", SYSTEM),
              ("user", background + story(rng, 60) + "\nSummarise the observations in three sentences."))),
        ("mixed-4096", "mixed", "report, story, table and code in turn",
         cut(report(rng, 16) + story(rng, 40) + "\n\n" + table(rng, 6) + python_code(rng, 3) + report(rng, 20), 4096)),
    ]
