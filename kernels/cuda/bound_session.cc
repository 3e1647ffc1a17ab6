#include "cuda/bound_session.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "capi/checks.h"

namespace contexture {
namespace cuda {
namespace {

constexpr const char *kTokens = "input_ids", *kStep = "step", *kWanted = "logit_rows", *kLogits = "logits",
                     *kFeatures = "features";

const BoundSession::Model& checked(const BoundSession::Model& model) {
  check_count("vocabulary", model.vocabulary, 1 << 24);
  return model;
}

}  // namespace

BoundSession::BoundSession(const Model& model)
    : model_(checked(model)), pool_id_(model.pool), session_(model.graph, model.library) {
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
}

BoundSession::~BoundSession() { cudaStreamDestroy(stream_); }

void BoundSession::to_device(void* device, const void* host, size_t bytes) {
  if (bytes > 0) check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
}

void BoundSession::to_host(void* host, const void* device, size_t bytes) {
  if (bytes > 0) check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
}

void BoundSession::run(const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count) {
  const auto pool = DevicePoolRegistry::instance().find(model_.pool);
  if (rows != pool->rows())
    throw InvalidArgument("there are " + text(rows) + " tokens, but the step brings " + text(pool->rows()));
  for (int32_t i = 0; i < wanted_count; ++i) check_index("a row whose logits are wanted", wanted[i], rows);
  host_logits_ =
      static_cast<float*>(logit_memory_.at_least(static_cast<size_t>(wanted_count * model_.vocabulary) * sizeof(float)));
  if (pool->bucket() > 0) run_bucket(*pool, tokens, rows, wanted, wanted_count);
  else run_plain(tokens, rows, wanted, wanted_count);
}

void BoundSession::run_bucket(DevicePool& pool, const int64_t* tokens, int32_t rows, const int64_t* wanted,
                              int32_t wanted_count) {
  const int32_t bucket = pool.bucket();
  auto* device_tokens = static_cast<int64_t*>(bucket_tokens_.at_least(kMostBucketRows * sizeof(int64_t)));
  auto* device_logits = static_cast<float*>(bucket_logits_.at_least(kMostBucketRows * model_.vocabulary * sizeof(float)));
  auto* device_features = static_cast<float*>(bucket_features_.at_least(kMostBucketRows * model_.features * sizeof(float)));
  std::unique_ptr<Binding>& binding = buckets_[bucket];
  if (binding == nullptr) {
    std::vector<int64_t> all(kMostBucketRows);
    std::iota(all.begin(), all.end(), 0);
    auto* device_wanted = static_cast<int64_t*>(bucket_wanted_.at_least(all.size() * sizeof(int64_t)));
    to_device(device_wanted, all.data(), all.size() * sizeof(int64_t));
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    auto made = std::make_unique<Binding>(session_);
    made->input(kTokens, device_tokens, {bucket});
    made->input_id(kStep, &pool_id_);
    made->input(kWanted, device_wanted, {bucket});
    made->output(kLogits, device_logits, {bucket, model_.vocabulary});
    if (model_.features > 0) made->output(kFeatures, device_features, {bucket, model_.features});
    binding = std::move(made);
  }
  std::vector<int64_t> padded(tokens, tokens + rows);
  padded.resize(static_cast<size_t>(bucket), 0);
  to_device(device_tokens, padded.data(), padded.size() * sizeof(int64_t));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  session_.run(*binding, runs_.next(bucket, pool.layout()));
  for (int32_t i = 0; i < wanted_count; ++i)
    to_host(host_logits_ + i * model_.vocabulary, device_logits + wanted[i] * model_.vocabulary,
            static_cast<size_t>(model_.vocabulary) * sizeof(float));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  last_rows_ = {bucket, bucket, device_tokens, device_features};
}

void BoundSession::run_plain(const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count) {
  // A row whose logits nobody reads, where none are wanted: an output must have a place.
  const int64_t first = 0;
  const int32_t count = std::max(1, wanted_count);
  auto* device_tokens = static_cast<int64_t*>(tokens_.at_least(static_cast<size_t>(rows) * sizeof(int64_t)));
  auto* device_wanted = static_cast<int64_t*>(wanted_.at_least(static_cast<size_t>(count) * sizeof(int64_t)));
  auto* device_logits =
      static_cast<float*>(logits_.at_least(static_cast<size_t>(count * model_.vocabulary) * sizeof(float)));
  auto* device_features =
      static_cast<float*>(features_.at_least(static_cast<size_t>(rows * model_.features) * sizeof(float)));
  to_device(device_tokens, tokens, static_cast<size_t>(rows) * sizeof(int64_t));
  to_device(device_wanted, wanted_count > 0 ? wanted : &first, static_cast<size_t>(count) * sizeof(int64_t));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  Binding binding(session_);
  binding.input(kTokens, device_tokens, {rows});
  binding.input_id(kStep, &pool_id_);
  binding.input(kWanted, device_wanted, {count});
  binding.output(kLogits, device_logits, {count, model_.vocabulary});
  if (model_.features > 0) binding.output(kFeatures, device_features, {rows, model_.features});
  session_.run(binding, GraphSession::kPlain);
  to_host(host_logits_, device_logits, static_cast<size_t>(wanted_count * model_.vocabulary) * sizeof(float));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  last_rows_ = {0, rows, device_tokens, device_features};
}

}  // namespace cuda
}  // namespace contexture
