// Runs the retrieval head's two graphs without leaving the device: keys out of what the decoder's run has just read and
// given, queries and their selections out of what was kept of each sequence's last token.
//
// Idea: features are by far the widest thing that goes from step to step (three hidden states of a token), so they do not
// visit the host from step to step: those of sequences' last tokens stay in rows on the device.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "capi/registry.h"
#include "cuda/device.h"
#include "cuda/graph_session.h"

namespace contexture {
namespace cuda {

class HeadSession {
 public:
  struct Model {
    std::string keys, query, library;   // paths; the library is this one
    int64_t key_pool = 0, decoder = 0;  // ids
    int32_t rows = 0;                   // tokens whose features are kept at a time
  };
  // Throws as GraphSession does, and InvalidArgument for a decoder without features.
  explicit HeadSession(const Model& model);
  ~HeadSession();
  HeadSession(const HeadSession&) = delete;
  HeadSession& operator=(const HeadSession&) = delete;

  std::mutex& mutex() { return mutex_; }

  // The key pool's selection must have been set. tokens: [rows]; feature_rows: [rows], of the tokens before them. Counts and
  // masses are fetched when the call returns.
  void select(int32_t rows, const int64_t* tokens, const int32_t* feature_rows);

  // The key pool's append must have been set, for the rows of the decoder's last run. Features of carried_rows of them are
  // kept in feature_rows.
  void observe(int32_t carried, const int32_t* carried_rows, const int32_t* feature_rows);

  // Of a row that is kept; width must be that of features. The calls wait for the copy.
  void read(int32_t feature_row, int32_t width, float* out);
  void write(int32_t feature_row, int32_t width, const float* features);

 private:
  using Binding = GraphSession::Binding;
  struct Buffers {
    GrowingBuffer tokens, feature_rows, features, mass;
  };

  void bind_query(Binding& binding, Buffers& buffers, int32_t rows, int32_t lists);
  void bind_keys(Binding& binding, const int64_t* tokens, const float* features, int32_t rows);
  float* checked_row(int32_t feature_row, int32_t width);

  const Model model_;
  const int64_t key_pool_id_;  // in host memory, where the operations look
  int64_t width_ = 0;          // of features
  std::mutex mutex_;
  GraphSession keys_, query_;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<DeviceBuffer<float>> carried_;  // [rows, width]
  std::unique_ptr<DeviceBuffer<int64_t>> appended_;
  StagingBuffer staging_;
  GrowingBuffer carry_tables_;
  Buffers plain_, bucket_;
  std::map<int32_t, std::unique_ptr<Binding>> query_buckets_, key_buckets_;
  CapturedRuns query_runs_, key_runs_;
};

using HeadRegistry = Registry<HeadSession>;

}  // namespace cuda
}  // namespace contexture
