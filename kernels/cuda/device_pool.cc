#include "cuda/device_pool.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "capi/checks.h"
#include "cpu/half.h"

namespace contexture {
namespace cuda {
namespace {

const PoolGeometry& checked(const PoolGeometry& g) {
  if (g.dtype != KvDtype::kF16)
    throw InvalidArgument("dtype is " + text(static_cast<int32_t>(g.dtype)) + "; on a device it must be 1 (f16)");
  if (g.head_dim % 16 != 0)
    throw InvalidArgument("head_dim is " + text(g.head_dim) + "; on a device it must be a multiple of 16");
  if (static_cast<int64_t>(g.pages) * g.page_tokens > std::numeric_limits<int32_t>::max())
    throw InvalidArgument("the pool has " + text(static_cast<int64_t>(g.pages) * g.page_tokens) +
                          " slots; on a device it may have 2^31 - 1: take fewer pages");
  return g;
}

}  // namespace

void* GrowingBuffer::at_least(size_t bytes) {
  if (bytes > bytes_) {
    check(cudaFree(data_), "cudaFree");  // waits for what runs
    data_ = nullptr, bytes_ = 0;
    check(cudaMalloc(&data_, 2 * bytes), "cudaMalloc");
    bytes_ = 2 * bytes;
  }
  return data_;
}

void* StagingBuffer::at_least(size_t bytes) {
  if (bytes > bytes_) {
    check(cudaFreeHost(data_), "cudaFreeHost");
    data_ = nullptr, bytes_ = 0;
    check(cudaMallocHost(&data_, 2 * bytes), "cudaMallocHost");
    bytes_ = 2 * bytes;
  }
  return data_;
}

DevicePool::DevicePool(const PoolGeometry& geometry)
    : geometry_(geometry), steps_(geometry), memory_(static_cast<size_t>(checked(geometry_).pool_bytes())) {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  check(cudaMemsetAsync(memory_.data(), 0, memory_.bytes(), stream_), "cudaMemsetAsync");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

DevicePool::~DevicePool() { cudaStreamDestroy(stream_); }

std::vector<const int32_t*> DevicePool::upload(const std::vector<std::pair<const int32_t*, size_t>>& tables, GrowingBuffer& to) {
  size_t count = 0;
  for (const auto& table : tables) count += table.second;
  auto* staged = static_cast<int32_t*>(staging_.at_least(count * sizeof(int32_t)));
  auto* device = static_cast<int32_t*>(to.at_least(count * sizeof(int32_t)));
  std::vector<const int32_t*> places;
  size_t at = 0;
  for (const auto& table : tables) {
    if (table.second > 0) std::memcpy(staged + at, table.first, table.second * sizeof(int32_t));
    places.push_back(device + at);
    at += table.second;
  }
  check(cudaMemcpyAsync(device, staged, count * sizeof(int32_t), cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  return places;
}

void DevicePool::set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                          const int32_t* page_offsets, const int32_t* pages) {
  steps_.set_step(num_seqs, query_len, context_len, page_offsets, pages);
  const StepView step = steps_.view();
  row_lengths_.clear(), row_page_offsets_.clear(), row_slots_.clear();
  for (int32_t s = 0; s < step.num_seqs; ++s)
    for (int32_t row = step.row_offsets[s]; row < step.row_offsets[s + 1]; ++row) {
      row_lengths_.push_back(step.row_positions[row] + 1);
      row_page_offsets_.push_back(step.page_offsets[s]);
      row_slots_.push_back(static_cast<int32_t>(step.row_slots[row]));
    }
  const auto rows = static_cast<size_t>(step.num_rows);
  const std::vector<const int32_t*> at = upload({{step.row_positions, rows},
                                                 {row_slots_.data(), rows},
                                                 {row_lengths_.data(), rows},
                                                 {row_page_offsets_.data(), rows},
                                                 {step.pages, static_cast<size_t>(step.page_offsets[step.num_seqs])}},
                                                step_memory_);
  positions_ = at[0], slots_ = at[1];
  row_tables_ = {step.num_rows, at[2], at[3], at[4]};
  selection_ = DeviceSelection{};
  longest_ = steps_.max_position() + 1;
}

void DevicePool::set_selection(const StepTables::Selection& s) {
  steps_.set_selection(s);
  const StepView step = steps_.view();
  std::vector<int32_t> row_of(static_cast<size_t>(step.num_rows), -1), slots;
  longest_ = 0;
  for (int32_t seq = 0; seq < step.num_seqs; ++seq) {
    const int32_t row = step.selection.row_of_seq[seq], first = step.row_offsets[seq];
    if (row >= 0 && step.row_offsets[seq + 1] - first > 1)
      throw InvalidArgument("sequence " + text(seq) + " brings several rows; on a device only single rows may have a selection");
    if (row < 0) longest_ = std::max(longest_, step.row_positions[step.row_offsets[seq + 1] - 1] + 1);
    row_of[static_cast<size_t>(first)] = row;
  }
  const int64_t lists = static_cast<int64_t>(s.rows) * s.groups * s.kv_heads;
  slots.resize(static_cast<size_t>(lists) * s.stride);
  for (int64_t list = 0; list < lists; ++list) {
    const int32_t* pages = step.pages + step.page_offsets[s.sequences[list / (s.groups * s.kv_heads)]];
    longest_ = std::max(longest_, s.counts[list]);
    for (int32_t i = 0; i < s.counts[list]; ++i) {
      const int32_t position = s.positions[list * s.stride + i];
      slots[static_cast<size_t>(list * s.stride + i)] =
          pages[position / geometry_.page_tokens] * geometry_.page_tokens + position % geometry_.page_tokens;
    }
  }
  const std::vector<const int32_t*> at =
      upload({{row_of.data(), row_of.size()}, {s.counts, static_cast<size_t>(lists)}, {slots.data(), slots.size()}}, selection_memory_);
  selection_ = {s.groups, s.kv_heads, s.stride, at[0], at[1], at[2]};
}

DeviceSelection DevicePool::selection(int32_t layer) const {
  return layer < steps_.view().selection.first_dense_layers ? DeviceSelection{} : selection_;
}

int32_t DevicePool::layer_group(int32_t layer) const {
  const int32_t* groups = steps_.view().selection.group_of_layer;
  return groups == nullptr ? 0 : groups[layer];
}

void DevicePool::copy_page(int32_t from, int32_t to, int32_t slots) {
  check_index("from", from, geometry_.pages);
  check_index("to", to, geometry_.pages);
  check_slots(slots, geometry_.page_tokens);
  if (from == to || slots == 0) return;
  // The rows of all heads of K and V of a page lie head_bytes() apart.
  for (int32_t layer = 0; layer < geometry_.layers; ++layer) {
    char* base = memory_.data() + layer * geometry_.layer_bytes();
    const auto pitch = static_cast<size_t>(geometry_.head_bytes());
    check(cudaMemcpy2DAsync(base + to * geometry_.page_bytes(), pitch, base + from * geometry_.page_bytes(), pitch,
                            static_cast<size_t>(slots * geometry_.row_bytes()), static_cast<size_t>(2 * geometry_.kv_heads),
                            cudaMemcpyDeviceToDevice, stream_),
          "cudaMemcpy2DAsync");
  }
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

void DevicePool::read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out) {
  check_index("layer", layer, geometry_.layers);
  check_index("page", page, geometry_.pages);
  check_index("slot_in_page", slot_in_page, geometry_.page_tokens);
  check_index("kv_head", kv_head, geometry_.kv_heads);
  check_index("what (0 = K, 1 = V)", what, 2);
  if (out == nullptr) throw InvalidArgument("out is null");
  const int64_t slot = static_cast<int64_t>(page) * geometry_.page_tokens + slot_in_page;
  const char* row = memory_.data() + geometry_.key_row_offset(layer, slot, kv_head) + what * geometry_.plane_bytes();
  std::vector<uint16_t> halves(static_cast<size_t>(geometry_.head_dim));
  check(cudaMemcpy(halves.data(), row, halves.size() * sizeof(uint16_t), cudaMemcpyDeviceToHost), "cudaMemcpy");
  std::transform(halves.begin(), halves.end(), out, half_to_float);
}

}  // namespace cuda
}  // namespace contexture
