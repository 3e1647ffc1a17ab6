// Runs the compiled graph with inputs and outputs at fixed addresses on the device, decode steps as captured CUDA graphs.
//
// Idea: an ONNX Runtime node costs some 9 µs of launch, which a model of 30 layers pays 200 times a step; a captured graph
// pays once. ONNX Runtime captures and replays by itself when a run names a graph, if nothing about the run changes but what
// buffers hold. Its interface for that is not part of the Java API, so the session is made here, from the table that the
// operations were given. Trade-off: decode steps are padded to a power of two of rows.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "capi/contexture.h"
#include "capi/registry.h"
#include "cuda/device_pool.h"
#include "ops/ort_abi.h"

namespace contexture {
namespace cuda {

class BoundSession {
 public:
  // The outputs' widths in floats; features may be 0: the graph has none. Throws std::runtime_error with the runtime's
  // words.
  struct Model {
    std::string graph, library;  // paths; the library is this one
    int64_t pool = 0;
    int64_t vocabulary = 0, features = 0;
  };
  explicit BoundSession(const Model& model);
  ~BoundSession();
  BoundSession(const BoundSession&) = delete;
  BoundSession& operator=(const BoundSession&) = delete;

  std::mutex& mutex() { return mutex_; }

  // The pool's step must have been set. tokens: [rows]; wanted: rows whose logits are to be had, ascending.
  void run(const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count);

  // Of the last run, in page-locked host memory until the next: [wanted_count, vocabulary] and [rows, features]. Logits are
  // copied by the first call.
  const float* logits();
  const float* features() const { return host_features_; }

  // Tokens drawn from the last run's logits, as of the C interface: [count], in page-locked memory until the next draw.
  // Throws std::runtime_error where logits are not numbers.
  const ctx_drawn_token* sample(int32_t tokens, const ctx_sample_row* rows, int32_t count, const ctx_logit_change* changes,
                                int32_t change_count);

 private:
  class Binding;

  void release();

  void run_bucket(DevicePool& pool, const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count);
  void run_plain(const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count);
  void run(const Binding& binding, int64_t graph);
  void to_device(void* device, const void* host, size_t bytes);
  void to_host(void* host, const void* device, size_t bytes);

  const Model model_;
  int64_t pool_id_;  // in host memory, where the operations look
  std::mutex mutex_;
  ort::Env* env_ = nullptr;
  ort::Session* session_ = nullptr;
  ort::MemoryInfo *device_ = nullptr, *host_ = nullptr;
  cudaStream_t stream_ = nullptr;
  GrowingBuffer tokens_, wanted_, logits_, features_;
  StagingBuffer logit_memory_, feature_memory_;
  float *host_logits_ = nullptr, *host_features_ = nullptr;
  const float* device_logits_ = nullptr;  // of the last run
  std::vector<int64_t> logit_rows_;       // of them, in the order in which they were wanted
  GrowingBuffer sample_input_, sample_weights_, drawn_;
  StagingBuffer sample_staging_, drawn_memory_;
  GrowingBuffer bucket_tokens_, bucket_wanted_, bucket_logits_, bucket_features_;
  std::map<int32_t, std::unique_ptr<Binding>> buckets_;
  std::map<std::pair<int32_t, int32_t>, int64_t> runs_;  // of (bucket, layout)
};

using SessionRegistry = Registry<BoundSession>;

}  // namespace cuda
}  // namespace contexture
