// Rows of a stored block, and the retrieval head's keys of its tokens, between a pool's pages and page-locked host memory.
//
// Idea: threads write to and read from the host's memory themselves, as those do that load what selections name: a block's part
// is some 100 KB, which costs a launch and its way through the link and no more. Tables go along with the launch, so nothing
// has to be copied before it. Layers whose pages are in host memory are read and written in the same way.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "contexture/block_codec.h"
#include "cuda/retrieval.h"

namespace contexture {
namespace cuda {

constexpr int32_t kLeastPageTokens = 8;
// That the tokens of a block lie on.
constexpr int32_t kMostBlockPages = kMaxBlockTokens / kLeastPageTokens + 1;
// Of one launch, as its tables are part of it.
constexpr int32_t kMostMovedLayers = 64;

// The pages that a block lies on, and where in the first of them it begins.
struct BlockPages {
  int32_t pages[kMostBlockPages] = {};
  int32_t first = 0, tokens = 0;

  BlockPages(const int32_t* sequence_pages, int32_t first_position, int32_t token_count, int32_t page_tokens)
      : first(first_position % page_tokens), tokens(token_count) {
    const int32_t skipped = first_position / page_tokens, count = (first + tokens + page_tokens - 1) / page_tokens;
    for (int32_t i = 0; i < count; ++i) pages[i] = sequence_pages[skipped + i];
  }
};

struct StoredRows {
  PoolGeometry geometry;
  BlockPages block;
  int32_t kv_head = 0;
  int32_t layer_count = 0;
  char* layers[kMostMovedLayers] = {};  // pages of each, on the device or in page-locked host memory
  char* staged = nullptr;               // [layers][K|V][tokens][row_dim], page-locked
};
void gather_stored_rows(const StoredRows& args, cudaStream_t stream);   // pages to staged
void scatter_stored_rows(const StoredRows& args, cudaStream_t stream);  // and back

// Staged as KeyRequest says, in whole words: [token][list]([stored_row_dim / 8 words], scale).
struct StoredKeys {
  DeviceKeyGeometry geometry;
  BlockPages block;
  char* pool = nullptr;
  int32_t stored_row_dim = 0;  // a multiple of 16, at most the pool's
  uint32_t* staged = nullptr;  // page-locked
};
void gather_stored_keys(const StoredKeys& args, cudaStream_t stream);
void scatter_stored_keys(const StoredKeys& args, cudaStream_t stream);

// Eight values of a key, four bits each: the pool has them in their order from the lowest bits on, a stored byte has the values i and
// i + 4 in its low and its high half.
__host__ __device__ inline uint32_t stored_word(uint32_t word) {
  const auto spread = [](uint32_t four) {
    four = (four | four << 8) & 0x00ff00ff;
    return (four | four << 4) & 0x0f0f0f0f;
  };
  return spread(word & 0xffff) | spread(word >> 16) << 4;
}
__host__ __device__ inline uint32_t pool_word(uint32_t stored) {
  const auto four = [](uint32_t halves) {
    halves &= 0x0f0f0f0f;
    halves = (halves | halves >> 4) & 0x00ff00ff;
    return (halves | halves >> 8) & 0xffff;
  };
  return four(stored) | four(stored >> 4) << 16;
}

}  // namespace cuda
}  // namespace contexture
