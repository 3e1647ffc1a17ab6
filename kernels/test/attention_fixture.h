// A pool, random inputs and steps over them, for the attention tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "capi/kv_pool.h"
#include "contexture/paged_attention.h"
#include "reference/reference.h"
#include "reference/variable_blocks.h"
#include "test/isas.h"
#include "test/random.h"
#include "test/threads.h"

namespace contexture {

struct Shape {
  int32_t kv_heads = 2, group = 3, head_dim = 64, page_tokens = 16;
  KvDtype dtype = KvDtype::kF32;
  int32_t window = 0;
  bool norms = false;
  int32_t max_tokens = 1024;  // per sequence
  int32_t max_seqs = 4;
  int32_t layers = 2, layer = 1;

  int32_t num_heads() const { return kv_heads * group; }
  int32_t qkv_width() const { return (num_heads() + 2 * kv_heads) * head_dim; }
  int32_t out_width() const { return num_heads() * head_dim; }
  std::string name() const {
    return "dim" + std::to_string(head_dim) + "_group" + std::to_string(group) + "_page" +
           std::to_string(page_tokens) + (dtype == KvDtype::kF16 ? "_f16" : "_f32") +
           (window > 0 ? "_window" + std::to_string(window) : "") + (norms ? "_norms" : "");
  }
};
inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name(); }

struct Chunk {
  int32_t seq;
  int32_t tokens;
};

// Each sequence has fixed inputs per position, so that the same tokens can be brought in different steps. Two worlds
// of the same shape and seed hold the same inputs and pages.
class World {
 public:
  World(const Shape& shape, uint64_t seed) : shape(shape), pool_(geometry_of(shape)), cached_(shape.max_seqs, 0) {
    Random random(seed);
    inputs_.resize(static_cast<size_t>(shape.max_seqs) * shape.max_tokens * shape.qkv_width());
    for (float& x : inputs_) x = random.value();
    const int32_t half = shape.head_dim / 2;
    for (int32_t p = 0; p < shape.max_tokens; ++p)
      for (int32_t i = 0; i < half; ++i) {
        const double angle = p * std::pow(1e4, -static_cast<double>(i) / half);
        cos_.push_back(static_cast<float>(std::cos(angle)));
        sin_.push_back(static_cast<float>(std::sin(angle)));
      }
    for (int32_t i = 0; i < 2 * shape.head_dim; ++i) norms_.push_back(1.0f + 0.2f * random.value());
    pages_.resize(static_cast<size_t>(pool_.geometry().pages));
    std::iota(pages_.begin(), pages_.end(), 0);
    for (size_t i = pages_.size(); i > 1; --i) std::swap(pages_[i - 1], pages_[random.below(i)]);
    // Rows that no one wrote hold NaN, which must not leak.
    std::memset(pool_.data(), 0xff, static_cast<size_t>(pool_.geometry().pool_bytes()));
  }

  // Runs one step: the chunks continue their sequences. Returns [rows, num_heads * head_dim].
  std::vector<float> run(const std::vector<Chunk>& chunks, Isa isa, const ParallelFor& parallel = SerialFor()) {
    prepare(chunks);
    paged_attention(params_, pool_.step(), pool_.scratch(), Execution{parallel, isa});
    for (const Chunk& chunk : chunks) cached_[chunk.seq] += chunk.tokens;
    return out_;
  }

  // The same, and gives the queries of each chunk's last row, as kept for the position behind it:
  // [chunks, num_heads * head_dim].
  std::vector<float> run_keeping(const std::vector<Chunk>& chunks, Isa isa, const ParallelFor& parallel = SerialFor()) {
    prepare(chunks);
    pool_.keep_queries(shape.num_heads());
    params_.next_queries = pool_.kept_queries(shape.layer), params_.next_stride = pool_.kept_stride();
    paged_attention(params_, pool_.step(), pool_.scratch(), Execution{parallel, isa});
    std::vector<float> kept, all(static_cast<size_t>(pool_.kept_stride()));
    for (size_t s = 0; s < chunks.size(); ++s) {
      cached_[chunks[s].seq] += chunks[s].tokens;
      pool_.read_queries(static_cast<int32_t>(s), all.data());
      const float* layer = all.data() + static_cast<size_t>(shape.layer) * shape.out_width();
      kept.insert(kept.end(), layer, layer + shape.out_width());
    }
    return kept;
  }

  // The same for steps whose single rows attend to selections; choose(position) gives the ascending positions of each
  // list, [groups * kv_heads], for a row there.
  template <class Choose>
  std::vector<float> run_selected(const std::vector<Chunk>& chunks, int32_t groups, int32_t kv_heads,
                                  int32_t first_dense_layers, const Choose& choose, Isa isa,
                                  const ParallelFor& parallel = SerialFor(), bool chunks_too = false) {
    prepare(chunks);
    std::vector<int32_t> sequences, counts, positions, group_of_layer;
    std::vector<std::vector<int32_t>> lists;
    for (size_t s = 0; s < chunks.size(); ++s) {
      if (chunks[s].tokens != 1 && !chunks_too) continue;
      sequences.push_back(static_cast<int32_t>(s));
      for (std::vector<int32_t>& list : choose(cached_[chunks[s].seq])) lists.push_back(std::move(list));
    }
    size_t stride = 1;
    for (const auto& list : lists) stride = std::max(stride, list.size());
    for (const auto& list : lists) {
      counts.push_back(static_cast<int32_t>(list.size()));
      positions.insert(positions.end(), list.begin(), list.end());
      positions.resize(counts.size() * stride, -1);
    }
    for (int32_t layer = 0; layer < shape.layers; ++layer) group_of_layer.push_back(layer * groups / shape.layers);
    if (!sequences.empty())
      pool_.set_selection({groups, group_of_layer.data(), static_cast<int32_t>(sequences.size()), sequences.data(),
                           kv_heads, static_cast<int32_t>(stride), counts.data(), positions.data(),
                           first_dense_layers});
    paged_attention(params_, pool_.step(), pool_.scratch(), Execution{parallel, isa});
    for (const Chunk& chunk : chunks) cached_[chunk.seq] += chunk.tokens;
    return out_;
  }

  // The single row of the step that ran last, over blocks taken one by one; blocks [kv_heads].
  std::vector<float> attend_to_blocks(const std::vector<std::vector<reference::BlockRange>>& blocks, Isa isa) {
    const PoolGeometry& g = pool_.geometry();
    std::vector<float> q(static_cast<size_t>(shape.num_heads()) * g.row_dim());
    const int32_t position = pool_.step().row_positions[0];
    for (int32_t head = 0; head < shape.num_heads(); ++head) {
      const std::vector<double> turned = reference::norm_and_rotate(
          qkv_.data() + head * shape.head_dim, params_.q_norm, params_.norm_epsilon, cos(position), sin(position),
          shape.head_dim);
      for (int32_t i = 0; i < shape.head_dim; ++i)
        q[static_cast<size_t>(head) * g.row_dim() + i] = static_cast<float>(turned[i] * params_.scale * 1.4426950408889634);
    }
    reference::attend_to_blocks(params_, pool_.step(), 0, q.data(), blocks, Execution{SerialFor(), isa});
    return out_;
  }
  const std::vector<float>& out() const { return out_; }  // of the last step

  // The reference for one row of the step that ran last, from the same K and V. [num_heads * head_dim]
  std::vector<double> expected_row(int32_t chunk, int32_t row) {
    return reference::attention_row(params_, pool_.step(), chunk, row);
  }

  float* input(int32_t seq, int32_t position) {
    return inputs_.data() + (static_cast<size_t>(seq) * shape.max_tokens + position) * shape.qkv_width();
  }
  float* q_input(int32_t seq, int32_t position, int32_t head) { return input(seq, position) + head * shape.head_dim; }
  float* k_input(int32_t seq, int32_t position, int32_t kv_head) {
    return q_input(seq, position, shape.num_heads() + kv_head);
  }
  float* v_input(int32_t seq, int32_t position, int32_t kv_head) {
    return q_input(seq, position, shape.num_heads() + shape.kv_heads + kv_head);
  }
  // K (what = 0) or V (what = 1) as the pool holds it.
  std::vector<float> cached_row(int32_t seq, int32_t position, int32_t kv_head, int32_t what, int32_t layer) const {
    std::vector<float> row(static_cast<size_t>(shape.head_dim));
    pool_.read_row(layer, pages_of(seq)[position / shape.page_tokens], position % shape.page_tokens, kv_head, what,
                   row.data());
    return row;
  }
  // Without rotation: K in the pool and q are the inputs themselves.
  void stop_rotation() {
    std::fill(cos_.begin(), cos_.end(), 1.0f);
    std::fill(sin_.begin(), sin_.end(), 0.0f);
  }
  // As tables of stretched rotary embeddings may be: every row times a factor.
  void scale_rotation(float factor) {
    for (float& x : cos_) x *= factor;
    for (float& x : sin_) x *= factor;
  }
  int32_t cached(int32_t seq) const { return cached_[seq]; }
  StepView step() const { return pool_.step(); }
  const float* cos(int32_t position) const { return cos_.data() + static_cast<size_t>(position) * shape.head_dim / 2; }
  const float* sin(int32_t position) const { return sin_.data() + static_cast<size_t>(position) * shape.head_dim / 2; }
  const float* q_norm() const { return shape.norms ? norms_.data() : nullptr; }
  const float* k_norm() const { return shape.norms ? norms_.data() + shape.head_dim : nullptr; }
  float norm_epsilon() const { return AttentionParams{}.norm_epsilon; }

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

  void prepare(const std::vector<Chunk>& chunks) {
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
    params_.q_norm = q_norm(), params_.k_norm = k_norm();
    params_.out = out_.data();
  }

  KvPool pool_;
  std::vector<int32_t> cached_;
  std::vector<float> inputs_, cos_, sin_, norms_, qkv_, out_;
  std::vector<int32_t> pages_;
  AttentionParams params_;
};

}  // namespace contexture
