// The gated activation of a feed-forward layer.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device.h"

namespace contexture {
namespace cuda {

// gate_up: [rows, 2 * width]; out: [rows, width]; width even. Device pointers.
void swiglu(const void* gate_up, void* out, int64_t rows, int64_t width, Element element, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
