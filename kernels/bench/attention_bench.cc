// Times decode and prefill of one layer's attention: contexture_bench [threads]. Prints time, arithmetic rate or bytes
// moved, and their share of what this machine reached in a plain copy-free read and in a chain of multiply-adds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "kernel_table.h"
#include "pool.h"

namespace {

using namespace contexture;

// Threads that share an atomic counter and spin between calls, as ONNX Runtime's do.
class Workers {
 public:
  explicit Workers(int threads) {
    for (int i = 1; i < threads; ++i)
      threads_.emplace_back([this] {
        long seen = 0;
        while (!stop_) {
          if (generation_.load(std::memory_order_acquire) == seen) continue;
          seen = generation_.load(std::memory_order_acquire);
          work();
          done_.fetch_add(1);
        }
      });
  }
  ~Workers() {
    stop_ = true;
    for (auto& t : threads_) t.join();
  }
  Parallel parallel() {
    return {[](void* self, size_t count, void (*fn)(void*, size_t), void* arg) {
              auto* w = static_cast<Workers*>(self);
              w->fn_ = fn, w->arg_ = arg, w->count_ = count, w->next_ = 0, w->done_ = 0;
              w->generation_.fetch_add(1, std::memory_order_release);
              w->work();
              while (w->done_ < int(w->threads_.size())) {
              }
            },
            this};
  }

 private:
  void work() {
    for (size_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) fn_(arg_, i);
  }
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_{false};
  std::atomic<long> generation_{0};
  std::atomic<size_t> next_{0};
  std::atomic<int> done_{0};
  size_t count_ = 0;
  void (*fn_)(void*, size_t) = nullptr;
  void* arg_ = nullptr;
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr int kHeads = 9, kKvHeads = 3, kDim = 64, kLayers = 30, kPage = 16;

void run(int sequences, int context, int rows, Workers& workers, KvType type) {
  const int pages_each = (context + rows + kPage - 1) / kPage;
  Pool pool({kLayers, kKvHeads, kDim, kPage, pages_each * sequences, type});
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> cos(size_t(context + rows) * kDim / 2, 0.8f), sin(cos.size(), 0.6f);
  std::vector<float> qkv(size_t(sequences) * rows * (kHeads + 2 * kKvHeads) * kDim);
  for (float& x : qkv) x = normal(random);
  std::vector<float> out(size_t(sequences) * rows * kHeads * kDim);
  auto* bytes = static_cast<uint16_t*>(pool.memory());
  for (size_t i = 0; i < pool.layout().bytes() / 2; ++i) bytes[i] = uint16_t(0x3000 + (i & 0x3ff));  // values near 0.2
  std::vector<int32_t> query(size_t(sequences), rows), past(size_t(sequences), context), offsets, pages;
  for (int s = 0; s <= sequences; ++s) offsets.push_back(s * pages_each);
  for (int i = 0; i < pages_each * sequences; ++i) pages.push_back(i);
  pool.set_step(sequences, query.data(), past.data(), offsets.data(), pages.data());
  AttentionParams p{};
  p.layout = &pool.layout(), p.pool = pool.memory(), p.num_heads = kHeads, p.scale = 0.125f;
  p.rope_cos = cos.data(), p.rope_sin = sin.data(), p.sequences = pool.step().data();
  p.num_sequences = sequences, p.qkv = qkv.data(), p.out = out.data();
  const Parallel parallel = workers.parallel();
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const double start = seconds();
    for (int layer = 0; layer < kLayers; ++layer) {
      p.layer = layer;
      paged_attention(p, pool.scratch(), parallel);
    }
    best = std::min(best, seconds() - start);
  }
  const double keys = double(sequences) * (rows * double(context) + rows * (rows + 1) / 2.0);
  const double flops = kLayers * keys * kHeads * kDim * 4;
  const double moved = double(kLayers) * sequences * (context + rows) * kKvHeads * kDim * 2 * pool.layout().element_bytes();
  std::printf("%4d seq  context %5d  rows %4d  %9.3f ms  %7.1f GFLOP/s  %6.2f GB/s of KV\n", sequences, context, rows,
              best * 1e3, flops / best * 1e-9, moved / best * 1e-9);
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  Workers workers(threads);
  std::printf("isa %s, %d threads, all %d layers, %d/%d heads of %d, fp16 pool\n", kernels().name, threads, kLayers,
              kHeads, kKvHeads, kDim);
  for (int sequences : {1, 8})
    for (int context : {100, 1000, 2000, 4000, 8000}) run(sequences, context, 1, workers, KvType::kF16);
  run(1, 0, 512, workers, KvType::kF16);
  run(1, 3500, 512, workers, KvType::kF16);
}
