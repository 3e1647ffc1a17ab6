// Keys of the retrieval head: rounding, scores and weights. Included inside the variant's namespace, behind
// prepare_rows.h.

static void rotate(const float* x, const float* cos, const float* sin, float scale, int32_t n, int32_t padded,
                   float* out) {
  norm_and_rotate(x, nullptr, 0.0f, cos, sin, scale, n, padded, out);
}

// Rotates a key, rounds it to 127 steps of its largest magnitude and returns the size of a step.
static float round_key(const float* key, const float* cos, const float* sin, int32_t head_dim, int32_t row_dim,
                       int8_t* out) {
  float turned[kMaxHeadDim];
  rotate(key, cos, sin, 1.0f, head_dim, row_dim, turned);
  float largest = 0.0f;
  for (int32_t i = 0; i < head_dim; ++i) {
    const float magnitude = turned[i] < 0 ? -turned[i] : turned[i];
    largest = magnitude > largest ? magnitude : largest;
  }
  const float inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
  for (int32_t i = 0; i < row_dim; ++i) {
    const float steps = turned[i] * inverse;
    const bool sound = steps > -127.5f && steps < 127.5f;  // else a value was not finite
    out[i] = sound ? static_cast<int8_t>(static_cast<int32_t>(steps + (steps < 0.0f ? -0.5f : 0.5f))) : int8_t{0};
  }
  return largest <= 3.4e38f ? largest / 127.0f : 0.0f;
}

static void append_key_rows(const AppendKeyArgs& a, int64_t first, int64_t last) {
  for (int64_t t = first; t < last; ++t) {
    const float* cos = a.rope_cos + static_cast<int64_t>(a.positions[t]) * (a.head_dim / 2);
    const float* sin = a.rope_sin + static_cast<int64_t>(a.positions[t]) * (a.head_dim / 2);
    char* page = a.pool + a.slots[t] / a.page_tokens * a.page_bytes;
    const int64_t token = a.slots[t] % a.page_tokens;
    for (int32_t list = 0; list < a.lists; ++list) {
      char* part = page + list * a.list_bytes;
      const float scale = round_key(a.keys + (t * a.lists + list) * a.head_dim, cos, sin, a.head_dim, a.row_dim,
                                    reinterpret_cast<int8_t*>(part + token * a.row_dim));
      reinterpret_cast<float*>(part + a.scales_offset)[token] = scale;
    }
  }
}

constexpr int kScoredKeys = 8;  // page_tokens is a multiple of it

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

template <int kHeads>
static void score_heads(const ScoreArgs& a, int32_t head) {
  const float* q = a.q + static_cast<int64_t>(head) * a.row_dim;
  float* out = a.scores + head * a.stride;
  for (int32_t p = a.first / kScoredKeys * kScoredKeys; p < a.last; p += kScoredKeys) {
    const char* part = a.base + a.pages[p / a.page_tokens] * a.page_bytes;
    const int64_t token = p % a.page_tokens;
    // The next page's keys: within a page the processor sees the stream itself.
    if (token == 0 && p + a.page_tokens < a.last) {
      const char* next = a.base + a.pages[p / a.page_tokens + 1] * a.page_bytes;
      for (int64_t b = 0; b < a.scales_offset; b += 64) __builtin_prefetch(next + b, 0, 2);
    }
    score_slots<kHeads>(q, reinterpret_cast<const int8_t*>(part) + token * a.row_dim, a.row_dim, out + p, a.stride);
    const float* scales = reinterpret_cast<const float*>(part + a.scales_offset) + token;
    for (int h = 0; h < kHeads; ++h)
      for (int i = 0; i < kScoredKeys; ++i) out[h * a.stride + p + i] *= scales[i];
  }
}

// scores[h, p] for the positions [first, last), in powers of two; a few beside them are written too.
static void score_keys(const ScoreArgs& a) {
  for_head_blocks(a.heads, [&a](auto heads, int32_t head) { score_heads<decltype(heads)::value>(a, head); });
}

// A softmax per head over scores[h, 0 .. count), then one weight per position: the largest of the heads or their mean.
// Scores are overwritten. The result is never NaN.
static void weigh_positions(const WeighArgs& a) {
  for (int32_t h = 0; h < a.heads; ++h) {
    float* s = a.scores + h * a.stride;
    for (int64_t j = a.count; j % kLanes != 0; ++j) s[j] = -__builtin_inff();
    Vec top = set1(-__builtin_inff());
    for (int64_t j = 0; j < a.count; j += kLanes) top = max(load(s + j), top);
    const float highest = max_lanes(top);
    const Vec shift = set1(highest == -__builtin_inff() ? 0.0f : highest);
    Vec total = zero();
    for (int64_t j = 0; j < a.count; j += kLanes) {
      const Vec p = exp2_nonpositive(sub(load(s + j), shift));
      store(s + j, p);
      total = add(total, p);
    }
    const float sum = sum_lanes(total);
    const Vec factor = set1(sum > 0.0f ? 1.0f / (a.mean ? sum * static_cast<float>(a.heads) : sum) : 0.0f);
    for (int64_t j = 0; j < a.count; j += kLanes) {
      const Vec p = max(mul(load(s + j), factor), zero());
      store(a.weights + j, h == 0 ? p : a.mean ? add(load(a.weights + j), p) : max(load(a.weights + j), p));
    }
  }
}
