#include "contexture/block_codec.h"

#include <cstring>
#include <initializer_list>

#include "cpu/dispatch.h"

namespace contexture {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored blocks are little endian");

struct RowBits {
  int32_t keys, values;
};

RowBits bits_of(BlockFormat format) {
  switch (format) {
    case BlockFormat::kF16: return {16, 16};
    case BlockFormat::kInt8: return {8, 8};
    case BlockFormat::kInt4: return {4, 4};
    case BlockFormat::kInt8Keys4Values: return {8, 4};
  }
  return {16, 16};
}

// Of one layer's keys or values: codes, and two bytes for each scale and minimum.
int64_t part_bytes(int32_t row_dim, int32_t bits, int64_t tokens, bool keys) {
  const int32_t sets = (row_dim + kSetChannels - 1) / kSetChannels;
  if (bits == 16) return 2 * tokens * row_dim;
  if (bits == 8) return tokens * row_dim + 2 * (keys ? row_dim : tokens);
  return tokens * sets * (kSetChannels / 2) + 4 * (keys ? row_dim : tokens * sets);
}

// From the key row of a layer's page 0, token 0: where each token's key row lies.
struct RowOffsets {
  explicit RowOffsets(const BlockPlace& p) {
    for (int32_t t = 0; t < p.tokens; ++t) {
      const int32_t position = p.first + t, page_tokens = p.geometry.page_tokens;
      const int64_t slot = static_cast<int64_t>(p.pages[position / page_tokens]) * page_tokens + position % page_tokens;
      of_token[t] = p.geometry.key_row_offset(0, slot, p.kv_head);
    }
  }
  int64_t of_token[kMaxBlockTokens];
};

// Calls fn(offset of the layer's rows in the pool, bits, bytes of the part, are they keys) for every part in its order.
template <class Part>
void for_parts(const BlockPlace& p, BlockFormat format, const Part& fn) {
  const RowBits bits = bits_of(format);
  for (int32_t i = 0; i < p.layer_count; ++i)
    for (const bool keys : {true, false}) {
      const int64_t rows = p.layers[i] * p.geometry.layer_bytes() + (keys ? 0 : p.geometry.value_offset());
      const int32_t part_bits = keys ? bits.keys : bits.values;
      fn(rows, part_bits, part_bytes(p.geometry.row_dim(), part_bits, p.tokens, keys), keys);
    }
}

}  // namespace

int64_t block_bytes(const PoolGeometry& geometry, BlockFormat format, int32_t layers, int32_t tokens) {
  const RowBits bits = bits_of(format);
  return layers * (part_bytes(geometry.row_dim(), bits.keys, tokens, true) +
                   part_bytes(geometry.row_dim(), bits.values, tokens, false));
}

void encode_block(const BlockPlace& place, BlockFormat format, const void* pool, void* bytes, Isa isa) {
  const KernelTable& kernels = kernels_for(isa);
  const RowOffsets offsets(place);
  auto* out = static_cast<uint8_t*>(bytes);
  for_parts(place, format, [&](int64_t rows, int32_t bits, int64_t part, bool keys) {
    const char* base = static_cast<const char*>(pool) + rows;
    if (bits == 16) {
      const auto row_bytes = static_cast<size_t>(place.geometry.row_bytes());
      for (int32_t t = 0; t < place.tokens; ++t)
        std::memcpy(out + t * row_bytes, base + offsets.of_token[t], row_bytes);
    } else {
      const EncodeRowsArgs args{base, offsets.of_token, place.tokens, place.geometry.row_dim(), bits, out};
      (keys ? kernels.encode_key_rows : kernels.encode_value_rows)(args);
    }
    out += part;
  });
}

void decode_block(const BlockPlace& place, BlockFormat format, const void* bytes, void* pool, Isa isa) {
  const KernelTable& kernels = kernels_for(isa);
  const RowOffsets offsets(place);
  const PoolGeometry& g = place.geometry;
  const auto* in = static_cast<const uint8_t*>(bytes);
  for_parts(place, format, [&](int64_t rows, int32_t bits, int64_t part, bool keys) {
    char* base = static_cast<char*>(pool) + rows;
    if (bits == 16) {
      const auto row_bytes = static_cast<size_t>(g.row_bytes());
      for (int32_t t = 0; t < place.tokens; ++t) std::memcpy(base + offsets.of_token[t], in + t * row_bytes, row_bytes);
    } else {
      const DecodeRowsArgs args{base, offsets.of_token, place.tokens, g.row_dim(), bits, in};
      (keys ? kernels.decode_key_rows : kernels.decode_value_rows)(args);
    }
    // Padding takes part in products: it must be zero whatever the bytes were.
    for (int32_t t = 0; t < place.tokens && g.head_dim < g.row_dim(); ++t)
      std::memset(base + offsets.of_token[t] + 2 * g.head_dim, 0, static_cast<size_t>(g.row_bytes() - 2 * g.head_dim));
    in += part;
  });
}

}  // namespace contexture
