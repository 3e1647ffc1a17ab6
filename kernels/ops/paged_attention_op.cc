// contexture.PagedAttention: inputs qkv [T, (H + 2 KV) D], step [1], rope_cos [P, D/2], rope_sin [P, D/2], q_norm [D]?,
// k_norm [D]?; output [T, H D]. See contexture/attention.h.
#include "op.h"

namespace contexture::ops {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw Refused(message);
}

class PagedAttention {
 public:
  static constexpr const char* kName = "PagedAttention";

  explicit PagedAttention(const ort::KernelInfo* info)
      : layer_(int(int_attribute(info, "layer"))),
        num_heads_(int(int_attribute(info, "num_heads"))),
        kv_heads_(int(int_attribute(info, "kv_heads"))),
        head_dim_(int(int_attribute(info, "head_dim"))),
        window_(int(int_attribute(info, "window"))),
        scale_(float_attribute(info, "scale")),
        norm_epsilon_(float_attribute(info, "norm_epsilon")) {
    require(kv_heads_ > 0 && num_heads_ % kv_heads_ == 0, "num_heads (" + std::to_string(num_heads_) +
                                                              ") must be a multiple of kv_heads (" +
                                                              std::to_string(kv_heads_) + ")");
    require(window_ >= 0, "window must not be negative");
  }

  void compute(const Call& call) const {
    const Tensor qkv = call.input(0), step = call.input(1), cos = call.input(2), sin = call.input(3);
    require(step.shape == std::vector<int64_t>{1}, "step must have the shape [1] but has " + step.shape_text());
    const std::shared_ptr<Pool> pool = find_pool(*static_cast<const int64_t*>(step.data));
    const KvLayout& layout = pool->layout();
    require(layout.kv_heads == kv_heads_ && layout.head_dim == head_dim_ && layer_ < layout.layers,
            "the pool has " + std::to_string(layout.layers) + " layers, " + std::to_string(layout.kv_heads) +
                " heads and head_dim " + std::to_string(layout.head_dim) + ", which does not fit this model");
    const int64_t rows = pool->step_rows();
    require(rows > 0, "no step was set");
    require(qkv.shape == std::vector<int64_t>{rows, int64_t(num_heads_ + 2 * kv_heads_) * head_dim_},
            "qkv has the shape " + qkv.shape_text() + " but the step has " + std::to_string(rows) + " rows of width " +
                std::to_string((num_heads_ + 2 * kv_heads_) * head_dim_));
    require(cos.is_matrix() && cos.shape[1] == head_dim_ / 2 && sin.shape == cos.shape,
            "rope_cos and rope_sin must have the shape [positions, head_dim / 2] but have " + cos.shape_text() +
                " and " + sin.shape_text());
    require(pool->step_end_position() <= cos.shape[0], "the step reaches position " +
                                                           std::to_string(pool->step_end_position() - 1) +
                                                           " but the rotary tables end at " +
                                                           std::to_string(cos.shape[0] - 1));
    AttentionParams params{};
    params.layout = &layout;
    params.pool = pool->memory();
    params.layer = layer_;
    params.num_heads = num_heads_;
    params.scale = scale_;
    params.window = window_;
    params.norm_epsilon = norm_epsilon_;
    params.rope_cos = cos.floats();
    params.rope_sin = sin.floats();
    params.q_norm = norm_weight(call, 4);
    params.k_norm = norm_weight(call, 5);
    params.sequences = pool->step().data();
    params.num_sequences = int(pool->step().size());
    params.qkv = qkv.floats();
    params.out = call.output(0, {rows, int64_t(num_heads_) * head_dim_});
    paged_attention(params, pool->scratch(), call.parallel());
  }

 private:
  const float* norm_weight(const Call& call, size_t index) const {
    if (!call.has_input(index)) return nullptr;
    const Tensor weight = call.input(index);
    require(weight.shape == std::vector<int64_t>{head_dim_},
            "a head norm must have the shape [head_dim] but has " + weight.shape_text());
    return weight.floats();
  }

  int layer_, num_heads_, kv_heads_, head_dim_, window_;
  float scale_, norm_epsilon_;
};

}  // namespace

const ort::CustomOp* paged_attention_op() {
  static const Op<PagedAttention> op({PagedAttention::kName, 6, 1, 1, 4});
  return &op;
}

}  // namespace contexture::ops
