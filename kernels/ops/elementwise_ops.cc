// contexture.BlockSum: x [T, K] -> [T, K / block]. contexture.SwiGlu: gate_up [T, 2F] -> y [T, F], block sums
// [T, F / block] (or [T, 0] when block is 0).
#include "contexture/elementwise.h"

#include "op.h"

namespace contexture::ops {
namespace {

void require_blocks(int64_t width, int64_t block) {
  if (block <= 0 || width % block != 0)
    throw Refused("the width " + std::to_string(width) + " is no multiple of the block " + std::to_string(block));
}

class BlockSum {
 public:
  static constexpr const char* kName = "BlockSum";
  explicit BlockSum(const ort::KernelInfo* info) : block_(int_attribute(info, "block")) {}

  void compute(const Call& call) const {
    const Tensor x = call.input(0);
    if (!x.is_matrix()) throw Refused("x must be a matrix but has the shape " + x.shape_text());
    require_blocks(x.shape[1], block_);
    float* sums = call.output(0, {x.shape[0], x.shape[1] / block_});
    block_sum(x.floats(), x.shape[0], x.shape[1], block_, sums, call.parallel());
  }

 private:
  int64_t block_;
};

class SwiGlu {
 public:
  static constexpr const char* kName = "SwiGlu";
  explicit SwiGlu(const ort::KernelInfo* info) : block_(int_attribute(info, "block")) {}

  void compute(const Call& call) const {
    const Tensor gate_up = call.input(0);
    if (!gate_up.is_matrix() || gate_up.shape[1] % 2 != 0)
      throw Refused("gate_up must have the shape [rows, 2 * width] but has " + gate_up.shape_text());
    const int64_t rows = gate_up.shape[0], width = gate_up.shape[1] / 2;
    if (block_ != 0) require_blocks(width, block_);
    float* y = call.output(0, {rows, width});
    float* sums = call.output(1, {rows, block_ == 0 ? 0 : width / block_});
    swiglu(gate_up.floats(), rows, width, block_, y, sums, call.parallel());
  }

 private:
  int64_t block_;
};

constexpr size_t kNone = SIZE_MAX;

}  // namespace

const ort::CustomOp* block_sum_op() {
  static const Op<BlockSum> op({BlockSum::kName, 1, 1, kNone, kNone});
  return &op;
}

const ort::CustomOp* swiglu_op() {
  static const Op<SwiGlu> op({SwiGlu::kName, 1, 2, kNone, kNone});
  return &op;
}

}  // namespace contexture::ops
