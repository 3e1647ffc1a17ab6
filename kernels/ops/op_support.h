// What all operations share: status handling, tensors, threads and the table that describes an operation.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <string>

#include "contexture/execution.h"
#include "ops/ort_abi.h"

namespace contexture {

const ort::Api& ort_api();
bool has_ort_api();
void set_ort_api(const ort::Api* api);

// A status of the runtime on its way back to the runtime.
struct OrtFailure {
  ort::Status* status;
};
inline void check(ort::Status* status) {
  if (status != nullptr) throw OrtFailure{status};
}

// A tensor of rank 1 or 2. A missing optional input has no data.
struct Tensor {
  int64_t rank = 0;
  std::array<int64_t, 2> dims{};
  void* data = nullptr;

  float* floats() const { return static_cast<float*>(data); }
  std::string shape() const;
};

class OpContext {
 public:
  OpContext(const char* op, ort::KernelContext* context) : op_(op), context_(context) {}

  Tensor input(size_t index, const char* name, int64_t rank) const;  // throws std::invalid_argument
  Tensor optional_input(size_t index, const char* name, int64_t rank) const;
  float* output(size_t index, int64_t rows, int64_t columns) const;
  int64_t* integer_output(size_t index, int64_t count) const;
  [[noreturn]] void refuse(const std::string& reason) const;
  ort::KernelContext* raw() const { return context_; }

 private:
  void* output(size_t index, const int64_t* dims, size_t rank) const;

  const char* op_;
  ort::KernelContext* context_;
};

// What an id in an operation's input names; an unknown one refuses the run.
template <class Registry>
auto find_pool(const OpContext& context, const Tensor& id) {
  if (id.dims[0] != 1) context.refuse("the pool's id is " + id.shape() + "; it must be a single number");
  try {
    return Registry::instance().find(*static_cast<const int64_t*>(id.data));
  } catch (const std::invalid_argument& e) {
    context.refuse(e.what());
  }
}

// The runtime's own threads.
class OrtParallelFor final : public ParallelFor {
 public:
  explicit OrtParallelFor(const OpContext& context) : context_(context) {}
  void run(size_t count, void (*fn)(void*, size_t), void* data) const override {
    // Batches 0: the runtime's threads take the items one by one, which evens out unequal ones.
    check(ort_api().KernelContext_ParallelFor(context_.raw(), fn, count, 0, data));
  }

 private:
  const OpContext& context_;
};

class Attributes {
 public:
  Attributes(const char* op, const ort::KernelInfo* info) : op_(op), info_(info) {}

  // Throws OrtFailure when the attribute is missing, std::invalid_argument when it is outside [least, most].
  int32_t integer(const char* name, int64_t least, int64_t most) const;
  int32_t integer_or(const char* name, int64_t least, int64_t most, int32_t fallback) const;
  float real_or(const char* name, float fallback) const;

 private:
  int32_t in_range(const char* name, int64_t value, int64_t least, int64_t most) const;
  const char* op_;
  const ort::KernelInfo* info_;
};

// Runs the body and turns exceptions into a status.
template <class Body>
ort::Status* guarded_op(const char* op, const Body& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const OrtFailure& e) {
    return e.status;
  } catch (const std::invalid_argument& e) {
    return ort_api().CreateStatus(ort::kInvalidArgument, e.what());
  } catch (const std::bad_alloc&) {
    return ort_api().CreateStatus(ort::kFail, (std::string(op) + ": out of memory").c_str());
  } catch (const std::exception& e) {
    return ort_api().CreateStatus(ort::kFail, e.what());
  }
}

// Op has: kName, kInputs and kOutputs (arrays of Port), a constructor from Attributes, compute(OpContext&).
struct Port {
  ort::ElementType type;
  ort::Presence presence;
};

template <class Op>
ort::CustomOp describe_op() {
  ort::CustomOp op{};
  op.version = ort::kApiVersion;
  op.GetName = [](const ort::CustomOp*) { return Op::kName; };
  op.GetExecutionProviderType = [](const ort::CustomOp*) -> const char* { return nullptr; };  // CPU
  op.GetInputTypeCount = [](const ort::CustomOp*) { return Op::kInputs.size(); };
  op.GetInputType = [](const ort::CustomOp*, size_t i) { return Op::kInputs[i].type; };
  op.GetInputCharacteristic = [](const ort::CustomOp*, size_t i) { return Op::kInputs[i].presence; };
  op.GetInputMemoryType = [](const ort::CustomOp*, size_t) { return ort::kDefaultMemory; };
  op.GetOutputTypeCount = [](const ort::CustomOp*) { return Op::kOutputs.size(); };
  op.GetOutputType = [](const ort::CustomOp*, size_t i) { return Op::kOutputs[i].type; };
  op.GetOutputCharacteristic = [](const ort::CustomOp*, size_t i) { return Op::kOutputs[i].presence; };
  op.GetVariadicInputMinArity = op.GetVariadicOutputMinArity = [](const ort::CustomOp*) { return 1; };
  op.GetVariadicInputHomogeneity = op.GetVariadicOutputHomogeneity = [](const ort::CustomOp*) { return 1; };
  op.GetStartVersion = op.GetEndVersion = [](const ort::CustomOp*) { return 1; };
  op.CreateKernelV2 = [](const ort::CustomOp*, const ort::Api*, const ort::KernelInfo* info, void** kernel) {
    return guarded_op(Op::kName, [&] { *kernel = new Op(Attributes(Op::kName, info)); });
  };
  op.KernelComputeV2 = [](void* kernel, ort::KernelContext* context) {
    return guarded_op(Op::kName, [&] { static_cast<Op*>(kernel)->compute(OpContext(Op::kName, context)); });
  };
  op.KernelDestroy = [](void* kernel) { delete static_cast<Op*>(kernel); };
  return op;
}

// Adds operations to the domain "contexture" of a session that is being set up.
ort::Status* register_ops(ort::SessionOptions* options, const ort::ApiBase* base,
                          std::initializer_list<const ort::CustomOp*> ops);

const ort::CustomOp* paged_attention_op();
const ort::CustomOp* block_correction_op();
const ort::CustomOp* int8_product_op();
const ort::CustomOp* int8_rows_op();
const ort::CustomOp* swiglu_op();
const ort::CustomOp* retrieval_append_op();
const ort::CustomOp* retrieval_select_op();

}  // namespace contexture
