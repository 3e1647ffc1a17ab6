#include "op.h"

namespace contexture::ops {

const ort::Api* api = nullptr;

std::string Tensor::shape_text() const {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Tensor Call::input(size_t index) const {
  const ort::Value* value = nullptr;
  check(api->KernelContext_GetInput(context_, index, &value));
  Tensor tensor;
  ort::TensorInfo* info = nullptr;
  check(api->GetTensorTypeAndShape(value, &info));
  size_t rank = 0;
  ort::Status* status = api->GetDimensionsCount(info, &rank);
  if (status == nullptr) {
    tensor.shape.resize(rank);
    status = api->GetDimensions(info, tensor.shape.data(), rank);
  }
  api->ReleaseTensorTypeAndShapeInfo(info);
  check(status);
  check(api->GetTensorMutableData(const_cast<ort::Value*>(value), &tensor.data));
  return tensor;
}

bool Call::has_input(size_t index) const {
  size_t count = 0;
  check(api->KernelContext_GetInputCount(context_, &count));
  if (index >= count) return false;
  const ort::Value* value = nullptr;
  check(api->KernelContext_GetInput(context_, index, &value));
  return value != nullptr;
}

float* Call::output(size_t index, std::initializer_list<int64_t> shape) const {
  ort::Value* value = nullptr;
  check(api->KernelContext_GetOutput(context_, index, shape.begin(), shape.size(), &value));
  void* data = nullptr;
  check(api->GetTensorMutableData(value, &data));
  return static_cast<float*>(data);
}

Parallel Call::parallel() const {
  return {[](void* self, size_t count, void (*fn)(void*, size_t), void* arg) {
            check(api->KernelContext_ParallelFor(static_cast<const ort::KernelContext*>(self), fn, count, 0, arg));
          },
          context_};
}

int64_t int_attribute(const ort::KernelInfo* info, const char* name) {
  int64_t value = 0;
  check(api->KernelInfoGetAttribute_int64(info, name, &value));
  return value;
}

float float_attribute(const ort::KernelInfo* info, const char* name) {
  float value = 0;
  check(api->KernelInfoGetAttribute_float(info, name, &value));
  return value;
}

}  // namespace contexture::ops
