// What the timings share.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "contexture/execution.h"

namespace contexture {

// Workers that spin between calls and take items one by one, as the threads of ONNX Runtime do.
class SpinningThreads final : public ParallelFor {
 public:
  explicit SpinningThreads(int threads) {
    for (int t = 1; t < threads; ++t) workers_.emplace_back([this] { loop(); });
  }
  ~SpinningThreads() override {
    stop_ = true;
    for (std::thread& worker : workers_) worker.join();
  }
  void run(size_t count, void (*fn)(void*, size_t), void* context) const override {
    count_ = count, fn_ = fn, context_ = context;
    next_ = 0;
    busy_ = static_cast<int>(workers_.size());
    generation_.fetch_add(1, std::memory_order_release);
    work();
    while (busy_.load(std::memory_order_acquire) != 0) {
    }
  }
  int threads() const { return static_cast<int>(workers_.size()) + 1; }

 private:
  void loop() {
    for (int64_t seen = 0; !stop_;) {
      if (generation_.load(std::memory_order_acquire) == seen) continue;
      ++seen;
      work();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }
  void work() const {
    for (size_t i = next_++; i < count_; i = next_++) fn_(context_, i);
  }

  std::vector<std::thread> workers_;
  std::atomic<bool> stop_{false};
  mutable std::atomic<int64_t> generation_{0};
  mutable std::atomic<size_t> next_{0};
  mutable std::atomic<int> busy_{0};
  mutable size_t count_ = 0;
  mutable void (*fn_)(void*, size_t) = nullptr;
  mutable void* context_ = nullptr;
};

template <class Work>
double best_seconds(int repeats, const Work& work) {
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

// One step of all layers in which each row attends to 512 of its context's tokens.
void time_selected_attention(const SpinningThreads& threads, int repeats);

// The uniform format: rows over fixed and over dynamic blocks in it, and over dynamic blocks one by one.
void time_uniform_format(const SpinningThreads& threads, int repeats);

// The retrieval head's scores and selection for one row, and its appends.
void time_retrieval(const SpinningThreads& threads, int repeats);

// Stored blocks of a context in every format.
void time_block_codec(const SpinningThreads& threads, int repeats);

}  // namespace contexture
