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
made_by() { cat "$0" "$here/requirements.txt"; }
[ -e "$folder/complete" ] && made_by | cmp -s - "$folder/complete" && exit 0
echo "Building llama-cpp-python in $folder; this takes some minutes."
python3 -m venv "$folder"
# GCC 12 takes the stores that fill a tile configuration for dead, and llama.cpp then faults on processors with AMX.
CMAKE_ARGS="-DGGML_NATIVE=ON -DCMAKE_CXX_FLAGS='-fno-tree-dse -fno-dse'" \
  "$folder/bin/pip" install --quiet --force-reinstall --no-cache-dir --no-binary llama-cpp-python -r "$here/requirements.txt"
made_by >"$folder/complete"
