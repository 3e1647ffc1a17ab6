#include "cuda/graph_session.h"

#include <stdexcept>

#include "capi/checks.h"
#include "ops/op_support.h"

namespace contexture {
namespace cuda {
namespace {

void ok(ort::Status* status) {
  if (status == nullptr) return;
  const std::string words = ort_api().GetErrorMessage(status);
  ort_api().ReleaseStatus(status);
  throw std::runtime_error(words);
}

// Options of a session, and what they are made of.
class Options {
 public:
  explicit Options(const std::string& library) {
    const ort::Api& api = ort_api();
    ok(api.CreateSessionOptions(&session_));
    ok(api.RegisterCustomOpsLibrary_V2(session_, library.c_str()));
    ok(api.CreateCUDAProviderOptions(&cuda_));
    const char *keys[] = {"enable_cuda_graph", "arena_extend_strategy"}, *values[] = {"1", "kSameAsRequested"};
    ok(api.UpdateCUDAProviderOptions(cuda_, keys, values, 2));
    ok(api.SessionOptionsAppendExecutionProvider_CUDA_V2(session_, cuda_));
  }
  ~Options() {
    if (cuda_ != nullptr) ort_api().ReleaseCUDAProviderOptions(cuda_);
    if (session_ != nullptr) ort_api().ReleaseSessionOptions(session_);
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  const ort::SessionOptions* get() const { return session_; }

 private:
  ort::SessionOptions* session_ = nullptr;
  ort::CudaOptions* cuda_ = nullptr;
};

}  // namespace

GraphSession::GraphSession(const std::string& graph, const std::string& library) {
  if (!has_ort_api())
    throw InvalidArgument("the operations are not registered yet: register this library with ONNX Runtime before");
  const ort::Api& api = ort_api();
  try {
    const Options options(library);
    ok(api.CreateEnv(2, "contexture", &env_));  // a process has one; this counts it up
    ok(api.CreateSession(env_, graph.c_str(), options.get(), &session_));
    ok(api.CreateMemoryInfo("Cuda", 0, 0, ort::kDefaultMemory, &device_));
    ok(api.CreateMemoryInfo("Cpu", 0, 0, ort::kDefaultMemory, &host_));
  } catch (const std::exception&) {
    release();
    throw;
  }
}

GraphSession::~GraphSession() { release(); }

void GraphSession::release() {
  const ort::Api& api = ort_api();
  if (device_ != nullptr) api.ReleaseMemoryInfo(device_);
  if (host_ != nullptr) api.ReleaseMemoryInfo(host_);
  if (session_ != nullptr) api.ReleaseSession(session_);
  if (env_ != nullptr) api.ReleaseEnv(env_);
}

void GraphSession::run(const Binding& binding, int64_t graph) {
  ort::RunOptions* options = nullptr;
  ok(ort_api().CreateRunOptions(&options));
  try {
    ok(ort_api().AddRunConfigEntry(options, "gpu_graph_id", std::to_string(graph).c_str()));
    ok(ort_api().RunWithBinding(session_, options, binding.get()));
  } catch (const std::exception&) {
    ort_api().ReleaseRunOptions(options);
    throw;
  }
  ort_api().ReleaseRunOptions(options);
}

GraphSession::Binding::Binding(GraphSession& session) : session_(session) {
  ok(ort_api().CreateIoBinding(session.session_, &binding_));
}

GraphSession::Binding::~Binding() {
  ort_api().ReleaseIoBinding(binding_);
  for (ort::Value* value : values_) ort_api().ReleaseValue(value);
}

void GraphSession::Binding::input(const char* name, const int64_t* on_device, Dims dims) {
  ok(ort_api().BindInput(binding_, name,
                         tensor(session_.device_, const_cast<int64_t*>(on_device), dims, ort::kInt64, sizeof(int64_t))));
}

void GraphSession::Binding::input(const char* name, const float* on_device, Dims dims) {
  ok(ort_api().BindInput(binding_, name,
                         tensor(session_.device_, const_cast<float*>(on_device), dims, ort::kFloat, sizeof(float))));
}

void GraphSession::Binding::output(const char* name, float* on_device, Dims dims) {
  ok(ort_api().BindOutput(binding_, name, tensor(session_.device_, on_device, dims, ort::kFloat, sizeof(float))));
}

void GraphSession::Binding::output(const char* name, int64_t* on_device, Dims dims) {
  ok(ort_api().BindOutput(binding_, name, tensor(session_.device_, on_device, dims, ort::kInt64, sizeof(int64_t))));
}

void GraphSession::Binding::input_id(const char* name, const int64_t* id) {
  ok(ort_api().BindInput(binding_, name,
                         tensor(session_.host_, const_cast<int64_t*>(id), {1}, ort::kInt64, sizeof(int64_t))));
}

ort::Value* GraphSession::Binding::tensor(ort::MemoryInfo* memory, void* data, Dims dims, ort::ElementType type,
                                          size_t bytes) {
  for (const int64_t dim : dims) bytes *= static_cast<size_t>(dim);
  ort::Value* value = nullptr;
  ok(ort_api().CreateTensorWithDataAsOrtValue(memory, data, bytes, dims.begin(), dims.size(), type, &value));
  values_.push_back(value);
  return value;
}

}  // namespace cuda
}  // namespace contexture
