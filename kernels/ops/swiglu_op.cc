#include "contexture/elementwise.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class SwiGluOp {
 public:
  static constexpr const char* kName = "SwiGlu";
  static constexpr std::array<Port, 1> kInputs = {{{ort::kFloat, ort::kRequired}}};
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit SwiGluOp(const Attributes&) {}

  void compute(const OpContext& context) const {
    const Tensor x = context.input(0, "gate_up", 2);
    const int64_t width = x.dims[1] / 2;
    if (x.dims[1] % 2 != 0) context.refuse("gate_up is " + x.shape() + "; its rows must hold gate and up, equally wide");
    swiglu(x.floats(), context.output(0, x.dims[0], width), x.dims[0], width, Execution{OrtParallelFor(context)});
  }
};

}  // namespace

const ort::CustomOp* swiglu_op() {
  static const ort::CustomOp op = describe_op<SwiGluOp>();
  return &op;
}

}  // namespace contexture
