// Where each layer's keys and values are: on the device whole, or in host memory with what selections name on the device.
//
// Idea: the last layers leave first, so that what they need is fetched while earlier ones compute. Their rows of a step are
// asked for as soon as the step's selections are known, before the model runs; each layer waits for its own (SpeContext,
// arXiv 2512.00722). Rows that have no selection read the layer's pages in host memory through the link.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "contexture/paged_kv.h"
#include "cuda/backed_memory.h"
#include "cuda/device.h"
#include "cuda/pinned_memory.h"
#include "cuda/step_tables.h"

namespace contexture {
namespace cuda {

struct ElasticSettings {
  int64_t device_bytes = 0;  // of pages and of what selections name
  int64_t host_bytes = 0;    // page-locked
  int32_t places = 0;        // sequences with selections at a time
  int32_t lists = 0;         // of a sequence's selection: layer groups times KV heads
  int32_t room = 0;          // tokens of a list, a multiple of a page's
};

class ElasticLayers {
 public:
  // geometry.pages: ids that pages may have, made fit() before. Throws InvalidArgument, CudaError.
  ElasticLayers(const PoolGeometry& geometry, const ElasticSettings& settings);
  ElasticLayers(const ElasticLayers&) = delete;
  ElasticLayers& operator=(const ElasticLayers&) = delete;

  // The same geometry with so many pages more that a layer's addresses are a whole number of pieces.
  static PoolGeometry fit(PoolGeometry geometry, int64_t device_bytes);

  int32_t host_layers() const { return host_layers_; }
  int32_t most_host_layers() const { return most_host_layers_; }
  // Pages that the device holds of its layers; 0 where not even the selections fit.
  int32_t page_limit(int32_t host_layers) const;

  // Moves layers one way or the other, with what lies in the used pages. Nothing may run. Throws InvalidArgument, before
  // anything moves, for a used page beyond the limit.
  void place(int32_t host_layers, const int32_t* used, int32_t used_count, cudaStream_t stream);

  bool on_host(int32_t layer) const { return layer >= geometry_.layers - host_layers_; }
  char* pages(int32_t layer) const;
  // Of a layer in host memory: pages of the same kind, page `place * room / page_tokens` the first of a place.
  char* resident(int32_t layer) const { return memory_->area(static_cast<size_t>(geometry_.layers + layer)); }

  // Waits for loads: a step that failed may have left some in flight, which read pages that are about to be others'.
  void settle() const;

  // Throws InvalidArgument for a place that there is not, or an owner that stands for nobody.
  void check_place(int32_t place, int32_t owner) const;

  // A step's selections, on the device, and whose they are.
  struct Wanted {
    DeviceSelection lists;               // of the selection that was made
    const int32_t* positions = nullptr;  // as lists.slots
    int32_t rows = 0;
    const int32_t *chosen = nullptr, *places = nullptr, *owners = nullptr, *own = nullptr;  // [rows], see LoadDifference
    int32_t most_positions = 0;
  };
  // Asks for what is missing of all layers in host memory, behind what runs on `stream`. group_of_layer: host, [layers].
  void load(const Wanted& wanted, const std::vector<int32_t>& group_of_layer, cudaStream_t stream);

  // The lists of these rows in resident slots; and the slots that take each row's own keys and values, [rows, lists]. Always
  // in the same place.
  DeviceSelection resident_lists(const DeviceSelection& rows) const;
  const int32_t* own_slots() const { return own_slots_; }
  // [rows, lists] rows that were missing, of the last load.
  const int32_t* load_counts() const { return counts_; }
  // Behind this a layer's rows are there. In a captured graph it waits for each replay's own.
  void wait(int32_t layer, cudaStream_t stream) const;

 private:
  std::vector<int64_t> backing(int32_t host_layers) const;
  int64_t resident_bytes() const;
  void move(int32_t layer, bool to_host, const int32_t* pages, int32_t count, cudaStream_t stream);

  const PoolGeometry geometry_;
  const ElasticSettings settings_;
  int32_t host_layers_ = 0, most_host_layers_ = 0;
  std::unique_ptr<BackedMemory> memory_;  // areas: pages of each layer, resident pages of each layer
  std::deque<PinnedMemory> host_;         // of the layers that may leave, from the last one on
  DeviceBuffer<int32_t> held_, held_owner_, lists_;
  GrowingBuffer page_list_;
  int32_t *resident_lists_ = nullptr, *own_slots_ = nullptr, *counts_ = nullptr;
  std::vector<Event> arrived_;  // of each layer
  Event selected_;
  Stream copies_;  // gone first: it waits for what it still does
};

}  // namespace cuda
}  // namespace contexture
