#!/bin/sh
# Runs the native tests built by build.sh: test.sh BUILD_DIR
set -eu

source=$(cd "$(dirname "$0")" && pwd)
build=$1
if [ ! -x "$build/contexture_test" ]; then
  tests=$(cat "$source"/test/*_test.cc | grep -c '^TEST')
  echo "Native tests: 0 run, $tests skipped: GoogleTest was not found when the library was built" \
    "(on Debian and Ubuntu: apt-get install libgtest-dev, then build again)."
  exit 0
fi
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(getconf _NPROCESSORS_ONLN)"
# What ran and what this CPU skipped, shard by shard.
grep -E '^\[( +SKIPPED|=+) *\]' "$build/Testing/Temporary/LastTest.log"
