// FlashInfer's prefill kernel for Hopper devices over halves, and which shapes there are kernels for.
#include "cuda/flashinfer_hopper_prefill.cuh"

namespace contexture {
namespace cuda {
namespace {

// There is machine code for compute capability 9.0 only. Where there is no device, nothing runs and the shape decides.
bool fits_device() {
  int device = 0, major = 0;
  return cudaGetDevice(&device) != cudaSuccess ||
         cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess || major == 9;
}

}  // namespace

bool flashinfer_hopper_prefill_takes(const PrefillAttention& p) { return p.geometry.head_dim == kDim && fits_device(); }

void flashinfer_hopper_prefill(const PrefillAttention& p, cudaStream_t stream) {
  if (p.element == Element::kF16) launch_hopper_prefill<cutlass::half_t>(p, stream);
  else flashinfer_hopper_bf16_prefill(p, stream);
}

}  // namespace cuda
}  // namespace contexture
