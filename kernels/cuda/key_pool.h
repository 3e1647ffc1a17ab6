// The retrieval head's keys in a device's memory, and what its next append and its next selection are about.
//
// Idea: what is chosen stays on the device, where attention wants it; the host learns counts and masses, and positions only
// when it asks. As with the pool of keys and values, tables of few rows lie at fixed addresses, padded to a bucket, so that
// captured graphs serve every step. Trade-off: rows are scored with room for the longest one's positions, passes of so many
// rows one after the other as the workspace's bound allows.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "capi/registry.h"
#include "capi/retrieval_tables.h"
#include "capi/stored_block.h"
#include "cuda/device.h"
#include "cuda/retrieval.h"
#include "cuda/step_tables.h"
#include "cuda/stored_rows.h"

namespace contexture {
namespace cuda {

class DeviceKeyPool {
 public:
  // rope_cos, rope_sin: [positions, head_dim / 2]. Throws InvalidArgument, or CudaError if there is not so much memory.
  DeviceKeyPool(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos, const float* rope_sin);
  ~DeviceKeyPool();
  DeviceKeyPool(const DeviceKeyPool&) = delete;
  DeviceKeyPool& operator=(const DeviceKeyPool&) = delete;

  const DeviceKeyGeometry& geometry() const { return geometry_; }
  int64_t bytes() const { return geometry_.pool_bytes(); }

  // Held by whoever describes a call, runs it or reads its result.
  std::mutex& mutex() { return mutex_; }

  const RetrievalTables& tables() const { return tables_; }

  // The tables are on the device when the calls return. A row of a selection has one query, at its own position.
  void set_append(int32_t rows, const int32_t* positions, const int64_t* slots);
  void set_select(const SelectRows& select);

  // keys: device, [rows, lists * head_dim]; at least the rows that were set, those behind them are left out.
  void append(const float* keys, int32_t rows, cudaStream_t stream);
  // queries: device, [select_rows(), groups * query_heads * head_dim].
  void select(const float* queries, cudaStream_t stream);

  // Those of the selection that is under way, to another place on the device: [select_rows(), lists].
  void copy_mass(float* to, cudaStream_t stream) const;

  int32_t append_rows() const { return tables_.append_rows(); }
  // [rows] on the device. Of as few rows as a bucket has always in the same place, whatever came between.
  const int32_t* append_positions() const { return append_positions_; }
  const int32_t* append_slots() const { return append_slots_; }
  // Rows that the selection's run has to bring: those that were set, or of their bucket.
  int32_t select_rows() const { return bucket_ > 0 ? bucket_ : chosen_rows(); }
  int32_t bucket() const { return bucket_; }
  int32_t chosen_rows() const { return tables_.select_rows().rows; }
  // Changes whenever graphs of selections that were captured before would be wrong now.
  int32_t layout() const { return layout_; }

  // What the last selection chose: on the device, by the order of its rows, and in host memory once it is fetched.
  DeviceSelection lists() const;
  const int32_t* lists_of_positions() const { return select_.chosen; }                 // as the lists, which are of slots
  const int32_t* chosen_positions() const { return tables_.select_rows().positions; }  // [chosen_rows()] they were made for
  void fetch();
  int32_t stride() const { return room_; }
  const int32_t* counts() const { return counts_; }
  const float* mass() const { return mass_; }
  const int32_t* chosen();  // copied when asked for

  void copy_page(int32_t from, int32_t to, int32_t slots);

  // Stored keys of a request that was checked: see KeyRequest. They are staged in page-locked memory, at most twice what 256
  // tokens take. No run may be under way.
  void read_keys(const KeyRequest& request, void* bytes);
  void write_keys(const KeyRequest& request, const void* bytes);

 private:
  // Memory of the last selection whose address a captured graph knows.
  template <class T>
  T* fixed(GrowingBuffer& buffer, size_t count);
  void upload(void* to, const void* from, size_t bytes);
  StoredKeys stored_keys(const KeyRequest& request);
  SelectDeviceRows rows_from(int32_t first, int32_t rows) const;
  int32_t rows_per_pass(SelectDeviceRows rows) const;

  RetrievalTables tables_;
  const DeviceKeyGeometry geometry_;
  DeviceBuffer<char> memory_;
  DeviceBuffer<float> rope_cos_, rope_sin_;
  cudaStream_t stream_ = nullptr;
  std::mutex mutex_;
  StagingBuffer staging_, host_results_, host_chosen_, stored_keys_;
  GrowingBuffer append_memory_, bucket_append_memory_, row_memory_, page_memory_, block_memory_, list_memory_, work_memory_;

  int32_t append_room_ = 0;  // rows that the append's tables hold, padded
  const int32_t *append_positions_ = nullptr, *append_slots_ = nullptr;

  int32_t bucket_ = 0, room_ = 0, layout_ = 0, addresses_ = 0;
  std::map<std::array<int32_t, 4>, int32_t> layouts_;
  SelectDeviceRows select_;  // without its queries
  const int32_t* counts_ = nullptr;
  const float* mass_ = nullptr;
};

using DeviceKeyPoolRegistry = Registry<DeviceKeyPool>;

}  // namespace cuda
}  // namespace contexture
