// Operations over quantised weights.
#include "cuda/cuda_op.h"
#include "cuda/device_pool.h"
#include "cuda/sliced_product.h"

namespace contexture {
namespace cuda {
namespace {

static_assert(kMostBucketRows <= kMostProductRows, "captured steps must not take memory");

// What both operations are told of the weights' format.
class Format {
 public:
  explicit Format(const Attributes& attributes)
      : bits_(attributes.integer("bits", 4, 8)),
        group_(attributes.integer("group", 16, 32)),
        zero_(attributes.integer_or("zero", 0, 255, 0)) {}

  BlockWeights weights(const OpContext& context, const Tensor& codes, const Tensor& scales, const Tensor& offsets) const {
    BlockWeights w;
    w.codes = codes.data, w.scales = scales.data, w.offsets = offsets.data;
    w.outputs = codes.dims[0], w.inputs = codes.dims[1] * 8 / bits_, w.bits = bits_, w.group = group_, w.zero = zero_;
    if (scales.dims[0] != w.outputs || scales.dims[1] * group_ != w.inputs ||
        (offsets.data != nullptr && offsets.dims != scales.dims))
      context.refuse("codes are " + codes.shape() + ", scales " + scales.shape() + " and offsets " +
                     (offsets.data == nullptr ? "none" : offsets.shape()) + "; " + std::to_string(group_) + " codes of " +
                     std::to_string(bits_) + " bits share a scale and an offset");
    return w;
  }

 private:
  const int32_t bits_, group_, zero_;
};

class BlockProductOp {
 public:
  static constexpr const char* kName = "BlockProduct";
  static constexpr std::array<Port, 4> kInputs = {{{ort::kHalf, ort::kRequired},    // x
                                                   {ort::kUint8, ort::kRequired},   // codes
                                                   {ort::kHalf, ort::kRequired},    // scales
                                                   {ort::kHalf, ort::kOptional}}};  // offsets
  static constexpr std::array<bool, 4> kOnHost = {false, false, false, false};
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kHalf, ort::kRequired}}};

  explicit BlockProductOp(const Attributes& attributes) : format_(attributes), many_(SlicedProduct::instance()) {}

  void compute(const OpContext& context) const {
    const Tensor x = context.input(0, "x", 2);
    const BlockWeights w = format_.weights(context, context.input(1, "codes", 2), context.input(2, "scales", 2),
                                           context.optional_input(3, "offsets", 2));
    if (x.dims[1] != w.inputs)
      context.refuse("x is " + x.shape() + ", but the weights have " + std::to_string(w.inputs) + " columns");
    void* out = context.output(0, x.dims[0], w.outputs);
    const cudaStream_t stream = stream_of(context);
    if (x.dims[0] <= kMostProductRows) block_product(w, x.data, out, x.dims[0], stream);
    else many_->run(w, x.data, out, x.dims[0], stream);
  }

 private:
  const Format format_;
  const std::shared_ptr<SlicedProduct> many_;
};

class BlockRowsOp {
 public:
  static constexpr const char* kName = "BlockRows";
  static constexpr std::array<Port, 4> kInputs = {{{ort::kInt64, ort::kRequired},   // ids
                                                   {ort::kUint8, ort::kRequired},   // codes
                                                   {ort::kHalf, ort::kRequired},    // scales
                                                   {ort::kHalf, ort::kOptional}}};  // offsets
  static constexpr std::array<bool, 4> kOnHost = {false, false, false, false};
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kHalf, ort::kRequired}}};

  explicit BlockRowsOp(const Attributes& attributes) : format_(attributes) {}

  void compute(const OpContext& context) const {
    const Tensor ids = context.input(0, "ids", 1);
    const BlockWeights w = format_.weights(context, context.input(1, "codes", 2), context.input(2, "scales", 2),
                                           context.optional_input(3, "offsets", 2));
    block_rows(w, static_cast<const int64_t*>(ids.data), ids.dims[0], context.output(0, ids.dims[0], w.inputs),
               stream_of(context));
  }

 private:
  const Format format_;
};

}  // namespace

const ort::CustomOp* block_product_cuda_op() { return cuda_op<BlockProductOp>(); }
const ort::CustomOp* block_rows_cuda_op() { return cuda_op<BlockRowsOp>(); }

}  // namespace cuda
}  // namespace contexture
