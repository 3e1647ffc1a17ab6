// Chooses the instruction set and cuts a step into work items.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "contexture/elementwise.h"
#include "kernel_table.h"

namespace contexture {
namespace {

const KernelTable& choose() {
  const char* wanted = std::getenv("CONTEXTURE_ISA");
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const bool up_to_avx2 = wanted != nullptr && std::strcmp(wanted, "avx2") == 0;
  const bool only_portable = wanted != nullptr && std::strcmp(wanted, "portable") == 0;
  if (avx512 && !up_to_avx2 && !only_portable) return avx512_kernels();
  if (avx2 && !only_portable) return avx2_kernels();
#else
  (void)wanted;
#endif
  return portable_kernels();
}

// Query rows (tokens x group) of a prefill tile: enough to pay for loading a key tile, few enough for the cache.
constexpr int kPrefillTileRows = 96;
// Rows of elementwise work worth handing to another thread.
constexpr int64_t kElementsPerItem = 32768;

}  // namespace

const KernelTable& kernels() {
  static const KernelTable& table = choose();
  return table;
}

void paged_attention(const AttentionParams& p, AttentionScratch& scratch, const Parallel& parallel) {
  const KernelTable& k = kernels();
  const KvLayout& layout = *p.layout;
  const int group = p.num_heads / layout.kv_heads, stride = layout.dim_stride();
  const size_t partial_size = size_t(group) * (2 + stride);
  int rows = 0;
  size_t parts = 0;
  const auto first_visible = [&](int position) { return p.window > 0 ? std::max(0, position - p.window + 1) : 0; };
  const auto parts_of = [&](int position) {
    return position / kPartTokens - first_visible(position) / kPartTokens + 1;
  };
  for (int i = 0; i < p.num_sequences; ++i) {
    const SequenceRows& s = p.sequences[i];
    rows += s.rows;
    if (s.rows == 1) parts += size_t(parts_of(s.context)) * layout.kv_heads;
  }
  const size_t queries_size = size_t(rows) * p.num_heads * stride;
  if (scratch.queries.size() < queries_size) scratch.queries.resize(queries_size);
  if (scratch.partials.size() < parts * partial_size) scratch.partials.resize(parts * partial_size);
  float* queries = scratch.queries.data();

  std::vector<PrefillItem> prefill;
  std::vector<DecodeItem> decode;
  decode.reserve(parts);
  const int tile_tokens = std::max(1, kPrefillTileRows / group);
  float* partial = scratch.partials.data();
  for (int i = 0; i < p.num_sequences; ++i) {
    const SequenceRows& s = p.sequences[i];
    for (int h = 0; h < layout.kv_heads; ++h) {
      if (s.rows == 1) {
        const int end = s.context + 1;
        for (int begin = first_visible(s.context); begin < end; partial += partial_size) {
          const int part_end = std::min(end, (begin / kPartTokens + 1) * kPartTokens);
          decode.push_back({&s, h, begin, part_end, partial});
          begin = part_end;
        }
      } else {
        // Last tile first: it sees the most keys.
        for (int begin = (s.rows - 1) / tile_tokens * tile_tokens; begin >= 0; begin -= tile_tokens)
          prefill.push_back({&s, h, begin, std::min(s.rows, begin + tile_tokens)});
      }
    }
  }

  // Appending one row costs less than waking a thread: rows go in bundles.
  constexpr int kRowsPerItem = 16;
  struct Bundle {
    const SequenceRows* sequence;
    int begin, end;
  };
  std::vector<Bundle> bundles;
  for (int i = 0; i < p.num_sequences; ++i)
    for (int begin = 0; begin < p.sequences[i].rows; begin += kRowsPerItem)
      bundles.push_back({&p.sequences[i], begin, std::min(p.sequences[i].rows, begin + kRowsPerItem)});
  const auto append = [&](size_t i) {
    for (int row = bundles[i].begin; row < bundles[i].end; ++row)
      k.append_row(p, queries, *bundles[i].sequence, row);
  };
  if (rows <= kRowsPerItem) {
    for (size_t i = 0; i < bundles.size(); ++i) append(i);
  } else {
    parallel.for_each(bundles.size(), append);
  }

  parallel.for_each(prefill.size() + decode.size(), [&](size_t i) {
    if (i < prefill.size()) {
      k.prefill_tile(p, queries, prefill[i]);
    } else {
      k.decode_part(p, queries, decode[i - prefill.size()]);
    }
  });

  for (size_t i = 0; i < decode.size();) {
    const DecodeItem& item = decode[i];
    const int count = parts_of(item.sequence->context);
    k.merge_parts(p, item.partial, count,
                  p.out + (size_t(item.sequence->first_row) * p.num_heads + size_t(item.kv_head) * group) *
                              layout.head_dim);
    i += size_t(count);
  }
}

void block_sum(const float* x, int64_t rows, int64_t width, int64_t block, float* sums, const Parallel& parallel) {
  const int64_t per_item = std::max<int64_t>(1, kElementsPerItem / std::max<int64_t>(1, width));
  parallel.for_each(size_t((rows + per_item - 1) / per_item), [&](size_t item) {
    for (int64_t r = int64_t(item) * per_item; r < std::min(rows, int64_t(item + 1) * per_item); ++r)
      kernels().block_sum(x + r * width, width, block, sums + r * (width / block));
  });
}

void swiglu(const float* gate_up, int64_t rows, int64_t width, int64_t block, float* y, float* sums,
            const Parallel& parallel) {
  const int64_t per_item = std::max<int64_t>(1, kElementsPerItem / std::max<int64_t>(1, 2 * width));
  parallel.for_each(size_t((rows + per_item - 1) / per_item), [&](size_t item) {
    for (int64_t r = int64_t(item) * per_item; r < std::min(rows, int64_t(item + 1) * per_item); ++r)
      kernels().swiglu(gate_up + r * 2 * width, width, block, y + r * width,
                       block > 0 ? sums + r * (width / block) : nullptr);
  });
}

}  // namespace contexture
