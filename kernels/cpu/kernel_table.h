// What each instruction-set variant provides. The variants are one source compiled with different flags, so these
// declarations use no standard library type: an inline function shared between variants could be kept from the wrong
// one by the linker.
#pragma once

#include <cstddef>
#include <cstdint>

namespace contexture {

// A key row per place of one sequence, for one layer and KV head. Without a selection places are positions; with one the
// first `selected` places are those chosen, and place selected + i is position `resume` + i.
struct KeyRows {
  const char* base;      // key row of page 0, token 0
  const int32_t* pages;  // logical page -> page
  int32_t page_tokens;
  int64_t page_bytes;
  int64_t row_bytes;
  const int64_t* offsets;  // [selected] bytes from base
  int32_t selected, resume;
};

// Addresses of the key rows of the places [first, last), then copies of the last one up to a multiple of padding.
static inline void list_key_rows(const KeyRows& keys, int32_t first, int32_t last, int32_t padding,
                                 const void** rows) {
  int32_t count = 0;
  for (int32_t i = first; i < keys.selected && i < last; ++i) rows[count++] = keys.base + keys.offsets[i];
  const int32_t position = first + count - keys.selected + keys.resume;
  int32_t page = position / keys.page_tokens, token = position % keys.page_tokens;
  while (count < last - first) {
    const char* row = keys.base + keys.pages[page++] * keys.page_bytes + token * keys.row_bytes;
    for (; token < keys.page_tokens && count < last - first; ++token, row += keys.row_bytes) rows[count++] = row;
    token = 0;
  }
  for (; count % padding != 0; ++count) rows[count] = rows[count - 1];
}

struct PrepareArgs {
  const float* qkv;          // [rows, (num_heads + 2 * kv_heads) * head_dim]
  const int32_t* positions;  // [rows]
  const int64_t* slots;      // [rows]
  const float* rope_cos;     // [positions, head_dim / 2]
  const float* rope_sin;
  const float* q_norm;  // [head_dim] or null
  const float* k_norm;
  float norm_epsilon;
  float q_scale;
  float* q;          // [rows, num_heads * row_dim] out: normed, rotated, scaled
  char* layer_base;  // the layer's part of the pool
  int32_t num_heads, kv_heads, head_dim, row_dim, page_tokens;
  int64_t row_bytes, head_bytes, plane_bytes, page_bytes;
  bool half;
};

// row_dim below: head_dim padded with zeros to a multiple of 16. One query row, one KV head, the keys of one part: softmax over the part alone, not normalised.
struct DecodeArgs {
  const float* q;             // [group, row_dim]
  const void* const* k_rows;  // [count], padded with the last one up to a multiple of kRowPadding
  int64_t v_offset;           // bytes from a key row to its value row
  int32_t count, group, row_dim;
  bool half;
  float* weights;     // [group, stride] scratch; stride is a multiple of kRowPadding
  int32_t stride;
  float* out;         // [group, row_dim] sum of exp2(score - max) * value
  float* max;         // [group]
  float* sum;         // [group]
};

struct MergeArgs {
  float* parts;  // [part_count, group * (row_dim + 2)]: out, max, sum; the first is overwritten
  int32_t part_count, group, head_dim, row_dim;
  float* out;  // [group, head_dim]
};

// Consecutive query rows of one sequence and one KV head.
struct PrefillArgs {
  const float* q;     // first row's first head of the group; rows q_stride apart
  int64_t q_stride;
  KeyRows keys;
  int64_t v_offset;
  int32_t tokens, first_position /* a place of keys */, window, group, head_dim, row_dim;
  bool half;
  float* out;  // [tokens, group, head_dim], tokens out_stride apart
  int64_t out_stride;
  float* scratch;  // prefill_scratch_floats(tokens * group, row_dim)
};

// out = base + a b, with the rows of base, b and out `stride` apart.
struct AddProductsArgs {
  const float* a;  // [rows, depth]
  int64_t depth;
  const float* b;     // [depth, columns]
  const float* base;  // [rows, columns]
  float* out;         // [rows, columns], may be base
  int64_t stride, rows, columns;
};

// out[t, n] = sum over k of x[t, k] * codes[n, k] * scales[n, k / block]
struct Int8ProductArgs {
  const float* x;       // [rows, inputs]
  const int8_t* codes;  // [outputs, inputs]
  const float* scales;  // [outputs, inputs / block]
  float* out;           // [rows, outputs]
  int64_t rows, inputs, outputs, block;
};

// The retrieval head's keys of some rows, see contexture/retrieval.h.
struct AppendKeyArgs {
  const float* keys;         // [rows, lists * head_dim]
  const int32_t* positions;  // [rows]
  const int64_t* slots;      // [rows]
  const float* rope_cos;     // [positions, head_dim / 2]
  const float* rope_sin;
  char* pool;
  int32_t lists, head_dim, row_dim, page_tokens;
  int64_t page_bytes, list_bytes, scales_offset;
};

// A rounded query: the size of a step, and what its scores have too much because keys are kept as positive numbers.
struct QuerySteps {
  float size;
  int32_t excess;
};

// One list, one row.
struct ScoreArgs {
  const int8_t* q;             // [heads, packed_query_bytes(row_dim)] by pack_query
  const QuerySteps* q_steps;   // [heads]
  const char* base;       // the list's part of page 0
  const int32_t* pages;   // logical page -> page
  int32_t first, last;    // positions
  int32_t heads, row_dim, page_tokens;
  int64_t page_bytes, scales_offset;
  float* scores;  // [heads, stride] by position, with room for whole groups of 8 around [first, last)
  int64_t stride;
};

// All arrays have room for `count` rounded up to a multiple of 16.
struct WeighArgs {
  float* scores;  // [heads, stride], overwritten
  int64_t stride, count;
  int32_t heads;
  bool mean;       // of the heads; else the largest
  float* weights;  // [count]
  float total;     // out: their sum
};

// Of a packed query, whatever the variant.
static inline int64_t packed_query_bytes(int32_t row_dim) { return 8 * static_cast<int64_t>(row_dim); }

// One piece of one list, see contexture/descriptors.h.
struct DescribeArgs {
  const void* const* rows;  // [count] key rows
  int32_t count, row_dim;
  bool half;      // the keys
  bool min_max;   // else their mean
  uint16_t* out;  // [row_dim], or largest [row_dim] and then smallest [row_dim]
};

struct ScorePieceArgs {
  const float* q;         // [heads, width]
  const char* base;       // the list's part of chunk 0
  const int32_t* chunks;  // logical chunk -> chunk
  int32_t pieces, heads, width, chunk_pieces;
  int64_t chunk_bytes;
  float* scores;   // [heads, stride], with room for whole groups of 8
  int64_t stride;
};

// Keys or values of one layer of a stored block, see contexture/block_codec.h.
struct EncodeRowsArgs {
  const char* rows;
  const int64_t* offsets;  // [tokens] bytes from rows to each token's row of row_dim halves
  int32_t tokens, row_dim, bits;  // 8 or 4
  uint8_t* out;
};
struct DecodeRowsArgs {
  char* rows;
  const int64_t* offsets;  // [tokens]
  int32_t tokens, row_dim, bits;
  const uint8_t* in;
};

struct KernelTable {
  void (*prepare_rows)(const PrepareArgs&, int64_t first, int64_t last);
  void (*decode_part)(const DecodeArgs&);
  void (*merge_parts)(const MergeArgs&);
  void (*prefill_tile)(const PrefillArgs&);
  void (*block_sum)(const float* x, float* sums, int64_t blocks, int64_t block);
  void (*block_sum_int8)(const float* x, float* sums, int64_t blocks, int64_t block);
  void (*add_products)(const AddProductsArgs&);
  void (*int8_product)(const Int8ProductArgs&, int64_t first, int64_t last);
  void (*swiglu_row)(const float* gate_up, float* y, int64_t first, int64_t last, int64_t width);
  // Rotates a query of the retrieval head and rounds it; the size of a step has `scale` in it.
  QuerySteps (*pack_query)(const float* q, const float* cos, const float* sin, float scale, int32_t head_dim,
                           int32_t row_dim, int8_t* packed);
  void (*append_key_rows)(const AppendKeyArgs&, int64_t first, int64_t last);
  void (*score_keys)(const ScoreArgs&);
  void (*weigh_positions)(WeighArgs&);
  // The ascending indices of the `wanted` largest of weights[0 .. count), none negative; equal ones from the front.
  void (*largest)(const float* weights, int32_t count, int32_t wanted, int32_t* out);
  void (*describe_piece)(const DescribeArgs&);
  void (*score_pieces)(const ScorePieceArgs&);
  void (*encode_key_rows)(const EncodeRowsArgs&);
  void (*encode_value_rows)(const EncodeRowsArgs&);
  void (*decode_key_rows)(const DecodeRowsArgs&);
  void (*decode_value_rows)(const DecodeRowsArgs&);
};

constexpr int32_t kRowPadding = 16;   // decode rows and weights come in multiples of this
constexpr int32_t kKeyTile = 128;     // keys of a prefill tile, aligned at absolute positions
constexpr int32_t kMaxTileRows = 6;   // largest register tile of any variant
constexpr int32_t kMaxHeadDim = 512;

static inline int64_t prefill_scratch_floats(int64_t rows, int64_t row_dim) {
  const int64_t padded = (rows + kMaxTileRows - 1) / kMaxTileRows * kMaxTileRows + kMaxTileRows;
  return 2 * kKeyTile * row_dim          // keys, values
         + kMaxTileRows * kKeyTile        // weights
         + padded * (row_dim + 3);        // outputs, running max, sum, rescale
}

const KernelTable& portable_kernels();
const KernelTable& avx2_kernels();
const KernelTable& avx512_kernels();

}  // namespace contexture
