#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/half.h"
#include "reference/reference.h"

namespace contexture {
namespace reference {
namespace {

uint16_t to_half(float x) {
  const double rounded = std::fabs(round_to_half(x));
  const auto sign = static_cast<uint16_t>(x < 0 ? 0x8000 : 0);
  uint16_t below = 0, above = 0x7c00;  // halves ascend with their bits
  while (below < above) {
    const auto middle = static_cast<uint16_t>((below + above) / 2);
    if (half_to_float(middle) < rounded) below = static_cast<uint16_t>(middle + 1);
    else above = middle;
  }
  return static_cast<uint16_t>(sign | below);
}

float clamped(float x) { return static_cast<float>(round_to_half(std::clamp(x, -65504.0f, 65504.0f))); }

uint16_t half_at(const std::vector<uint8_t>& bytes, int64_t at) {
  return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

// One layer's keys or values: where its bytes begin and what shares a scale.
struct Part {
  int32_t bits, row_dim, tokens;
  bool keys;
  int64_t begin;

  int32_t sets() const { return (row_dim + 31) / 32; }
  int32_t scales() const { return keys ? row_dim : bits == 8 ? tokens : tokens * sets(); }
  int32_t scale_of(int32_t token, int32_t i) const {
    return keys ? i : bits == 8 ? token : token * sets() + i / 32;
  }
  int64_t codes() const { return begin + (bits == 8 ? 2 : 4) * scales(); }
  int64_t bytes() const {
    if (bits == 16) return static_cast<int64_t>(2) * tokens * row_dim;
    return codes() - begin + static_cast<int64_t>(tokens) * (bits == 8 ? row_dim : 16 * sets());
  }
  int64_t code_at(int32_t token, int32_t i) const {
    return codes() + (bits == 8 ? token * row_dim + i : token * 16 * sets() + i / 32 * 16 + i % 16);
  }
  int32_t shift(int32_t i) const { return i % 32 < 16 ? 0 : 4; }
};

Part part_of(const BlockPlace& place, BlockFormat format, int32_t layer, int32_t what) {
  const int32_t keys = format == BlockFormat::kF16 ? 16 : format == BlockFormat::kInt4 ? 4 : 8;
  const int32_t values = format == BlockFormat::kInt8Keys4Values ? 4 : keys;
  Part part{keys, place.geometry.row_dim(), place.tokens, true, 0};
  for (int32_t i = 0; i < 2 * layer + what; ++i) {
    part.begin += part.bytes();
    part.keys = !part.keys, part.bits = part.keys ? keys : values;
  }
  return part;
}

float pool_half(const BlockPlace& p, const void* pool, int32_t layer, int32_t what, int32_t token, int32_t i,
                uint16_t* bits) {
  const int32_t position = p.first + token;
  const int64_t slot = static_cast<int64_t>(p.pages[position / p.geometry.page_tokens]) * p.geometry.page_tokens +
                       position % p.geometry.page_tokens;
  const char* row = static_cast<const char*>(pool) + p.geometry.key_row_offset(p.layers[layer], slot, p.kv_head) +
                    what * p.geometry.value_offset();
  std::memcpy(bits, row + 2 * i, sizeof *bits);
  const float x = half_to_float(*bits);
  return std::isfinite(x) ? x + 0.0f : 0.0f;  // no -0
}

}  // namespace

std::vector<uint8_t> encoded_block(const BlockPlace& place, BlockFormat format, const void* pool) {
  std::vector<uint8_t> out;
  for (int32_t layer = 0; layer < place.layer_count; ++layer)
    for (int32_t what = 0; what < 2; ++what) {
      const Part part = part_of(place, format, layer, what);
      out.resize(static_cast<size_t>(part.begin + part.bytes()));
      std::vector<float> least(static_cast<size_t>(part.scales()), INFINITY), most(least.size(), -INFINITY);
      uint16_t bits = 0;
      for (int32_t t = 0; t < part.tokens; ++t)
        for (int32_t i = 0; i < part.row_dim; ++i) {
          const float x = pool_half(place, pool, layer, what, t, i, &bits);
          if (part.bits == 16) {
            std::memcpy(out.data() + part.begin + 2 * (static_cast<int64_t>(t) * part.row_dim + i), &bits, 2);
          } else {
            float& low = least[part.scale_of(t, i)];
            float& high = most[part.scale_of(t, i)];
            low = std::min(low, x), high = std::max(high, x);
          }
        }
      if (part.bits == 16) continue;
      for (int32_t s = 0; s < part.scales(); ++s) {
        const float scale = part.bits == 8 ? std::max(most[s], -least[s]) * (1.0f / 127.0f)
                                           : (most[s] - least[s]) * (1.0f / 15.0f);
        const uint16_t half = to_half(scale), minimum = to_half(least[s]);
        std::memcpy(out.data() + part.begin + 2 * s, &half, 2);
        if (part.bits == 4) std::memcpy(out.data() + part.begin + 2 * (part.scales() + s), &minimum, 2);
      }
      for (int32_t t = 0; t < part.tokens; ++t)
        for (int32_t i = 0; i < part.row_dim; ++i) {
          const int32_t s = part.scale_of(t, i);
          const float scale = half_to_float(half_at(out, part.begin + 2 * s));
          const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
          const float x = pool_half(place, pool, layer, what, t, i, &bits);
          uint8_t& code = out[part.code_at(t, i)];
          if (part.bits == 8)
            code = static_cast<uint8_t>(std::clamp(std::nearbyint(x * inverse), -127.0f, 127.0f) + 128.0f);
          else
            code = static_cast<uint8_t>(
                code | static_cast<int>(std::clamp(std::nearbyint((x - least[s]) * inverse), 0.0f, 15.0f))
                           << part.shift(i));
        }
    }
  return out;
}

float decoded_value(const BlockPlace& place, BlockFormat format, const std::vector<uint8_t>& bytes, int32_t layer,
                    int32_t what, int32_t token, int32_t i) {
  const Part part = part_of(place, format, layer, what);
  if (part.bits == 16)
    return half_to_float(half_at(bytes, part.begin + 2 * (static_cast<int64_t>(token) * part.row_dim + i)));
  const int32_t s = part.scale_of(token, i);
  const float scale = half_to_float(half_at(bytes, part.begin + 2 * s));
  const uint8_t code = bytes[part.code_at(token, i)];
  if (part.bits == 8) return clamped(static_cast<float>(code - 128) * scale);
  const float minimum = half_to_float(half_at(bytes, part.begin + 2 * (part.scales() + s)));
  const float product = static_cast<float>(code >> part.shift(i) & 15) * scale;
  return clamped(product + minimum);
}

}  // namespace reference
}  // namespace contexture
