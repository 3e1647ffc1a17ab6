// Attention of one query row over a list of key rows. Included inside the variant's namespace.
//
// All query heads of a group share one pass over K and one over V. The rows come as a list of addresses, which the
// page table fills; a selection of single slots would fill the same list. A score is the same bits wherever its key
// stands in the list, and values are added in the order of the list.

// The K rows and then the V rows of a part are one stream; its memory is asked for this many bytes ahead, into the
// second-level cache, which keeps more requests in flight than the first.
constexpr int64_t kPrefetchBytes = 8192;

struct Prefetcher {
  const DecodeArgs& a;
  int64_t row_bytes;
  int32_t distance;  // rows
  int32_t end;       // of the stream; 0 when the rows are in the cache already

  // Inlined by force: GCC takes a function that only prefetches for one without effect and drops its calls.
  __attribute__((always_inline)) void row(int32_t index) const {
    if (index >= end) return;
    const char* p = index < a.count ? static_cast<const char*>(a.k_rows[index])
                                    : static_cast<const char*>(a.k_rows[index - a.count]) + a.v_offset;
    for (int64_t b = 0; b < row_bytes; b += 64) __builtin_prefetch(p + b, 0, 2);
  }
};

template <class E, int kHeads>
static void scores(const DecodeArgs& a, const Prefetcher& prefetch, const float* q, float* out) {
  constexpr int kKeys = keys_per_block(kHeads);
  const int32_t n = a.row_dim;
  for (int32_t j = 0; j < a.count; j += kKeys) {
    const E* rows[kKeys];
    Vec acc[kHeads][kKeys];
#pragma GCC unroll 8
    for (int i = 0; i < kKeys; ++i) {
      rows[i] = static_cast<const E*>(a.k_rows[j + i]);
      prefetch.row(j + i + prefetch.distance);
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) acc[h][i] = zero();
    }
    for (int32_t d = 0; d < n; d += kLanes) {
      Vec heads[kHeads];
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) heads[h] = load(q + h * n + d);
#pragma GCC unroll 8
      for (int i = 0; i < kKeys; ++i) {
        const Vec key = load(rows[i] + d);
#pragma GCC unroll 4
        for (int h = 0; h < kHeads; ++h) acc[h][i] = fma(heads[h], key, acc[h][i]);
      }
    }
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h) store_sums(out + h * a.stride + j, acc[h]);
  }
}

template <class E, int kHeads, int kVecs>
static void weigh_columns(const DecodeArgs& a, const Prefetcher& prefetch, const float* weights, int32_t column, float* out) {
  const int32_t n = a.row_dim;
  Vec acc[kHeads][kVecs];
#pragma GCC unroll 4
  for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) acc[h][c] = zero();
  for (int32_t j = 0; j < a.count; ++j) {
    const char* row = static_cast<const char*>(a.k_rows[j]) + a.v_offset;
    if (column == 0) prefetch.row(a.count + j + prefetch.distance);
    Vec weight[kHeads];
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h) weight[h] = set1(weights[h * a.stride + j]);
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) {
      const Vec value = load(reinterpret_cast<const E*>(row) + column + c * kLanes);
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) acc[h][c] = fma(weight[h], value, acc[h][c]);
    }
  }
#pragma GCC unroll 4
  for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
    for (int c = 0; c < kVecs; ++c) store(out + h * n + column + c * kLanes, acc[h][c]);
}

// Scores become exp2(score - max), in place.
static void softmax_part(float* w, int32_t count, int32_t stride, float* max_out, float* sum_out) {
  for (int32_t j = count; j < stride; ++j) w[j] = -__builtin_inff();
  Vec top = load(w);
  for (int32_t j = kLanes; j < stride; j += kLanes) top = max(top, load(w + j));
  const float highest = max_lanes(top);
  const Vec shift = set1(highest == -__builtin_inff() ? 0.0f : highest);  // infinite keys: no inf - inf
  Vec total = zero();
  for (int32_t j = 0; j < stride; j += kLanes) {
    const Vec p = exp2_nonpositive(sub(load(w + j), shift));
    store(w + j, p);
    total = add(total, p);
  }
  *max_out = highest;
  *sum_out = sum_lanes(total);
}

template <class E, int kHeads>
static void decode_heads(const DecodeArgs& a, int32_t head) {
  const int32_t n = a.row_dim;
  const int32_t padded = (a.count + kRowPadding - 1) / kRowPadding * kRowPadding;
  float* weights = a.weights;
  float* out = a.out + head * n;
  const int64_t row_bytes = n * static_cast<int64_t>(sizeof(E));
  const Prefetcher prefetch{a, row_bytes, static_cast<int32_t>(kPrefetchBytes / row_bytes), head == 0 ? 2 * a.count : 0};
  for (int32_t j = 0; j < prefetch.distance; ++j) prefetch.row(j);
  scores<E, kHeads>(a, prefetch, a.q + head * n, weights);
  for (int h = 0; h < kHeads; ++h)
    softmax_part(weights + h * a.stride, a.count, padded, a.max + head + h, a.sum + head + h);
  int32_t column = 0;
  for (; column + 4 * kLanes <= n; column += 4 * kLanes) weigh_columns<E, kHeads, 4>(a, prefetch, weights, column, out);
  if (column + 2 * kLanes <= n) weigh_columns<E, kHeads, 2>(a, prefetch, weights, column, out), column += 2 * kLanes;
  if (column + kLanes <= n) weigh_columns<E, kHeads, 1>(a, prefetch, weights, column, out);
}

template <class E>
static void decode_group(const DecodeArgs& a) {
  const int32_t blocks = (a.group + kMaxHeadBlock - 1) / kMaxHeadBlock;
  for (int32_t b = 0, head = 0; b < blocks; ++b) {
    const int32_t heads = (a.group - head + blocks - b - 1) / (blocks - b);
    switch (heads) {
      case 1: decode_heads<E, 1>(a, head); break;
      case 2: decode_heads<E, 2>(a, head); break;
      case 3: if constexpr (kMaxHeadBlock >= 3) decode_heads<E, 3>(a, head); break;
      default: if constexpr (kMaxHeadBlock >= 4) decode_heads<E, 4>(a, head); break;
    }
    head += heads;
  }
}

static void decode_part(const DecodeArgs& a) {
  if (a.half) decode_group<uint16_t>(a);
  else decode_group<float>(a);
}

// Adds the parts in their order; the weights of the parts depend on nothing but the parts.
static void merge_parts(const MergeArgs& a) {
  const int32_t n = a.row_dim;
  const int64_t part_floats = static_cast<int64_t>(a.group) * (n + 2);
  for (int32_t h = 0; h < a.group; ++h) {
    const float* max_of = a.parts + a.group * n + h;
    const float* sum_of = max_of + a.group;
    float highest = max_of[0];
    for (int32_t p = 1; p < a.part_count; ++p)
      highest = highest > max_of[p * part_floats] ? highest : max_of[p * part_floats];
    float* merged = a.parts + h * n;
    float total = 0.0f;
    for (int32_t p = 0; p < a.part_count; ++p) {
      const float factor = exp2_nonpositive(max_of[p * part_floats] - highest);
      const Vec weight = set1(factor);
      const float* part = merged + p * part_floats;
      total += factor * sum_of[p * part_floats];
      for (int32_t d = 0; d < n; d += kLanes)
        store(merged + d, p == 0 ? mul(weight, load(part + d)) : fma(weight, load(part + d), load(merged + d)));
    }
    scale_into(a.out + h * a.head_dim, merged, 1.0f / total, a.head_dim);
  }
}
