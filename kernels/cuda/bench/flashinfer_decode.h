// FlashInfer's decode kernel, to compare dense decode attention with.
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/decode_attention.h"

namespace contexture {
namespace cuda {

constexpr int32_t kFlashInferHeadDim = 128, kFlashInferGroup = 4;  // query heads of a KV head

// Its tables for sequences of equal length, each on pages of its own that lie one behind the other in the page table. Few
// sequences are split so that the device is busy, by the library's own rule.
class FlashInferDecode {
 public:
  FlashInferDecode(const PoolGeometry& geometry, int32_t sequences, int32_t context, int32_t multiprocessors);

  // Everything in halves; tables and partial of args count for nothing but the pages.
  void run(const DecodeAttention& args, cudaStream_t stream);

 private:
  struct Plan {
    int32_t chunk_tokens = 0;
    std::vector<int32_t> requests, chunks, outputs, page_offsets, last_page_tokens;
  };
  static Plan plan(const PoolGeometry& geometry, int32_t sequences, int32_t context, int32_t multiprocessors);
  FlashInferDecode(const PoolGeometry& geometry, const Plan& plan);

  const int32_t sequences_, blocks_;
  DeviceBuffer<int32_t> requests_, chunks_, outputs_, page_offsets_, last_page_tokens_, chunk_tokens_;
  DeviceBuffer<uint16_t> partial_;
  DeviceBuffer<float> partial_sums_;
};

}  // namespace cuda
}  // namespace contexture
