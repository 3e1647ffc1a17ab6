// Rows of K or V as codes of 8 or 4 bits, see contexture/block_codec.h. Included inside the variant's namespace. Products
// and sums are not fused, so that every variant makes the same bytes.

// The channels of a code byte's two halves lie this far apart.
constexpr int kHalfSet = 16;
static_assert(kHalfSet % kLanes == 0, "a vector would straddle the halves of a set");

// What codes mean, lane by lane.
struct Steps {
  Vec scale, inverse, minimum;
};

// x, or 0 where it is no finite half.
static inline Vec finite(Vec x) {
  const Vec most = set1(-65504.0f);
  x = max(x, set1(-__builtin_inff()));
  x = zero_below(x, x, most);
  return zero_below(x, sub(zero(), x), most);
}

static inline Vec load_finite(const char* row, int32_t channel) {
  return finite(load(reinterpret_cast<const uint16_t*>(row) + channel));
}

// As a half holds it.
static inline Vec rounded_to_half(Vec x) {
  uint16_t halves[kLanes];
  store(halves, x);
  return load(halves);
}

static inline Vec inverse_of(Vec scale) {
  return zero_below(div(set1(1.0f), scale), scale, set1(2.0e-8f));  // the smallest half above 0 is 6e-8
}

static inline Steps steps_between(Vec least, Vec most, int32_t bits) {
  least = add(least, zero()), most = add(most, zero());  // which of -0 and 0 they are depends on the order of the lanes
  const Vec scale = bits == 8 ? mul(max(most, sub(zero(), least)), set1(1.0f / 127.0f))
                              : mul(sub(most, least), set1(1.0f / 15.0f));
  const Vec rounded = rounded_to_half(scale);
  return {rounded, inverse_of(rounded), bits == 8 ? zero() : least};
}

static inline Vec code8(Vec x, const Steps& s) {
  const Vec step = round_nearest(mul(x, s.inverse));
  return add(max(min(step, set1(127.0f)), set1(-127.0f)), set1(128.0f));
}
static inline Vec value8(Vec code, Vec scale) { return mul(sub(code, set1(128.0f)), scale); }

// The largest halves may come back a little larger than they were. Never NaN.
static inline void store_clamped(uint16_t* to, Vec x) {
  store(to, max(min(x, set1(65504.0f)), set1(-65504.0f)));
}

static inline Vec code4(Vec x, const Steps& s) {
  return max(min(round_nearest(mul(sub(x, s.minimum), s.inverse)), set1(15.0f)), zero());
}
static inline Vec value4(Vec code, Vec scale, Vec minimum) { return add(mul(code, scale), minimum); }

// Codes low and high of 4 bits as bytes, and back; exact in floats.
static inline void store_halves(uint8_t* bytes, Vec low, Vec high) { store(bytes, add(low, mul(high, set1(16.0f)))); }
static inline void load_halves(const uint8_t* bytes, Vec& low, Vec& high) {
  const Vec both = load(bytes);
  high = round_nearest(mul(sub(both, set1(7.5f)), set1(1.0f / 16.0f)));
  low = sub(both, mul(high, set1(16.0f)));
}

static inline int32_t sets_of(int32_t row_dim) { return (row_dim + 2 * kHalfSet - 1) / (2 * kHalfSet); }

// Of the channels [channel, channel + kLanes) over all tokens.
static inline Steps steps_of_channels(const EncodeRowsArgs& a, int32_t channel) {
  Vec least = load_finite(a.rows + a.offsets[0], channel), most = least;
  for (int32_t t = 1; t < a.tokens; ++t) {
    const Vec x = load_finite(a.rows + a.offsets[t], channel);
    least = min(x, least), most = max(x, most);
  }
  return steps_between(least, most, a.bits);
}

// Of a token's channels [first, last), one for all lanes.
static inline Steps steps_of_token(const EncodeRowsArgs& a, int32_t t, int32_t first, int32_t last) {
  const char* row = a.rows + a.offsets[t];
  Vec least = load_finite(row, first), most = least;
  for (int32_t c = first + kLanes; c < last; c += kLanes) {
    const Vec x = load_finite(row, c);
    least = min(x, least), most = max(x, most);
  }
  return steps_between(set1(-max_lanes(sub(zero(), least))), set1(max_lanes(most)), a.bits);
}

static inline void store_first_half(uint16_t* to, Vec x) {
  uint16_t halves[kLanes];
  store(halves, x);
  *to = halves[0];
}

static inline Vec spread_half(const uint16_t* from) {
  uint16_t halves[kLanes];
  for (int i = 0; i < kLanes; ++i) halves[i] = *from;
  return load(halves);
}

static void encode_key_rows(const EncodeRowsArgs& a) {
  auto* scales = reinterpret_cast<uint16_t*>(a.out);
  if (a.bits == 8) {
    uint8_t* codes = a.out + 2 * a.row_dim;
    for (int32_t c = 0; c < a.row_dim; c += kLanes) {
      const Steps steps = steps_of_channels(a, c);
      store(scales + c, steps.scale);
      for (int32_t t = 0; t < a.tokens; ++t)
        store(codes + static_cast<int64_t>(t) * a.row_dim + c, code8(load_finite(a.rows + a.offsets[t], c), steps));
    }
    return;
  }
  const int32_t code_bytes = sets_of(a.row_dim) * kHalfSet;
  uint16_t* minima = scales + a.row_dim;
  uint8_t* codes = a.out + 4 * a.row_dim;
  for (int32_t first = 0; first < a.row_dim; first += 2 * kHalfSet, codes += kHalfSet)
    for (int32_t i = 0; i < kHalfSet; i += kLanes) {
      const int32_t c = first + i;
      const bool pair = c + kHalfSet < a.row_dim;
      const Steps low = steps_of_channels(a, c), high = pair ? steps_of_channels(a, c + kHalfSet) : low;
      store(scales + c, low.scale), store(minima + c, low.minimum);
      if (pair) store(scales + c + kHalfSet, high.scale), store(minima + c + kHalfSet, high.minimum);
      for (int32_t t = 0; t < a.tokens; ++t) {
        const char* row = a.rows + a.offsets[t];
        store_halves(codes + static_cast<int64_t>(t) * code_bytes + i, code4(load_finite(row, c), low),
                     pair ? code4(load_finite(row, c + kHalfSet), high) : zero());
      }
    }
}

static void encode_value_rows(const EncodeRowsArgs& a) {
  auto* scales = reinterpret_cast<uint16_t*>(a.out);
  if (a.bits == 8) {
    uint8_t* codes = a.out + 2 * a.tokens;
    for (int32_t t = 0; t < a.tokens; ++t) {
      const Steps steps = steps_of_token(a, t, 0, a.row_dim);
      store_first_half(scales + t, steps.scale);
      for (int32_t c = 0; c < a.row_dim; c += kLanes, codes += kLanes)
        store(codes, code8(load_finite(a.rows + a.offsets[t], c), steps));
    }
    return;
  }
  const int32_t sets = sets_of(a.row_dim);
  uint16_t* minima = scales + a.tokens * sets;
  uint8_t* codes = a.out + static_cast<int64_t>(4) * a.tokens * sets;
  for (int32_t t = 0; t < a.tokens; ++t)
    for (int32_t set = 0; set < sets; ++set, codes += kHalfSet) {
      const char* row = a.rows + a.offsets[t];
      const int32_t first = set * 2 * kHalfSet;
      const bool pair = first + kHalfSet < a.row_dim;
      const Steps steps = steps_of_token(a, t, first, first + (pair ? 2 : 1) * kHalfSet);
      store_first_half(scales + t * sets + set, steps.scale), store_first_half(minima + t * sets + set, steps.minimum);
      for (int32_t c = 0; c < kHalfSet; c += kLanes)
        store_halves(codes + c, code4(load_finite(row, first + c), steps),
                     pair ? code4(load_finite(row, first + kHalfSet + c), steps) : zero());
    }
}

static inline uint16_t* decoded_row(const DecodeRowsArgs& a, int32_t t) {
  return reinterpret_cast<uint16_t*>(a.rows + a.offsets[t]);
}

static void decode_key_rows(const DecodeRowsArgs& a) {
  const auto* scales = reinterpret_cast<const uint16_t*>(a.in);
  if (a.bits == 8) {
    const uint8_t* codes = a.in + 2 * a.row_dim;
    for (int32_t t = 0; t < a.tokens; ++t) {
      uint16_t* row = decoded_row(a, t);
      for (int32_t c = 0; c < a.row_dim; c += kLanes, codes += kLanes)
        store_clamped(row + c, value8(load(codes), load(scales + c)));
    }
    return;
  }
  const uint16_t* minima = scales + a.row_dim;
  const uint8_t* codes = a.in + 4 * a.row_dim;
  for (int32_t t = 0; t < a.tokens; ++t) {
    uint16_t* row = decoded_row(a, t);
    for (int32_t first = 0; first < a.row_dim; first += 2 * kHalfSet, codes += kHalfSet)
      for (int32_t i = 0; i < kHalfSet; i += kLanes) {
        const int32_t c = first + i;
        Vec low, high;
        load_halves(codes + i, low, high);
        store_clamped(row + c, value4(low, load(scales + c), load(minima + c)));
        if (first + kHalfSet < a.row_dim)
          store_clamped(row + c + kHalfSet, value4(high, load(scales + c + kHalfSet), load(minima + c + kHalfSet)));
      }
  }
}

static void decode_value_rows(const DecodeRowsArgs& a) {
  const auto* scales = reinterpret_cast<const uint16_t*>(a.in);
  if (a.bits == 8) {
    const uint8_t* codes = a.in + 2 * a.tokens;
    for (int32_t t = 0; t < a.tokens; ++t) {
      uint16_t* row = decoded_row(a, t);
      const Vec scale = spread_half(scales + t);
      for (int32_t c = 0; c < a.row_dim; c += kLanes, codes += kLanes) store_clamped(row + c, value8(load(codes), scale));
    }
    return;
  }
  const int32_t sets = sets_of(a.row_dim);
  const uint16_t* minima = scales + a.tokens * sets;
  const uint8_t* codes = a.in + static_cast<int64_t>(4) * a.tokens * sets;
  for (int32_t t = 0; t < a.tokens; ++t) {
    uint16_t* row = decoded_row(a, t);
    for (int32_t set = 0; set < sets; ++set, codes += kHalfSet) {
      const int32_t first = set * 2 * kHalfSet;
      const Vec scale = spread_half(scales + t * sets + set), minimum = spread_half(minima + t * sets + set);
      for (int32_t c = 0; c < kHalfSet; c += kLanes) {
        Vec low, high;
        load_halves(codes + c, low, high);
        store_clamped(row + first + c, value4(low, scale, minimum));
        if (first + kHalfSet < a.row_dim) store_clamped(row + first + kHalfSet + c, value4(high, scale, minimum));
      }
    }
  }
}
