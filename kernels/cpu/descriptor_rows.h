// Descriptors of pieces of keys. Included inside the variant's namespace.

template <class E>
static void describe_mean(const DescribeArgs& a) {
  const Vec factor = set1(1.0f / static_cast<float>(a.count));
  for (int32_t d = 0; d < a.row_dim; d += kLanes) {
    Vec sum = zero();
    for (int32_t i = 0; i < a.count; ++i) sum = add(sum, load(static_cast<const E*>(a.rows[i]) + d));
    store(a.out + d, mul(sum, factor));
  }
}

template <class E>
static void describe_range(const DescribeArgs& a) {
  for (int32_t d = 0; d < a.row_dim; d += kLanes) {
    Vec low = load(static_cast<const E*>(a.rows[0]) + d), high = low;
    for (int32_t i = 1; i < a.count; ++i) {
      const Vec key = load(static_cast<const E*>(a.rows[i]) + d);
      low = min(key, low), high = max(key, high);
    }
    store(a.out + d, high);
    store(a.out + a.row_dim + d, low);
  }
}

static void describe_piece(const DescribeArgs& a) {
  if (a.min_max) {
    if (a.half) describe_range<uint16_t>(a);
    else describe_range<float>(a);
  } else {
    if (a.half) describe_mean<uint16_t>(a);
    else describe_mean<float>(a);
  }
}

constexpr int kScoredKeys = 8;

// Scores of kHeads query heads over kScoredKeys consecutive rows.
template <int kHeads, class E>
static void score_slots(const float* q, const E* keys, int32_t row_dim, float* out, int64_t stride) {
  constexpr int kKeys = keys_per_block(kHeads);
  for (int j = 0; j < kScoredKeys; j += kKeys) {
    Vec acc[kHeads][kKeys];
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 8
      for (int i = 0; i < kKeys; ++i) acc[h][i] = zero();
    for (int32_t d = 0; d < row_dim; d += kLanes) {
      Vec heads[kHeads];
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) heads[h] = load(q + h * row_dim + d);
#pragma GCC unroll 8
      for (int i = 0; i < kKeys; ++i) {
        const Vec key = load(keys + (j + i) * row_dim + d);
#pragma GCC unroll 4
        for (int h = 0; h < kHeads; ++h) acc[h][i] = fma(heads[h], key, acc[h][i]);
      }
    }
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h) store_sums(out + h * stride + j, acc[h]);
  }
}

template <int kCount>
struct HeadCount {
  static constexpr int value = kCount;
};

// Calls fn(HeadCount<n>, first head) for as many heads at once as share one pass over the keys.
template <class Fn>
static void for_head_blocks(int32_t heads, const Fn& fn) {
  int32_t head = 0;
  for (; head + kMaxHeadBlock <= heads; head += kMaxHeadBlock) fn(HeadCount<kMaxHeadBlock>(), head);
  switch (heads - head) {
    case 1: fn(HeadCount<1>(), head); break;
    case 2: if constexpr (kMaxHeadBlock > 2) fn(HeadCount<2>(), head); break;
    case 3: if constexpr (kMaxHeadBlock > 3) fn(HeadCount<3>(), head); break;
    default: break;
  }
}

// scores[h, p] for all pieces, and for those that fill up the last group of kScoredKeys.
static void score_pieces(const ScorePieceArgs& a) {
  for_head_blocks(a.heads, [&a](auto heads, int32_t head) {
    const float* q = a.q + static_cast<int64_t>(head) * a.width;
    float* out = a.scores + head * a.stride;
    for (int32_t p = 0; p < a.pieces; p += kScoredKeys) {
      const char* part = a.base + a.chunks[p / a.chunk_pieces] * a.chunk_bytes;
      score_slots<decltype(heads)::value>(
          q, reinterpret_cast<const uint16_t*>(part) + static_cast<int64_t>(p % a.chunk_pieces) * a.width, a.width,
          out + p, a.stride);
    }
  });
}
