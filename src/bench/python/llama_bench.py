"""Drives llama.cpp for a benchmark: one JSON object per line in, one per line out.

The caller (a Java benchmark) keeps this process beside its own engine and alternates commands between the two, so that
both see the same machine. Between commands the process blocks on its input; OpenMP's workers go to sleep within
milliseconds, so an idle worker costs no CPU.

Every answer carries the request's "id" (when given), "cmd" and either its result or "error". Times are wall-clock
seconds around `llama_decode` + `llama_synchronize` + a read of the logits pointer; nothing is sampled and nothing is
copied out, so the caller should exclude its own sampling as well or say that it does not.

Commands (a name in brackets is optional, with its default):

  {"cmd":"load","model":path,"threads":2,["n_ctx":4608],["n_batch":512],["n_ubatch":n_batch],["flash_attn":true],
   ["sequences":1],["kv_unified":true],["kv_type":"f16"],["repack":true],["mmap":true]}
      n_ctx counts the tokens of all sequences together. A loaded model is replaced.
  {"cmd":"prefill","tokens":512,["repeats":1]}           one empty sequence, logits of the last token
  {"cmd":"decode","context":2000,"steps":32,["repeats":1]}
      the context is filled outside the measured time and kept for the next decode that can use it
  {"cmd":"batch_decode","sequences":8,"context":100,"steps":32,["repeats":1]}
      one llama_decode per step with one token of each sequence; every sequence has a context of its own content
  {"cmd":"memory"}                                       resident bytes of this process, KV and model bytes
  {"cmd":"info"}                                         version and CPU features of the build
  {"cmd":"unload"}, {"cmd":"quit"}

Measuring commands answer {"seconds":[one per repeat],"tokens":tokens per repeat,"tokens_per_second":median} and, for
decodes, "step_seconds_p50" and "step_seconds_max". Token ids come from a fixed linear generator over the vocabulary,
the same in every run: the cost of a step does not depend on them.
"""

import ctypes
import json
import os
import statistics
import sys
import time

import llama_cpp
from llama_cpp import llama_cpp as lib

GGML_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}
FIRST_PLAIN_TOKEN = 100  # ids below are control tokens in the vocabularies we use


class BadCommand(Exception):
    """A command that cannot be carried out; the text tells the caller why."""


def check(condition, message):
    if not condition:
        raise BadCommand(message)


def positive(command, name, default=None):
    value = command.get(name, default)
    check(isinstance(value, int) and not isinstance(value, bool) and value > 0,
          f"{name} must be a positive integer, not {value!r}")
    return value


class Engine:
    """A llama.cpp model with one context and the tokens that its KV memory holds for each sequence."""

    def __init__(self, command):
        self.path = command.get("model")
        check(isinstance(self.path, str) and os.path.isfile(self.path), f"model: no such file: {self.path!r}")
        threads = positive(command, "threads", 2)
        self.n_batch = positive(command, "n_batch", 512)
        self.sequence_max = positive(command, "sequences", 1)
        kv_type = command.get("kv_type", "f16")
        check(kv_type in GGML_TYPES, f"kv_type must be one of {sorted(GGML_TYPES)}, not {kv_type!r}")

        model_params = lib.llama_model_default_params()
        model_params.use_extra_bufts = bool(command.get("repack", True))
        model_params.load_mode = lib.LLAMA_LOAD_MODE_MMAP if command.get("mmap", True) else lib.LLAMA_LOAD_MODE_NONE
        started = time.perf_counter()
        self.model = lib.llama_model_load_from_file(self.path.encode(), model_params)
        check(self.model, f"llama.cpp could not load {self.path}")

        params = lib.llama_context_default_params()
        params.n_ctx = positive(command, "n_ctx", 4608)
        params.n_batch = self.n_batch
        params.n_ubatch = positive(command, "n_ubatch", self.n_batch)
        params.n_seq_max = self.sequence_max
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = bool(command.get("kv_unified", True))
        params.type_k = params.type_v = GGML_TYPES[kv_type]
        params.flash_attn_type = (lib.LLAMA_FLASH_ATTN_TYPE_ENABLED if command.get("flash_attn", True)
                                  else lib.LLAMA_FLASH_ATTN_TYPE_DISABLED)
        self.context = lib.llama_init_from_model(self.model, params)
        if not self.context:
            lib.llama_model_free(self.model)
            raise BadCommand("llama.cpp refused the context; its reason is on stderr")
        self.load_seconds = time.perf_counter() - started
        self.n_ctx = lib.llama_n_ctx(self.context)
        self.memory = lib.llama_get_memory(self.context)
        self.vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self.model))
        self.batch = lib.llama_batch_init(self.n_batch, 0, 1)
        self.lengths = [0] * self.sequence_max

    def close(self):
        lib.llama_batch_free(self.batch)
        lib.llama_free(self.context)
        lib.llama_model_free(self.model)

    def token(self, sequence, position):
        span = self.vocabulary - FIRST_PLAIN_TOKEN
        return FIRST_PLAIN_TOKEN + (7919 * position + 104729 * sequence + 12345) % span

    def run(self, rows):
        """Runs rows of (sequence, position, wants logits) as one batch and waits for the result."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (sequence, position, output) in enumerate(rows):
            batch.token[i] = self.token(sequence, position)
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = output
        status = lib.llama_decode(self.context, batch)
        check(status == 0, f"llama_decode returned {status} for {len(rows)} rows")
        lib.llama_synchronize(self.context)
        for i, (sequence, position, output) in enumerate(rows):
            self.lengths[sequence] = position + 1
            if output:
                check(bool(lib.llama_get_logits_ith(self.context, i)), "llama.cpp returned no logits")

    def keep(self, sequence, length):
        """Drops what the sequence holds beyond the first `length` tokens."""
        if self.lengths[sequence] > length:
            check(lib.llama_memory_seq_rm(self.memory, sequence, length, -1), "llama.cpp cannot cut this KV memory")
            self.lengths[sequence] = length

    def forget(self, keep_sequences=0):
        for sequence in range(keep_sequences, self.sequence_max):
            self.keep(sequence, 0)

    def fill(self, sequence, length, output=False):
        self.keep(sequence, length)
        start = self.lengths[sequence]
        while start < length:
            end = min(start + self.n_batch, length)
            self.run([(sequence, p, output and p == length - 1) for p in range(start, end)])
            start = end

    def require_room(self, sequences, tokens):
        check(sequences <= self.sequence_max, f"loaded for {self.sequence_max} sequences, not {sequences}")
        check(sequences <= self.n_batch, f"{sequences} sequences exceed n_batch {self.n_batch}")
        check(sequences * tokens <= self.n_ctx,
              f"{sequences} sequences of {tokens} tokens exceed n_ctx {self.n_ctx}; load with a larger n_ctx")

    def prefill(self, command):
        tokens, repeats = positive(command, "tokens"), positive(command, "repeats", 1)
        self.require_room(1, tokens)
        seconds = []
        for _ in range(repeats):
            self.forget()
            started = time.perf_counter()
            self.fill(0, tokens, output=True)
            seconds.append(time.perf_counter() - started)
        return result(seconds, tokens)

    def batch_decode(self, command, sequences=None):
        sequences = sequences or positive(command, "sequences")
        context, steps = positive(command, "context"), positive(command, "steps")
        repeats = positive(command, "repeats", 1)
        self.require_room(sequences, context + steps)
        self.forget(keep_sequences=sequences)
        seconds, step_seconds = [], []
        for _ in range(repeats):
            for sequence in range(sequences):
                self.fill(sequence, context)
            total = 0.0
            for step in range(steps):
                rows = [(sequence, context + step, True) for sequence in range(sequences)]
                started = time.perf_counter()
                self.run(rows)
                elapsed = time.perf_counter() - started
                step_seconds.append(elapsed)
                total += elapsed
            seconds.append(total)
        answer = result(seconds, sequences * steps)
        answer["step_seconds_p50"] = statistics.median(step_seconds)
        answer["step_seconds_max"] = max(step_seconds)
        return answer


def result(seconds, tokens):
    return {"seconds": seconds, "tokens": tokens, "tokens_per_second": tokens / statistics.median(seconds)}


def resident_bytes():
    fields = {}
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM", "RssAnon", "RssFile"):
                fields[name] = int(value.split()[0]) * 1024
    return {"resident_bytes": fields["VmRSS"], "peak_resident_bytes": fields["VmHWM"],
            "anonymous_bytes": fields["RssAnon"], "file_bytes": fields["RssFile"]}


class Worker:
    def __init__(self):
        self.engine = None

    def loaded(self):
        check(self.engine is not None, "load a model first")
        return self.engine

    def handle(self, command):
        name = command.get("cmd")
        if name == "load":
            self.unload()
            self.engine = Engine(command)
            return {"load_seconds": self.engine.load_seconds, "n_ctx": self.engine.n_ctx,
                    "vocabulary": self.engine.vocabulary}
        if name == "prefill":
            return self.loaded().prefill(command)
        if name == "decode":
            return self.loaded().batch_decode(command, sequences=1)
        if name == "batch_decode":
            return self.loaded().batch_decode(command)
        if name == "memory":
            answer = resident_bytes()
            if self.engine is not None:
                answer["model_bytes"] = lib.llama_model_size(self.engine.model)
                answer["state_bytes"] = lib.llama_state_get_size(self.engine.context)
            return answer
        if name == "info":
            return {"llama_cpp_python": llama_cpp.__version__, "pid": os.getpid(),
                    "system_info": lib.llama_print_system_info().decode()}
        if name == "unload":
            self.unload()
            return {}
        raise BadCommand(f"unknown cmd {name!r}")

    def unload(self):
        if self.engine is not None:
            self.engine.close()
            self.engine = None


@lib.llama_log_callback
def log_warnings(level, text, _):
    if level >= 3:
        sys.stderr.write(text.decode(errors="replace"))


def main():
    # Native code may print: keep the real stdout for answers and send everything else to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lib.llama_log_set(log_warnings, ctypes.c_void_p())
    lib.llama_backend_init()
    worker = Worker()
    for line in sys.stdin:
        if not line.strip():
            continue
        answer = {}
        try:
            command = json.loads(line)
            check(isinstance(command, dict), "a command is a JSON object")
            answer = {key: command[key] for key in ("id", "cmd") if key in command}
            if command.get("cmd") == "quit":
                break
            answer.update(worker.handle(command))
        except (BadCommand, json.JSONDecodeError) as problem:
            answer["error"] = str(problem)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    worker.unload()
    lib.llama_backend_free()


if __name__ == "__main__":
    main()
