// What the custom ops share: reading tensors and attributes, errors as status, work on the session's threads.
#pragma once

#include <initializer_list>
#include <new>
#include <string>
#include <vector>

#include "contexture/parallel.h"
#include "ort_abi.h"
#include "pool.h"

namespace contexture::ops {

extern const ort::Api* api;  // set when the library is registered

struct StatusFailure {
  ort::Status* status;
};

inline void check(ort::Status* status) {
  if (status != nullptr) throw StatusFailure{status};
}

struct Tensor {
  std::vector<int64_t> shape;
  void* data = nullptr;

  const float* floats() const { return static_cast<const float*>(data); }
  bool is_matrix() const { return shape.size() == 2; }
  std::string shape_text() const;
};

// One call of one op.
class Call {
 public:
  explicit Call(ort::KernelContext* context) : context_(context) {}
  Tensor input(size_t index) const;
  bool has_input(size_t index) const;
  float* output(size_t index, std::initializer_list<int64_t> shape) const;
  Parallel parallel() const;

 private:
  ort::KernelContext* context_;
};

int64_t int_attribute(const ort::KernelInfo* info, const char* name);
float float_attribute(const ort::KernelInfo* info, const char* name);

// Builds the table of an op whose kernel is `Kernel(const ort::KernelInfo*)` with `void compute(const Call&)`.
// Inputs are float but for `int64_input`; the inputs from `first_optional` on may be left out.
struct Signature {
  const char* name;
  size_t inputs;
  size_t outputs;
  size_t int64_input;
  size_t first_optional;
};

template <class Kernel>
struct Op : ort::CustomOp {
  Signature signature;

  explicit Op(const Signature& s) : ort::CustomOp{}, signature(s) {
    version = ort::kApiVersion;
    GetName = [](const ort::CustomOp* op) { return self(op).name; };
    GetExecutionProviderType = [](const ort::CustomOp*) -> const char* { return nullptr; };
    GetInputTypeCount = [](const ort::CustomOp* op) { return self(op).inputs; };
    GetInputType = [](const ort::CustomOp* op, size_t i) { return i == self(op).int64_input ? ort::kInt64 : ort::kFloat; };
    GetOutputTypeCount = [](const ort::CustomOp* op) { return self(op).outputs; };
    GetOutputType = [](const ort::CustomOp*, size_t) { return ort::kFloat; };
    GetInputCharacteristic = [](const ort::CustomOp* op, size_t i) {
      return i >= self(op).first_optional ? ort::kOptional : ort::kRequired;
    };
    GetOutputCharacteristic = [](const ort::CustomOp*, size_t) { return ort::kRequired; };
    GetInputMemoryType = [](const ort::CustomOp*, size_t) { return ort::kDefaultMemory; };
    GetVariadicInputMinArity = GetVariadicOutputMinArity = [](const ort::CustomOp*) { return 1; };
    GetVariadicInputHomogeneity = GetVariadicOutputHomogeneity = [](const ort::CustomOp*) { return 0; };
    GetStartVersion = GetEndVersion = [](const ort::CustomOp*) { return 1; };
    KernelDestroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
    CreateKernelV2 = [](const ort::CustomOp* op, const ort::Api*, const ort::KernelInfo* info, void** out) {
      return guarded(self(op).name, [&] { *out = new Kernel(info); });
    };
    KernelComputeV2 = [](void* kernel, ort::KernelContext* context) {
      return guarded(Kernel::kName, [&] { static_cast<Kernel*>(kernel)->compute(Call(context)); });
    };
  }

 private:
  static const Signature& self(const ort::CustomOp* op) { return static_cast<const Op*>(op)->signature; }

  template <class Body>
  static ort::Status* guarded(const char* name, const Body& body) {
    try {
      body();
      return nullptr;
    } catch (const StatusFailure& failure) {
      return failure.status;
    } catch (const std::bad_alloc&) {
      return api->CreateStatus(ort::kFail, (std::string("contexture.") + name + ": out of memory").c_str());
    } catch (const std::exception& e) {
      return api->CreateStatus(ort::kInvalidArgument, (std::string("contexture.") + name + ": " + e.what()).c_str());
    }
  }
};

const ort::CustomOp* paged_attention_op();
const ort::CustomOp* block_sum_op();
const ort::CustomOp* swiglu_op();

}  // namespace contexture::ops
