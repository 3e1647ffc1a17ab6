// A KV pool in the device's memory, and its current step.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "capi/registry.h"
#include "capi/step_tables.h"
#include "cuda/device.h"
#include "cuda/step_tables.h"

namespace contexture {
namespace cuda {

// Device memory that is taken anew, twice as large, where it is too small; what it held is gone then.
class GrowingBuffer {
 public:
  GrowingBuffer() = default;
  ~GrowingBuffer() { cudaFree(data_); }
  GrowingBuffer(const GrowingBuffer&) = delete;
  GrowingBuffer& operator=(const GrowingBuffer&) = delete;

  void* at_least(size_t bytes);

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// Page-locked memory of the same kind: copies from it need no detour.
class StagingBuffer {
 public:
  StagingBuffer() = default;
  ~StagingBuffer() { cudaFreeHost(data_); }
  StagingBuffer(const StagingBuffer&) = delete;
  StagingBuffer& operator=(const StagingBuffer&) = delete;

  void* at_least(size_t bytes);

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

class DevicePool {
 public:
  // Throws InvalidArgument, or CudaError if there is not so much memory.
  explicit DevicePool(const PoolGeometry& geometry);
  ~DevicePool();
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  const PoolGeometry& geometry() const { return geometry_; }
  void* data() { return memory_.data(); }
  int32_t multiprocessors() const { return multiprocessors_; }

  // Held by whoever sets a step or runs kernels of it.
  std::mutex& mutex() { return mutex_; }

  // As of the pool in host memory; the tables are on the device when the call returns. No run may be under way.
  void set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                const int32_t* pages);
  // Only of sequences with one row.
  void set_selection(const StepTables::Selection& selection);

  bool has_step() const { return steps_.has_step(); }
  int32_t rows() const { return steps_.view().num_rows; }
  int32_t max_position() const { return steps_.max_position(); }

  // Each row of the step, those of chunks too, as a sequence of its own that ends with it.
  const DecodeTables& row_tables() const { return row_tables_; }
  const int32_t* positions() const { return positions_; }
  const int32_t* slots() const { return slots_; }
  // Of a layer.
  DeviceSelection selection(int32_t layer) const;
  int32_t layer_group(int32_t layer) const;
  // The longest list that a row attends to.
  int32_t longest() const { return longest_; }

  void copy_page(int32_t from, int32_t to, int32_t slots);
  void read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out);

  // For one operation at a time.
  void* queries(size_t bytes) { return queries_.at_least(bytes); }
  float* partial(size_t floats) { return static_cast<float*>(partial_.at_least(floats * sizeof(float))); }

 private:
  // Copies tables one behind the other and gives where each lies on the device.
  std::vector<const int32_t*> upload(const std::vector<std::pair<const int32_t*, size_t>>& tables, GrowingBuffer& to);

  const PoolGeometry geometry_;
  StepTables steps_;
  DeviceBuffer<char> memory_;
  int32_t multiprocessors_ = 0;
  cudaStream_t stream_ = nullptr;
  std::mutex mutex_;
  StagingBuffer staging_;
  GrowingBuffer step_memory_, selection_memory_, queries_, partial_;
  std::vector<int32_t> row_lengths_, row_page_offsets_, row_slots_;
  DecodeTables row_tables_;
  const int32_t *positions_ = nullptr, *slots_ = nullptr;
  DeviceSelection selection_;
  int32_t longest_ = 0;
};

using DevicePoolRegistry = Registry<DevicePool>;

}  // namespace cuda
}  // namespace contexture
