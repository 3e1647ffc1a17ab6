// The operations of the CUDA execution provider: the CPU's contracts in halves or bf16, on the runtime's own stream.
#include <algorithm>
#include <cmath>

#include "cuda/attention_step.h"
#include "cuda/cuda_op.h"
#include "cuda/device_pool.h"
#include "cuda/key_pool.h"
#include "cuda/swiglu.h"

namespace contexture {
namespace cuda {
namespace {

// The runtime chooses among operations of one name by the types of their inputs.
template <Element kElement>
class PagedAttentionOp {
 public:
  static constexpr const char* kName = "PagedAttention";
  static constexpr std::array<Port, 6> kInputs = {{{type_of(kElement), ort::kRequired},  // qkv
                                                   {ort::kInt64, ort::kRequired},         // step
                                                   {ort::kFloat, ort::kRequired},         // rope_cos
                                                   {ort::kFloat, ort::kRequired},         // rope_sin
                                                   {type_of(kElement), ort::kOptional},   // q_norm
                                                   {type_of(kElement), ort::kOptional}}}; // k_norm
  static constexpr std::array<bool, 6> kOnHost = {false, true, false, false, false, false};
  static constexpr std::array<Port, 1> kOutputs = {{{type_of(kElement), ort::kRequired}}};

  explicit PagedAttentionOp(const Attributes& attributes)
      : layer_(attributes.integer("layer", 0, 1 << 16)),
        num_heads_(attributes.integer("num_heads", 1, 1 << 16)),
        kv_heads_(attributes.integer("kv_heads", 1, 1 << 16)),
        head_dim_(attributes.integer("head_dim", 16, 256)),
        scale_(attributes.real_or("scale", 1.0f / std::sqrt(static_cast<float>(head_dim_)))),
        norm_epsilon_(attributes.real_or("norm_epsilon", 1e-6f)) {
    if (attributes.integer_or("window", 0, INT32_MAX, 0) != 0)
      throw std::invalid_argument(
          "contexture.PagedAttention: attention windows are not there on CUDA devices: serve this model on CPUs");
  }

  void compute(const OpContext& context) const {
    const Tensor qkv = context.input(0, "qkv", 2), cos = context.input(2, "rope_cos", 2),
                 sin = context.input(3, "rope_sin", 2);
    const Tensor q_norm = context.optional_input(4, "q_norm", 1), k_norm = context.optional_input(5, "k_norm", 1);
    const auto pool = find_pool<DevicePoolRegistry>(context, context.input(1, "step", 1));
    const std::lock_guard<std::mutex> lock(pool->mutex());
    check_fits(context, *pool, qkv, cos, sin);
    AttentionStep a;
    a.layer = layer_, a.num_heads = num_heads_, a.scale = scale_, a.norm_epsilon = norm_epsilon_;
    a.qkv = qkv.data, a.rope_cos = cos.floats(), a.rope_sin = sin.floats(), a.q_norm = q_norm.data, a.k_norm = k_norm.data;
    a.out = context.output(0, pool->run_rows(), static_cast<int64_t>(num_heads_) * head_dim_);
    run_attention(*pool, a, stream_of(context));
  }

 private:
  void check_fits(const OpContext& context, const DevicePool& pool, const Tensor& qkv, const Tensor& cos,
                  const Tensor& sin) const {
    const PoolGeometry& g = pool.geometry();
    const int64_t width = (num_heads_ + 2 * static_cast<int64_t>(kv_heads_)) * head_dim_;
    if (layer_ >= g.layers || kv_heads_ != g.kv_heads || head_dim_ != g.head_dim)
      context.refuse("layer " + std::to_string(layer_) + ", kv_heads " + std::to_string(kv_heads_) + ", head_dim " +
                     std::to_string(head_dim_) + ", but the pool has " + std::to_string(g.layers) + " layers, " +
                     std::to_string(g.kv_heads) + " and " + std::to_string(g.head_dim));
    if (pool.element() != kElement)
      context.refuse("the model computes in " + std::string(kElement == Element::kF16 ? "fp16" : "bf16") +
                     ", but the pool holds the other 16-bit numbers");
    if (!pool.has_step()) context.refuse("the pool has no step; call ctx_step_set before the run");
    if (qkv.dims[0] != pool.run_rows() || qkv.dims[1] != width)
      context.refuse("qkv is " + qkv.shape() + "; the step wants [" + std::to_string(pool.run_rows()) + ", " +
                     std::to_string(width) + "]");
    if (cos.dims[1] != head_dim_ / 2 || sin.dims != cos.dims || pool.max_position() >= cos.dims[0])
      context.refuse("rope_cos is " + cos.shape() + " and rope_sin " + sin.shape() +
                     "; they must have head_dim / 2 = " + std::to_string(head_dim_ / 2) +
                     " columns, and rows for position " + std::to_string(pool.max_position()));
  }

  const int32_t layer_, num_heads_, kv_heads_, head_dim_;
  const float scale_, norm_epsilon_;
};

template <Element kElement>
class SwiGluOp {
 public:
  static constexpr const char* kName = "SwiGlu";
  static constexpr std::array<Port, 1> kInputs = {{{type_of(kElement), ort::kRequired}}};
  static constexpr std::array<bool, 1> kOnHost = {false};
  static constexpr std::array<Port, 1> kOutputs = {{{type_of(kElement), ort::kRequired}}};

  explicit SwiGluOp(const Attributes&) {}

  void compute(const OpContext& context) const {
    const Tensor x = context.input(0, "gate_up", 2);
    const int64_t width = x.dims[1] / 2;
    if (x.dims[1] % 4 != 0)
      context.refuse("gate_up is " + x.shape() + "; its rows must hold gate and up, equally wide and even");
    swiglu(x.data, context.output(0, x.dims[0], width), x.dims[0], width, kElement, stream_of(context));
  }
};

void check_rows(const OpContext& context, const char* name, const Tensor& tensor, int64_t least, int64_t most,
                int64_t width) {
  if (tensor.dims[0] < least || tensor.dims[0] > most || tensor.dims[1] != width)
    context.refuse(std::string(name) + " is " + tensor.shape() + "; the pool's description wants " + std::to_string(least) +
                   " to " + std::to_string(most) + " rows of " + std::to_string(width));
}

class RetrievalAppendOp {
 public:
  static constexpr const char* kName = "RetrievalAppend";
  static constexpr std::array<Port, 2> kInputs = {{{ort::kFloat, ort::kRequired},    // keys
                                                   {ort::kInt64, ort::kRequired}}};  // pool
  static constexpr std::array<bool, 2> kOnHost = {false, true};
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kInt64, ort::kRequired}}};

  explicit RetrievalAppendOp(const Attributes&) {}

  // Rows behind those of the append pad a bucket.
  void compute(const OpContext& context) const {
    const Tensor keys = context.input(0, "keys", 2);
    const auto pool = find_pool<DeviceKeyPoolRegistry>(context, context.input(1, "pool", 1));
    const std::lock_guard<std::mutex> lock(pool->mutex());
    const DeviceKeyGeometry& g = pool->geometry();
    check_rows(context, "keys", keys, pool->append_rows(), std::max(pool->append_rows(), kMostBucketRows),
               static_cast<int64_t>(g.lists()) * g.head_dim);
    const cudaStream_t stream = stream_of(context);
    pool->append(keys.floats(), static_cast<int32_t>(keys.dims[0]), stream);
    check(cudaMemsetAsync(context.integer_output(0, 1), 0, sizeof(int64_t), stream), "cudaMemsetAsync");
  }
};

class RetrievalSelectOp {
 public:
  static constexpr const char* kName = "RetrievalSelect";
  static constexpr std::array<Port, 2> kInputs = {{{ort::kFloat, ort::kRequired},    // queries
                                                   {ort::kInt64, ort::kRequired}}};  // pool
  static constexpr std::array<bool, 2> kOnHost = {false, true};
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit RetrievalSelectOp(const Attributes&) {}

  void compute(const OpContext& context) const {
    const Tensor queries = context.input(0, "queries", 2);
    const auto pool = find_pool<DeviceKeyPoolRegistry>(context, context.input(1, "pool", 1));
    const std::lock_guard<std::mutex> lock(pool->mutex());
    const DeviceKeyGeometry& g = pool->geometry();
    const int32_t rows = pool->select_rows();
    check_rows(context, "queries", queries, rows, rows, static_cast<int64_t>(g.groups) * g.query_heads * g.head_dim);
    const cudaStream_t stream = stream_of(context);
    pool->select(queries.floats(), stream);
    pool->copy_mass(context.output(0, rows, g.lists()), stream);
  }
};

}  // namespace
}  // namespace cuda
}  // namespace contexture

// The runtime calls this by name when a session's options name the library.
extern "C" __attribute__((visibility("default"))) contexture::ort::Status* RegisterCustomOps(
    contexture::ort::SessionOptions* options, const contexture::ort::ApiBase* base) {
  using namespace contexture;
  using cuda::Element;
  return register_ops(
      options, base,
      {cuda::cuda_op<cuda::PagedAttentionOp<Element::kF16>>(), cuda::cuda_op<cuda::PagedAttentionOp<Element::kBf16>>(),
       cuda::cuda_op<cuda::SwiGluOp<Element::kF16>>(), cuda::cuda_op<cuda::SwiGluOp<Element::kBf16>>(),
       cuda::block_product_cuda_op(), cuda::block_rows_cuda_op(), cuda::cuda_op<cuda::RetrievalAppendOp>(),
       cuda::cuda_op<cuda::RetrievalSelectOp>()});
}
