#include "cuda/key_pool.h"

#include <algorithm>
#include <cstring>

#include "capi/checks.h"
#include "cuda/device_pool.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int64_t kMostWorkspaceBytes = int64_t{1} << 30;
constexpr int32_t kLeastPositions = 1024, kLeastRoom = 64;

DeviceKeyGeometry on_device(const RetrievalGeometry& g) {
  return {g.groups, g.kv_heads, g.query_heads, g.head_dim, g.page_tokens, g.pages};
}

const DeviceKeyGeometry& checked(const DeviceKeyGeometry& g) {
  check_geometry(g);
  check_slots_fit(g.pages, g.page_tokens);
  return g;
}

int32_t power_of_two(int32_t least, int32_t value) {
  while (least < value) least *= 2;
  return least;
}

std::vector<float> table(const float* values, int32_t positions, int32_t head_dim) {
  return {values, values + static_cast<int64_t>(positions) * (head_dim / 2)};
}

}  // namespace

DeviceKeyPool::DeviceKeyPool(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos,
                             const float* rope_sin)
    : tables_(geometry, positions, rope_cos, rope_sin),
      geometry_(on_device(geometry)),
      memory_(static_cast<size_t>(checked(geometry_).pool_bytes())),
      rope_cos_(table(rope_cos, positions, geometry.head_dim)),
      rope_sin_(table(rope_sin, positions, geometry.head_dim)) {
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  check(cudaMemsetAsync(memory_.data(), 0, memory_.bytes(), stream_), "cudaMemsetAsync");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

DeviceKeyPool::~DeviceKeyPool() { cudaStreamDestroy(stream_); }

void DeviceKeyPool::upload(void* to, const void* from, size_t bytes) {
  if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
}

void DeviceKeyPool::set_append(int32_t rows, const int32_t* positions, const int64_t* slots) {
  tables_.set_append(rows, positions, slots);
  const bool bucket = rows <= kMostBucketRows;
  append_room_ = bucket ? kMostBucketRows : rows;
  const auto room = static_cast<size_t>(append_room_);
  auto* staged = static_cast<int32_t*>(staging_.at_least(2 * room * sizeof(int32_t)));
  std::fill(staged, staged + room, -1);
  std::copy_n(positions, rows, staged);
  std::transform(slots, slots + rows, staged + room, [](int64_t slot) { return static_cast<int32_t>(slot); });
  GrowingBuffer& buffer = bucket ? bucket_append_memory_ : append_memory_;
  auto* memory = static_cast<int32_t*>(buffer.at_least(2 * room * sizeof(int32_t)));
  upload(memory, staged, (room + static_cast<size_t>(rows)) * sizeof(int32_t));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  append_positions_ = memory, append_slots_ = memory + room;
}

void DeviceKeyPool::append(const float* keys, int32_t rows, cudaStream_t stream) {
  AppendDeviceKeys a;
  a.geometry = geometry_, a.pool = memory_.data(), a.rows = std::min(rows, append_room_), a.keys = keys;
  a.positions = append_positions_, a.slots = append_slots_;
  a.rope_cos = rope_cos_.data(), a.rope_sin = rope_sin_.data();
  append_keys(a, stream);
}

template <class T>
T* DeviceKeyPool::fixed(GrowingBuffer& buffer, size_t count) {
  const void* before = buffer.at_least(0);
  void* now = buffer.at_least(count * sizeof(T));
  if (now != before) ++addresses_;
  return static_cast<T*>(now);
}

void DeviceKeyPool::set_select(const SelectRows& s) {
  tables_.set_select(s);
  const SelectRows rows = tables_.select_rows();
  bool blocks = false;
  int32_t longest = 0, most_blocks = 0;
  for (int32_t r = 0; r < rows.rows; ++r) {
    if (rows.query_offsets[r + 1] - rows.query_offsets[r] != 1 || rows.query_positions[r] != rows.positions[r])
      throw InvalidArgument("row " + text(r) + " has another query than its own; on a device chunks have no selection");
    blocks = blocks || rows.rules[r].unit != SelectionRule::kTokens;
    longest = std::max(longest, rows.positions[r] + 1);
    most_blocks = std::max(most_blocks, rows.block_offsets[r + 1] - rows.block_offsets[r] + 1);
  }
  bucket_ = rows.rows > kMostBucketRows ? 0 : power_of_two(1, rows.rows);
  room_ = power_of_two(kLeastRoom, tables_.stride());
  const auto count = static_cast<size_t>(rows.rows), table_rows = static_cast<size_t>(std::max(rows.rows, kMostBucketRows));
  const auto page_count = static_cast<size_t>(rows.page_offsets[rows.rows]);
  const auto block_count = blocks ? static_cast<size_t>(rows.block_offsets[rows.rows]) : 0;

  // Of each row: rule, position, where its pages begin, where its blocks begin.
  const size_t row_bytes = table_rows * (sizeof(SelectionRule) + 3 * sizeof(int32_t)) + sizeof(int32_t);
  auto* memory = fixed<char>(row_memory_, row_bytes);
  auto* staged = static_cast<char*>(staging_.at_least(row_bytes + (page_count + block_count) * sizeof(int32_t)));
  auto* rules = reinterpret_cast<SelectionRule*>(staged);
  auto* positions = reinterpret_cast<int32_t*>(rules + table_rows);
  int32_t *page_offsets = positions + table_rows, *block_offsets = page_offsets + table_rows;
  std::fill(rules, rules + table_rows, SelectionRule{});
  std::copy_n(rows.rules, count, rules);
  std::fill(positions, positions + table_rows, -1);
  std::copy_n(rows.positions, count, positions);
  std::fill(page_offsets, page_offsets + table_rows, 0);
  std::copy_n(rows.page_offsets, count, page_offsets);
  std::fill(block_offsets, block_offsets + table_rows + 1, 0);
  std::copy_n(rows.block_offsets, count + 1, block_offsets);
  upload(memory, staged, row_bytes);
  int32_t* pages = block_offsets + table_rows + 1;
  std::copy_n(rows.pages, page_count, pages);
  std::copy_n(rows.block_ends, block_count, pages + page_count);

  select_ = SelectDeviceRows{};
  select_.geometry = geometry_, select_.pool = memory_.data(), select_.rows = select_rows();
  select_.most_positions = power_of_two(kLeastPositions, longest);
  select_.rules = reinterpret_cast<const SelectionRule*>(memory);
  select_.positions = reinterpret_cast<const int32_t*>(select_.rules + table_rows);
  select_.page_offsets = select_.positions + table_rows;
  auto* device_pages = fixed<int32_t>(page_memory_, page_count);
  upload(device_pages, pages, page_count * sizeof(int32_t));
  select_.pages = device_pages;
  if (blocks) {
    auto* ends = fixed<int32_t>(block_memory_, block_count);
    upload(ends, pages + page_count, block_count * sizeof(int32_t));
    select_.most_blocks = power_of_two(kLeastRoom, most_blocks);
    select_.block_offsets = select_.page_offsets + table_rows, select_.block_ends = ends;
  }
  select_.rope_cos = rope_cos_.data(), select_.rope_sin = rope_sin_.data();
  select_.stride = room_;
  const size_t lists = static_cast<size_t>(bucket_ > 0 ? kMostBucketRows : rows.rows) * geometry_.lists();
  auto* counts = fixed<int32_t>(list_memory_, 2 * lists * (1 + static_cast<size_t>(room_)));
  select_.counts = counts, select_.mass = reinterpret_cast<float*>(counts + lists);
  select_.chosen = counts + 2 * lists, select_.slots = select_.chosen + lists * room_;
  SelectDeviceRows pass = select_;
  pass.rows = rows_per_pass(select_);
  select_.workspace = fixed<float>(work_memory_, workspace_floats(pass));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  layout_ = layouts_
                .try_emplace({addresses_, select_.most_positions, room_, select_.most_blocks},
                             static_cast<int32_t>(layouts_.size()))
                .first->second;
}

int32_t DeviceKeyPool::rows_per_pass(SelectDeviceRows rows) const {
  rows.rows = 1;
  const auto row_bytes = static_cast<int64_t>(workspace_floats(rows) * sizeof(float));
  return static_cast<int32_t>(std::clamp<int64_t>(kMostWorkspaceBytes / row_bytes, 1, select_.rows));
}

SelectDeviceRows DeviceKeyPool::rows_from(int32_t first, int32_t rows) const {
  SelectDeviceRows s = select_;
  const int64_t lists = static_cast<int64_t>(first) * geometry_.lists();
  s.rows = rows;
  s.positions += first, s.page_offsets += first, s.rules += first;
  if (s.most_blocks > 0) s.block_offsets += first;
  s.counts += lists, s.mass += lists, s.chosen += lists * room_, s.slots += lists * room_;
  return s;
}

void DeviceKeyPool::select(const float* queries, cudaStream_t stream) {
  const int32_t most = rows_per_pass(select_);
  for (int32_t first = 0; first < select_.rows; first += most) {
    SelectDeviceRows pass = rows_from(first, std::min(most, select_.rows - first));
    pass.queries = queries + static_cast<int64_t>(first) * geometry_.groups * geometry_.query_heads * geometry_.head_dim;
    score_and_select(pass, stream);
  }
}

void DeviceKeyPool::copy_mass(float* to, cudaStream_t stream) const {
  const size_t bytes = static_cast<size_t>(select_rows()) * geometry_.lists() * sizeof(float);
  check(cudaMemcpyAsync(to, select_.mass, bytes, cudaMemcpyDeviceToDevice, stream), "mass");
}

DeviceSelection DeviceKeyPool::lists() const {
  return {geometry_.groups, geometry_.kv_heads, room_, nullptr, select_.counts, select_.slots};
}

void DeviceKeyPool::fetch() {
  const auto lists = static_cast<size_t>(chosen_rows()) * geometry_.lists();
  auto* results = static_cast<int32_t*>(host_results_.at_least(2 * lists * sizeof(int32_t)));
  check(cudaMemcpyAsync(results, select_.counts, lists * sizeof(int32_t), cudaMemcpyDeviceToHost, stream_), "counts");
  check(cudaMemcpyAsync(results + lists, select_.mass, lists * sizeof(float), cudaMemcpyDeviceToHost, stream_), "mass");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  counts_ = results, mass_ = reinterpret_cast<const float*>(results + lists);
}

const int32_t* DeviceKeyPool::chosen() {
  const size_t bytes = static_cast<size_t>(chosen_rows()) * geometry_.lists() * room_ * sizeof(int32_t);
  auto* positions = static_cast<int32_t*>(host_chosen_.at_least(bytes));
  check(cudaMemcpyAsync(positions, select_.chosen, bytes, cudaMemcpyDeviceToHost, stream_), "positions");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  return positions;
}

void DeviceKeyPool::copy_page(int32_t from, int32_t to, int32_t slots) {
  check_index("from", from, geometry_.pages);
  check_index("to", to, geometry_.pages);
  check_slots(slots, geometry_.page_tokens);
  if (from == to || slots == 0) return;
  const auto pitch = static_cast<size_t>(geometry_.list_bytes()), lists = static_cast<size_t>(geometry_.lists());
  const auto copy = [&](int64_t offset, size_t bytes) {
    const char* source = memory_.data() + from * geometry_.page_bytes() + offset;
    check(cudaMemcpy2DAsync(memory_.data() + to * geometry_.page_bytes() + offset, pitch, source, pitch, bytes, lists,
                            cudaMemcpyDeviceToDevice, stream_),
          "cudaMemcpy2DAsync");
  };
  copy(0, static_cast<size_t>(slots * geometry_.row_bytes()));
  copy(geometry_.scales_offset(), static_cast<size_t>(slots) * sizeof(float));
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

StoredKeys DeviceKeyPool::stored_keys(const KeyRequest& r) {
  const auto bytes = static_cast<size_t>(checked_key_bytes(tables_.geometry(), r.tokens));
  return {geometry_, BlockPages(r.pages, r.first, r.tokens, geometry_.page_tokens), memory_.data(),
          tables_.geometry().row_dim(), static_cast<uint32_t*>(stored_keys_.at_least(bytes))};
}

void DeviceKeyPool::read_keys(const KeyRequest& request, void* bytes) {
  const StoredKeys keys = stored_keys(request);
  gather_stored_keys(keys, stream_);
  check(cudaStreamSynchronize(stream_), "reading a block's keys");
  std::memcpy(bytes, keys.staged, static_cast<size_t>(checked_key_bytes(tables_.geometry(), request.tokens)));
}

void DeviceKeyPool::write_keys(const KeyRequest& request, const void* bytes) {
  const StoredKeys keys = stored_keys(request);
  std::memcpy(keys.staged, bytes, static_cast<size_t>(checked_key_bytes(tables_.geometry(), request.tokens)));
  scatter_stored_keys(keys, stream_);
  check(cudaStreamSynchronize(stream_), "writing a block's keys");
}

}  // namespace cuda
}  // namespace contexture
