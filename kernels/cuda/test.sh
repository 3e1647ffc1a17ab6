#!/bin/sh
# Runs the tests built by build.sh: test.sh BUILD_DIR. Those that need a device are skipped and counted where there is none.
set -eu

if [ ! -x "$1/contexture_cuda_test" ]; then
  echo "CUDA tests: none run, $(cat "$(dirname "$0")"/test/*_test.cc | grep -c '^TEST') or more skipped: they were not built."
  exit 0
fi
"$1/contexture_cuda_test" --gtest_brief=1
