#!/bin/sh
# Builds the native library into the folder given: build.sh BUILD_DIR. The library lands in BUILD_DIR/dist/OS-ARCH.
set -eu

source=$(cd "$(dirname "$0")" && pwd)
build=$1

for tool in cmake c++; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "Contexture's native library needs cmake 3.20 and a C++17 compiler, but '$tool' is not on the PATH" \
      "(on Debian and Ubuntu: apt-get install cmake g++)." >&2
    exit 1
  fi
done

mkdir -p "$build"
log=$build/build.log
if ! { cmake -S "$source" -B "$build" && cmake --build "$build" --parallel; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "Building Contexture's native library failed; the compiler's words are above." >&2
  exit 1
fi

case $(uname -s) in
  Linux) os=linux library=libcontexture.so ;;
  Darwin) os=macos library=libcontexture.dylib ;;
  *) echo "Contexture's native library is not built for $(uname -s)" >&2; exit 1 ;;
esac
case $(uname -m) in
  x86_64 | amd64) arch=x86_64 ;;
  aarch64 | arm64) arch=aarch64 ;;
  *) arch=$(uname -m) ;;
esac
mkdir -p "$build/dist/$os-$arch"
cp -p "$build/$library" "$build/dist/$os-$arch/$library"
