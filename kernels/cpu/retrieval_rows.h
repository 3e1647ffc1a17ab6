// Keys of the retrieval head: rounding, scores and weights. Included inside the variant's namespace, behind
// prepare_rows.h.

// Rounds to `steps` of the largest magnitude and returns the size of a step. Values that are not finite become 0.
template <class Integer>
static float round_to_steps(const float* x, int32_t count, float steps, Integer* out) {
  float largest = 0.0f;
  for (int32_t i = 0; i < count; ++i) {
    const float magnitude = x[i] < 0 ? -x[i] : x[i];
    largest = magnitude > largest ? magnitude : largest;
  }
  const bool finite = largest <= 3.4e38f;
  const float inverse = largest > 0.0f && finite ? steps / largest : 0.0f;
  for (int32_t i = 0; i < count; ++i) {
    const float step = x[i] * inverse;
    const bool sound = step > -steps - 0.5f && step < steps + 0.5f;
    out[i] = sound ? static_cast<Integer>(static_cast<int32_t>(step + (step < 0.0f ? -0.5f : 0.5f))) : Integer{0};
  }
  return finite ? largest / steps : 0.0f;
}

constexpr int kInterleaved = 8;  // keys
constexpr int kChunkValues = 16;  // of each interleaved key, in kChunkBytes; two runs of 8
constexpr int kChunkBytes = kInterleaved * kChunkValues / 2;
constexpr float kKeySteps = 7.0f, kQuerySteps = 127.0f;
constexpr int kKeyZero = 8;
constexpr int kPagesAhead = 3;  // for which memory is asked

static void append_key_rows(const AppendKeyArgs& a, int64_t first, int64_t last) {
  for (int64_t t = first; t < last; ++t) {
    const float* cos = a.rope_cos + static_cast<int64_t>(a.positions[t]) * (a.head_dim / 2);
    const float* sin = a.rope_sin + static_cast<int64_t>(a.positions[t]) * (a.head_dim / 2);
    char* page = a.pool + a.slots[t] / a.page_tokens * a.page_bytes;
    const int64_t token = a.slots[t] % a.page_tokens;
    for (int32_t list = 0; list < a.lists; ++list) {
      char* part = page + list * a.list_bytes;
      float turned[kMaxHeadDim];
      int8_t rounded[kMaxHeadDim];
      norm_and_rotate(a.keys + (t * a.lists + list) * a.head_dim, nullptr, 0.0f, cos, sin, 1.0f, a.head_dim, a.row_dim,
                      turned);
      reinterpret_cast<float*>(part + a.scales_offset)[token] = round_to_steps(turned, a.row_dim, kKeySteps, rounded);
      char* values = part + token / kInterleaved * kInterleaved * a.row_dim / 2 + token % kInterleaved * 4;
      for (int32_t i = 0; i < a.row_dim; i += 8, values += 4 * kInterleaved)
        for (int j = 0; j < 4; ++j)
          values[j] = static_cast<char>((rounded[i + j] + kKeyZero) | (rounded[i + j + 4] + kKeyZero) << 4);
    }
  }
}

// Four values at a time, each as often as keys are interleaved: of a chunk those that low halves of its bytes meet, then
// those of the high halves.
static QuerySteps pack_query(const float* q, const float* cos, const float* sin, float scale, int32_t head_dim,
                             int32_t row_dim, int8_t* packed) {
  float turned[kMaxHeadDim];
  int8_t rounded[kMaxHeadDim];
  norm_and_rotate(q, nullptr, 0.0f, cos, sin, scale, head_dim, row_dim, turned);
  QuerySteps steps{round_to_steps(turned, row_dim, kQuerySteps, rounded), 0};
  for (int32_t i = 0; i < row_dim; ++i) steps.excess += kKeyZero * rounded[i];
  constexpr int32_t kOrder[] = {0, 8, 4, 12};
  for (int32_t chunk = 0; chunk < row_dim; chunk += kChunkValues)
    for (const int32_t first : kOrder)
      for (int key = 0; key < kInterleaved; ++key, packed += 4) __builtin_memcpy(packed, rounded + chunk + first, 4);
  return steps;
}

// A 16-bit sum takes, per chunk, as many products as a chunk has values for each of its lanes.
static_assert(kShortChunks * (kChunkBytes / (kShortBytes)) * 4 * static_cast<int>(kQuerySteps) * 15 <= 32767,
              "16-bit sums overflow");

// Scores of kHeads query heads over the keys of eight consecutive slots.
template <int kHeads>
static void score_eight(const ScoreArgs& a, int32_t head, const uint8_t* keys, const float* scales, float* out) {
  const int64_t packed = packed_query_bytes(a.row_dim);
  const int8_t* q = a.q + head * packed;
  const int32_t chunks = a.row_dim / kChunkValues;
  KeySums sums[kHeads];
#pragma GCC unroll 4
  for (int h = 0; h < kHeads; ++h) sums[h] = no_sums();
  for (int32_t chunk = 0; chunk < chunks;) {
    const int32_t last = chunks < chunk + kShortChunks ? chunks : chunk + kShortChunks;
    ShortSums part[kHeads];
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h) part[h] = no_short_sums();
    for (; chunk < last; ++chunk) {
      const KeyChunk halves = load_chunk(keys + chunk * kChunkBytes);
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) part[h] = add_chunk(part[h], halves, q + h * packed + chunk * 2 * kChunkBytes);
    }
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h) sums[h] = add_short_sums(sums[h], part[h]);
  }
#pragma GCC unroll 4
  for (int h = 0; h < kHeads; ++h)
    store_eight(out + h * a.stride, sums[h], a.q_steps[head + h].excess, a.q_steps[head + h].size, scales);
}

// scores[h, p] for the positions [first, last), in powers of two; a few beside them are written too.
static void score_keys(const ScoreArgs& a) {
  for (int32_t p = a.first / kInterleaved * kInterleaved; p < a.last; p += kInterleaved) {
    const char* part = a.base + a.pages[p / a.page_tokens] * a.page_bytes;
    const int64_t token = p % a.page_tokens;
    // A list's part of a page is a kilobyte or two: the processor's own prefetch has hardly begun when it ends.
    if (token == 0 && p + kPagesAhead * a.page_tokens < a.last) {
      const char* next = a.base + a.pages[p / a.page_tokens + kPagesAhead] * a.page_bytes;
      const int64_t bytes = a.scales_offset + a.page_tokens * static_cast<int64_t>(sizeof(float));
      for (int64_t b = 0; b < bytes; b += 64) __builtin_prefetch(next + b, 0, 2);
    }
    const auto* keys = reinterpret_cast<const uint8_t*>(part) + token * a.row_dim / 2;
    const float* scales = reinterpret_cast<const float*>(part + a.scales_offset) + token;
    int32_t head = 0;
    for (; head + 3 <= a.heads; head += 3) score_eight<3>(a, head, keys, scales, a.scores + head * a.stride + p);
    for (; head < a.heads; ++head) score_eight<1>(a, head, keys, scales, a.scores + head * a.stride + p);
  }
}

// A softmax per head over scores[h, 0 .. count), then one weight per position: the largest of the heads or their mean.
// Scores are overwritten. The result is never NaN.
static void weigh_positions(WeighArgs& a) {
  Vec whole = zero();
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
      Vec p = max(mul(load(s + j), factor), zero());
      if (h > 0) p = a.mean ? add(load(a.weights + j), p) : max(load(a.weights + j), p);
      store(a.weights + j, p);
      if (h == a.heads - 1) whole = add(whole, p);
    }
  }
  a.total = sum_lanes(whole);
}

static int32_t count_greater(const float* weights, int32_t count, float bound) {
  const Vec bounds = set1(bound);
  int32_t found = 0, i = 0;
  for (; i + kLanes <= count; i += kLanes) found += __builtin_popcount(greater_bits(load(weights + i), bounds));
  for (; i < count; ++i) found += weights[i] > bound;
  return found;
}

// Bisects the bits of the border: those of floats that are not negative ascend with them.
static void largest(const float* weights, int32_t count, int32_t wanted, int32_t* out) {
  int32_t below = -1, above = 0x7f800000;  // more than `wanted` weights are greater than the first; not than the second
  int32_t greater = 0;                     // than the second
  while (above - below > 1 && greater != wanted) {
    const int32_t middle = below + (above - below) / 2;
    float bound;
    __builtin_memcpy(&bound, &middle, sizeof bound);
    const int32_t found = count_greater(weights, count, bound);
    if (found > wanted) below = middle;
    else above = middle, greater = found;
  }
  float border;
  __builtin_memcpy(&border, &above, sizeof border);
  int32_t equal = wanted - greater, written = 0, i = 0;
  if (equal == 0) {
    const Vec borders = set1(border);
    for (; i + kLanes <= count; i += kLanes)
      for (uint32_t bits = greater_bits(load(weights + i), borders); bits != 0; bits &= bits - 1)
        out[written++] = i + __builtin_ctz(bits);
  }
  for (; i < count; ++i) {
    const bool tie = weights[i] == border && equal > 0;
    if (weights[i] > border || tie) out[written++] = i;
    equal -= tie;
  }
}
