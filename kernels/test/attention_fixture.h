// A pool, random inputs and a step, for the attention tests.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "capi/kv_pool.h"
#include "contexture/paged_attention.h"
#include "reference/reference.h"

namespace contexture {

// Runs the items backwards on several threads: the order must not matter.
class BackwardThreads final : public ParallelFor {
 public:
  explicit BackwardThreads(int threads) : threads_(threads) {}
  void run(size_t count, void (*fn)(void*, size_t), void* context) const override {
    std::atomic<size_t> left{count};
    std::vector<std::thread> threads;
    for (int t = 0; t < threads_; ++t)
      threads.emplace_back([&] {
        for (size_t i = left.fetch_sub(1); i > 0 && i <= count; i = left.fetch_sub(1)) fn(context, i - 1);
      });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  const int threads_;
};

struct Shape {
  int32_t kv_heads = 2, group = 3, head_dim = 64, page_tokens = 16;
  KvDtype dtype = KvDtype::kF32;
  int32_t window = 0;
  bool norms = false;
  int32_t max_tokens = 1100;  // per sequence
  int32_t max_seqs = 4;
  int32_t layers = 2, layer = 1;

  int32_t num_heads() const { return kv_heads * group; }
  int32_t qkv_width() const { return (num_heads() + 2 * kv_heads) * head_dim; }
  int32_t out_width() const { return num_heads() * head_dim; }
};

struct Chunk {
  int32_t seq;
  int32_t tokens;
};

// Each sequence has fixed inputs per position, so that the same tokens can be brought in different steps.
class World {
 public:
  World(const Shape& shape, uint32_t seed) : shape(shape), pool_(geometry_of(shape)), cached_(shape.max_seqs, 0) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    inputs_.resize(static_cast<size_t>(shape.max_seqs) * shape.max_tokens * shape.qkv_width());
    for (float& x : inputs_) x = normal(random);
    const int32_t half = shape.head_dim / 2;
    for (int32_t p = 0; p < shape.max_tokens; ++p)
      for (int32_t i = 0; i < half; ++i) {
        const double angle = p * std::pow(1e4, -static_cast<double>(i) / half);
        cos_.push_back(static_cast<float>(std::cos(angle)));
        sin_.push_back(static_cast<float>(std::sin(angle)));
      }
    for (int32_t i = 0; i < 2 * shape.head_dim; ++i) norm_.push_back(1.0f + 0.2f * normal(random));
    // Shuffled pages; the rows of a page that no one wrote hold NaN, which must not leak.
    const int32_t per_seq = (shape.max_tokens + shape.page_tokens - 1) / shape.page_tokens;
    pages_.resize(static_cast<size_t>(per_seq) * shape.max_seqs);
    std::iota(pages_.begin(), pages_.end(), 0);
    std::shuffle(pages_.begin(), pages_.end(), random);
    std::memset(pool_.data(), 0xff, static_cast<size_t>(pool_.geometry().pool_bytes()));
  }

  // Runs one step and returns its output rows.
  std::vector<float> run(const std::vector<Chunk>& chunks, Isa isa, const ParallelFor& parallel = SerialFor()) {
    const AttentionParams params = prepare(chunks);
    paged_attention(params, pool_.step(), pool_.scratch(), Execution{parallel, isa});
    for (const Chunk& chunk : chunks) cached_[chunk.seq] += chunk.tokens;
    return out_;
  }

  // The reference for the step that ran last, from the same K and V.
  std::vector<double> expected() {
    params_.out = nullptr;
    return reference::attention(params_, pool_.step());
  }

  float* input(int32_t seq, int32_t position) {
    return inputs_.data() + (static_cast<size_t>(seq) * shape.max_tokens + position) * shape.qkv_width();
  }
  int64_t slot(int32_t seq, int32_t position) const {
    return static_cast<int64_t>(pages_of(seq)[position / shape.page_tokens]) * shape.page_tokens +
           position % shape.page_tokens;
  }
  const float* cos(int32_t position) const { return cos_.data() + static_cast<size_t>(position) * shape.head_dim / 2; }
  const float* sin(int32_t position) const { return sin_.data() + static_cast<size_t>(position) * shape.head_dim / 2; }
  const float* k_norm() const { return shape.norms ? norm_.data() + shape.head_dim : nullptr; }
  KvPool& pool() { return pool_; }

  const Shape shape;

 private:
  static PoolGeometry geometry_of(const Shape& s) {
    PoolGeometry g;
    g.layers = s.layers, g.kv_heads = s.kv_heads, g.head_dim = s.head_dim, g.page_tokens = s.page_tokens;
    g.pages = s.max_seqs * ((s.max_tokens + s.page_tokens - 1) / s.page_tokens), g.dtype = s.dtype;
    return g;
  }

  const int32_t* pages_of(int32_t seq) const {
    return pages_.data() + static_cast<size_t>(seq) * (pages_.size() / shape.max_seqs);
  }

  AttentionParams prepare(const std::vector<Chunk>& chunks) {
    std::vector<int32_t> query_len, context_len, page_offsets{0}, pages;
    qkv_.clear();
    for (const Chunk& chunk : chunks) {
      const int32_t tokens = cached_[chunk.seq] + chunk.tokens;
      const int32_t count = (tokens + shape.page_tokens - 1) / shape.page_tokens;
      query_len.push_back(chunk.tokens);
      context_len.push_back(cached_[chunk.seq]);
      pages.insert(pages.end(), pages_of(chunk.seq), pages_of(chunk.seq) + count);
      page_offsets.push_back(static_cast<int32_t>(pages.size()));
      const float* rows = input(chunk.seq, cached_[chunk.seq]);
      qkv_.insert(qkv_.end(), rows, rows + static_cast<size_t>(chunk.tokens) * shape.qkv_width());
    }
    pool_.set_step(static_cast<int32_t>(chunks.size()), query_len.data(), context_len.data(), page_offsets.data(),
                   pages.data());
    out_.assign(static_cast<size_t>(pool_.step().num_rows) * shape.out_width(), NAN);
    params_ = AttentionParams{};
    params_.geometry = pool_.geometry(), params_.pool = pool_.data(), params_.layer = shape.layer;
    params_.num_heads = shape.num_heads(), params_.window = shape.window;
    params_.scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim));
    params_.qkv = qkv_.data(), params_.rope_cos = cos_.data(), params_.rope_sin = sin_.data();
    params_.q_norm = shape.norms ? norm_.data() : nullptr, params_.k_norm = k_norm();
    params_.out = out_.data();
    return params_;
  }

  KvPool pool_;
  std::vector<int32_t> cached_;
  std::vector<float> inputs_, cos_, sin_, norm_, qkv_, out_;
  std::vector<int32_t> pages_;
  AttentionParams params_;
};

inline std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512})
    if (isa_available(isa)) isas.push_back(isa);
  return isas;
}

}  // namespace contexture
