// What the operations of the CUDA execution provider have in common.
#pragma once

#include <array>

#include "cuda/device.h"
#include "ops/op_support.h"

namespace contexture {
namespace cuda {

// The runtime's own stream.
inline cudaStream_t stream_of(const OpContext& context) {
  void* stream = nullptr;
  contexture::check(ort_api().KernelContext_GetGPUComputeStream(context.raw(), &stream));
  return static_cast<cudaStream_t>(stream);
}

constexpr ort::ElementType type_of(Element element) { return element == Element::kF16 ? ort::kHalf : ort::kBrainFloat; }

// Op has besides what describe_op wants: kOnHost, an array of bool per input.
template <class Op>
ort::CustomOp describe_cuda_op() {
  ort::CustomOp op = describe_op<Op>();
  op.GetExecutionProviderType = [](const ort::CustomOp*) -> const char* { return "CUDAExecutionProvider"; };
  op.GetInputMemoryType = [](const ort::CustomOp*, size_t i) {
    return Op::kOnHost[i] ? ort::kHostInput : ort::kDefaultMemory;
  };
  return op;
}

template <class Op>
const ort::CustomOp* cuda_op() {
  static const ort::CustomOp op = describe_cuda_op<Op>();
  return &op;
}

const ort::CustomOp* block_product_cuda_op();
const ort::CustomOp* block_rows_cuda_op();

}  // namespace cuda
}  // namespace contexture
