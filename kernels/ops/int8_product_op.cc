#include "contexture/elementwise.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class Int8ProductOp {
 public:
  static constexpr const char* kName = "Int8Product";
  static constexpr std::array<Port, 3> kInputs = {{{ort::kFloat, ort::kRequired},    // x
                                                   {ort::kInt8, ort::kRequired},     // codes
                                                   {ort::kFloat, ort::kRequired}}};  // scales
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit Int8ProductOp(const Attributes& attributes) : block_(attributes.integer("block", 16, 1 << 24)) {
    if (block_ % 16 != 0)
      throw std::invalid_argument("contexture.Int8Product: block " + std::to_string(block_) + " is no multiple of 16");
  }

  void compute(const OpContext& context) const {
    const Tensor x = context.input(0, "x", 2);
    const Tensor codes = context.input(1, "codes", 2);
    const Tensor scales = context.input(2, "scales", 2);
    if (x.dims[1] != codes.dims[1])
      context.refuse("x is " + x.shape() + ", codes " + codes.shape() + "; they must have the same columns");
    if (scales.dims[0] != codes.dims[0] || scales.dims[1] * block_ != codes.dims[1])
      context.refuse("codes is " + codes.shape() + ", scales " + scales.shape() + "; there must be a scale for each " +
                     std::to_string(block_) + " codes of a row");
    if (codes.dims[0] < 4) context.refuse("codes is " + codes.shape() + "; there must be at least 4 rows");
    float* out = context.output(0, x.dims[0], codes.dims[0]);
    int8_product({x.floats(), static_cast<const int8_t*>(codes.data), scales.floats(), out, x.dims[0], x.dims[1],
                  codes.dims[0], block_},
                 Execution{OrtParallelFor(context)});
  }

 private:
  const int32_t block_;
};

}  // namespace

const ort::CustomOp* int8_product_op() {
  static const ort::CustomOp op = describe_op<Int8ProductOp>();
  return &op;
}

}  // namespace contexture
