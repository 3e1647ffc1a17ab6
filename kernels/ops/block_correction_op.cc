#include "contexture/elementwise.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class BlockCorrectionOp {
 public:
  static constexpr const char* kName = "BlockCorrection";
  static constexpr std::array<Port, 3> kInputs = {{{ort::kFloat, ort::kRequired},    // product
                                                   {ort::kFloat, ort::kRequired},    // x
                                                   {ort::kFloat, ort::kRequired}}};  // corrections
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit BlockCorrectionOp(const Attributes& attributes)
      : block_(attributes.integer("block", 1, 1 << 24)),
        sum_of_(attributes.integer("int8", 0, 1) != 0 ? SumOf::kInt8 : SumOf::kValues) {}

  void compute(const OpContext& context) const {
    const Tensor product = context.input(0, "product", 2);
    const Tensor x = context.input(1, "x", 2);
    const Tensor corrections = context.input(2, "corrections", 2);
    if (x.dims[0] != product.dims[0])
      context.refuse("x is " + x.shape() + ", product " + product.shape() + "; they must have the same rows");
    if (x.dims[1] != corrections.dims[0] * block_)
      context.refuse("x is " + x.shape() + ", corrections " + corrections.shape() + "; a row of x must hold a block of " +
                     std::to_string(block_) + " for each row of corrections");
    if (corrections.dims[1] != product.dims[1])
      context.refuse("corrections is " + corrections.shape() + ", product " + product.shape() +
                     "; they must have the same columns");
    float* out = context.output(0, product.dims[0], product.dims[1]);
    add_block_corrections({product.floats(), x.floats(), corrections.floats(), out, product.dims[0], x.dims[1],
                           product.dims[1], block_, sum_of_},
                          Execution{OrtParallelFor(context)});
  }

 private:
  const int32_t block_;
  const SumOf sum_of_;
};

}  // namespace

const ort::CustomOp* block_correction_op() {
  static const ort::CustomOp op = describe_op<BlockCorrectionOp>();
  return &op;
}

}  // namespace contexture
