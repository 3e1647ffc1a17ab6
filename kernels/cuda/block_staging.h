// Stored blocks of a device's pool: rows go through page-locked memory, where the codec of the library for CPUs makes bytes of them.
//
// Idea: one codec, so what one process stored another reads, whatever it computes on. Trade-off: halves cross the link where
// codes would be a half or a quarter of that. A wait costs as much as a part's way through the link, so parts that are
// stored are read with all others of their block, and those that come back are not waited for.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

#include "contexture/block_codec.h"
#include "cuda/device.h"
#include "cuda/stored_rows.h"

namespace contexture {
namespace cuda {

// Takes twice the largest block that was stored, at most 2 * 256 tokens of all layers and KV heads, and for what comes back
// twice kDecodedBytes or twice a block's largest part.
class BlockStaging {
 public:
  static constexpr size_t kDecodedBytes = size_t{8} << 20;

  // layers: the pages of each of the pool's layers, on the device or in page-locked host memory.
  void encode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, void* bytes,
              cudaStream_t stream);
  // layers: those of the place. What is written is there when the stream has come so far; it is waited for where the memory
  // is full.
  void decode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, const void* bytes,
              cudaStream_t stream);
  // The pool's rows may have changed since the last encode.
  void forget() { read_tokens_ = 0; }

 private:
  bool has_read(const BlockPages& block) const;
  void read(const BlockPlace& place, const BlockPages& block, const std::vector<char*>& layers, cudaStream_t stream);

  StagingBuffer read_memory_, write_memory_;
  size_t written_ = 0;  // of the write memory, behind the last wait
  // The block whose rows are in the read memory: [KV head][layer][K|V][token][row_dim].
  BlockPages read_pages_{nullptr, 0, 0, 1};
  int32_t read_tokens_ = 0;
};

}  // namespace cuda
}  // namespace contexture
