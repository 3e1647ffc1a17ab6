// Norm, rotary and append of the step's rows. Included inside the variant's namespace.

static inline float dot_self(const float* x, int32_t n) {
  Vec acc = zero();
  int32_t i = 0;
  for (; i + kLanes <= n; i += kLanes) acc = fma(load(x + i), load(x + i), acc);
  float total = sum_lanes(acc);
  for (; i < n; ++i) total += x[i] * x[i];
  return total;
}

// Half-split rotary: the pair (i, i + n / 2) turns by the angle of column i. The result is multiplied by scale.
static void norm_and_rotate(const float* x, const float* weight, float epsilon, const float* __restrict cos,
                            const float* __restrict sin, float scale, int32_t n, int32_t padded,
                            float* __restrict out) {
  if (n < 0 || padded < n || padded > kMaxHeadDim) __builtin_unreachable();
  float normed[kMaxHeadDim];
  if (weight != nullptr) {
    const float inverse = 1.0f / __builtin_sqrtf(dot_self(x, n) / static_cast<float>(n) + epsilon);
    for (int32_t i = 0; i < n; ++i) normed[i] = x[i] * inverse * weight[i];
    x = normed;
  }
  const int32_t half = n / 2;
  const float* __restrict low = x;
  const float* __restrict high = x + half;
  for (int32_t i = 0; i < half; ++i) {
    out[i] = (low[i] * cos[i] - high[i] * sin[i]) * scale;
    out[half + i] = (high[i] * cos[i] + low[i] * sin[i]) * scale;
  }
  for (int32_t i = n; i < padded; ++i) out[i] = 0.0f;
}

static void store_row(const float* x, char* row, int32_t n, bool half) {  // n: a multiple of 16
  if (half) {
    for (int32_t i = 0; i < n; i += kLanes) store(reinterpret_cast<uint16_t*>(row) + i, load(x + i));
  } else {
    for (int32_t i = 0; i < n; i += kLanes) store(reinterpret_cast<float*>(row) + i, load(x + i));
  }
}

static void prepare_rows(const PrepareArgs& a, int64_t first, int64_t last) {
  const int32_t n = a.head_dim, padded = a.row_dim;
  float row_out[kMaxHeadDim];
  for (int64_t t = first; t < last; ++t) {
    const float* row = a.qkv + t * (a.num_heads + 2 * a.kv_heads) * n;
    const float* cos = a.rope_cos + static_cast<int64_t>(a.positions[t]) * (n / 2);
    const float* sin = a.rope_sin + static_cast<int64_t>(a.positions[t]) * (n / 2);
    float* q = a.q + t * a.num_heads * padded;
    for (int32_t h = 0; h < a.num_heads; ++h)
      norm_and_rotate(row + h * n, a.q_norm, a.norm_epsilon, cos, sin, a.q_scale, n, padded, q + h * padded);
    char* slot = a.layer_base + a.slots[t] / a.page_tokens * a.page_bytes + a.slots[t] % a.page_tokens * a.row_bytes;
    const float* k = row + a.num_heads * n;
    const float* v = k + a.kv_heads * n;
    for (int32_t h = 0; h < a.kv_heads; ++h) {
      norm_and_rotate(k + h * n, a.k_norm, a.norm_epsilon, cos, sin, 1.0f, n, padded, row_out);
      store_row(row_out, slot + h * a.head_bytes, padded, a.half);
      for (int32_t i = 0; i < n; ++i) row_out[i] = v[h * n + i];
      store_row(row_out, slot + h * a.head_bytes + a.plane_bytes, padded, a.half);
    }
  }
}
