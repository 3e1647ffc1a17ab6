#include "ops/op_support.h"

#include <cstdio>
#include <cstdlib>

namespace contexture {
namespace {

const ort::Api* api = nullptr;

void release(ort::Status* status) {
  if (status != nullptr) ort_api().ReleaseStatus(status);
}

}  // namespace

const ort::Api& ort_api() { return *api; }
bool has_ort_api() { return api != nullptr; }
void set_ort_api(const ort::Api* table) { api = table; }

std::string Tensor::shape() const {
  if (rank == 1) return "[" + std::to_string(dims[0]) + "]";
  return "[" + std::to_string(dims[0]) + ", " + std::to_string(dims[1]) + "]";
}

void OpContext::refuse(const std::string& reason) const {
  throw std::invalid_argument(std::string("contexture.") + op_ + ": " + reason);
}

Tensor OpContext::optional_input(size_t index, const char* name, int64_t rank) const {
  size_t count = 0;
  check(ort_api().KernelContext_GetInputCount(context_, &count));
  const ort::Value* value = nullptr;
  if (index < count) check(ort_api().KernelContext_GetInput(context_, index, &value));
  Tensor tensor;
  if (value == nullptr) return tensor;
  ort::TensorInfo* info = nullptr;
  check(ort_api().GetTensorTypeAndShape(value, &info));
  size_t found = 0;
  ort::Status* status = ort_api().GetDimensionsCount(info, &found);
  if (status == nullptr && static_cast<int64_t>(found) == rank)
    status = ort_api().GetDimensions(info, tensor.dims.data(), found);
  ort_api().ReleaseTensorTypeAndShapeInfo(info);
  check(status);
  if (static_cast<int64_t>(found) != rank)
    refuse(std::string(name) + " has rank " + std::to_string(found) + "; it must have " + std::to_string(rank));
  tensor.rank = rank;
  check(ort_api().GetTensorMutableData(const_cast<ort::Value*>(value), &tensor.data));
  return tensor;
}

Tensor OpContext::input(size_t index, const char* name, int64_t rank) const {
  const Tensor tensor = optional_input(index, name, rank);
  if (tensor.rank == 0) refuse(std::string("input ") + name + " is missing");
  return tensor;
}

void* OpContext::output(size_t index, const int64_t* dims, size_t rank) const {
  ort::Value* value = nullptr;
  void* data = nullptr;
  check(ort_api().KernelContext_GetOutput(context_, index, dims, rank, &value));
  if (value == nullptr) return nullptr;  // an output that the graph does not use
  check(ort_api().GetTensorMutableData(value, &data));
  return data;
}

float* OpContext::output(size_t index, int64_t rows, int64_t columns) const {
  const int64_t dims[2] = {rows, columns};
  return static_cast<float*>(output(index, dims, 2));
}

int64_t* OpContext::integer_output(size_t index, int64_t count) const {
  return static_cast<int64_t*>(output(index, &count, 1));
}

int32_t Attributes::in_range(const char* name, int64_t value, int64_t least, int64_t most) const {
  if (value < least || value > most)
    throw std::invalid_argument(std::string("contexture.") + op_ + ": attribute " + name + " is " +
                                std::to_string(value) + "; it must be in " + std::to_string(least) + ".." +
                                std::to_string(most));
  return static_cast<int32_t>(value);
}

int32_t Attributes::integer(const char* name, int64_t least, int64_t most) const {
  int64_t value = 0;
  check(ort_api().KernelInfoGetAttribute_int64(info_, name, &value));
  return in_range(name, value, least, most);
}

int32_t Attributes::integer_or(const char* name, int64_t least, int64_t most, int32_t fallback) const {
  int64_t value = fallback;
  ort::Status* missing = ort_api().KernelInfoGetAttribute_int64(info_, name, &value);
  release(missing);
  return missing != nullptr ? fallback : in_range(name, value, least, most);
}

float Attributes::real_or(const char* name, float fallback) const {
  float value = fallback;
  ort::Status* missing = ort_api().KernelInfoGetAttribute_float(info_, name, &value);
  release(missing);
  return missing != nullptr ? fallback : value;
}

ort::Status* register_ops(ort::SessionOptions* options, const ort::ApiBase* base,
                          std::initializer_list<const ort::CustomOp*> ops) {
  const ort::Api* table = base->GetApi(ort::kApiVersion);
  if (table == nullptr) {  // without the table not even a status can be made
    std::fprintf(stderr, "contexture: ONNX Runtime %s is too old; API version %u (1.18) or newer is needed\n",
                 base->GetVersionString(), ort::kApiVersion);
    std::abort();
  }
  set_ort_api(table);
  return guarded_op("RegisterCustomOps", [&] {
    ort::CustomOpDomain* domain = nullptr;  // sessions refer to it, so it lives as long as the process
    check(table->CreateCustomOpDomain("contexture", &domain));
    for (const ort::CustomOp* op : ops) check(table->CustomOpDomain_Add(domain, op));
    check(table->AddCustomOpDomain(options, domain));
  });
}

}  // namespace contexture
