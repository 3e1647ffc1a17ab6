#!/bin/sh
# Builds the device's library, its tests and its bench: build.sh BUILD_DIR [DIST_DIR].
#
# The compiler is the nvcc of the PATH or, where there is none, that of the wheels in toolchain.txt, which land in BUILD_DIR. Where
# neither can be had, says so and builds nothing. FlashInfer's headers come from the wheel in flashinfer.txt; without them, or with
# CUDA_FLASHINFER=no, all prefill runs on the project's own kernel. Tests are built where GoogleTest is. CUDA_ARCH: 90, or others,
# separated by blanks.
# With DIST_DIR the library is copied to DIST_DIR/OS-ARCH, and what cannot be built is a failure.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
build=$1
dist=${2:-}
mkdir -p "$build"
build=$(cd "$build" && pwd)

nothing() {
  echo "CUDA: nothing is built: $1."
  [ -z "$dist" ] && exit 0
  exit 1
}

if command -v nvcc >/dev/null 2>&1; then
  nvcc=nvcc
  include= # nvcc's own
else
  tools=$build/toolchain
  if [ ! -x "$tools/nvidia/cu13/bin/nvcc" ]; then
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || nothing "there is no nvcc on the PATH"
    command -v python3 >/dev/null 2>&1 || nothing "there is neither nvcc nor python3 on the PATH"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
      --target "$tools" -r "$source/cuda/toolchain.txt" >"$build/toolchain.log" 2>&1 ||
      nothing "there is no nvcc on the PATH, and pip cannot fetch one (see $build/toolchain.log)"
  fi
  nvcc=$tools/nvidia/cu13/bin/nvcc
  chmod +x "$tools"/nvidia/cu13/bin/* "$tools"/nvidia/cu13/nvvm/bin/* 2>/dev/null || true
  include="-I$tools/nvidia/cu13/include -I$tools/nvidia/cu13/include/cccl -L$tools/nvidia/cu13/lib"
fi

# Fetches FlashInfer's headers into $flashinfer; where they cannot be had, $without says why.
flashinfer=$build/flashinfer without=
fetch_flashinfer() {
  cmp -s "$source/cuda/flashinfer.txt" "$flashinfer/flashinfer.txt" && return
  command -v python3 >/dev/null 2>&1 || { without="there is no python3 on the PATH"; return; }
  rm -rf "$flashinfer" "$flashinfer.new"
  {
    python3 -m pip download --quiet --disable-pip-version-check --retries 2 --no-deps --require-hashes \
      --dest "$flashinfer.new" -r "$source/cuda/flashinfer.txt" &&
      python3 -c 'import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
folders = ("include/", "cutlass/include/", "cccl/libcudacxx/include/", "cccl/cub/cub/", "cccl/thrust/thrust/")
wheel.extractall(sys.argv[2], [name for name in wheel.namelist()
    if name.startswith(tuple("flashinfer/data/" + folder for folder in folders)) or ".dist-info/licenses/LICENSE" in name])' \
        "$flashinfer.new"/*.whl "$flashinfer.new" &&
      rm "$flashinfer.new"/*.whl && cp "$source/cuda/flashinfer.txt" "$flashinfer.new" && mv "$flashinfer.new" "$flashinfer"
  } >"$build/flashinfer.log" 2>&1 || without="pip cannot fetch it (see $build/flashinfer.log)"
}
if [ "${CUDA_FLASHINFER:-yes}" = no ]; then without="CUDA_FLASHINFER is no"; else fetch_flashinfer; fi

targets= capabilities= hopper=
for arch in ${CUDA_ARCH:-90}; do
  targets="$targets -gencode arch=compute_$arch,code=sm_$arch"
  capabilities="$capabilities${capabilities:+, }$arch"
  # wgmma is there for this very capability, which has a name of its own.
  [ "$arch" != 90 ] || hopper="-gencode arch=compute_90a,code=sm_90a"
done
settings="#define CONTEXTURE_CUDA_CAPABILITIES $capabilities"
if [ -z "$without" ]; then
  version=$(sed -n 's/^flashinfer-python==\([^ ]*\) .*/\1/p' "$source/cuda/flashinfer.txt")
  settings=$(printf '%s\n#define CONTEXTURE_FLASHINFER "%s"' "$settings" "$version")
  [ -z "$hopper" ] || settings=$(printf '%s\n#define CONTEXTURE_FLASHINFER_HOPPER' "$settings")
fi
if [ "$settings" != "$(cat "$build/cuda_build.h" 2>/dev/null)" ]; then
  rm -f "$build"/*.o
  echo "$settings" >"$build/cuda_build.h"
fi
flags="-std=c++17 -O3 --expt-relaxed-constexpr -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra -I$source -I$source/include -I$build"
# FlashInfer wants newer CUDA C++ Core Libraries than the compiler has, so its own come before those.
headers=$flashinfer/flashinfer/data
flashinfer_flags="-I$headers/cccl/libcudacxx/include -I$headers/cccl/cub -I$headers/cccl/thrust -isystem $headers/include -isystem $headers/cutlass/include"

# A file is compiled again when it, or a header of the kernels, is newer.
stale() {
  [ ! -f "$2" ] || [ -n "$(find "$1" "$source" -newer "$2" \( -path "$1" -o -name '*.h' -o -name '*.cuh' \) -print -quit)" ]
}
compile() {
  object=$build/$(basename "$1").o
  if stale "$source/$1" "$object"; then
    # shellcheck disable=SC2086
    "$nvcc" $flags $2 $include -c "$source/$1" -o "$object.new" && mv "$object.new" "$object"
  fi
}

kernels="append_keys block_product copy_rows decode_attention elastic_loading keep_blocks prepare_rows retrieval sample_rows score_keys select_positions stored_rows swiglu tiled_prefill"
flashinfer_kernels= flashinfer_bench=
[ -n "$without" ] || flashinfer_kernels=flashinfer_prefill flashinfer_bench=flashinfer_decode
hopper_kernels=
[ -n "$without" ] || [ -z "$hopper" ] || hopper_kernels="flashinfer_hopper_prefill flashinfer_hopper_bf16"
library="cuda/attention_step.cc cuda/backed_memory.cc cuda/block_staging.cc cuda/bound_session.cc cuda/capi.cc cuda/device_pool.cc cuda/devices.cc cuda/elastic_layers.cc cuda/graph_session.cc cuda/head_session.cc cuda/key_pool.cc cuda/ops.cc cuda/pinned_memory.cc cuda/prefill_attention.cc cuda/product_ops.cc cuda/sliced_product.cc capi/retrieval_tables.cc capi/step_tables.cc capi/stored_block.cc ops/op_support.cc"
# The codec of stored blocks, as in the library for CPUs: the same flags there, in CMakeLists.txt.
codec="cpu/block_codec.cc cpu/isa.cc cpu/kernels_portable.cc"
codec_flags="-Xcompiler -Wno-unused-function"
case $(uname -m) in
  x86_64 | amd64) codec="$codec cpu/kernels_avx2.cc cpu/kernels_avx512.cc" codec_flags="$codec_flags -DCONTEXTURE_X86" ;;
esac
isa_flags() {
  case $1 in
    cpu/kernels_avx2.cc) echo "-Xcompiler -mavx2,-mfma,-mf16c" ;;
    cpu/kernels_avx512.cc)
      echo "-Xcompiler -mavx2,-mfma,-mf16c,-mavx512f,-mavx512dq,-mavx512bw,-mavx512vl,-mprefer-vector-width=512" \
        "-Xcompiler -Wno-maybe-uninitialized,-Wno-uninitialized"
      ;;
  esac
}
tests="main attention_step_test block_product_test decode_attention_test device_pool_test devices_test elastic_test key_pool_test prefill_attention_test prepare_rows_test retrieval_test sample_rows_test stored_blocks_test swiglu_test"
log=$build/build.log
if ! echo '#include <gtest/gtest.h>' | c++ -x c++ -fsyntax-only - 2>/dev/null; then
  tests=
  rm -f "$build/contexture_cuda_test"
fi
compile_beside() {
  compile "$1" "$2" &
  pids="$pids $!"
}
# One behind the other, beside the kernels.
compile_host() {
  for part in $library cuda/bench/bench.cc ${tests:+reference/reference.cc}; do compile "$part" "" || return 1; done
  for part in $codec; do compile "$part" "$codec_flags $(isa_flags "$part")" || return 1; done
  for name in $tests; do compile "cuda/test/$name.cc" "" || return 1; done
}
run() {
  pids= failed=
  for name in $hopper_kernels; do compile_beside "cuda/$name.cu" "$hopper $flashinfer_flags"; done # takes the longest
  for name in $kernels; do compile_beside "cuda/$name.cu" "$targets"; done
  for name in $flashinfer_kernels; do compile_beside "cuda/$name.cu" "$targets $flashinfer_flags"; done
  for name in $flashinfer_bench; do compile_beside "cuda/bench/$name.cu" "$targets $flashinfer_flags"; done
  compile_host &
  pids="$pids $!"
  for pid in $pids; do wait "$pid" || failed=yes; done
  [ -z "$failed" ] || return 1
  objects= bench_objects= parts= codec_objects= test_objects=
  for name in $hopper_kernels $kernels $flashinfer_kernels; do objects="$objects $build/$name.cu.o"; done
  for name in $flashinfer_bench; do bench_objects="$bench_objects $build/$name.cu.o"; done
  for part in $library; do parts="$parts $build/$(basename "$part").o"; done
  for part in $codec; do codec_objects="$codec_objects $build/$(basename "$part").o"; done
  for name in $tests; do test_objects="$test_objects $build/$name.cc.o"; done
  # shellcheck disable=SC2086
  "$nvcc" $include -cudart static -shared $objects $parts $codec_objects -Xlinker --no-undefined \
    -Xlinker --version-script="$source/exports.map" -Xcompiler -static-libstdc++,-static-libgcc \
    -o "$build/libcontexture_cuda.so" || return 1
  # shellcheck disable=SC2086
  "$nvcc" $include -cudart static $objects $bench_objects $codec_objects "$build/prefill_attention.cc.o" \
    "$build/block_staging.cc.o" "$build/bench.cc.o" \
    -o "$build/contexture_cuda_bench" || return 1
  [ -n "$tests" ] || return 0
  # shellcheck disable=SC2086
  "$nvcc" $include -cudart static $objects $parts $codec_objects $test_objects "$build/reference.cc.o" -lgtest -lpthread \
    -o "$build/contexture_cuda_test"
}
if ! run >"$log" 2>&1; then
  cat "$log" >&2
  echo "Building the CUDA kernels failed; the compiler's words are above." >&2
  exit 1
fi
[ -z "$without" ] || echo "CUDA: all prefill runs on the project's own kernel, without FlashInfer: $without."
[ -x "$build/contexture_cuda_test" ] ||
  echo "CUDA: the tests are not built: GoogleTest was not found (on Debian and Ubuntu: apt-get install libgtest-dev)."
if [ -n "$dist" ]; then
  mkdir -p "$dist/linux-$(uname -m)"
  cp -p "$build/libcontexture_cuda.so" "$dist/linux-$(uname -m)/"
  # What the licences of FlashInfer, and of FlashAttention and CUTLASS in it, ask of who passes on programs.
  [ -n "$without" ] || {
    cat "$flashinfer"/*.dist-info/licenses/LICENSE && sed '/\*\//q' "$headers/include/flashinfer/attention/hopper/epilogue.cuh" &&
      sed '/\*\//q' "$headers/cutlass/include/cutlass/cutlass.h"
  } >"$dist/linux-$(uname -m)/FlashInfer-LICENSE.txt"
fi
