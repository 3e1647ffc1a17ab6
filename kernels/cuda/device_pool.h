// A KV pool in the device's memory, and its current step.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "capi/registry.h"
#include "capi/step_tables.h"
#include "cuda/block_staging.h"
#include "cuda/device.h"
#include "cuda/elastic_layers.h"
#include "cuda/prefill_attention.h"
#include "cuda/step_tables.h"

namespace contexture {
namespace cuda {

// Decode steps of up to so many rows run as captured graphs, one per power of two.
constexpr int32_t kMostBucketRows = 64;

// Slots are kept in 32 bits. Throws InvalidArgument.
void check_slots_fit(int32_t pages, int32_t page_tokens);

// Idea: a captured graph freezes addresses, sizes and grids. So the tables of decode steps lie at fixed addresses, padded to
// a bucket of rows, and lists have a fixed room; only what the tables say differs. Steps with chunks, or larger ones, run
// plainly.
class DevicePool {
 public:
  // Throws InvalidArgument, or CudaError if there is not so much memory.
  explicit DevicePool(const PoolGeometry& geometry);
  // Layers may leave for host memory. pages: ids that pages may have; how many there is room for, page_limit() says.
  DevicePool(const PoolGeometry& geometry, const ElasticSettings& settings);
  ~DevicePool();
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  const PoolGeometry& geometry() const { return geometry_; }
  Element element() const { return geometry_.dtype == KvDtype::kBf16 ? Element::kBf16 : Element::kF16; }
  // What a layer's kernels need to know.
  struct LayerKv {
    void* pages = nullptr;  // of the layer alone
    bool on_host = false;
    void* resident = nullptr;  // of a layer in host memory: pages that hold what selections name
  };
  LayerKv layer(int32_t layer);
  ElasticLayers* elastic() { return elastic_.get(); }
  // Moves layers; see ElasticLayers::place.
  void place(int32_t host_layers, const int32_t* used, int32_t used_count);
  int32_t multiprocessors() const { return multiprocessors_; }

  // Held by whoever sets a step or runs kernels of it.
  std::mutex& mutex() { return mutex_; }

  // As of the pool in host memory; the tables are on the device when the call returns. No run may be under way.
  void set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                const int32_t* pages);
  // Only of sequences with one row.
  void set_selection(const StepTables::Selection& selection);

  // The same out of lists that are on the device already, in slots.
  struct ChosenRows {
    DeviceSelection lists;
    int32_t chosen_rows;       // that the lists are of
    const int32_t* positions;  // [chosen_rows] that they were made for
    const int32_t* group_of_layer;
    int32_t rows;
    const int32_t *sequences, *chosen;  // [rows]: a sequence of the step, and which of the chosen rows is its own
    int32_t first_dense_layers;
    // Where layers may be in host memory, else null: the lists in positions, device; each row's place and its owner, [rows].
    const int32_t* list_positions = nullptr;
    const int32_t *places = nullptr, *owners = nullptr;
  };
  void set_selection(const ChosenRows& rows);

  bool has_step() const { return steps_.has_step(); }
  int32_t rows() const { return steps_.view().num_rows; }
  int32_t max_position() const { return steps_.max_position(); }
  // Rows of the step's bucket, 0 for a plain one.
  int32_t bucket() const { return bucket_; }
  // Rows that a run has to bring: those of the step, or of its bucket.
  int32_t run_rows() const { return bucket_ > 0 ? bucket_ : rows(); }
  // Of all that a captured graph depends on besides its bucket; the same number comes again when the same state does, so
  // layers that go to and fro need no new graphs.
  int32_t layout() const { return layout_; }

  // Each row of the step as a sequence of its own that ends with it; rows of chunks have the length -1.
  const DecodeTables& row_tables() const { return row_tables_; }
  bool has_single_rows() const { return has_single_rows_; }
  // Those of chunks.
  int32_t tile_count() const { return static_cast<int32_t>(row_tiles_.size()); }
  const PrefillTile* tiles() const { return tiles_; }
  const int32_t* positions() const { return positions_; }
  const int32_t* slots() const { return slots_; }
  // Of a layer.
  DeviceSelection selection(int32_t layer) const;
  int32_t layer_group(int32_t layer) const;
  // Of a layer in host memory: its rows' lists in resident slots, the rows that have one and those that have none.
  DeviceSelection resident_selection(int32_t layer) const;
  DecodeTables selected_tables() const;
  // [run_rows()] the row of the selection that was loaded for a row of the step, or -1: a selection that came from the host
  // names what is not kept on the device.
  const int32_t* loaded_rows() const { return loaded_rows_; }
  DecodeTables dense_tables() const;
  // Waits until what lists name is there.
  void wait(int32_t layer, cudaStream_t stream) const { elastic_->wait(layer, stream); }
  // Brings the pages that chunks see of a layer in host memory; gives them, and the page table to read them by.
  std::pair<const void*, const int32_t*> stage(int32_t layer, cudaStream_t stream);

  // Parts of a list that run side by side; of a bucket always the same.
  int32_t splits() const;

  // Keys and values that the step's selections name in layers in host memory, by layer and KV head, and those of them that
  // were missing.
  void loaded(int64_t* counts /* [2] */);

  void copy_page(int32_t from, int32_t to, int32_t slots);
  void read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out);

  // A stored block's bytes, as many as its format wants, and back, wherever its layers are. No run may be under way, nor may a
  // sequence that keeps selections of layers in host memory have the written tokens: what it has loaded of them stays as it is.
  // Throws InvalidArgument for a page that no memory is behind, as too few layers are in host memory.
  // What decode writes is there at the next step, or behind settle().
  void encode(const BlockPlace& place, BlockFormat format, void* bytes);
  void decode(const BlockPlace& place, BlockFormat format, const void* bytes);
  void settle() const { check(cudaStreamSynchronize(stream_), "writing blocks' rows"); }

  // For one operation at a time; of buckets always in the same place.
  void* queries(int32_t num_heads);
  float* partial(int32_t num_heads);

 private:
  struct Table {
    const int32_t* values;
    size_t count;
    size_t room;  // of the table on the device, at least count
  };
  // Copies tables and gives where each lies on the device: one behind the other from `to` on.
  std::vector<const int32_t*> upload(const std::vector<Table>& tables, int32_t* to);
  void begin();
  void set_lengths(bool loaded);
  void number_layout();
  void set_groups(const int32_t* group_of_layer, int32_t first_dense_layers);
  std::vector<int32_t> selected_rows(const std::vector<int32_t>& row_of_sequence);
  DeviceSelection place_lists(int32_t groups, int32_t kv_heads, int32_t rows, int32_t stride);
  void fit_lists(int32_t groups, int32_t kv_heads, int32_t stride);
  int32_t bucket_splits(int32_t rows) const;
  void check_pages(const BlockPlace& place) const;

  const PoolGeometry geometry_;
  StepTables steps_;
  std::unique_ptr<DeviceBuffer<char>> memory_;  // of all layers, where none may leave
  std::unique_ptr<ElasticLayers> elastic_;
  int32_t multiprocessors_ = 0;
  cudaStream_t stream_ = nullptr;
  std::mutex mutex_;
  StagingBuffer staging_;
  BlockStaging blocks_;
  GrowingBuffer step_memory_, selection_memory_, chosen_memory_, queries_, partial_;
  GrowingBuffer bucket_memory_, bucket_lists_, bucket_queries_, bucket_partial_;
  size_t bucket_pages_ = 0;  // room of its page table
  int32_t bucket_ = 0, layout_ = 0;
  int32_t shape_ = 0;                                       // of lists and groups of layers; grows with each change
  std::map<std::pair<int32_t, int32_t>, int32_t> layouts_;  // of (shape, layers in host memory)
  DeviceSelection bucket_selection_;  // its shape and addresses; no pointers before the first selection
  int32_t first_dense_layers_ = 0;    // of the last selection, as of the next
  std::vector<int32_t> group_of_layer_;
  std::vector<int32_t> row_positions_, row_lengths_, row_page_offsets_, row_slots_;
  std::vector<PrefillTile> row_tiles_;
  // Of layers in host memory, padded as the step's tables.
  GrowingBuffer length_memory_, bucket_lengths_, stage_tables_;
  std::unique_ptr<DeviceBuffer<char>> staged_pages_;
  const int32_t *selected_lengths_ = nullptr, *dense_lengths_ = nullptr, *loaded_rows_ = nullptr, *staged_table_ = nullptr;
  const int32_t *stage_from_ = nullptr, *stage_to_ = nullptr;
  int32_t stage_count_ = 0;
  std::vector<int32_t> selected_row_of_;
  DecodeTables row_tables_;
  const PrefillTile* tiles_ = nullptr;
  bool has_single_rows_ = false;
  const int32_t *positions_ = nullptr, *slots_ = nullptr;
  DeviceSelection selection_;
  int32_t longest_ = 0;
};

using DevicePoolRegistry = Registry<DevicePool>;

}  // namespace cuda
}  // namespace contexture
