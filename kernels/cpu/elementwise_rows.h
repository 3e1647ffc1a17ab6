// Block sums and the gated activation. Included inside the variant's namespace.

static float block_max_abs(const float* x, int64_t block) {
  Vec top = zero();
  int64_t i = 0;
  for (; i + kLanes <= block; i += kLanes) {
    const Vec v = load(x + i);
    top = max(top, max(v, sub(zero(), v)));
  }
  float highest = max_lanes(top);
  for (; i < block; ++i) highest = __builtin_fmaxf(highest, __builtin_fabsf(x[i]));
  return highest;
}

// The sums of what an 8-bit product sees: each block rounded to 127 steps of its largest magnitude.
static void block_sum_int8(const float* x, float* sums, int64_t blocks, int64_t block) {
  for (int64_t b = 0; b < blocks; ++b, x += block) {
    const float highest = block_max_abs(x, block);
    const float per_step = highest > 0.0f ? 127.0f / highest : 0.0f;
    const Vec factor = set1(per_step);
    Vec acc = zero();
    int64_t i = 0;
    for (; i + kLanes <= block; i += kLanes) acc = add(acc, round_nearest(mul(load(x + i), factor)));
    float total = sum_lanes(acc);
    for (; i < block; ++i) total += __builtin_rintf(x[i] * per_step);
    sums[b] = total * (highest / 127.0f);
  }
}

static void block_sum(const float* x, float* sums, int64_t blocks, int64_t block) {
  for (int64_t b = 0; b < blocks; ++b, x += block) {
    Vec acc = zero();
    int64_t i = 0;
    for (; i + kLanes <= block; i += kLanes) acc = add(acc, load(x + i));
    float total = sum_lanes(acc);
    for (; i < block; ++i) total += x[i];
    sums[b] = total;
  }
}

static void swiglu_row(const float* gate_up, float* y, int64_t first, int64_t last, int64_t width) {
  int64_t i = first;
  for (; i + kLanes <= last; i += kLanes) store(y + i, swiglu(load(gate_up + i), load(gate_up + width + i)));
  if (i < last) {
    alignas(64) float gate[kLanes] = {}, up[kLanes] = {}, result[kLanes];
    for (int64_t j = i; j < last; ++j) gate[j - i] = gate_up[j], up[j - i] = gate_up[width + j];
    store(result, swiglu(load(gate), load(up)));
    for (int64_t j = i; j < last; ++j) y[j] = result[j - i];
  }
}
