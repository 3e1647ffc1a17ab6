#!/bin/sh
# Runs the native tests built by build.sh: test.sh BUILD_DIR
set -eu

build=$1
if [ ! -x "$build/contexture_test" ]; then
  echo "Native tests: skipped, 1 suite: GoogleTest was not found when the library was built (on Debian: apt-get install libgtest-dev)"
  exit 0
fi
exec ctest --test-dir "$build" --output-on-failure
