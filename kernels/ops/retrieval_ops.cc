// The retrieval head's two ends in its graphs: keys go into its pool, queries become a selection.
#include <algorithm>

#include "capi/retrieval_pool.h"
#include "ops/op_support.h"

namespace contexture {
namespace {

void check_rows(const OpContext& context, const char* name, const Tensor& tensor, int64_t rows, int64_t width) {
  if (tensor.dims[0] != rows || tensor.dims[1] != width)
    context.refuse(std::string(name) + " is " + tensor.shape() + "; the pool's description wants [" +
                   std::to_string(rows) + ", " + std::to_string(width) + "]");
}

class RetrievalAppendOp {
 public:
  static constexpr const char* kName = "RetrievalAppend";
  static constexpr std::array<Port, 2> kInputs = {{{ort::kFloat, ort::kRequired},    // keys
                                                   {ort::kInt64, ort::kRequired}}};  // pool
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kInt64, ort::kRequired}}};

  explicit RetrievalAppendOp(const Attributes&) {}

  void compute(const OpContext& context) const {
    const Tensor keys = context.input(0, "keys", 2);
    const auto pool = find_pool<RetrievalRegistry>(context, context.input(1, "pool", 1));
    const std::lock_guard<std::mutex> lock(pool->mutex());
    const RetrievalGeometry& g = pool->geometry();
    check_rows(context, "keys", keys, pool->tables().append_rows(), static_cast<int64_t>(g.lists()) * g.head_dim);
    pool->append(keys.floats(), Execution{OrtParallelFor(context)});
    if (int64_t* appended = context.integer_output(0, 1)) *appended = keys.dims[0];
  }
};

class RetrievalSelectOp {
 public:
  static constexpr const char* kName = "RetrievalSelect";
  static constexpr std::array<Port, 2> kInputs = {{{ort::kFloat, ort::kRequired},    // queries
                                                   {ort::kInt64, ort::kRequired}}};  // pool
  static constexpr std::array<Port, 1> kOutputs = {{{ort::kFloat, ort::kRequired}}};

  explicit RetrievalSelectOp(const Attributes&) {}

  void compute(const OpContext& context) const {
    const Tensor queries = context.input(0, "queries", 2);
    const auto pool = find_pool<RetrievalRegistry>(context, context.input(1, "pool", 1));
    const std::lock_guard<std::mutex> lock(pool->mutex());
    const RetrievalGeometry& g = pool->geometry();
    check_rows(context, "queries", queries, pool->tables().select_queries(),
               static_cast<int64_t>(g.groups) * g.query_heads * g.head_dim);
    pool->select(queries.floats(), Execution{OrtParallelFor(context)});
    const int32_t rows = pool->tables().select_rows().rows;
    if (float* mass = context.output(0, rows, g.lists()))
      std::copy_n(pool->mass(), static_cast<int64_t>(rows) * g.lists(), mass);
  }
};

}  // namespace

const ort::CustomOp* retrieval_append_op() {
  static const ort::CustomOp op = describe_op<RetrievalAppendOp>();
  return &op;
}

const ort::CustomOp* retrieval_select_op() {
  static const ort::CustomOp op = describe_op<RetrievalSelectOp>();
  return &op;
}

}  // namespace contexture
