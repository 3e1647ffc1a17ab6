// The paged KV pool: its layouts, described here and nowhere else.
//
//   planes  [layer][page][K|V][kvHead][token in page][row_dim]     of processors
//   pairs   [layer][page][kvHead][token in page][K|V][row_dim]     of devices
//   slot   one token position of the pool: page * page_tokens + token in page
//   row    the head_dim contiguous values of one (layer, slot, K|V, kvHead), padded with zeros to row_dim, the next
//          multiple of 16
//
// A layer's part of a page is contiguous, the rows of one head inside a page are a constant distance apart, and the value row
// of a token lies a constant distance behind its key row. So a kernel needs only the key rows' addresses. In pairs the
// single tokens that a selection names are pieces twice as long, which a link to host memory carries faster.
#pragma once

#include <cstddef>
#include <cstdint>

namespace contexture {

enum class KvLayout : int32_t { kPlanes = 0, kPairs = 1 };
enum class KvDtype : int32_t { kF32 = 0, kF16 = 1, kBf16 = 2 };  // bf16: in pools of CUDA devices only

struct PoolGeometry {
  int32_t layers = 0;
  int32_t kv_heads = 0;
  int32_t head_dim = 0;
  int32_t page_tokens = 0;
  int32_t pages = 0;
  KvDtype dtype = KvDtype::kF32;
  KvLayout layout = KvLayout::kPlanes;

  int64_t element_bytes() const { return dtype == KvDtype::kF32 ? 4 : 2; }
  int32_t row_dim() const { return (head_dim + 15) / 16 * 16; }
  int64_t row_bytes() const { return row_dim() * element_bytes(); }
  int64_t row_stride() const { return layout == KvLayout::kPairs ? 2 * row_bytes() : row_bytes(); }
  int64_t head_bytes() const { return page_tokens * row_stride(); }  // from one head's rows in a page to the next one's
  int64_t value_offset() const {                                     // from a key row to its value row
    return layout == KvLayout::kPairs ? row_bytes() : kv_heads * head_bytes();
  }
  int64_t page_bytes() const { return 2 * kv_heads * page_tokens * row_bytes(); }  // one layer's part of a page
  int64_t layer_bytes() const { return pages * page_bytes(); }
  int64_t pool_bytes() const { return layers * layer_bytes(); }

  // Byte offset of the K row; the V row lies value_offset() behind it.
  int64_t key_row_offset(int32_t layer, int64_t slot, int32_t kv_head) const {
    return layer * layer_bytes() + slot / page_tokens * page_bytes() + kv_head * head_bytes() +
           slot % page_tokens * row_stride();
  }
};

// What some sequences of a step attend to instead of everything: per (layer group, KV head) a list of key rows in the order
// of their positions. The list of a sequence with one row ends with the row's own position; that of a sequence with several
// holds positions before them, and each row also sees those of its own chunk up to itself.
struct StepSelection {
  int32_t groups = 0;
  int32_t kv_heads = 0;             // the pool's, or 1 where all KV heads share a list
  int32_t stride = 0;               // room of a list
  int32_t first_dense_layers = 0;   // these attend to everything all the same
  const int32_t* group_of_layer = nullptr;  // [layers]
  const int32_t* row_of_seq = nullptr;      // [num_seqs] index of the sequence's row here, or -1
  const int32_t* counts = nullptr;          // [rows, groups, kv_heads], a row per sequence that has a selection
  const int32_t* positions = nullptr;       // [rows, groups, kv_heads, stride] ascending
  const int64_t* offsets = nullptr;         // of the same shape: bytes from the key row of page 0, token 0

  // The index of a sequence's list for a layer and KV head, or -1 where it attends to everything.
  int64_t list(int32_t seq, int32_t layer, int32_t kv_head) const {
    if (layer < first_dense_layers || row_of_seq == nullptr || row_of_seq[seq] < 0) return -1;
    return (static_cast<int64_t>(row_of_seq[seq]) * groups + group_of_layer[layer]) * kv_heads +
           (kv_heads == 1 ? 0 : kv_head);
  }
};

// One step over many sequences. Sequence s brings the rows [row_offsets[s], row_offsets[s+1]) after context_len[s]
// tokens that are in the pool already; its pages, in logical order, are pages[page_offsets[s] .. page_offsets[s+1]).
struct StepView {
  int32_t num_seqs = 0;
  int32_t num_rows = 0;
  const int32_t* row_offsets = nullptr;   // [num_seqs + 1]
  const int32_t* context_len = nullptr;   // [num_seqs]
  const int32_t* page_offsets = nullptr;  // [num_seqs + 1]
  const int32_t* pages = nullptr;         // [page_offsets[num_seqs]]
  const int32_t* row_positions = nullptr; // [num_rows] absolute position of each row
  const int64_t* row_slots = nullptr;     // [num_rows] slot that takes the row's K and V
  StepSelection selection;
};

}  // namespace contexture
