#include "contexture/paged_attention.h"

#include <cmath>

#include "capi/kv_pool.h"
#include "cpu/kernel_table.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

class PagedAttentionOp {
 public:
  static constexpr const char* kName = "PagedAttention";
  static constexpr std::array<Port, 6> kInputs = {{{ort::kFloat, ort::kRequired},    // qkv
                                                   {ort::kInt64, ort::kRequired},    // step
                                                   {ort::kFloat, ort::kRequired},    // rope_cos
                                                   {ort::kFloat, ort::kRequired},    // rope_sin
                                                   {ort::kFloat, ort::kOptional},    // q_norm
                                                   {ort::kFloat, ort::kOptional}}};  // k_norm
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit PagedAttentionOp(const Attributes& attributes)
      : layer_(attributes.integer("layer", 0, 1 << 16)),
        num_heads_(attributes.integer("num_heads", 1, 1 << 16)),
        kv_heads_(attributes.integer("kv_heads", 1, 1 << 16)),
        head_dim_(attributes.integer("head_dim", 2, kMaxHeadDim)),
        window_(attributes.integer_or("window", 0, INT32_MAX, 0)),
        scale_(attributes.real_or("scale", 1.0f / std::sqrt(static_cast<float>(head_dim_)))),
        norm_epsilon_(attributes.real_or("norm_epsilon", 1e-6f)) {
    if (num_heads_ % kv_heads_ != 0)
      throw std::invalid_argument("contexture.PagedAttention: num_heads " + std::to_string(num_heads_) +
                                  " is not a multiple of kv_heads " + std::to_string(kv_heads_));
  }

  void compute(const OpContext& context) const {
    const Tensor qkv = context.input(0, "qkv", 2);
    const Tensor step = context.input(1, "step", 1);
    const Tensor cos = context.input(2, "rope_cos", 2);
    const Tensor sin = context.input(3, "rope_sin", 2);
    const Tensor q_norm = context.optional_input(4, "q_norm", 1);
    const Tensor k_norm = context.optional_input(5, "k_norm", 1);
    check_shapes(context, qkv, cos, sin, q_norm, k_norm);

    const auto pool = find_pool<PoolRegistry>(context, step);
    const std::lock_guard<std::mutex> lock(pool->mutex());
    check_step(context, *pool, qkv.dims[0], cos.dims[0]);

    AttentionParams params;
    params.geometry = pool->geometry();
    params.pool = pool->data();
    params.layer = layer_;
    params.num_heads = num_heads_;
    params.scale = scale_;
    params.window = window_;
    params.norm_epsilon = norm_epsilon_;
    params.qkv = qkv.floats();
    params.rope_cos = cos.floats();
    params.rope_sin = sin.floats();
    params.q_norm = q_norm.floats();
    params.k_norm = k_norm.floats();
    params.out = context.output(0, qkv.dims[0], static_cast<int64_t>(num_heads_) * head_dim_);
    if (pool->kept_heads() != 0) {
      check_kept(context, *pool, cos.dims[0]);
      params.next_queries = pool->kept_queries(layer_);
      params.next_stride = pool->kept_stride();
    }
    paged_attention(params, pool->step(), pool->scratch(), Execution{OrtParallelFor(context)});
  }

 private:
  void check_shapes(const OpContext& context, const Tensor& qkv, const Tensor& cos, const Tensor& sin,
                    const Tensor& q_norm, const Tensor& k_norm) const {
    const int64_t width = (num_heads_ + 2 * static_cast<int64_t>(kv_heads_)) * head_dim_;
    if (qkv.dims[1] != width)
      context.refuse("qkv is " + qkv.shape() + "; its rows must have (num_heads + 2 * kv_heads) * head_dim = " +
                     std::to_string(width) + " values");
    if (cos.dims[1] != head_dim_ / 2)
      context.refuse("rope_cos is " + cos.shape() + "; its rows must have head_dim / 2 = " +
                     std::to_string(head_dim_ / 2) + " values");
    if (sin.dims != cos.dims) context.refuse("rope_sin is " + sin.shape() + ", rope_cos " + cos.shape());
    for (const Tensor* norm : {&q_norm, &k_norm})
      if (norm->rank != 0 && norm->dims[0] != head_dim_)
        context.refuse(std::string(norm == &q_norm ? "q_norm" : "k_norm") + " is " + norm->shape() +
                       "; it must have head_dim = " + std::to_string(head_dim_) + " values");
  }

  void check_step(const OpContext& context, const KvPool& pool, int64_t rows, int64_t positions) const {
    const PoolGeometry& g = pool.geometry();
    if (layer_ >= g.layers)
      context.refuse("layer " + std::to_string(layer_) + ", but the pool has " + std::to_string(g.layers) + " layers");
    if (kv_heads_ != g.kv_heads || head_dim_ != g.head_dim)
      context.refuse("kv_heads " + std::to_string(kv_heads_) + " and head_dim " + std::to_string(head_dim_) +
                     ", but the pool has " + std::to_string(g.kv_heads) + " and " + std::to_string(g.head_dim));
    if (!pool.has_step()) context.refuse("the pool has no step; call ctx_step_set before the run");
    if (rows != pool.step().num_rows)
      context.refuse("qkv has " + std::to_string(rows) + " rows, but the step brings " +
                     std::to_string(pool.step().num_rows) + " tokens");
    if (pool.max_position() >= positions)
      context.refuse("position " + std::to_string(pool.max_position()) + " is beyond the " +
                     std::to_string(positions) + " rows of rope_cos");
  }

  void check_kept(const OpContext& context, const KvPool& pool, int64_t positions) const {
    if (pool.kept_heads() != num_heads_)
      context.refuse("num_heads is " + std::to_string(num_heads_) + ", but the queries of " +
                     std::to_string(pool.kept_heads()) + " heads are to be kept");
    if (positions < 2)
      context.refuse("queries are to be kept, but rope_cos has one row; turning them on by a position needs two");
  }

  const int32_t layer_, num_heads_, kv_heads_, head_dim_, window_;
  const float scale_, norm_epsilon_;
};

}  // namespace

const ort::CustomOp* paged_attention_op() {
  static const ort::CustomOp op = describe_op<PagedAttentionOp>();
  return &op;
}

}  // namespace contexture
