// Runs the compiled decoder over the pool's step, decode steps as captured graphs.
//
// Idea: an ONNX Runtime node costs some 9 µs of launch, which a model of 30 layers pays 200 times a step; a captured graph
// pays once. Trade-off: decode steps are padded to a power of two of rows.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "capi/contexture.h"
#include "capi/registry.h"
#include "cuda/device_pool.h"
#include "cuda/graph_session.h"
#include "cuda/sample_rows.h"

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

  // Of the last run, in page-locked host memory until the next: [wanted_count, vocabulary]. Copied by the first call.
  const float* logits();

  // What the last run read and gave, on the device until the next. Rows of a bucket lie at the same addresses each time.
  struct Rows {
    int32_t bucket = 0;  // 0: a plain run
    int32_t rows = 0;    // padded to the bucket
    const int64_t* tokens = nullptr;
    const float* features = nullptr;  // [rows, features]
  };
  const Rows& last_rows() const { return last_rows_; }
  int64_t feature_width() const { return model_.features; }

  // Tokens drawn from the last run's logits, as of the C interface: [count], in page-locked memory until the next draw.
  // Throws std::runtime_error where logits are not numbers.
  const ctx_drawn_token* sample(int32_t tokens, const DrawOrder& order);

 private:
  using Binding = GraphSession::Binding;

  void run_bucket(DevicePool& pool, const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count);
  void run_plain(const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count);
  void to_device(void* device, const void* host, size_t bytes);
  void to_host(void* host, const void* device, size_t bytes);

  const Model model_;
  const int64_t pool_id_;  // in host memory, where the operations look
  std::mutex mutex_;
  GraphSession session_;
  cudaStream_t stream_ = nullptr;
  GrowingBuffer tokens_, wanted_, logits_, features_;
  StagingBuffer logit_memory_;
  float* host_logits_ = nullptr;
  const float* device_logits_ = nullptr;  // of the last run
  std::vector<int64_t> logit_rows_;       // of them, in the order in which they were wanted
  GrowingBuffer sample_input_, sample_weights_, drawn_;
  StagingBuffer sample_staging_, drawn_memory_;
  GrowingBuffer bucket_tokens_, bucket_wanted_, bucket_logits_, bucket_features_;
  std::map<int32_t, std::unique_ptr<Binding>> buckets_;
  CapturedRuns runs_;
  Rows last_rows_;
};

using SessionRegistry = Registry<BoundSession>;

}  // namespace cuda
}  // namespace contexture
