#include "contexture/elementwise.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class BlockSumOp {
 public:
  static constexpr const char* kName = "BlockSum";
  static constexpr std::array<Port, 1> kInputs = {{{ort::kFloat, ort::kRequired}}};
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit BlockSumOp(const Attributes& attributes) : block_(attributes.integer("block", 1, 1 << 24)),
        sum_of_(attributes.integer_or("int8", 0, 1, 0) != 0 ? SumOf::kInt8 : SumOf::kValues) {}

  void compute(const OpContext& context) const {
    const Tensor x = context.input(0, "x", 2);
    if (x.dims[1] % block_ != 0)
      context.refuse("x is " + x.shape() + "; its rows must be a multiple of block = " + std::to_string(block_));
    float* sums = context.output(0, x.dims[0], x.dims[1] / block_);
    block_sum(x.floats(), sums, x.dims[0], x.dims[1], block_, sum_of_, Execution{OrtParallelFor(context)});
  }

 private:
  const int32_t block_;
  const SumOf sum_of_;
};

}  // namespace

const ort::CustomOp* block_sum_op() {
  static const ort::CustomOp op = describe_op<BlockSumOp>();
  return &op;
}

}  // namespace contexture
