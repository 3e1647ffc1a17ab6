// Runs a callable over [0, count) on a ParallelFor, or inline.
#pragma once

#include <atomic>
#include <cstddef>
#include <new>

#include "contexture/execution.h"

namespace contexture {

// An exception must not leave a worker thread of the runtime: a failed allocation is thrown again here.
template <class Item>
void run_items(const ParallelFor& parallel, bool inline_run, size_t count, const Item& item) {
  if (inline_run || count < 2) {
    for (size_t i = 0; i < count; ++i) item(i);
    return;
  }
  struct Shared {
    const Item& item;
    std::atomic<bool> out_of_memory{false};
  } shared{item};
  parallel.run(
      count,
      [](void* context, size_t index) {
        auto* s = static_cast<Shared*>(context);
        try {
          s->item(index);
        } catch (const std::bad_alloc&) {
          s->out_of_memory.store(true, std::memory_order_relaxed);
        }
      },
      &shared);
  if (shared.out_of_memory.load(std::memory_order_relaxed)) throw std::bad_alloc();
}

}  // namespace contexture
