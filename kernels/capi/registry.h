// Turns ids into what they name.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

namespace contexture {

struct UnknownPool : std::invalid_argument {
  explicit UnknownPool(int64_t id)
      : std::invalid_argument("there is no pool " + std::to_string(id) +
                              "; it was never created or has been destroyed") {}
};

// Ids are never used twice, so a stale one is an error and not another pool.
template <class Pool>
class Registry {
 public:
  static Registry& instance() {
    static Registry* registry = new Registry;  // outlives every thread that may still hold an id
    return *registry;
  }

  int64_t add(std::shared_ptr<Pool> pool) {
    const std::lock_guard<std::mutex> lock(mutex_);
    pools_.emplace(next_id_, std::move(pool));
    return next_id_++;
  }

  std::shared_ptr<Pool> find(int64_t id) const {  // throws UnknownPool
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = pools_.find(id);
    if (found == pools_.end()) throw UnknownPool(id);
    return found->second;
  }

  void remove(int64_t id) {  // throws UnknownPool; users of the pool keep it alive
    std::shared_ptr<Pool> last;  // unmapped outside the lock
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = pools_.find(id);
    if (found == pools_.end()) throw UnknownPool(id);
    last = std::move(found->second);
    pools_.erase(found);
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, std::shared_ptr<Pool>> pools_;
  int64_t next_id_ = 1;
};

}  // namespace contexture
