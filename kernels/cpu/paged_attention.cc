// Splits a step into items of similar cost and runs them. What an item computes, bit by bit, depends only on its rows'
// positions and keys: never on the number of threads, on the order of the items or on other sequences.
#include "contexture/paged_attention.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "cpu/dispatch.h"
#include "cpu/run_items.h"
#include "cpu/thread_scratch.h"

namespace contexture {
namespace {

constexpr int32_t kPartTokens = 512;       // a decode row's context is cut at multiples of this
constexpr int32_t kShortPartTokens = 128;  // the same for contexts and selections that would make too few parts
constexpr int32_t kShortContext = 1024;
constexpr int32_t kPrefillRows = 192;    // query rows times heads of a prefill item
constexpr int32_t kMinPrefillRows = 24;  // fewer rows would spend their time on packing keys
constexpr int32_t kPrepareRows = 16;     // rows of a prepare item
constexpr int64_t kInlineWork = 40000;   // multiply-adds per item list that are faster on the calling thread
constexpr float kLog2E = 1.44269504f;    // the kernels compute powers of two

struct PrefillItem {
  int32_t seq, kv_head, first_row, tokens;
};
struct DecodeItem {
  int32_t seq, kv_head, part, task;
};
// One (row, KV head) of a decoding sequence; the item that finishes its last part merges them.
struct DecodeTask {
  int32_t part_count;
  int64_t first_part;
};

struct PlaceRange {
  int32_t first, last;
};

// By the row's own number of places alone: with few KV heads, whole parts would leave threads without work.
int32_t part_tokens(int32_t places) { return places <= kShortContext ? kShortPartTokens : kPartTokens; }

bool decodes(const StepView& step, int32_t seq) { return step.row_offsets[seq + 1] - step.row_offsets[seq] == 1; }

}  // namespace

struct AttentionScratch::State {
  std::vector<float> q;
  std::vector<float> parts;
  std::vector<PrefillItem> prefill;
  std::vector<DecodeItem> decode;
  std::vector<DecodeTask> tasks;
  std::unique_ptr<std::atomic<int32_t>[]> remaining;
  size_t remaining_capacity = 0;
};

AttentionScratch::AttentionScratch() : state_(new State) {}
AttentionScratch::~AttentionScratch() = default;

namespace {

class Call {
 public:
  Call(const AttentionParams& params, const StepView& step, AttentionScratch::State& state, const Execution& execution)
      : p_(params),
        g_(params.geometry),
        step_(step),
        state_(state),
        execution_(execution),
        kernels_(kernels_for(execution.isa)),
        group_(params.num_heads / params.geometry.kv_heads),
        row_dim_(params.geometry.row_dim()),
        q_stride_(static_cast<int64_t>(params.num_heads) * row_dim_),
        out_stride_(static_cast<int64_t>(params.num_heads) * params.geometry.head_dim),
        part_floats_(static_cast<int64_t>(group_) * (row_dim_ + 2)),
        layer_base_(static_cast<char*>(params.pool) + params.layer * params.geometry.layer_bytes()) {}

  void run() {
    if (state_.q.size() < static_cast<size_t>(step_.num_rows * q_stride_)) state_.q.resize(step_.num_rows * q_stride_);
    prepare();
    if (p_.next_queries != nullptr) keep_queries();
    plan();
    const size_t prefills = state_.prefill.size();
    run_items(execution_.parallel, work_ <= kInlineWork, prefills + state_.decode.size(), [&](size_t i) {
      if (i < prefills) prefill(state_.prefill[i]);
      else decode(state_.decode[i - prefills]);
    });
  }

 private:
  void prepare() {
    PrepareArgs a{};
    a.qkv = p_.qkv, a.positions = step_.row_positions, a.slots = step_.row_slots;
    a.rope_cos = p_.rope_cos, a.rope_sin = p_.rope_sin, a.q_norm = p_.q_norm, a.k_norm = p_.k_norm;
    a.norm_epsilon = p_.norm_epsilon, a.q_scale = p_.scale * kLog2E;
    a.q = state_.q.data(), a.layer_base = layer_base_;
    a.num_heads = p_.num_heads, a.kv_heads = g_.kv_heads, a.head_dim = g_.head_dim, a.row_dim = row_dim_, a.page_tokens = g_.page_tokens;
    a.row_bytes = g_.row_bytes(), a.head_bytes = g_.head_bytes(), a.plane_bytes = g_.value_offset();
    a.page_bytes = g_.page_bytes(), a.half = g_.dtype == KvDtype::kF16;
    const int64_t rows = step_.num_rows;
    const int64_t items = (rows + kPrepareRows - 1) / kPrepareRows;
    run_items(execution_.parallel, rows * q_stride_ <= kInlineWork, static_cast<size_t>(items), [&](size_t i) {
      const int64_t first = static_cast<int64_t>(i) * kPrepareRows;
      kernels_.prepare_rows(a, first, std::min<int64_t>(rows, first + kPrepareRows));
    });
  }

  // The table's first two rows give the turn by one position; dividing by the first takes a factor out that a table may
  // carry beside its rotation.
  void keep_queries() {
    const int32_t half = g_.head_dim / 2;
    for (int32_t s = 0; s < step_.num_seqs; ++s)
      for (int32_t h = 0; h < p_.num_heads; ++h) {
        const int64_t row = step_.row_offsets[s + 1] - 1;
        const float* q = state_.q.data() + row * q_stride_ + static_cast<int64_t>(h) * row_dim_;
        float* out = p_.next_queries + s * p_.next_stride + static_cast<int64_t>(h) * g_.head_dim;
        for (int32_t i = 0; i < half; ++i) {
          const float cos = p_.rope_cos[half + i] / p_.rope_cos[i], sin = p_.rope_sin[half + i] / p_.rope_cos[i];
          out[i] = q[i] * cos - q[half + i] * sin;
          out[half + i] = q[half + i] * cos + q[i] * sin;
        }
      }
  }

  // Fills the lists: prefill from the costly end of each chunk to the cheap one, then decode.
  void plan() {
    state_.prefill.clear();
    state_.decode.clear();
    state_.tasks.clear();
    const int32_t tile_tokens = prefill_tile_tokens();
    int64_t parts = 0;
    for (int32_t s = 0; s < step_.num_seqs; ++s) {
      const int32_t rows = step_.row_offsets[s + 1] - step_.row_offsets[s];
      if (decodes(step_, s)) {
        for (int32_t h = 0; h < g_.kv_heads; ++h) {
          const PlaceRange range = context_of(s, h);
          const int32_t tokens = part_tokens(range.last - range.first);
          const int32_t first = range.first / tokens, last = (range.last + tokens - 1) / tokens;
          const auto task = static_cast<int32_t>(state_.tasks.size());
          state_.tasks.push_back({last - first, parts});
          for (int32_t part = first; part < last; ++part) state_.decode.push_back({s, h, part, task});
          parts += last - first;
          work_ += static_cast<int64_t>(range.last - range.first) * group_ * row_dim_ * 2;
        }
        continue;
      }
      for (int32_t end = rows; end > 0; end -= tile_tokens) {
        const int32_t first = std::max(0, end - tile_tokens);
        for (int32_t h = 0; h < g_.kv_heads; ++h) state_.prefill.push_back({s, h, first, end - first});
      }
      const int64_t list = step_.selection.list(s, p_.layer, 0);
      const int32_t context = list < 0 ? step_.context_len[s] : step_.selection.counts[list];
      work_ += static_cast<int64_t>(rows) * (context + rows) * q_stride_;
    }
    if (state_.parts.size() < static_cast<size_t>(parts * part_floats_)) state_.parts.resize(parts * part_floats_);
    if (state_.remaining_capacity < state_.tasks.size()) {
      state_.remaining.reset(new std::atomic<int32_t>[state_.tasks.size()]);
      state_.remaining_capacity = state_.tasks.size();
    }
    for (size_t i = 0; i < state_.tasks.size(); ++i)
      state_.remaining[i].store(state_.tasks[i].part_count, std::memory_order_relaxed);
  }

  // Large tiles share the packing of keys among many rows; small chunks are cut finer to keep all threads busy.
  int32_t prefill_tile_tokens() const {
    int64_t rows = 0;
    for (int32_t s = 0; s < step_.num_seqs; ++s)
      if (!decodes(step_, s)) rows += static_cast<int64_t>(step_.row_offsets[s + 1] - step_.row_offsets[s]) * p_.num_heads;
    static const int64_t threads = std::max(1u, std::thread::hardware_concurrency());
    const int64_t largest = g_.head_dim > 128 ? kPrefillRows / 2 : kPrefillRows;
    const int64_t wanted = std::clamp<int64_t>(rows / (4 * threads), kMinPrefillRows, largest);
    return static_cast<int32_t>(std::max<int64_t>(1, wanted / group_));
  }

  // A selection of a chunk holds none of its own positions, which follow; that of a decode row holds its own.
  KeyRows keys_of(int32_t seq, int32_t kv_head) const {
    KeyRows keys = {layer_base_ + kv_head * g_.head_bytes(), step_.pages + step_.page_offsets[seq], g_.page_tokens,
                    g_.page_bytes(), g_.row_bytes(), nullptr, 0, 0};
    const StepSelection& s = step_.selection;
    const int64_t list = s.list(seq, p_.layer, kv_head);
    if (list < 0 || (p_.window > 0 && !decodes(step_, seq))) return keys;
    keys.offsets = s.offsets + list * s.stride;
    keys.selected = s.counts[list];
    keys.resume = decodes(step_, seq) ? step_.context_len[seq] + 1 : step_.context_len[seq];
    return keys;
  }

  // The places that a decode row attends to.
  PlaceRange context_of(int32_t seq, int32_t kv_head) const {
    const int32_t end = step_.context_len[seq] + 1;
    const int32_t begin = p_.window > 0 && end > p_.window ? end - p_.window : 0;
    const StepSelection& s = step_.selection;
    const int64_t list = s.list(seq, p_.layer, kv_head);
    if (list < 0) return {begin, end};
    const int32_t* positions = s.positions + list * s.stride;
    const int32_t* seen = std::lower_bound(positions, positions + s.counts[list], begin);
    return {static_cast<int32_t>(seen - positions), s.counts[list]};
  }

  void prefill(const PrefillItem& item) const {
    const int64_t row = step_.row_offsets[item.seq] + item.first_row;
    const int64_t head = static_cast<int64_t>(item.kv_head) * group_;
    PrefillArgs a{};
    a.q = state_.q.data() + row * q_stride_ + head * row_dim_, a.q_stride = q_stride_;
    a.keys = keys_of(item.seq, item.kv_head), a.v_offset = g_.value_offset();
    a.tokens = item.tokens, a.window = p_.window;
    a.first_position = a.keys.offsets == nullptr
                           ? step_.row_positions[row]
                           : a.keys.selected + step_.row_positions[row] - step_.context_len[item.seq];
    a.group = group_, a.head_dim = g_.head_dim, a.row_dim = row_dim_, a.half = g_.dtype == KvDtype::kF16;
    a.out = p_.out + row * out_stride_ + head * g_.head_dim, a.out_stride = out_stride_;
    a.scratch = thread_scratch(prefill_scratch_floats(static_cast<int64_t>(item.tokens) * group_, row_dim_));
    kernels_.prefill_tile(a);
  }

  void decode(const DecodeItem& item) const {
    const DecodeTask& task = state_.tasks[item.task];
    const PlaceRange context = context_of(item.seq, item.kv_head);
    const int32_t tokens = part_tokens(context.last - context.first);
    const int32_t first = std::max(context.first, item.part * tokens);
    const int32_t last = std::min(context.last, (item.part + 1) * tokens);
    const void* rows[kPartTokens];
    list_key_rows(keys_of(item.seq, item.kv_head), first, last, kRowPadding, rows);

    const int64_t row = step_.row_offsets[item.seq], head = static_cast<int64_t>(item.kv_head) * group_;
    float* part = state_.parts.data() + (task.first_part + item.part - context.first / tokens) * part_floats_;
    DecodeArgs a{};
    a.q = state_.q.data() + row * q_stride_ + head * row_dim_, a.k_rows = rows, a.v_offset = g_.value_offset();
    a.count = last - first, a.group = group_, a.row_dim = row_dim_, a.half = g_.dtype == KvDtype::kF16;
    a.weights = thread_scratch(static_cast<int64_t>(group_) * kPartTokens), a.stride = kPartTokens;
    a.out = part, a.max = part + static_cast<int64_t>(group_) * row_dim_, a.sum = a.max + group_;
    kernels_.decode_part(a);
    if (state_.remaining[item.task].fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    kernels_.merge_parts({state_.parts.data() + task.first_part * part_floats_, task.part_count, group_, g_.head_dim,
                          row_dim_, p_.out + row * out_stride_ + head * g_.head_dim});
  }

  const AttentionParams& p_;
  const PoolGeometry& g_;
  const StepView& step_;
  AttentionScratch::State& state_;
  const Execution& execution_;
  const KernelTable& kernels_;
  const int32_t group_;
  const int32_t row_dim_;
  const int64_t q_stride_;
  const int64_t out_stride_;
  const int64_t part_floats_;
  char* const layer_base_;
  int64_t work_ = 0;
};

}  // namespace

void paged_attention(const AttentionParams& params, const StepView& step, AttentionScratch& scratch,
                     const Execution& execution) {
  Call(params, step, scratch.state(), execution).run();
}

}  // namespace contexture
