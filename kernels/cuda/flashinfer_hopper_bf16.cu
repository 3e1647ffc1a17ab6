// FlashInfer's prefill kernel for Hopper devices over bf16.
#include "cuda/flashinfer_hopper_prefill.cuh"

namespace contexture {
namespace cuda {

void flashinfer_hopper_bf16_prefill(const PrefillAttention& p, cudaStream_t stream) {
  launch_hopper_prefill<cutlass::bfloat16_t>(p, stream);
}

}  // namespace cuda
}  // namespace contexture
