#include "cuda/swiglu.h"

#include <algorithm>

#include "cuda/device.h"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 65535;

__device__ __forceinline__ float gated(float gate, float up) { return gate / (1.0f + __expf(-gate)) * up; }

// Two numbers in one register.
__device__ __forceinline__ float2 unpacked(const __half2& pair) { return __half22float2(pair); }
__device__ __forceinline__ float2 unpacked(const __nv_bfloat162& pair) { return __bfloat1622float2(pair); }

template <class T, class Pair>
__global__ void __launch_bounds__(kThreads) activate(const Pair* gate_up, uint32_t* out, int64_t rows, int64_t pairs) {
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y)
    for (int64_t i = blockIdx.x * static_cast<int64_t>(kThreads) + threadIdx.x; i < pairs;
         i += static_cast<int64_t>(gridDim.x) * kThreads) {
      const float2 gate = unpacked(gate_up[row * 2 * pairs + i]), up = unpacked(gate_up[(row * 2 + 1) * pairs + i]);
      out[row * pairs + i] = pack<T>(gated(gate.x, up.x), gated(gate.y, up.y));
    }
}

}  // namespace

void swiglu(const void* gate_up, void* out, int64_t rows, int64_t width, Element element, cudaStream_t stream) {
  if (rows == 0) return;
  const int64_t pairs = width / 2;
  const dim3 grid(static_cast<unsigned>(std::max<int64_t>(1, (pairs + kThreads - 1) / kThreads)),
                  static_cast<unsigned>(std::min(rows, kMostBlocks)));
  auto* to = static_cast<uint32_t*>(out);
  if (element == Element::kF16)
    activate<__half><<<grid, kThreads, 0, stream>>>(static_cast<const __half2*>(gate_up), to, rows, pairs);
  else
    activate<__nv_bfloat16><<<grid, kThreads, 0, stream>>>(static_cast<const __nv_bfloat162*>(gate_up), to, rows, pairs);
  check_launch("swiglu");
}

}  // namespace cuda
}  // namespace contexture
