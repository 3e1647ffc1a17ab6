#include "cuda/head_session.h"

#include <algorithm>

#include "capi/checks.h"
#include "cuda/bound_session.h"
#include "cuda/copy_rows.h"
#include "cuda/device_pool.h"
#include "cuda/key_pool.h"

namespace contexture {
namespace cuda {
namespace {

constexpr const char *kTokens = "input_ids", *kFeatures = "features", *kPool = "retrieval", *kAppended = "appended",
                     *kMass = "mass";
constexpr int32_t kMostFeatureRows = 1 << 20;

const HeadSession::Model& checked(const HeadSession::Model& model) {
  check_count("rows of features", model.rows, kMostFeatureRows);
  return model;
}

}  // namespace

HeadSession::HeadSession(const Model& model)
    : model_(checked(model)),
      key_pool_id_(model.key_pool),
      width_(SessionRegistry::instance().find(model.decoder)->feature_width()),
      keys_(model.keys, model.library),
      query_(model.query, model.library) {
  if (width_ == 0) throw InvalidArgument("the decoder gives no features: compile it with a retrieval head");
  DeviceKeyPoolRegistry::instance().find(model.key_pool);
  carried_ = std::make_unique<DeviceBuffer<float>>(static_cast<size_t>(model.rows * width_));
  appended_ = std::make_unique<DeviceBuffer<int64_t>>(1);
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
}

HeadSession::~HeadSession() {
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

void HeadSession::bind_query(Binding& binding, Buffers& buffers, int32_t rows, int32_t lists) {
  binding.input(kTokens, static_cast<const int64_t*>(buffers.tokens.at_least(0)), {rows});
  binding.input(kFeatures, static_cast<const float*>(buffers.features.at_least(0)), {rows, width_});
  binding.input_id(kPool, &key_pool_id_);
  binding.output(kMass, static_cast<float*>(buffers.mass.at_least(0)), {rows, lists});
}

void HeadSession::select(int32_t rows, const int64_t* tokens, const int32_t* feature_rows) {
  const auto keys = DeviceKeyPoolRegistry::instance().find(model_.key_pool);
  if (rows != keys->chosen_rows())
    throw InvalidArgument("there are " + text(rows) + " tokens, but the selection is for " + text(keys->chosen_rows()));
  for (int32_t r = 0; r < rows; ++r) check_index("a row of features", feature_rows[r], model_.rows);
  const int32_t bucket = keys->bucket(), run_rows = keys->select_rows(), lists = keys->geometry().lists();
  const auto room = static_cast<size_t>(bucket > 0 ? kMostBucketRows : rows), count = static_cast<size_t>(run_rows);
  Buffers& buffers = bucket > 0 ? bucket_ : plain_;
  void* device_tokens = buffers.tokens.at_least(room * sizeof(int64_t));
  void* device_rows = buffers.feature_rows.at_least(room * sizeof(int32_t));
  auto* features = static_cast<float*>(buffers.features.at_least(room * static_cast<size_t>(width_) * sizeof(float)));
  buffers.mass.at_least(room * static_cast<size_t>(lists) * sizeof(float));

  auto* staged_tokens = static_cast<int64_t*>(staging_.at_least(count * (sizeof(int64_t) + sizeof(int32_t))));
  auto* staged_rows = reinterpret_cast<int32_t*>(staged_tokens + count);
  std::fill(std::copy_n(tokens, rows, staged_tokens), staged_tokens + count, 0);
  std::fill(std::copy_n(feature_rows, rows, staged_rows), staged_rows + count, 0);
  check(cudaMemcpyAsync(device_tokens, staged_tokens, count * sizeof(int64_t), cudaMemcpyHostToDevice, stream_), "tokens");
  check(cudaMemcpyAsync(device_rows, staged_rows, count * sizeof(int32_t), cudaMemcpyHostToDevice, stream_), "rows of features");
  CopyRows gather;
  gather.from = carried_->data(), gather.from_rows = static_cast<const int32_t*>(device_rows), gather.to = features;
  gather.count = run_rows, gather.width = static_cast<int32_t>(width_);
  copy_rows(gather, stream_);
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");

  if (bucket > 0) {
    std::unique_ptr<Binding>& binding = query_buckets_[bucket];
    if (binding == nullptr) {
      auto made = std::make_unique<Binding>(query_);
      bind_query(*made, buffers, run_rows, lists);
      binding = std::move(made);
    }
    query_runs_.run(query_, *binding, bucket, keys->layout());
  } else {
    Binding binding(query_);
    bind_query(binding, buffers, run_rows, lists);
    query_.run(binding, GraphSession::kPlain);
  }
  const std::lock_guard<std::mutex> lock(keys->mutex());
  keys->fetch();
}

void HeadSession::bind_keys(Binding& binding, const int64_t* tokens, const float* features, int32_t rows) {
  binding.input(kTokens, tokens, {rows});
  binding.input(kFeatures, features, {rows, width_});
  binding.input_id(kPool, &key_pool_id_);
  binding.output(kAppended, appended_->data(), {1});
}

void HeadSession::observe(int32_t carried, const int32_t* carried_rows, const int32_t* feature_rows) {
  const auto keys = DeviceKeyPoolRegistry::instance().find(model_.key_pool);
  const auto decoder = SessionRegistry::instance().find(model_.decoder);
  const BoundSession::Rows& last = decoder->last_rows();
  if (keys->append_rows() > last.rows || (last.bucket == 0 && keys->append_rows() != last.rows))
    throw InvalidArgument("keys of " + text(keys->append_rows()) + " rows are to be made, but the last run had " +
                          text(last.rows));
  for (int32_t i = 0; i < carried; ++i) {
    check_index("a row that is carried", carried_rows[i], keys->append_rows());
    check_index("a row of features", feature_rows[i], model_.rows);
  }
  if (last.bucket > 0) {
    std::unique_ptr<Binding>& binding = key_buckets_[last.bucket];
    if (binding == nullptr) {
      auto made = std::make_unique<Binding>(keys_);
      bind_keys(*made, last.tokens, last.features, last.rows);
      binding = std::move(made);
    }
    key_runs_.run(keys_, *binding, last.bucket, 0);
  } else {
    Binding binding(keys_);
    bind_keys(binding, last.tokens, last.features, last.rows);
    keys_.run(binding, GraphSession::kPlain);
  }
  if (carried == 0) return;
  const auto count = static_cast<size_t>(carried);
  auto* staged = static_cast<int32_t*>(staging_.at_least(2 * count * sizeof(int32_t)));
  std::copy_n(carried_rows, carried, staged);
  std::copy_n(feature_rows, carried, staged + carried);
  auto* tables = static_cast<int32_t*>(carry_tables_.at_least(2 * count * sizeof(int32_t)));
  check(cudaMemcpyAsync(tables, staged, 2 * count * sizeof(int32_t), cudaMemcpyHostToDevice, stream_), "tables");
  CopyRows scatter;
  scatter.from = last.features, scatter.from_rows = tables, scatter.to = carried_->data(),
  scatter.to_rows = tables + carried;
  scatter.count = carried, scatter.width = static_cast<int32_t>(width_);
  copy_rows(scatter, stream_);
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

float* HeadSession::checked_row(int32_t feature_row, int32_t width) {
  check_index("a row of features", feature_row, model_.rows);
  if (width != width_) throw InvalidArgument("features have " + text(width_) + " numbers, not " + text(width));
  return carried_->data() + static_cast<int64_t>(feature_row) * width_;
}

void HeadSession::read(int32_t feature_row, int32_t width, float* out) {
  const float* row = checked_row(feature_row, width);
  const size_t bytes = static_cast<size_t>(width) * sizeof(float);
  check(cudaMemcpyAsync(out, row, bytes, cudaMemcpyDeviceToHost, stream_), "features");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

void HeadSession::write(int32_t feature_row, int32_t width, const float* features) {
  float* row = checked_row(feature_row, width);
  const size_t bytes = static_cast<size_t>(width) * sizeof(float);
  check(cudaMemcpyAsync(row, features, bytes, cudaMemcpyHostToDevice, stream_), "features");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

}  // namespace cuda
}  // namespace contexture
