// Vector functions on the variant's Vec. Included inside the variant's namespace.

// 2^f for |f| <= 1/2, relative error below 8e-8, exactly 1 at 0 (polynomial fitted for the relative error).
static inline Vec exp2_fraction(Vec f) {
  Vec p = set1(1.535565243e-04f);
  p = fma(p, f, set1(1.339897048e-03f));
  p = fma(p, f, set1(9.618429467e-03f));
  p = fma(p, f, set1(5.550331995e-02f));
  p = fma(p, f, set1(2.402264774e-01f));
  p = fma(p, f, set1(6.931471825e-01f));
  return fma(p, f, set1(1.0f));
}

// 2^x for x <= 0; 0 below 2^-126, so that no denormal appears; NaN stays NaN.
static inline Vec exp2_nonpositive(Vec x) {
  const Vec floor = set1(-126.0f);
  const Vec clamped = max(floor, x);
  const Vec n = round_nearest(clamped);
  return zero_below(scale_by_power(exp2_fraction(sub(clamped, n)), n), x, floor);
}

static inline float exp2_nonpositive(float x) {
  alignas(64) float lanes[kLanes];
  store(lanes, exp2_nonpositive(set1(x)));
  return lanes[0];
}

// e^x, with x clamped to [-87, 87]; NaN stays NaN.
static inline Vec exp_clamped(Vec x) {
  const Vec log2e = set1(1.44269504f);
  x = max(set1(-87.0f), min(set1(87.0f), x));
  const Vec n = round_nearest(mul(x, log2e));
  Vec r = fma(n, set1(-0.693359375f), x);  // ln 2 in two pieces: the product with the first is exact
  r = fma(n, set1(2.12194440e-4f), r);
  return scale_by_power(exp2_fraction(mul(r, log2e)), n);
}

// out[i] = x[i] * factor
static inline void scale_into(float* out, const float* x, float factor, int32_t n) {
  const Vec factors = set1(factor);
  int32_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, mul(load(x + i), factors));
  for (; i < n; ++i) out[i] = x[i] * factor;
}

// x * sigmoid(x) * up
static inline Vec swiglu(Vec x, Vec up) {
  return div(mul(x, up), add(set1(1.0f), exp_clamped(sub(zero(), x))));
}
