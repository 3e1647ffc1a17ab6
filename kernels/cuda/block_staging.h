// Stored blocks of a device's pool: rows go through page-locked memory, where the codec of the library for CPUs makes bytes of them.
//
// Idea: one codec, so what one process stored another reads, whatever it computes on. Trade-off: halves cross the link where
// codes would be a half or a quarter of that; a block's part takes the link as long as its launch takes.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

#include "contexture/block_codec.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

// Takes twice the largest block that was moved, at most 2 * 256 tokens of all layers of a KV head.
class BlockStaging {
 public:
  // layers: the pages of each of the place's layers, on the device or in page-locked host memory. Behind both calls everything has
  // happened.
  void encode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, void* bytes,
              cudaStream_t stream);
  void decode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, const void* bytes,
              cudaStream_t stream);

 private:
  StagingBuffer memory_;
};

}  // namespace cuda
}  // namespace contexture
