#pragma once

#include <cstdint>

namespace contexture {

// The calling thread's buffer of at least `floats` floats, 64-byte aligned; it grows and is kept until the thread ends.
// Throws std::bad_alloc.
float* thread_scratch(int64_t floats);

}  // namespace contexture
