// The table of one instruction set: included by one source per set, compiled with that set's flags.
#include "attention_kernels.h"
#include "elementwise_kernels.h"

namespace contexture {
namespace CTX_ISA_NAMESPACE {

template <class Float, class Half16, class... Args>
inline void by_type(const AttentionParams& p, Float as_float, Half16 as_half, Args&&... args) {
  if (p.layout->type == KvType::kF32) {
    as_float(args...);
  } else {
    as_half(args...);
  }
}

inline void append_row(const AttentionParams& p, float* queries, const SequenceRows& s, int row) {
  by_type(p, append_row_as<float>, append_row_as<Half>, p, queries, s, row);
}
inline void decode_part(const AttentionParams& p, const float* queries, const DecodeItem& item) {
  by_type(p, decode_part_as<float>, decode_part_as<Half>, p, queries, item);
}
inline void prefill_tile(const AttentionParams& p, const float* queries, const PrefillItem& item) {
  by_type(p, prefill_tile_as<float>, prefill_tile_as<Half>, p, queries, item);
}

inline KernelTable table(const char* name) {
  return {name, append_row, decode_part, merge_parts_impl, prefill_tile, block_sum_row, swiglu_row};
}

}  // namespace CTX_ISA_NAMESPACE
}  // namespace contexture
