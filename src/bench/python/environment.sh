#!/bin/sh
# Makes the Python environment of a suite of benchmarks in the folder given, once, if it needs any. llama.cpp is built from source:
# some minutes.
set -eu

folder=$1
suite=$2
case $suite in
  speed | sparse-speed) ;;
  *) exit 0 ;;
esac
here=$(dirname "$0")
[ -e "$folder/complete" ] && cmp -s "$here/requirements.txt" "$folder/complete" && exit 0
echo "Building llama-cpp-python in $folder; this takes some minutes."
python3 -m venv "$folder"
CMAKE_ARGS="-DGGML_NATIVE=ON" "$folder/bin/pip" install --quiet --no-binary llama-cpp-python -r "$here/requirements.txt"
cp "$here/requirements.txt" "$folder/complete"
