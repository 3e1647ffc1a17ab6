#include "cuda/device_pool.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "capi/checks.h"
#include "cpu/half.h"
#include "cuda/copy_rows.h"
#include "cuda/decode_attention.h"
#include "cuda/elastic_loading.h"

namespace contexture {
namespace cuda {
namespace {

float bf16_to_float(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float x;
  std::memcpy(&x, &wide, sizeof x);
  return x;
}

constexpr size_t kStagedBytes = size_t{64} << 20;  // by which the memory for chunks' pages grows

PoolGeometry checked(PoolGeometry g) {
  if (g.dtype != KvDtype::kF16 && g.dtype != KvDtype::kBf16)
    throw InvalidArgument("dtype is " + text(static_cast<int32_t>(g.dtype)) + "; on a device it must be 1 (f16) or 2 (bf16)");
  if (g.head_dim % 16 != 0)
    throw InvalidArgument("head_dim is " + text(g.head_dim) + "; on a device it must be a multiple of 16");
  check_slots_fit(g.pages, g.page_tokens);
  g.layout = KvLayout::kPairs;
  return g;
}

}  // namespace

void check_slots_fit(int32_t pages, int32_t page_tokens) {
  if (static_cast<int64_t>(pages) * page_tokens > std::numeric_limits<int32_t>::max())
    throw InvalidArgument("the pool has " + text(static_cast<int64_t>(pages) * page_tokens) +
                          " slots; on a device it may have 2^31 - 1: take fewer pages");
}

DevicePool::DevicePool(const PoolGeometry& geometry)
    : geometry_(checked(geometry)),
      steps_(geometry),
      memory_(std::make_unique<DeviceBuffer<char>>(static_cast<size_t>(geometry_.pool_bytes()))) {
  begin();
  check(cudaMemsetAsync(memory_->data(), 0, memory_->bytes(), stream_), "cudaMemsetAsync");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

DevicePool::DevicePool(const PoolGeometry& geometry, const ElasticSettings& settings)
    : geometry_(checked(ElasticLayers::fit(geometry, settings.device_bytes))),
      steps_(geometry_),
      elastic_(std::make_unique<ElasticLayers>(geometry_, settings)) {
  begin();
}

void DevicePool::begin() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  // Longer tables, of prefixes that many rows share, make a step a plain one.
  bucket_pages_ = static_cast<size_t>(std::min<int64_t>(int64_t{kMostBucketRows} * geometry_.pages, 1 << 20));
}

DevicePool::LayerKv DevicePool::layer(int32_t layer) {
  if (elastic_ == nullptr) return {memory_->data() + layer * geometry_.layer_bytes(), false, nullptr};
  const bool on_host = elastic_->on_host(layer);
  return {elastic_->pages(layer), on_host, on_host ? elastic_->resident(layer) : nullptr};
}

void DevicePool::place(int32_t host_layers, const int32_t* used, int32_t used_count) {
  if (elastic_ == nullptr) throw InvalidArgument("the pool's layers stay on the device: it was made without host memory");
  if (host_layers == elastic_->host_layers()) return;
  elastic_->place(host_layers, used, used_count, stream_);
  number_layout();
}

void DevicePool::number_layout() {
  const int32_t host_layers = elastic_ == nullptr ? 0 : elastic_->host_layers(),
                next = static_cast<int32_t>(layouts_.size()) + 1;
  layout_ = layouts_.try_emplace({shape_, host_layers}, next).first->second;
}

DevicePool::~DevicePool() { cudaStreamDestroy(stream_); }

std::vector<const int32_t*> DevicePool::upload(const std::vector<Table>& tables, int32_t* to) {
  size_t count = 0;
  for (const Table& table : tables) count += table.count;
  auto* staged = static_cast<int32_t*>(staging_.at_least(std::max<size_t>(count, 1) * sizeof(int32_t)));
  std::vector<const int32_t*> places;
  for (const Table& table : tables) {
    places.push_back(to);
    if (table.count > 0) {
      std::memcpy(staged, table.values, table.count * sizeof(int32_t));
      check(cudaMemcpyAsync(to, staged, table.count * sizeof(int32_t), cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
    }
    staged += table.count;
    to += table.room;
  }
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  return places;
}

void DevicePool::set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                          const int32_t* page_offsets, const int32_t* pages) {
  steps_.set_step(num_seqs, query_len, context_len, page_offsets, pages);
  blocks_.forget();
  const StepView step = steps_.view();
  row_lengths_.clear(), row_page_offsets_.clear(), row_slots_.clear();
  row_positions_.assign(step.row_positions, step.row_positions + step.num_rows);
  row_tiles_.clear();
  has_single_rows_ = false;
  longest_ = 1;
  for (int32_t s = 0; s < step.num_seqs; ++s) {
    const int32_t first = step.row_offsets[s], last = step.row_offsets[s + 1];
    const bool chunk = last - first > 1;
    if (chunk) append_tiles({first, last - first, step.row_positions[first], step.page_offsets[s]}, &row_tiles_);
    has_single_rows_ = has_single_rows_ || !chunk;
    if (!chunk) longest_ = std::max(longest_, step.row_positions[first] + 1);
    for (int32_t row = first; row < last; ++row) {
      row_lengths_.push_back(chunk ? -1 : step.row_positions[row] + 1);
      row_page_offsets_.push_back(step.page_offsets[s]);
      row_slots_.push_back(static_cast<int32_t>(step.row_slots[row]));
    }
  }
  put_longest_first(&row_tiles_);
  const auto page_count = static_cast<size_t>(step.page_offsets[step.num_seqs]);
  const bool decodes = step.num_rows == step.num_seqs && step.num_rows <= kMostBucketRows;
  bucket_ = decodes && page_count <= bucket_pages_ ? 1 : 0;
  while (bucket_ > 0 && bucket_ < step.num_rows) bucket_ *= 2;
  const auto rows = static_cast<size_t>(run_rows());
  row_positions_.resize(rows, -1), row_slots_.resize(rows, 0), row_lengths_.resize(rows, 0),
      row_page_offsets_.resize(rows, 0);
  const size_t room = bucket_ > 0 ? kMostBucketRows : rows, page_room = bucket_ > 0 ? bucket_pages_ : page_count;
  const size_t tile_ints = row_tiles_.size() * (sizeof(PrefillTile) / sizeof(int32_t));
  GrowingBuffer& memory = bucket_ > 0 ? bucket_memory_ : step_memory_;
  const std::vector<const int32_t*> at =
      upload({{row_positions_.data(), rows, room},
              {row_slots_.data(), rows, room},
              {row_lengths_.data(), rows, room},
              {row_page_offsets_.data(), rows, room},
              {step.pages, page_count, page_room},
              {reinterpret_cast<const int32_t*>(row_tiles_.data()), tile_ints, tile_ints}},
             static_cast<int32_t*>(memory.at_least((4 * room + page_room + tile_ints) * sizeof(int32_t))));
  positions_ = at[0], slots_ = at[1];
  row_tables_ = {run_rows(), at[2], at[3], at[4]};
  tiles_ = reinterpret_cast<const PrefillTile*>(at[5]);
  selection_ = DeviceSelection{};
  if (bucket_ > 0 && bucket_selection_.row_of_sequence != nullptr) {  // graphs look at it in any case
    const std::vector<int32_t> none(kMostBucketRows, -1);
    upload({{none.data(), none.size(), none.size()}}, const_cast<int32_t*>(bucket_selection_.row_of_sequence));
    selection_ = bucket_selection_;
  }
  selected_row_of_.assign(rows, -1);
  set_lengths(false);
}

// For layers in host memory: rows whose selection was loaded attend to that, the others to everything through the link.
void DevicePool::set_lengths(bool loaded) {
  if (elastic_ == nullptr || elastic_->host_layers() == 0) return;
  const size_t rows = row_lengths_.size(), room = bucket_ > 0 ? kMostBucketRows : rows;
  std::vector<int32_t> selected(rows, -1), dense(row_lengths_);
  for (size_t row = 0; row < rows && loaded; ++row)
    if (selected_row_of_[row] >= 0) std::swap(selected[row], dense[row]);
  GrowingBuffer& memory = bucket_ > 0 ? bucket_lengths_ : length_memory_;
  const std::vector<const int32_t*> at =
      upload({{selected.data(), rows, room}, {dense.data(), rows, room}, {selected_row_of_.data(), rows, room}},
             static_cast<int32_t*>(memory.at_least(3 * room * sizeof(int32_t))));
  selected_lengths_ = at[0], dense_lengths_ = at[1], loaded_rows_ = at[2];
  if (row_tiles_.empty() || loaded) return;
  const StepView step = steps_.view();
  std::vector<int32_t> from, to, table(static_cast<size_t>(step.page_offsets[step.num_seqs]));
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<int32_t>(i);
  for (int32_t s = 0; s < step.num_seqs; ++s)
    for (int32_t i = step.page_offsets[s]; step.row_offsets[s + 1] - step.row_offsets[s] > 1 && i < step.page_offsets[s + 1];
         ++i)
      from.push_back(step.pages[i]), to.push_back(i);
  const std::vector<const int32_t*> stage =
      upload({{from.data(), from.size(), from.size()},
              {to.data(), to.size(), to.size()},
              {table.data(), table.size(), table.size()}},
             static_cast<int32_t*>(stage_tables_.at_least((2 * from.size() + table.size()) * sizeof(int32_t))));
  stage_from_ = stage[0], stage_to_ = stage[1], staged_table_ = stage[2];
  stage_count_ = static_cast<int32_t>(from.size());
  const size_t bytes = table.size() * static_cast<size_t>(geometry_.page_bytes());
  if (staged_pages_ == nullptr || staged_pages_->bytes() < bytes) {
    staged_pages_.reset();  // first, so that both need not fit
    staged_pages_ = std::make_unique<DeviceBuffer<char>>((bytes + kStagedBytes - 1) / kStagedBytes * kStagedBytes);
  }
}

std::pair<const void*, const int32_t*> DevicePool::stage(int32_t layer, cudaStream_t stream) {
  GatherPages g;
  g.geometry = geometry_, g.from = elastic_->pages(layer), g.to = staged_pages_->data();
  g.from_pages = stage_from_, g.to_pages = stage_to_, g.count = stage_count_;
  gather_pages(g, stream);
  return {staged_pages_->data(), staged_table_};
}

DecodeTables DevicePool::selected_tables() const {
  DecodeTables tables = row_tables_;
  tables.lengths = selected_lengths_;
  return tables;
}

DecodeTables DevicePool::dense_tables() const {
  DecodeTables tables = row_tables_;
  tables.lengths = dense_lengths_;
  return tables;
}

DeviceSelection DevicePool::resident_selection(int32_t layer) const {
  return layer < first_dense_layers_ ? DeviceSelection{} : elastic_->resident_lists(selection_);
}

// Room for lists of a bucket, at fixed addresses as long as it is enough.
void DevicePool::fit_lists(int32_t groups, int32_t kv_heads, int32_t stride) {
  DeviceSelection& s = bucket_selection_;
  if (s.row_of_sequence != nullptr && s.groups == groups && s.kv_heads == kv_heads && s.stride >= stride) return;
  int32_t room = 64;
  while (room < stride) room *= 2;
  const auto lists = static_cast<size_t>(kMostBucketRows) * groups * kv_heads;
  auto* memory = static_cast<int32_t*>(bucket_lists_.at_least((kMostBucketRows + lists + lists * room) * sizeof(int32_t)));
  s = {groups, kv_heads, room, memory, memory + kMostBucketRows, memory + kMostBucketRows + lists};
  ++shape_;
  number_layout();
}

void DevicePool::set_groups(const int32_t* group_of_layer, int32_t first_dense_layers) {
  const std::vector<int32_t> groups(group_of_layer, group_of_layer + geometry_.layers);
  if (first_dense_layers_ == first_dense_layers && group_of_layer_ == groups) return;
  first_dense_layers_ = first_dense_layers, group_of_layer_ = groups;
  ++shape_;
  number_layout();
}

// The row of the selection of each row of the step, or -1; and the longest that a row attends to so far.
std::vector<int32_t> DevicePool::selected_rows(const std::vector<int32_t>& row_of_sequence) {
  const StepView step = steps_.view();
  std::vector<int32_t> row_of(static_cast<size_t>(run_rows()), -1);
  longest_ = 1;
  for (int32_t seq = 0; seq < step.num_seqs; ++seq) {
    const int32_t row = row_of_sequence[static_cast<size_t>(seq)], first = step.row_offsets[seq];
    if (row >= 0 && step.row_offsets[seq + 1] - first > 1)
      throw InvalidArgument("sequence " + text(seq) +
                            " brings several rows; on a device only single rows may have a selection");
    if (row < 0 && step.row_offsets[seq + 1] - first == 1) longest_ = std::max(longest_, step.row_positions[first] + 1);
    row_of[static_cast<size_t>(first)] = row;
  }
  return row_of;
}

// Where lists of so many rows may lie: of a bucket always the same place.
DeviceSelection DevicePool::place_lists(int32_t groups, int32_t kv_heads, int32_t rows, int32_t stride) {
  if (bucket_ > 0) {
    fit_lists(groups, kv_heads, stride);
    return bucket_selection_;
  }
  const auto row_count = static_cast<size_t>(run_rows()), lists = static_cast<size_t>(rows) * groups * kv_heads;
  auto* memory = static_cast<int32_t*>(selection_memory_.at_least((row_count + lists + lists * stride) * sizeof(int32_t)));
  return {groups, kv_heads, stride, memory, memory + row_count, memory + row_count + lists};
}

void DevicePool::set_selection(const StepTables::Selection& s) {
  steps_.set_selection(s);
  const StepView step = steps_.view();
  const std::vector<int32_t> row_of = selected_rows({step.selection.row_of_seq, step.selection.row_of_seq + step.num_seqs});
  set_groups(s.group_of_layer, s.first_dense_layers);
  const DeviceSelection to = place_lists(s.groups, s.kv_heads, s.rows, s.stride);
  const int64_t lists = static_cast<int64_t>(s.rows) * s.groups * s.kv_heads;
  std::vector<int32_t> slots(static_cast<size_t>(lists) * to.stride);
  for (int64_t list = 0; list < lists; ++list) {
    const int32_t* pages = step.pages + step.page_offsets[s.sequences[list / (s.groups * s.kv_heads)]];
    longest_ = std::max(longest_, s.counts[list]);
    for (int32_t i = 0; i < s.counts[list]; ++i) {
      const int32_t position = s.positions[list * s.stride + i];
      slots[static_cast<size_t>(list * to.stride + i)] =
          pages[position / geometry_.page_tokens] * geometry_.page_tokens + position % geometry_.page_tokens;
    }
  }
  const auto counts = static_cast<size_t>(lists);
  upload({{row_of.data(), row_of.size(), static_cast<size_t>(to.counts - to.row_of_sequence)},
          {s.counts, counts, static_cast<size_t>(to.slots - to.counts)},
          {slots.data(), slots.size(), slots.size()}},
         const_cast<int32_t*>(to.row_of_sequence));
  selection_ = to;
}

void DevicePool::set_selection(const ChosenRows& s) {
  const StepView step = steps_.view();
  if (!steps_.has_step()) throw InvalidArgument("the pool has no step; call ctx_step_set before");
  check_index("first_dense_layers", s.first_dense_layers, int64_t{geometry_.layers} + 1);
  for (int32_t layer = 0; layer < geometry_.layers; ++layer)
    check_index({"group of layer ", layer}, s.group_of_layer[layer], s.lists.groups);
  if (s.lists.kv_heads != geometry_.kv_heads && s.lists.kv_heads != 1)
    throw InvalidArgument("kv_heads is " + text(s.lists.kv_heads) + "; it must be 1 or the pool's " +
                          text(geometry_.kv_heads));
  std::vector<int32_t> row_of_sequence(static_cast<size_t>(step.num_seqs), -1);
  for (int32_t r = 0; r < s.rows; ++r) {
    check_index({"row ", r, ": sequence"}, s.sequences[r], step.num_seqs);
    check_index({"row ", r, ": chosen row"}, s.chosen[r], s.chosen_rows);
    const int32_t seq = s.sequences[r], position = step.row_positions[step.row_offsets[seq]];
    if (row_of_sequence[static_cast<size_t>(seq)] >= 0)
      throw InvalidArgument("sequence " + text(seq) + " has two selections");
    if (s.positions[s.chosen[r]] != position)
      throw InvalidArgument("sequence " + text(seq) + " stands at " + text(position) + ", but its selection was made for " +
                            text(s.positions[s.chosen[r]]));
    row_of_sequence[static_cast<size_t>(seq)] = r;
  }
  const std::vector<int32_t> row_of = selected_rows(row_of_sequence);
  set_groups(s.group_of_layer, s.first_dense_layers);
  const DeviceSelection to = place_lists(s.lists.groups, s.lists.kv_heads, s.rows, s.lists.stride);
  longest_ = std::max(longest_, s.lists.stride);
  auto* chosen = static_cast<int32_t*>(chosen_memory_.at_least(4 * static_cast<size_t>(s.rows) * sizeof(int32_t)));
  std::vector<int32_t> own;  // positions
  const bool loads = elastic_ != nullptr && elastic_->host_layers() > 0 && s.places != nullptr && s.owners != nullptr;
  for (int32_t r = 0; r < s.rows; ++r) {
    own.push_back(s.positions[s.chosen[r]]);
    if (loads) elastic_->check_place(s.places[r], s.owners[r]);
  }
  const auto count = static_cast<size_t>(s.rows), extra = loads ? count : 0;
  const std::vector<const int32_t*> tables = upload(
      {{s.chosen, count, count}, {own.data(), extra, extra}, {s.places, extra, extra}, {s.owners, extra, extra}}, chosen);
  upload({{row_of.data(), row_of.size(), row_of.size()}}, const_cast<int32_t*>(to.row_of_sequence));
  copy_lists(s.lists, chosen, s.rows, to, stream_);
  selection_ = to;
  if (loads) {
    selected_row_of_ = row_of;
    set_lengths(true);
    ElasticLayers::Wanted w;
    w.lists = s.lists, w.positions = s.list_positions, w.rows = s.rows, w.chosen = tables[0];
    w.own = tables[1], w.places = tables[2], w.owners = tables[3], w.most_positions = steps_.max_position() + 1;
    elastic_->load(w, group_of_layer_, stream_);
  }
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

// Whatever the lists of a bucket hold.
int32_t DevicePool::bucket_splits(int32_t rows) const {
  return decode_splits(rows, geometry_.kv_heads, std::numeric_limits<int32_t>::max(), multiprocessors_);
}

int32_t DevicePool::splits() const {
  return bucket_ > 0 ? bucket_splits(bucket_) : decode_splits(rows(), geometry_.kv_heads, longest_, multiprocessors_);
}

void* DevicePool::queries(int32_t num_heads) {
  const size_t row = static_cast<size_t>(num_heads) * geometry_.head_dim * sizeof(uint16_t);
  return bucket_ > 0 ? bucket_queries_.at_least(row * kMostBucketRows) : queries_.at_least(row * rows());
}

float* DevicePool::partial(int32_t num_heads) {
  const auto floats = [&](int32_t rows, int32_t splits) {
    return partial_floats(rows, num_heads, splits, geometry_.head_dim);
  };
  if (bucket_ == 0) return static_cast<float*>(partial_.at_least(floats(rows(), splits()) * sizeof(float)));
  size_t most = 0;
  for (int32_t rows = 1; rows <= kMostBucketRows; rows *= 2) most = std::max(most, floats(rows, bucket_splits(rows)));
  return static_cast<float*>(bucket_partial_.at_least(most * sizeof(float)));
}

DeviceSelection DevicePool::selection(int32_t layer) const {
  return layer < first_dense_layers_ ? DeviceSelection{} : selection_;
}

int32_t DevicePool::layer_group(int32_t layer) const { return group_of_layer_.empty() ? 0 : group_of_layer_[layer]; }

void DevicePool::loaded(int64_t* counts) {
  counts[0] = counts[1] = 0;
  const auto rows = static_cast<size_t>(
      std::count_if(selected_row_of_.begin(), selected_row_of_.end(), [](int32_t row) { return row >= 0; }));
  if (elastic_ == nullptr || elastic_->host_layers() == 0 || rows == 0) return;
  // How many layers read each group's lists there, and of how many KV heads a list speaks.
  std::vector<int64_t> readers(static_cast<size_t>(selection_.groups));
  for (int32_t layer = first_dense_layers_; layer < geometry_.layers; ++layer)
    if (elastic_->on_host(layer)) readers[static_cast<size_t>(group_of_layer_[static_cast<size_t>(layer)])] += 1;
  const int64_t heads = geometry_.kv_heads / selection_.kv_heads;
  const size_t of_group = static_cast<size_t>(selection_.kv_heads), of_row = readers.size() * of_group;
  std::vector<int32_t> wanted(rows * of_row), missing(rows * of_row);
  const size_t bytes = wanted.size() * sizeof(int32_t);
  check(cudaMemcpy(wanted.data(), selection_.counts, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
  check(cudaMemcpy(missing.data(), elastic_->load_counts(), bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
  for (size_t list = 0; list < wanted.size(); ++list) {
    const int64_t times = readers[list % of_row / of_group] * heads;
    counts[0] += times * wanted[list], counts[1] += times * missing[list];
  }
}

void DevicePool::copy_page(int32_t from, int32_t to, int32_t slots) {
  check_index("from", from, geometry_.pages);
  check_index("to", to, geometry_.pages);
  check_slots(slots, geometry_.page_tokens);
  if (from == to || slots == 0) return;
  blocks_.forget();
  // In pairs the first slots of a head are one piece, and the heads of a page lie head_bytes() apart.
  for (int32_t layer = 0; layer < geometry_.layers; ++layer) {
    char* base = static_cast<char*>(this->layer(layer).pages);
    const auto pitch = static_cast<size_t>(geometry_.head_bytes());
    check(cudaMemcpy2DAsync(base + to * geometry_.page_bytes(), pitch, base + from * geometry_.page_bytes(), pitch,
                            static_cast<size_t>(slots * geometry_.row_stride()), static_cast<size_t>(geometry_.kv_heads),
                            cudaMemcpyDefault, stream_),
          "cudaMemcpy2DAsync");
  }
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

void DevicePool::read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out) {
  const int64_t offset = checked_row_offset(geometry_, layer, page, slot_in_page, kv_head, what);
  const char* row = static_cast<char*>(this->layer(layer).pages) + offset - layer * geometry_.layer_bytes();
  if (out == nullptr) throw InvalidArgument("out is null");
  settle();
  std::vector<uint16_t> bits(static_cast<size_t>(geometry_.head_dim));
  check(cudaMemcpy(bits.data(), row, bits.size() * sizeof(uint16_t), cudaMemcpyDefault), "cudaMemcpy");
  std::transform(bits.begin(), bits.end(), out, element() == Element::kF16 ? half_to_float : bf16_to_float);
}

void DevicePool::check_pages(const BlockPlace& place) const {
  const int32_t limit = elastic_ == nullptr ? geometry_.pages : elastic_->page_limit(elastic_->host_layers());
  for (int32_t i = 0; i * geometry_.page_tokens < place.first + place.tokens; ++i)
    if (place.pages[i] >= limit)
      throw InvalidArgument("page " + text(place.pages[i]) + " has no memory while " + text(elastic_->host_layers()) +
                            " layers are in host memory; those below " + text(limit) + " have: let more layers leave before");
}

void DevicePool::encode(const BlockPlace& place, BlockFormat format, void* bytes) {
  check_pages(place);
  std::vector<char*> layers;
  for (int32_t l = 0; l < geometry_.layers; ++l) layers.push_back(static_cast<char*>(layer(l).pages));
  blocks_.encode(place, layers, format, bytes, stream_);
}

void DevicePool::decode(const BlockPlace& place, BlockFormat format, const void* bytes) {
  check_pages(place);
  std::vector<char*> layers;
  for (int32_t i = 0; i < place.layer_count; ++i) layers.push_back(static_cast<char*>(layer(place.layers[i]).pages));
  if (elastic_ != nullptr) elastic_->settle();
  blocks_.decode(place, layers, format, bytes, stream_);
}

}  // namespace cuda
}  // namespace contexture
