// The gated activation of a feed-forward layer.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace contexture {
namespace cuda {

// gate_up: [rows, 2 * width] halves; out: [rows, width]; width even. Device pointers.
void swiglu(const void* gate_up, void* out, int64_t rows, int64_t width, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
