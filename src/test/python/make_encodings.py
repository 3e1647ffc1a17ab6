"""Golden token ids of the default model: golden/smollm2-135m/encodings.json.

usage: python make_encodings.py MODEL.gguf

Ids come from the `tokenizers` library with a tokenizer built from the GGUF metadata; llama.cpp's ids are recorded where
they differ. Special tokens in the text are recognised unless a field says otherwise.
"""

import argparse
import ctypes
import os

import gguf_model
import golden_io
import llama_cpp
import tokenizers
from llama_cpp import llama_cpp as lib

TEXTS = [
    "", " ", "  ", "   ", "\n", "\n\n", "\n\n\n\n", "\t", "\t\t x", " \n ", "\r\n", "a\r\nb\rc",
    "a", "Hello", "Hello, world!", " leading space", "trailing space ", "two  spaces", "many        spaces here",
    "tab\tand\nnewline", "line one\n  indented\n\ttabbed\n\nend\n",
    "0", "7 42 365 1234567890", "3.14159, -2.5e-10, 0x1F", "v1.2.3-rc4", "१२३ ٤٥٦ ½ ² Ⅷ ①", "a1b22c333",
    "It's we're they've I'll you'd don't I'm", "IT'S WE'RE DON'T", "it’s ‘quoted’ “text” — dash … dots",
    "CamelCaseIdentifier snake_case_name kebab-case", "for (int i = 0; i < n; ++i) { sum += a[i]; }",
    "{\"key\": [1, 2.0, null, true], \"nested\": {\"a\": \"b\\n\"}}", "<html><body class=\"x\">&amp;</body></html>",
    "!!! ??? ... --- === ### $$$ %%%", "https://example.org/path?x=1&y=%20#top", "C:\\Users\\Ines\\file.txt",
    "naïve façade Ærø Łódź coração", "e\u0301 and é", "ﬁ ligature ﬀ", "Straße STRASSE", "İstanbul ıssız",
    "Привет, мир", "Καλημέρα κόσμε", "日本語のテキスト", "今天天气很好。", "한국어 문장입니다", "ภาษาไทย", "नमस्ते दुनिया",
    "مرحبا بالعالم 123", "שלום עולם", "\u202eright to left\u202c", "zero\u200bwidth\u200djoiner\ufeffbom",
    "non\u00a0breaking\u2009thin\u3000ideographic\u2028line", "\u0085next line",
    "👍", "👍🏽", "👩🏽‍🔬", "👨‍👩‍👧‍👦 family", "🏳️‍🌈🇵🇱🇯🇵", "1️⃣ #️⃣", "😀😀😀😀",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𓀀 𐍈", "\u0000\u0001\u001f\u007f", "a\u0000b", "\u001b[31mred\u001b[0m", "\ufffd\uffff\U0010ffff",
    "<|im_start|>user\nHi<|im_end|>\n", "<|endoftext|>", "text<|im_end|>text", "<|im_start|", "< |im_end| >",
    "<|im_end|><|im_end|>", " <|im_start|> ", "<repo_name>x<file_sep>y", "Ġ and Ċ as letters",
    "the the the The THE", "antidisestablishmentarianism", "x" * 40, "ab" * 30, "=" * 80, "?!" * 12,
]


@lib.llama_log_callback
def no_log(_level, _text, _data):
    pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    options = parser.parse_args()
    lib.llama_log_set(no_log, ctypes.c_void_p())
    tokenizer = gguf_model.byte_level_tokenizer(gguf_model.metadata(options.model))
    other = llama_cpp.Llama(options.model, vocab_only=True, verbose=False)
    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        case = {"text": text, "ids": ids}
        other_ids = other.tokenize(text.encode(), add_bos=False, special=True)
        if other_ids != ids:
            case["llama_cpp_ids"] = other_ids
        as_text = other.tokenize(text.encode(), add_bos=False, special=False)
        if as_text != other_ids:
            case["ids_special_as_text"] = as_text
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        if decoded != text:
            case["decoded"] = decoded
        cases.append(case)
        if "llama_cpp_ids" in case or "decoded" in case:
            print(repr(text), case)
    golden_io.write_json(golden_io.golden_path("smollm2-135m", "encodings.json"), {
        "description": "Token ids without bos or eos. llama_cpp_ids: only where llama.cpp differs. ids_special_as_text: "
                       "llama.cpp's ids when special tokens are plain text, only where that changes the ids. decoded: "
                       "what the ids decode to (special tokens shown), only where it is not the text.",
        "origin": "Texts are our own; ids by make_encodings.py from the tokenizer in the model file.",
        "model": {"file": os.path.basename(options.model), "sha256": gguf_model.sha256(options.model)},
        "versions": {"tokenizers": tokenizers.__version__, "llama_cpp_python": llama_cpp.__version__},
        "cases": cases})
    print(f"{len(cases)} texts, {sum('llama_cpp_ids' in c for c in cases)} where llama.cpp differs")


if __name__ == "__main__":
    main()
