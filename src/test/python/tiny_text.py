"""Our own sentences for training tiny tokenizers, and the prompt and texts that the tiny models are tested with."""

CORPUS = [
    "The keeper of the lighthouse wrote the height of the tide into the book every morning.",
    "There were three books on the shelf, and the third one had no name.",
    "When the wind turned north, the boats stayed in the harbour and the nets were mended.",
    "A small engine with a large memory is still a small engine.",
    "The table shows the hour, the height and the name of the observer.",
    "for (int i = 0; i < rows; i++) { total += height[i]; }",
    "def read(path):\n    with open(path) as file:\n        return file.read()\n",
    "In the year 2031 the harbour counted 418 boats and 97 lamps.",
    "\"Where is the other key?\" asked the clerk. \"I do not know,\" said the keeper.",
    "Die Straße zum Hafen ist naß; l'été est passé. Привет из порта. 港の朝。",
]
PROMPT = "The keeper counted 42 lamps, then the wind turned; \"the book is full\", he said. Été 港 🙂\n"
TEXTS = [
    "", " ", "  ", "\n", "a", " a", "the", "The keeper of the tide", "the  two   spaces", "line\nline\n\n\tend ",
    "2031 418 97", "Straße été", "Привет из порта", "港の朝。", "🙂 👩🏽‍🔬", "naïve\u00a0space", "unseen: żółw Ω ∑",
    "<s>", "</s>", "▁", "don't we'll", "\r\n", "\u0000", "x" * 20, "the the the the",
]
