// Causal attention over the paged KV pool: prefill chunks and decode rows of many sequences in one call.
//
// Idea: rows are rotated and appended first, so that afterwards every row reads the pool alone. A sequence with one new
// row is decoded: the query heads of a KV head share one pass over its tokens, and the context is cut into parts of
// kPartTokens that are merged in order. A sequence with more rows is prefilled in query tiles against key tiles of
// kTileTokens (FlashAttention's online softmax, arXiv 2205.14135; split contexts as in Flash-Decoding). Parts and tiles
// lie at absolute positions: what a row computes depends on its own position only, never on threads or batch mates.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/kv_layout.h"
#include "contexture/parallel.h"

namespace contexture {

constexpr int kPartTokens = 256;
constexpr int kTileTokens = 64;

struct SequenceRows {
  int first_row;    // in the step's rows
  int rows;         // new tokens
  int context;      // tokens in the pool before them
  const int32_t* pages;  // [ceil((context + rows) / page_tokens)]
};

struct AttentionParams {
  const KvLayout* layout;
  void* pool;
  int layer;
  int num_heads;
  float scale;
  int window;  // 0: none; else a query at p sees keys in (p - window, p]
  float norm_epsilon;
  const float* rope_cos;  // [positions, head_dim / 2]
  const float* rope_sin;  // [positions, head_dim / 2]
  const float* q_norm;    // [head_dim] or nullptr
  const float* k_norm;    // [head_dim] or nullptr
  const SequenceRows* sequences;
  int num_sequences;
  const float* qkv;  // [rows, (num_heads + 2 * kv_heads) * head_dim]
  float* out;        // [rows, num_heads * head_dim]
};

// Memory that outlives a call; grows to the largest step seen.
struct AttentionScratch {
  std::vector<float> queries;   // [rows, num_heads, dim_stride], normed, rotated, scaled
  std::vector<float> partials;  // [decode items, group, 2 + dim_stride]
};

void paged_attention(const AttentionParams& params, AttentionScratch& scratch, const Parallel& parallel);

}  // namespace contexture
