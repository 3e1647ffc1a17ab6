// Checks of what comes from outside; the text says what was wrong and what to do.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "contexture/paged_kv.h"
#include "contexture/selection.h"

namespace contexture {

struct InvalidArgument : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// A device failed, or has not what is needed of it; what went before the call may be why.
struct DeviceFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a bounded store cannot take now; the caller does without.
struct NoRoom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr int64_t kMaxPoolBytes = int64_t{1} << 46;
constexpr int64_t kMaxRows = 1 << 24;
constexpr int32_t kMaxPages = 1 << 24;  // keeps the products far from overflow

inline std::string text(int64_t value) { return std::to_string(value); }

// What a sentence is about: "position", or "row 3: position". It becomes text only once there is a sentence: checks of
// every row of a step must cost no memory.
class Label {
 public:
  Label(const char* what) : before_(what) {}
  Label(const char* before, int64_t index, const char* after = "") : before_(before), after_(after), index_(index) {}

  std::string text() const { return index_ < 0 ? before_ : before_ + std::to_string(index_) + after_; }

 private:
  const char* before_;
  const char* after_ = "";
  int64_t index_ = -1;  // none
};

inline std::string operator+(const Label& label, const char* rest) { return label.text() + rest; }

inline void check_count(const Label& what, int64_t value, int64_t most) {
  if (value < 1 || value > most) throw InvalidArgument(what + " is " + text(value) + "; it must be in 1.." + text(most));
}

inline void check_index(const Label& what, int64_t value, int64_t count) {
  if (value < 0 || value >= count)
    throw InvalidArgument(what + " is " + text(value) + "; it must be in 0.." + text(count - 1));
}

// A table that a caller hands over with its length.
template <class T>
void check_table(const char* what, const T* table, int64_t count) {
  if (count < 0) throw InvalidArgument(std::string(what) + " has " + text(count) + " entries; it must have 0 or more");
  if (count > 0 && table == nullptr)
    throw InvalidArgument(std::string(what) + " is null, but has " + text(count) + " entries");
}

inline void check_page_tokens(int32_t page_tokens) {
  if (page_tokens < 8 || page_tokens > 128 || (page_tokens & (page_tokens - 1)) != 0)
    throw InvalidArgument("page_tokens is " + text(page_tokens) + "; it must be 8, 16, 32, 64 or 128");
}

inline void check_slots(int32_t slots, int32_t page_tokens) {
  if (slots < 0 || slots > page_tokens)
    throw InvalidArgument("slots is " + text(slots) + "; it must be in 0.." + text(page_tokens));
}

// Where the K (what = 0) or V (what = 1) row of a slot and head lies in a pool.
inline int64_t checked_row_offset(const PoolGeometry& g, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head,
                                  int32_t what) {
  check_index("layer", layer, g.layers);
  check_index("page", page, g.pages);
  check_index("slot_in_page", slot_in_page, g.page_tokens);
  check_index("kv_head", kv_head, g.kv_heads);
  check_index("what (0 = K, 1 = V)", what, 2);
  const int64_t slot = static_cast<int64_t>(page) * g.page_tokens + slot_in_page;
  return g.key_row_offset(layer, slot, kv_head) + what * g.value_offset();
}

inline void check_rule(const SelectionRule& rule, int32_t row) {
  check_index({"row ", row, ": unit"}, rule.unit, 3);
  check_index({"row ", row, ": heads"}, rule.heads, 2);
  check_index({"row ", row, ": pooling"}, rule.pooling, 3);
  if (rule.sink < 0 || rule.recent < 1)
    throw InvalidArgument(Label("row ", row) + ": sink is " + text(rule.sink) + " and recent " + text(rule.recent) +
                          "; they must be at least 0 and 1");
  if (static_cast<int64_t>(rule.sink) + rule.recent > rule.budget)
    throw InvalidArgument(Label("row ", row) + ": budget is " + text(rule.budget) + "; it must hold sink " +
                          text(rule.sink) + " and recent " + text(rule.recent));
  check_count({"row ", row, ": budget"}, rule.budget, kMaxRows);
}

}  // namespace contexture
