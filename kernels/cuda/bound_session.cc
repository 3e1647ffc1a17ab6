#include "cuda/bound_session.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "capi/checks.h"
#include "cuda/sample_rows.h"

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
  host_logits_ = nullptr, device_logits_ = nullptr;
  logit_rows_.clear();
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
  runs_.run(session_, *binding, bucket, pool.layout());
  device_logits_ = device_logits;
  logit_rows_.assign(wanted, wanted + wanted_count);
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
  device_logits_ = device_logits;
  logit_rows_.resize(static_cast<size_t>(wanted_count));
  std::iota(logit_rows_.begin(), logit_rows_.end(), 0);
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  last_rows_ = {0, rows, device_tokens, device_features};
}

const float* BoundSession::logits() {
  if (host_logits_ == nullptr && !logit_rows_.empty()) {
    const size_t row_bytes = static_cast<size_t>(model_.vocabulary) * sizeof(float);
    auto* host = static_cast<float*>(logit_memory_.at_least(logit_rows_.size() * row_bytes));
    for (size_t i = 0; i < logit_rows_.size(); ++i)
      to_host(host + i * model_.vocabulary, device_logits_ + logit_rows_[i] * model_.vocabulary, row_bytes);
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    host_logits_ = host;
  }
  return host_logits_;
}

// The run has ended when this is called: its stream, which is the runtime's, was waited for.
const ctx_drawn_token* BoundSession::sample(int32_t tokens, const DrawOrder& order) {
  check_sample_rows(tokens, model_.vocabulary, static_cast<int32_t>(logit_rows_.size()), order);
  const int32_t count = order.count;
  const int64_t mask_words = order.mask_count * words_of_mask(tokens);
  const size_t row_bytes = static_cast<size_t>(count) * sizeof *order.rows,
               change_bytes = static_cast<size_t>(order.change_count) * sizeof *order.changes,
               mask_bytes = static_cast<size_t>(mask_words) * sizeof *order.masks,
               all_bytes = row_bytes + change_bytes + mask_bytes,
               drawn_bytes = static_cast<size_t>(count) * sizeof(ctx_drawn_token);
  // One copy each way: rows, changes and masks behind each other; all begin at multiples of 16 bytes.
  auto* staged = static_cast<char*>(sample_staging_.at_least(all_bytes));
  auto* input = static_cast<char*>(sample_input_.at_least(all_bytes));
  auto* staged_rows = reinterpret_cast<ctx_sample_row*>(staged);
  std::copy(order.rows, order.rows + count, staged_rows);
  for (int32_t i = 0; i < count; ++i) staged_rows[i].wanted = static_cast<int32_t>(logit_rows_[order.rows[i].wanted]);
  std::copy(order.changes, order.changes + order.change_count, reinterpret_cast<ctx_logit_change*>(staged + row_bytes));
  std::copy(order.masks, order.masks + mask_words, reinterpret_cast<uint64_t*>(staged + row_bytes + change_bytes));
  to_device(input, staged, all_bytes);
  SampleRows args;
  args.count = count, args.tokens = tokens, args.vocabulary = model_.vocabulary, args.logits = device_logits_;
  args.rows = reinterpret_cast<const ctx_sample_row*>(input);
  args.changes = reinterpret_cast<const ctx_logit_change*>(input + row_bytes);
  args.masks = reinterpret_cast<const uint64_t*>(input + row_bytes + change_bytes);
  // The first draw, of the warm-up, takes what those of all buckets will want.
  const auto rows_of_weights = static_cast<size_t>(std::max(count, kMostBucketRows));
  args.weights =
      static_cast<float*>(sample_weights_.at_least(rows_of_weights * static_cast<size_t>(tokens) * sizeof(float)));
  args.drawn = static_cast<ctx_drawn_token*>(drawn_.at_least(drawn_bytes));
  sample_rows(args, stream_);
  auto* drawn = static_cast<ctx_drawn_token*>(drawn_memory_.at_least(std::max<size_t>(drawn_bytes, 1)));
  to_host(drawn, args.drawn, drawn_bytes);
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  for (int32_t i = 0; i < count; ++i)
    if (drawn[i].token == kNotNumbers) throw std::runtime_error("the model's logits are not numbers");
  return drawn;
}

}  // namespace cuda
}  // namespace contexture
