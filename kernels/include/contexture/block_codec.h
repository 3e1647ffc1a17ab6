// Stored blocks: the K and V of some consecutive tokens of one KV head, over some layers, as bytes. What tiers below the
// device hold and move; KIVI (arXiv 2402.02750) is where the ways of rounding come from.
//
//   block   per layer, in the order given: keys, then values; little endian
//   f16     [tokens][row_dim] as the pool has them
//   int8    keys:   scales f16 [row_dim], then codes [tokens][row_dim]: (code - 128) * its channel's scale
//           values: scales f16 [tokens], then codes [tokens][row_dim]: (code - 128) * its token's scale
//   int4    keys:   scales f16 [row_dim], minima f16 [row_dim], codes [tokens][code_bytes]: code * scale + minimum of
//                   the channel
//           values: scales f16 [tokens][sets], minima f16 [tokens][sets], codes [tokens][code_bytes]: of the token's set
//   set     32 channels of a row, the last one perhaps 16; its codes take 16 bytes: byte i has channel i in its low and
//           channel 16 + i in its high half. code_bytes = 16 sets
//
// Keys have channels that are large in every token, so each channel has a scale; values have none. The padding of rows
// is stored too and is zero again after decoding. Values that are not finite are stored as 0 by int8 and int4, and as
// they are by f16; what int8 and int4 give is always finite. The bytes are the same on every instruction set.
#pragma once

#include <cstdint>

#include "contexture/execution.h"
#include "contexture/paged_kv.h"

namespace contexture {

enum class BlockFormat : int32_t { kF16 = 0, kInt8 = 1, kInt4 = 2, kInt8Keys4Values = 3 };

constexpr int32_t kMaxBlockTokens = 256;
constexpr int32_t kSetChannels = 32;

// Of a block over `layers` layers of a pool.
int64_t block_bytes(const PoolGeometry& geometry, BlockFormat format, int32_t layers, int32_t tokens);

// Where a block's rows lie. Pools of f32 have no stored blocks.
struct BlockPlace {
  PoolGeometry geometry;
  const int32_t* layers = nullptr;  // [layer_count]
  int32_t layer_count = 0;
  int32_t kv_head = 0;
  const int32_t* pages = nullptr;  // the sequence's, in logical order
  int32_t first = 0, tokens = 0;   // positions [first, first + tokens); at most kMaxBlockTokens
};

// bytes: block_bytes of the place, at an even address. Decoding the same bytes gives the same rows; whatever the bytes
// are, it writes nothing else.
void encode_block(const BlockPlace& place, BlockFormat format, const void* pool, void* bytes, Isa isa);
void decode_block(const BlockPlace& place, BlockFormat format, const void* bytes, void* pool, Isa isa);

}  // namespace contexture
