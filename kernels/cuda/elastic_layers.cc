#include "cuda/elastic_layers.h"

#include <algorithm>
#include <numeric>

#include "capi/checks.h"
#include "cuda/elastic_loading.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int64_t kPieceBytes = 16 << 20, kSmallPieceBytes = 2 << 20;
constexpr int64_t kSmallBytes = int64_t{4} << 30;  // memory below is cut into small pieces

int64_t piece_bytes(int64_t device_bytes) { return device_bytes < kSmallBytes ? kSmallPieceBytes : kPieceBytes; }

const ElasticSettings& checked(const ElasticSettings& s, const PoolGeometry& g) {
  check_count("places", s.places, 1 << 16);
  check_count("lists", s.lists, 1 << 16);
  check_count("room", s.room, 1 << 16);
  if (s.room % g.page_tokens != 0)
    throw InvalidArgument("room is " + text(s.room) + "; it must be a multiple of page_tokens, " + text(g.page_tokens));
  if (s.host_bytes < 0) throw InvalidArgument("host_bytes must not be negative");
  return s;
}

size_t held_count(const ElasticSettings& s) { return static_cast<size_t>(s.places) * s.lists * s.room; }

}  // namespace

PoolGeometry ElasticLayers::fit(PoolGeometry geometry, int64_t device_bytes) {
  const int64_t piece = piece_bytes(device_bytes), each = piece / std::gcd(geometry.page_bytes(), piece);
  const int64_t pages = (geometry.pages + each - 1) / each * each;
  check_count("pages, made a whole number of pieces,", pages, kMaxPages);
  geometry.pages = static_cast<int32_t>(pages);
  return geometry;
}

ElasticLayers::ElasticLayers(const PoolGeometry& geometry, const ElasticSettings& settings)
    : geometry_(geometry),
      settings_(checked(settings, geometry)),
      held_(held_count(settings)),
      held_owner_(static_cast<size_t>(settings.places) * settings.lists),
      lists_(2 * held_owner_.count() + 3 * held_.count()),
      arrived_(static_cast<size_t>(geometry.layers)) {
  const int64_t piece = piece_bytes(settings.device_bytes);
  if (piece % BackedMemory::granularity() != 0)
    throw InvalidArgument("the device's memory comes in pieces of " + text(BackedMemory::granularity()) + " bytes");
  std::vector<int64_t> areas(static_cast<size_t>(geometry_.layers), geometry_.layer_bytes());
  areas.resize(2 * areas.size(), resident_bytes());
  memory_ = std::make_unique<BackedMemory>(piece, settings.device_bytes, areas);
  memory_->back(backing(0));
  most_host_layers_ =
      static_cast<int32_t>(std::min<int64_t>(geometry_.layers, settings.host_bytes / geometry_.layer_bytes()));
  for (int32_t i = 0; i < most_host_layers_; ++i) host_.emplace_back(static_cast<size_t>(geometry_.layer_bytes()));
  check(cudaMemset(held_owner_.data(), 0, held_owner_.bytes()), "cudaMemset");
  const size_t lists = held_owner_.count();
  own_slots_ = lists_.data(), counts_ = own_slots_ + lists, resident_lists_ = counts_ + lists;
}

int64_t ElasticLayers::resident_bytes() const {
  return int64_t{settings_.places} * (settings_.room / geometry_.page_tokens) * geometry_.page_bytes();
}

// Of the device's memory, by area: what selections name of layers in host memory first, the rest for the others' pages.
std::vector<int64_t> ElasticLayers::backing(int32_t host_layers) const {
  const int64_t piece = piece_bytes(settings_.device_bytes);
  const int64_t resident = (resident_bytes() + piece - 1) / piece * piece, layers = geometry_.layers - host_layers;
  const int64_t rest = memory_->bytes() - host_layers * resident;
  const int64_t each = layers == 0 ? 0 : std::min(geometry_.layer_bytes(), rest / layers / piece * piece);
  std::vector<int64_t> bytes(static_cast<size_t>(2 * geometry_.layers), 0);
  for (int32_t layer = 0; layer < geometry_.layers; ++layer) {
    const bool on_device = layer < layers;
    if (on_device) bytes[static_cast<size_t>(layer)] = each;
    else bytes[static_cast<size_t>(geometry_.layers + layer)] = resident;
  }
  return bytes;
}

int32_t ElasticLayers::page_limit(int32_t host_layers) const {
  check_index("host_layers", host_layers, int64_t{most_host_layers_} + 1);
  const std::vector<int64_t> bytes = backing(host_layers);
  if (bytes.front() < 0 || std::accumulate(bytes.begin(), bytes.end(), int64_t{0}) > memory_->bytes()) return 0;
  if (host_layers == geometry_.layers) return geometry_.pages;
  return static_cast<int32_t>(std::min<int64_t>(geometry_.pages, bytes.front() / geometry_.page_bytes()));
}

char* ElasticLayers::pages(int32_t layer) const {
  return on_host(layer) ? host_[static_cast<size_t>(geometry_.layers - 1 - layer)].data()
                        : memory_->area(static_cast<size_t>(layer));
}

void ElasticLayers::move(int32_t layer, bool to_host, const int32_t* pages, int32_t count, cudaStream_t stream) {
  char *host = host_[static_cast<size_t>(geometry_.layers - 1 - layer)].data(),
       *device = memory_->area(static_cast<size_t>(layer));
  GatherPages g;
  g.geometry = geometry_;
  g.from = to_host ? device : host, g.to = to_host ? host : device;
  g.from_pages = g.to_pages = pages, g.count = count;
  gather_pages(g, stream);
}

void ElasticLayers::place(int32_t host_layers, const int32_t* used, int32_t used_count, cudaStream_t stream) {
  const int32_t limit = page_limit(host_layers);
  for (int32_t i = 0; i < used_count; ++i)
    if (used[i] < 0 || used[i] >= limit)
      throw InvalidArgument("page " + text(used[i]) + " is in use, but with " + text(host_layers) +
                            " layers in host memory there is room for " + text(limit));
  if (host_layers == host_layers_) return;
  auto* pages = static_cast<int32_t*>(page_list_.at_least(std::max<size_t>(1, used_count) * sizeof(int32_t)));
  check(cudaMemcpyAsync(pages, used, static_cast<size_t>(used_count) * sizeof(int32_t), cudaMemcpyHostToDevice, stream),
        "the used pages");
  const int32_t before = host_layers_, layers = geometry_.layers;
  for (int32_t layer = layers - host_layers; layer < layers - before; ++layer) move(layer, true, pages, used_count, stream);
  check(cudaStreamSynchronize(stream), "copying layers to host memory");
  settle();
  memory_->back(backing(host_layers));
  host_layers_ = host_layers;
  for (int32_t layer = layers - before; layer < layers - host_layers; ++layer) move(layer, false, pages, used_count, stream);
  // What selections name has to be loaded anew: a layer that has just left has nothing of it.
  check(cudaMemsetAsync(held_owner_.data(), 0, held_owner_.bytes(), stream), "cudaMemsetAsync");
  check(cudaStreamSynchronize(stream), "copying layers from host memory");
}

void ElasticLayers::settle() const { check(cudaStreamSynchronize(copies_.get()), "loading selections"); }

void ElasticLayers::check_place(int32_t place, int32_t owner) const {
  check_index("a sequence's place", place, settings_.places);
  if (owner == 0) throw InvalidArgument("a place's owner is 0, which stands for nobody");
}

void ElasticLayers::load(const Wanted& w, const std::vector<int32_t>& group_of_layer, cudaStream_t stream) {
  const int32_t lists = w.lists.groups * w.lists.kv_heads;
  if (lists != settings_.lists)
    throw InvalidArgument("a selection has " + text(lists) + " lists, but there is room for " + text(settings_.lists));
  if (w.lists.stride > settings_.room)
    throw InvalidArgument("lists have up to " + text(w.lists.stride) + " tokens, but there is room for " +
                          text(settings_.room));
  if (w.rows > settings_.places)
    throw InvalidArgument("there are " + text(w.rows) + " rows, but places for " + text(settings_.places));
  const size_t all = static_cast<size_t>(settings_.places) * lists * settings_.room;
  int32_t *from = resident_lists_ + all, *to = from + all;

  LoadDifference d;
  d.rows = w.rows, d.lists = lists, d.stride = w.lists.stride, d.chosen = w.chosen;
  d.counts = w.lists.counts, d.positions = w.positions, d.slots = w.lists.slots;
  d.places = w.places, d.owners = w.owners, d.own = w.own, d.most_positions = w.most_positions;
  d.room = settings_.room, d.held = held_.data(), d.held_owner = held_owner_.data();
  d.resident = resident_lists_, d.own_slots = own_slots_, d.load_counts = counts_, d.load_from = from, d.load_to = to;
  load_difference(d, stream);
  selected_.record(stream);
  check(cudaStreamWaitEvent(copies_.get(), selected_.get()), "cudaStreamWaitEvent");
  for (int32_t layer = geometry_.layers - host_layers_; layer < geometry_.layers; ++layer) {
    GatherRows g;
    g.geometry = geometry_, g.host = pages(layer), g.resident = resident(layer);
    g.rows = w.rows, g.lists = lists, g.room = settings_.room;
    g.first_list = group_of_layer[static_cast<size_t>(layer)] * w.lists.kv_heads, g.group_lists = w.lists.kv_heads;
    g.load_counts = counts_, g.load_from = from, g.load_to = to;
    gather_rows(g, copies_.get());
    arrived_[static_cast<size_t>(layer)].record(copies_.get());
  }
}

DeviceSelection ElasticLayers::resident_lists(const DeviceSelection& rows) const {
  DeviceSelection lists = rows;
  lists.stride = settings_.room, lists.slots = resident_lists_;
  return lists;
}

void ElasticLayers::wait(int32_t layer, cudaStream_t stream) const {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  const unsigned flags = status == cudaStreamCaptureStatusNone ? cudaEventWaitDefault : cudaEventWaitExternal;
  check(cudaStreamWaitEvent(stream, arrived_[static_cast<size_t>(layer)].get(), flags), "cudaStreamWaitEvent");
}

}  // namespace cuda
}  // namespace contexture
