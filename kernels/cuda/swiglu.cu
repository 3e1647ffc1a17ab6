#include "cuda/swiglu.h"

#include <cuda_fp16.h>

#include <algorithm>

#include "cuda/device.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 65535;

__device__ __forceinline__ float gated(float gate, float up) { return gate / (1.0f + __expf(-gate)) * up; }

__global__ void __launch_bounds__(kThreads) activate(const __half2* gate_up, __half2* out, int64_t rows, int64_t pairs) {
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y)
    for (int64_t i = blockIdx.x * static_cast<int64_t>(kThreads) + threadIdx.x; i < pairs;
         i += static_cast<int64_t>(gridDim.x) * kThreads) {
      const float2 gate = __half22float2(gate_up[row * 2 * pairs + i]),
                   up = __half22float2(gate_up[(row * 2 + 1) * pairs + i]);
      out[row * pairs + i] = __floats2half2_rn(gated(gate.x, up.x), gated(gate.y, up.y));
    }
}

}  // namespace

void swiglu(const void* gate_up, void* out, int64_t rows, int64_t width, cudaStream_t stream) {
  if (rows == 0) return;
  const int64_t pairs = width / 2;
  const dim3 grid(static_cast<unsigned>(std::max<int64_t>(1, (pairs + kThreads - 1) / kThreads)),
                  static_cast<unsigned>(std::min(rows, kMostBlocks)));
  activate<<<grid, kThreads, 0, stream>>>(static_cast<const __half2*>(gate_up), static_cast<__half2*>(out), rows, pairs);
  check_launch("swiglu");
}

}  // namespace cuda
}  // namespace contexture
