// The kernels that prefill_attention() has to choose from; tests and timings run each.
#pragma once

#include <vector>

#include "cuda/prefill_attention.h"
#include "cuda_build.h"  // written by build.sh

namespace contexture {
namespace cuda {

struct PrefillKernel {
  const char* name;
  bool (*takes)(const PrefillAttention& args);                     // the last takes all
  void (*run)(const PrefillAttention& args, cudaStream_t stream);  // of a shape that it takes, with tiles
};

// The preferred one first.
const std::vector<PrefillKernel>& prefill_kernels();

#ifdef CONTEXTURE_FLASHINFER_HOPPER
bool flashinfer_hopper_prefill_takes(const PrefillAttention& args);
void flashinfer_hopper_prefill(const PrefillAttention& args, cudaStream_t stream);
void flashinfer_hopper_bf16_prefill(const PrefillAttention& args, cudaStream_t stream);  // where the elements are bf16
#endif
#ifdef CONTEXTURE_FLASHINFER
bool flashinfer_prefill_takes(const PrefillAttention& args);
void flashinfer_prefill(const PrefillAttention& args, cudaStream_t stream);
#endif

// Throws std::invalid_argument for a head_dim that there is no kernel for.
void tiled_prefill(const PrefillAttention& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
