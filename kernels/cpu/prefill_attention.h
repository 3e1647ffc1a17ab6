// Attention of consecutive query rows, tile by tile. Included inside the variant's namespace.
//
// Idea: the query rows of a tile times the heads of a group are one matrix. For each tile of keys (aligned at absolute
// positions) the keys are packed transposed and the values as they are, both as f32; then every register tile of query
// rows computes its scores, its online softmax and its share of the output while these stay in the cache.
// The arithmetic of a row (which key tiles, in which order, which sums) is a function of its position alone: masked
// keys add exact zeros, so neither the tile's other rows nor the chunk's borders change a bit.
// Sources: FlashAttention (Dao et al., 2022) for the online softmax; Goto and van de Geijn (2008) for the packing.

constexpr int kPanel = kTileVecs * kLanes;  // columns of a packed panel
static_assert(kKeyTile % kPanel == 0 && kTileRows <= kMaxTileRows && kRowPadding % kLanes == 0, "tile sizes");

// K tile as [panel][row_dim][kPanel]; columns from count on hold copies of the last key.
template <class E>
static void pack_keys(const void* const* rows, int32_t count, int32_t n, float* packed) {
  for (int32_t j = 0; j < count; j += kLanes) {
    float* column = packed + j / kPanel * static_cast<int64_t>(kPanel) * n + j % kPanel;
    for (int32_t d = 0; d < n; d += kLanes) {
      Vec block[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) block[i] = load(static_cast<const E*>(rows[j + i]) + d);
      transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) store(column + (d + i) * static_cast<int64_t>(kPanel), block[i]);
    }
  }
}

// V tile as [panel][key][width of the panel]. Returns whether every value is finite.
template <class E>
static bool pack_values(const void* const* k_rows, int64_t v_offset, int32_t count, int32_t n, float* packed) {
  Vec probe = zero();
  for (int32_t column = 0; column < n; column += kPanel) {
    const int32_t width = n - column < kPanel ? n - column : kPanel;
    float* panel = packed + static_cast<int64_t>(column) * kKeyTile;
    for (int32_t j = 0; j < count; ++j) {
      const E* row = reinterpret_cast<const E*>(static_cast<const char*>(k_rows[j]) + v_offset) + column;
      for (int32_t d = 0; d < width; d += kLanes) {
        const Vec value = load(row + d);
        probe = fma(value, zero(), probe);  // NaN from infinity or NaN
        store(panel + j * width + d, value);
      }
    }
  }
  return sum_lanes(probe) == 0.0f;
}

// scores[i][0 .. kVecs * kLanes) = q[i] . k for one register tile of query rows, from the left of a packed panel.
template <int kVecs>
static inline void score_panel(const float* const (&q)[kTileRows], const float* keys, int32_t n, float* scores) {
  Vec acc[kTileRows][kVecs];
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; ++i)
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) acc[i][c] = zero();
  for (int32_t d = 0; d < n; ++d) {
    Vec key[kVecs];
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) key[c] = load(keys + c * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
      const Vec query = set1(q[i][d]);
#pragma GCC unroll 4
      for (int c = 0; c < kVecs; ++c) acc[i][c] = fma(query, key[c], acc[i][c]);
    }
    keys += kPanel;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; ++i)
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) store(scores + i * kKeyTile + c * kLanes, acc[i][c]);
}

// out[i] = out[i] * rescale[i] + sum over the keys [first, last) of weights[i][key] * value[key], kVecs columns wide.
template <int kRows, int kVecs>
static inline void weigh_panel(const float* weights, const float* values, int32_t width, int32_t first, int32_t last,
                               const float* rescale, float* out, int32_t n) {
  Vec acc[kRows][kVecs];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) acc[i][c] = mul(set1(rescale[i]), load(out + i * n + c * kLanes));
  values += static_cast<int64_t>(first) * width;
  for (int32_t j = first; j < last; ++j) {
    Vec value[kVecs];
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) value[c] = load(values + c * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const Vec weight = set1(weights[i * kKeyTile + j]);
#pragma GCC unroll 4
      for (int c = 0; c < kVecs; ++c) acc[i][c] = fma(weight, value[c], acc[i][c]);
    }
    values += width;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) store(out + i * n + c * kLanes, acc[i][c]);
}

template <int kRows>
static void weigh_values(const float* weights, const float* values, int32_t first, int32_t last,
                         const float* rescale, float* out, int32_t n) {
  for (int32_t column = 0; column < n; column += kPanel) {
    const int32_t width = n - column < kPanel ? n - column : kPanel;
    const float* panel = values + static_cast<int64_t>(column) * kKeyTile;
    int32_t c = 0;
    for (; c + kPanel <= width; c += kPanel)
      weigh_panel<kRows, kTileVecs>(weights, panel + c, width, first, last, rescale, out + column + c, n);
    if constexpr (kTileVecs > 2) {
      if (c + 2 * kLanes <= width) {
        weigh_panel<kRows, 2>(weights, panel + c, width, first, last, rescale, out + column + c, n);
        c += 2 * kLanes;
      }
    }
    for (; c < width; c += kLanes)
      weigh_panel<kRows, 1>(weights, panel + c, width, first, last, rescale, out + column + c, n);
  }
}

struct KeyRange {
  int32_t first, last;  // inside the tile; empty when last <= first
};

static inline KeyRange visible(int32_t position, int32_t window, int32_t tile_start) {
  const int32_t last = position + 1 - tile_start;
  const int32_t first = window > 0 ? last - window : 0;
  return {first > 0 ? first : 0, last < kKeyTile ? last : kKeyTile};
}

// One row's scores become weights, relative to the running maximum; returns their sum. Columns [0, width) are read.
static inline float softmax_row(float* w, KeyRange range, int32_t width, float* running_max) {
  const float lowest = -__builtin_inff();
  for (int32_t j = 0; j < range.first && j < width; ++j) w[j] = lowest;
  for (int32_t j = range.last > 0 ? range.last : 0; j < width; ++j) w[j] = lowest;
  Vec top = load(w);
  for (int32_t j = kLanes; j < width; j += kLanes) top = max(top, load(w + j));
  const float tile_max = max_lanes(top);
  const float highest = *running_max > tile_max ? *running_max : tile_max;
  const Vec shift = set1(highest == lowest ? 0.0f : highest);
  Vec total = zero();
  for (int32_t j = 0; j < width; j += kLanes) {
    const Vec p = exp2_nonpositive(sub(load(w + j), shift));
    store(w + j, p);
    total = add(total, p);
  }
  *running_max = highest;
  return sum_lanes(total);
}

// The weights of a register tile's rows; what was added up before is to be multiplied by rescale[0 .. kTileRows).
static inline void softmax_rows(float* weights, const KeyRange (&ranges)[kTileRows], int32_t width, float* running_max,
                                float* running_sum, float* rescale) {
  alignas(64) float shifts[kLanes] = {}, factors[kLanes];
  float sums[kTileRows];
  for (int32_t i = 0; i < kTileRows; ++i) {
    const float before = running_max[i];
    sums[i] = softmax_row(weights + i * kKeyTile, ranges[i], width, running_max + i);
    shifts[i] = running_max[i] == -__builtin_inff() ? before : before - running_max[i];
  }
  store(factors, exp2_nonpositive(load(shifts)));
  for (int32_t i = 0; i < kTileRows; ++i) {
    rescale[i] = factors[i];
    running_sum[i] = running_sum[i] * factors[i] + sums[i];
  }
}

struct PrefillBuffers {
  float *keys, *values, *weights, *out, *max, *sum, *rescale;
};

static PrefillBuffers carve(float* scratch, int64_t rows, int32_t n) {
  const int64_t padded = (rows + kTileRows - 1) / kTileRows * kTileRows;
  PrefillBuffers b;
  b.keys = scratch;
  b.values = b.keys + static_cast<int64_t>(kKeyTile) * n;
  b.weights = b.values + static_cast<int64_t>(kKeyTile) * n;
  b.out = b.weights + kTileRows * kKeyTile;
  b.max = b.out + padded * n;
  b.sum = b.max + padded;
  b.rescale = b.sum + padded;
  return b;
}

// One register tile of query rows against the packed tile of keys.
static void attend_rows(const PrefillArgs& a, const PrefillBuffers& b, int32_t rows, int32_t row, int32_t tile_start,
                        bool finite) {
  const int32_t n = a.row_dim;
  const int32_t real = rows - row < kTileRows ? rows - row : kTileRows;
  KeyRange ranges[kTileRows];
  const float* q[kTileRows];
  int32_t first = kKeyTile, last = 0;
  for (int32_t i = 0; i < kTileRows; ++i) {
    const int32_t source = row + (i < real ? i : real - 1);  // the rows of the tile behind the last repeat it
    const int32_t token = source / a.group;
    q[i] = a.q + token * a.q_stride + source % a.group * n;
    ranges[i] = visible(a.first_position + token, a.window, tile_start);
    if (ranges[i].last <= ranges[i].first) continue;
    first = ranges[i].first < first ? ranges[i].first : first;
    last = ranges[i].last > last ? ranges[i].last : last;
  }
  if (last <= first) return;
  constexpr int32_t kHalfPanel = kPanel / 2;
  const int32_t width = (last + kHalfPanel - 1) / kHalfPanel * kHalfPanel;
  int32_t j = 0;
  for (; j + kPanel <= width; j += kPanel)
    score_panel<kTileVecs>(q, b.keys + static_cast<int64_t>(j) * n, n, b.weights + j);
  if (j < width) score_panel<kTileVecs / 2>(q, b.keys + static_cast<int64_t>(j) * n, n, b.weights + j);
  softmax_rows(b.weights, ranges, width, b.max + row, b.sum + row, b.rescale + row);
  float* out = b.out + static_cast<int64_t>(row) * n;
  if (finite) {
    weigh_values<kTileRows>(b.weights, b.values, first, last, b.rescale + row, out, n);
    return;
  }
  for (int32_t i = 0; i < real; ++i) {  // 0 * infinity would reach rows that do not see the key
    const KeyRange range = ranges[i].last > ranges[i].first ? ranges[i] : KeyRange{0, 0};
    weigh_values<1>(b.weights + i * kKeyTile, b.values, range.first, range.last, b.rescale + row + i, out + i * n, n);
  }
}

// Asks for a part of the next tile's rows while this one is computed.
static inline __attribute__((always_inline)) void prefetch_rows(const PrefillArgs& a, const void* const* k_rows,
                                                                int32_t first, int32_t last) {
  for (int32_t j = first; j < last; ++j)
    for (int64_t byte = 0; byte < a.keys.row_bytes; byte += 64) {
      __builtin_prefetch(static_cast<const char*>(k_rows[j]) + byte, 0, 2);
      __builtin_prefetch(static_cast<const char*>(k_rows[j]) + a.v_offset + byte, 0, 2);
    }
}

template <class E>
static void prefill_rows(const PrefillArgs& a) {
  const int32_t n = a.row_dim;
  const int32_t rows = a.tokens * a.group;
  const int32_t register_tiles = (rows + kTileRows - 1) / kTileRows;
  const PrefillBuffers b = carve(a.scratch, rows, n);
  for (int32_t row = 0; row < register_tiles * kTileRows; ++row) b.max[row] = -__builtin_inff(), b.sum[row] = 0.0f;
  for (int64_t i = 0; i < static_cast<int64_t>(register_tiles) * kTileRows * n; i += kLanes) store(b.out + i, zero());

  const int32_t end = a.first_position + a.tokens;  // keys [0, end) exist
  const int32_t lowest = a.window > 0 && a.first_position + 1 > a.window ? a.first_position + 1 - a.window : 0;
  const void* lists[2][kKeyTile];
  int32_t tile_start = lowest / kKeyTile * kKeyTile;
  const auto count_of = [end](int32_t start) { return end - start < kKeyTile ? end - start : kKeyTile; };
  list_key_rows(a.keys, tile_start, tile_start + count_of(tile_start), kPanel, lists[0]);
  for (int32_t turn = 0; tile_start < end; tile_start += kKeyTile, turn ^= 1) {
    const void** k_rows = lists[turn];
    const void** next_rows = lists[turn ^ 1];
    const int32_t count = count_of(tile_start);
    const int32_t next = tile_start + kKeyTile < end ? count_of(tile_start + kKeyTile) : 0;
    if (next > 0) list_key_rows(a.keys, tile_start + kKeyTile, tile_start + kKeyTile + next, kPanel, next_rows);
    pack_keys<E>(k_rows, (count + kPanel - 1) / kPanel * kPanel, n, b.keys);
    const bool finite = pack_values<E>(k_rows, a.v_offset, count, n, b.values);
    for (int32_t tile = 0; tile < register_tiles; ++tile) {
      prefetch_rows(a, next_rows, next * tile / register_tiles, next * (tile + 1) / register_tiles);
      attend_rows(a, b, rows, tile * kTileRows, tile_start, finite);
    }
  }
  for (int32_t row = 0; row < rows; ++row)
    scale_into(a.out + row / a.group * a.out_stride + row % a.group * a.head_dim, b.out + static_cast<int64_t>(row) * n,
               1.0f / b.sum[row], a.head_dim);
}

static void prefill_tile(const PrefillArgs& a) {
  if (a.half) prefill_rows<uint16_t>(a);
  else prefill_rows<float>(a);
}
