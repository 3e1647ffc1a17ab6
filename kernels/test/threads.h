// Executors for the tests: they run every item once, in an order and on threads of their own choosing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "contexture/execution.h"
#include "test/random.h"

namespace contexture {

// Hands the items out in a seeded random order, and counts the calls that it was given.
class ShuffledThreads final : public ParallelFor {
 public:
  ShuffledThreads(int threads, uint64_t seed) : threads_(threads), seed_(seed) {}

  void run(size_t count, void (*fn)(void*, size_t), void* context) const override {
    ++calls_;
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    Random random(seed_ + static_cast<uint64_t>(calls_));
    for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    std::atomic<size_t> next{0};
    const auto work = [&] {
      for (size_t i = next++; i < count; i = next++) fn(context, order[i]);
    };
    std::vector<std::thread> workers;
    for (int t = 1; t < threads_; ++t) workers.emplace_back(work);
    work();
    for (std::thread& worker : workers) worker.join();
  }
  int calls() const { return calls_; }

 private:
  const int threads_;
  const uint64_t seed_;
  mutable int calls_ = 0;
};

}  // namespace contexture
