#!/bin/sh
# Makes the retrieval head and the delimiter table of the default model anew: texts, training in two stages, evaluation,
# calibration. Needs Debian bookworm's apt-get (for the texts) and a GPU; about 30 minutes on an H100.
# usage: reproduce.sh <model.gguf> <work folder>
set -eu
model=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
cd "$(dirname "$0")"

train() {
    python3 -m contexture_train "$@" --model "$model" --data "$work/data" --sequences "$work/sequences"
}

train fetch
train tokenize
# All heads of heads.json side by side, then two of them alone.
train train --out "$work/screen" --seconds 360 --seed 1
train evaluate --out "$work/screen" --contexts 8192 --budgets 256 1024 --windows 6 --passes 2 --no-baselines --by-kind
train train --out "$work/heads" --start "$work/screen" --names g10-q3 g10-shared-q3 \
    --seconds 530 --closed-loop 0.25 --learning-rate 0.001 --seed 2
train evaluate --out "$work/heads" --role evaluation --windows 24 --by-kind
train calibrate --out "$work/delimiters" --windows 16
