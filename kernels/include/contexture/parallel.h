// Work sharing without a thread pool of our own: the caller brings one.
#pragma once

#include <cstddef>

namespace contexture {

// Calls fn(arg, i) for every i in [0, count), in any order and on any thread, and returns when all are done.
struct Parallel {
  void (*run)(void* self, size_t count, void (*fn)(void*, size_t), void* arg);
  void* self;

  template <class Body>
  void for_each(size_t count, const Body& body) const {
    if (count == 1) {
      body(size_t{0});
      return;
    }
    run(
        self, count, [](void* arg, size_t i) { (*static_cast<const Body*>(arg))(i); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }
};

inline Parallel serial() {
  return {[](void*, size_t count, void (*fn)(void*, size_t), void* arg) {
            for (size_t i = 0; i < count; ++i) fn(arg, i);
          },
          nullptr};
}

}  // namespace contexture
