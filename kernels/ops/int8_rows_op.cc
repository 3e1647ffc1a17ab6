#include "contexture/elementwise.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class Int8RowsOp {
 public:
  static constexpr const char* kName = "Int8Rows";
  static constexpr std::array<Port, 3> kInputs = {{{ort::kInt8, ort::kRequired},     // codes
                                                   {ort::kFloat, ort::kRequired},    // scales
                                                   {ort::kInt64, ort::kRequired}}};  // ids
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit Int8RowsOp(const Attributes& attributes) : block_(attributes.integer("block", 1, 1 << 24)) {}

  void compute(const OpContext& context) const {
    const Tensor codes = context.input(0, "codes", 2);
    const Tensor scales = context.input(1, "scales", 2);
    const Tensor ids = context.input(2, "ids", 1);
    if (scales.dims[0] != codes.dims[0] || scales.dims[1] * block_ != codes.dims[1])
      context.refuse("codes is " + codes.shape() + ", scales " + scales.shape() + "; there must be a scale for each " +
                     std::to_string(block_) + " codes of a row");
    const auto* rows = static_cast<const int64_t*>(ids.data);
    for (int64_t t = 0; t < ids.dims[0]; ++t)
      if (rows[t] < 0 || rows[t] >= codes.dims[0])
        context.refuse("id " + std::to_string(rows[t]) + " is no row of codes, which is " + codes.shape());
    float* out = context.output(0, ids.dims[0], codes.dims[1]);
    int8_rows({static_cast<const int8_t*>(codes.data), scales.floats(), rows, out, ids.dims[0], codes.dims[1], block_},
              Execution{OrtParallelFor(context)});
  }

 private:
  const int32_t block_;
};

}  // namespace

const ort::CustomOp* int8_rows_op() {
  static const ort::CustomOp op = describe_op<Int8RowsOp>();
  return &op;
}

}  // namespace contexture
