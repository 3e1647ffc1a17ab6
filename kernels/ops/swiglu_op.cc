#include "contexture/elementwise.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class SwiGluOp {
 public:
  static constexpr const char* kName = "SwiGlu";
  static constexpr std::array<Port, 1> kInputs = {{{ort::kFloat, ort::kRequired}}};
  static constexpr std::array<Port, 2> kOutputs = {{{ort::kFloat, ort::kRequired}, {ort::kFloat, ort::kRequired}}};

  explicit SwiGluOp(const Attributes& attributes) : block_(attributes.integer_or("block", 0, 1 << 24, 0)),
        sum_of_(attributes.integer_or("int8", 0, 1, 0) != 0 ? SumOf::kInt8 : SumOf::kValues) {}

  void compute(const OpContext& context) const {
    const Tensor x = context.input(0, "gate_up", 2);
    const int64_t width = x.dims[1] / 2;
    if (x.dims[1] % 2 != 0) context.refuse("gate_up is " + x.shape() + "; its rows must hold gate and up, equally wide");
    if (block_ > 0 && width % block_ != 0)
      context.refuse("gate_up is " + x.shape() + "; half a row must be a multiple of block = " +
                     std::to_string(block_));
    float* y = context.output(0, x.dims[0], width);
    float* sums = context.output(1, x.dims[0], block_ > 0 ? width / block_ : 0);
    swiglu(x.floats(), y, sums, x.dims[0], width, block_, sum_of_, Execution{OrtParallelFor(context)});
  }

 private:
  const int32_t block_;
  const SumOf sum_of_;
};

}  // namespace

const ort::CustomOp* swiglu_op() {
  static const ort::CustomOp op = describe_op<SwiGluOp>();
  return &op;
}

}  // namespace contexture
