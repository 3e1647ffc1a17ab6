// Attention for one instruction set; see contexture/attention.h for the idea.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "gemm.h"
#include "kernel_table.h"

namespace contexture {
namespace CTX_ISA_NAMESPACE {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr int kPrefetchTokens = 24;

// Grows only; one per thread, as a worker runs one item at a time.
inline float* thread_scratch(size_t floats) {
  thread_local std::vector<float> buffer;
  if (buffer.size() < floats) buffer.resize(floats);
  return buffer.data();
}

// Addresses of the tokens of one KV head.
template <class T>
struct HeadView {
  const T* base;
  size_t page_stride;
  size_t dim_stride;
  size_t value_offset;
  const int32_t* pages;
  int page_shift;
  int page_mask;

  HeadView(const AttentionParams& p, const SequenceRows& s, int kv_head)
      : base(static_cast<const T*>(p.pool) + p.layout->key_offset(p.layer, 0, kv_head, 0)),
        page_stride(p.layout->page_stride()),
        dim_stride(p.layout->dim_stride()),
        value_offset(p.layout->value_offset()),
        pages(s.pages),
        page_shift(__builtin_ctz(p.layout->page_tokens)),
        page_mask(p.layout->page_tokens - 1) {}

  const T* key(int position) const {
    return base + pages[position >> page_shift] * page_stride + size_t(position & page_mask) * dim_stride;
  }
};

// ---- append

inline void norm_head(const float* x, const float* weight, int dim, float epsilon, float* out) {
  float squares = 0;
  for (int i = 0; i < dim; ++i) squares += x[i] * x[i];
  const float inverse = 1.0f / std::sqrt(squares / float(dim) + epsilon);
  for (int i = 0; i < dim; ++i) out[i] = x[i] * inverse * weight[i];
}

inline void rotate_head(const float* x, const float* cos, const float* sin, int dim, float scale, float* out) {
  const int half = dim / 2;
  for (int i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    out[i] = (a * cos[i] - b * sin[i]) * scale;
    out[i + half] = (b * cos[i] + a * sin[i]) * scale;
  }
}

template <class T>
inline void store_row(const float* x, int dim_stride, T* out) {
  for (int i = 0; i < dim_stride; i += kLanes) store(out + i, load(x + i));
}

template <class T>
void append_row_as(const AttentionParams& p, float* queries, const SequenceRows& s, int row) {
  const KvLayout& layout = *p.layout;
  const int dim = layout.head_dim, stride = layout.dim_stride(), kv_heads = layout.kv_heads;
  const int position = s.context + row;
  const float* x = p.qkv + size_t(s.first_row + row) * (p.num_heads + 2 * kv_heads) * dim;
  const float* cos = p.rope_cos + size_t(position) * (dim / 2);
  const float* sin = p.rope_sin + size_t(position) * (dim / 2);
  float normed[1024], rotated[1024];
  float* q = queries + size_t(s.first_row + row) * p.num_heads * stride;
  for (int h = 0; h < p.num_heads; ++h, x += dim, q += stride) {
    const float* from = x;
    if (p.q_norm != nullptr) norm_head(x, p.q_norm, dim, p.norm_epsilon, normed), from = normed;
    rotate_head(from, cos, sin, dim, p.scale, q);
    std::fill(q + dim, q + stride, 0.0f);
  }
  std::fill(rotated + dim, rotated + stride, 0.0f);
  const int page = s.pages[position / layout.page_tokens], token = position % layout.page_tokens;
  for (int h = 0; h < kv_heads; ++h) {
    T* key = static_cast<T*>(p.pool) + layout.key_offset(p.layer, page, h, token);
    const float* k = x + size_t(h) * dim;
    if (p.k_norm != nullptr) norm_head(k, p.k_norm, dim, p.norm_epsilon, normed), k = normed;
    rotate_head(k, cos, sin, dim, 1.0f, rotated);
    store_row(rotated, stride, key);
    std::copy_n(x + size_t(kv_heads + h) * dim, dim, rotated);
    store_row(rotated, stride, key + layout.value_offset());
  }
}

// ---- decode

// scores[t] = q . keys[t] for kLanes tokens
inline Vec dot_lanes(const float* q, const float* keys, int stride) {
  Vec acc[kLanes];
  for (int t = 0; t < kLanes; ++t) acc[t] = zero();
  for (int d = 0; d < stride; d += kLanes) {
    const Vec qd = load(q + d);
    for (int t = 0; t < kLanes; ++t) acc[t] = fma(qd, load(keys + size_t(t) * stride + d), acc[t]);
  }
  transpose(acc);
  for (int step = kLanes / 2; step > 0; step /= 2)
    for (int t = 0; t < step; ++t) acc[t] = add(acc[t], acc[t + step]);
  return acc[0];
}

inline void scale_row(float* row, int width, float factor) {
  const Vec f = broadcast(factor);
  for (int d = 0; d < width; d += kLanes) store(row + d, mul(load(row + d), f));
}

template <class T>
void decode_part_as(const AttentionParams& p, const float* queries, const DecodeItem& item) {
  const KvLayout& layout = *p.layout;
  const int stride = layout.dim_stride(), group = p.num_heads / layout.kv_heads;
  const SequenceRows& s = *item.sequence;
  const float* q = queries + (size_t(s.first_row) * p.num_heads + size_t(item.kv_head) * group) * stride;
  const HeadView<T> head(p, s, item.kv_head);
  float* keys = thread_scratch(2 * size_t(kLanes) * stride + size_t(group) * kLanes);
  float* values = keys + size_t(kLanes) * stride;
  float* weights = values + size_t(kLanes) * stride;
  // Partial: [group] maxima, [group] sums, [group, stride] weighted values
  float* maxima = item.partial;
  float* sums = maxima + group;
  float* out = sums + group;
  std::fill(maxima, maxima + group, kMinusInfinity);
  std::fill(sums, out + size_t(group) * stride, 0.0f);

  for (int begin = item.begin; begin < item.end; begin += kLanes) {
    const int count = std::min(kLanes, item.end - begin);
    for (int t = 0; t < count; ++t) {
      const T* key = head.key(begin + t);
      const int ahead = begin + t + kPrefetchTokens;
      if (ahead < item.end) {
        const T* next = head.key(ahead);
        for (int d = 0; d < stride; d += int(64 / sizeof(T))) {
          __builtin_prefetch(next + d);
          __builtin_prefetch(next + head.value_offset + d);
        }
      }
      for (int d = 0; d < stride; d += kLanes) {
        store(keys + size_t(t) * stride + d, load(key + d));
        store(values + size_t(t) * stride + d, load(key + head.value_offset + d));
      }
    }
    if (count < kLanes) std::fill(keys + size_t(count) * stride, keys + size_t(kLanes) * stride, 0.0f);
    for (int g = 0; g < group; ++g) {
      Vec score = dot_lanes(q + size_t(g) * stride, keys, stride);
      float* w = weights + size_t(g) * kLanes;
      if (count < kLanes) {
        store(w, score);
        std::fill(w + count, w + kLanes, kMinusInfinity);
        score = load(w);
      }
      const float most = std::max(maxima[g], reduce_max(score));
      if (most > maxima[g]) {
        const float correction = maxima[g] == kMinusInfinity ? 0.0f : std::exp(maxima[g] - most);
        scale_row(out + size_t(g) * stride, stride, correction);
        sums[g] *= correction;
        maxima[g] = most;
      }
      const Vec weight = exp(sub(score, broadcast(most)));
      sums[g] += reduce_add(weight);
      store(w, weight);
    }
    gemm({weights, kLanes, values, stride, out, stride, count, true}, group, stride);
  }
}

inline void merge_parts_impl(const AttentionParams& p, const float* partials, int parts, float* out) {
  const int stride = p.layout->dim_stride(), dim = p.layout->head_dim, group = p.num_heads / p.layout->kv_heads;
  const size_t partial_size = size_t(group) * (2 + stride);
  float merged[1024];
  for (int g = 0; g < group; ++g, out += dim) {
    float most = kMinusInfinity;
    for (int i = 0; i < parts; ++i) most = std::max(most, partials[i * partial_size + g]);
    float sum = 0;
    std::fill(merged, merged + stride, 0.0f);
    for (int i = 0; i < parts; ++i) {
      const float* part = partials + i * partial_size;
      const float weight = std::exp(part[g] - most);
      sum += part[group + g] * weight;
      const float* values = part + 2 * group + size_t(g) * stride;
      const Vec w = broadcast(weight);
      for (int d = 0; d < stride; d += kLanes) store(merged + d, fma(w, load(values + d), load(merged + d)));
    }
    const float inverse = 1.0f / sum;
    for (int d = 0; d < dim; ++d) out[d] = merged[d] * inverse;
  }
}

// ---- prefill

// Keys of `count` tokens as [stride][kTileTokens], values as [kTileTokens][stride]; missing tokens are zero.
template <class T>
void load_tile(const HeadView<T>& head, int begin, int count, int stride, float* keys, float* values) {
  for (int t0 = 0; t0 < kTileTokens; t0 += kLanes) {
    const T* rows[kLanes];
    for (int t = 0; t < kLanes; ++t) rows[t] = t0 + t < count ? head.key(begin + t0 + t) : nullptr;
    for (int d = 0; d < stride; d += kLanes) {
      Vec block[kLanes];
      for (int t = 0; t < kLanes; ++t) block[t] = rows[t] != nullptr ? load(rows[t] + d) : zero();
      transpose(block);
      for (int i = 0; i < kLanes; ++i) store(keys + size_t(d + i) * kTileTokens + t0, block[i]);
    }
    for (int t = 0; t < kLanes; ++t)
      for (int d = 0; d < stride; d += kLanes)
        store(values + size_t(t0 + t) * stride + d,
              rows[t] != nullptr ? load(rows[t] + head.value_offset + d) : zero());
  }
}

// One row of scores becomes weights; the row's running maximum, sum and output follow. `first` and `last` bound the
// visible tokens of the tile as [first, last).
inline void softmax_row(float* scores, int first, int last, float& maximum, float& sum, float* out, int stride) {
  for (int t = 0; t < first; ++t) scores[t] = kMinusInfinity;
  for (int t = last; t < kTileTokens; ++t) scores[t] = kMinusInfinity;
  Vec most = load(scores);
  for (int t = kLanes; t < kTileTokens; t += kLanes) most = max(most, load(scores + t));
  const float top = std::max(maximum, reduce_max(most));
  if (top > maximum) {
    const float correction = maximum == kMinusInfinity ? 0.0f : std::exp(maximum - top);
    scale_row(out, stride, correction);
    sum *= correction;
    maximum = top;
  }
  Vec total = zero();
  for (int t = 0; t < kTileTokens; t += kLanes) {
    const Vec weight = exp(sub(load(scores + t), broadcast(top)));
    total = add(total, weight);
    store(scores + t, weight);
  }
  sum += reduce_add(total);
}

template <class T>
void prefill_tile_as(const AttentionParams& p, const float* queries, const PrefillItem& item) {
  const KvLayout& layout = *p.layout;
  const int stride = layout.dim_stride(), dim = layout.head_dim, group = p.num_heads / layout.kv_heads;
  const SequenceRows& s = *item.sequence;
  const int rows = (item.end - item.begin) * group;
  const size_t tile = size_t(kTileTokens) * stride;
  float* keys = thread_scratch(2 * tile + size_t(rows) * (2 * stride + kTileTokens + 2));
  float* values = keys + tile;
  float* q = values + tile;
  float* out = q + size_t(rows) * stride;
  float* scores = out + size_t(rows) * stride;
  float* maxima = scores + size_t(rows) * kTileTokens;
  float* sums = maxima + rows;

  for (int t = item.begin; t < item.end; ++t)
    std::copy_n(queries + (size_t(s.first_row + t) * p.num_heads + size_t(item.kv_head) * group) * stride,
                size_t(group) * stride, q + size_t(t - item.begin) * group * stride);
  std::fill(out, out + size_t(rows) * stride, 0.0f);
  std::fill(maxima, maxima + rows, kMinusInfinity);
  std::fill(sums, sums + rows, 0.0f);

  const HeadView<T> head(p, s, item.kv_head);
  const int first_position = s.context + item.begin, last_position = s.context + item.end - 1;
  const int oldest = p.window > 0 ? std::max(0, first_position - p.window + 1) : 0;
  for (int begin = oldest / kTileTokens * kTileTokens; begin <= last_position; begin += kTileTokens) {
    const int count = std::min(kTileTokens, last_position + 1 - begin);
    // Tokens whose window or causal bound leaves nothing of this tile are skipped: [from, to) of the item's tokens.
    const int from = std::max(0, begin - first_position);
    const int to = p.window > 0 ? std::min(item.end - item.begin, begin + kTileTokens - 1 + p.window - first_position)
                                : item.end - item.begin;
    if (from >= to) continue;
    load_tile(head, begin, count, stride, keys, values);
    const int row0 = from * group, active = (to - from) * group;
    gemm({q + size_t(row0) * stride, stride, keys, kTileTokens, scores, kTileTokens, stride, false}, active,
         kTileTokens);
    for (int r = 0; r < active; ++r) {
      const int position = first_position + from + r / group;
      const int first = p.window > 0 ? std::max(0, position - p.window + 1 - begin) : 0;
      softmax_row(scores + size_t(r) * kTileTokens, first, std::min(kTileTokens, position + 1 - begin),
                  maxima[row0 + r], sums[row0 + r], out + size_t(row0 + r) * stride, stride);
    }
    gemm({scores, kTileTokens, values, stride, out + size_t(row0) * stride, stride, kTileTokens, true}, active, stride);
  }
  for (int r = 0; r < rows; ++r) {
    const int token = item.begin + r / group;
    float* to = p.out + (size_t(s.first_row + token) * p.num_heads + size_t(item.kv_head) * group + r % group) * dim;
    const float inverse = 1.0f / sums[r];
    for (int d = 0; d < dim; ++d) to[d] = out[size_t(r) * stride + d] * inverse;
  }
}

}  // namespace CTX_ISA_NAMESPACE
}  // namespace contexture
