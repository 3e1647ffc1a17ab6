#include "cpu/thread_scratch.h"

#include <cstdlib>
#include <memory>
#include <new>

namespace contexture {
namespace {

struct Free {
  void operator()(float* p) const { std::free(p); }
};

struct Buffer {
  std::unique_ptr<float, Free> data;
  int64_t floats = 0;
};

}  // namespace

float* thread_scratch(int64_t floats) {
  thread_local Buffer buffer;
  if (buffer.floats < floats) {
    const size_t bytes = (static_cast<size_t>(floats) * sizeof(float) + 63) / 64 * 64;
    buffer.data.reset();
    buffer.floats = 0;
    buffer.data.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (buffer.data == nullptr) throw std::bad_alloc();
    buffer.floats = floats;
  }
  return buffer.data.get();
}

}  // namespace contexture
