// Drawing a token by sorting everything and by sums in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "capi/contexture.h"

namespace contexture {
namespace reference {

class SampledRow {
 public:
  // changes: those of the row; allowed: by token, empty: all are.
  SampledRow(const ctx_sample_row& how, const std::vector<float>& logits, const std::vector<ctx_logit_change>& changes,
             const std::vector<bool>& allowed = {})
      : how_(how), raw_(logits), logits_(logits), allowed_(allowed) {
    for (const float x : raw_) numbers_ = numbers_ && !std::isnan(x);
    if (!numbers_) return;
    for (const ctx_logit_change& change : changes) {
      float& x = logits_[change.token];
      if (change.repeated != 0) x = x > 0 ? x / how.repetition : x * how.repetition;
      x -= change.penalty;
      x += change.bias;
    }
    int32_t best = -1;
    for (size_t i = 0; i < logits_.size(); ++i)
      if (!allows(static_cast<int32_t>(i))) logits_[i] = -std::numeric_limits<float>::infinity();
      else if (best < 0 || logits_[i] > logits_[best]) best = static_cast<int32_t>(i);
    const float most = logits_[best];
    if (how.inverse_temperature == 0 || std::isinf(most)) order_ = {best}, upto_ = {1};
    else weigh(most);
  }

  bool numbers() const { return numbers_; }

  int32_t token() const {
    for (size_t i = 0; i < order_.size(); ++i)
      if (upto_[i] > how_.uniform * upto_.back()) return order_[i];
    return order_.back();
  }

  // Whether a uniform number as near to the row's would give the token.
  bool may_draw(int32_t token, double tolerance) const {
    const auto found = std::find(order_.begin(), order_.end(), token);
    if (found == order_.end()) return false;
    const auto i = static_cast<size_t>(found - order_.begin());
    const double begin = i == 0 ? 0 : upto_[i - 1] / upto_.back(), end = upto_[i] / upto_.back();
    return begin - tolerance <= how_.uniform && how_.uniform <= end + tolerance;
  }

  // Those that may be drawn, in the order of the draw.
  const std::vector<int32_t>& order() const { return order_; }

  double logprob(int32_t token) const {
    const double most = raw_[largest(raw_)];
    double sum = 0;
    for (const float x : raw_) sum += std::exp(x - most);
    return raw_[token] - most - std::log(sum);
  }

  std::vector<int32_t> top() const {
    std::vector<int32_t> ids = by_value(raw_);
    ids.resize(std::min(ids.size(), static_cast<size_t>(std::max(0, how_.top_logprobs))));
    return ids;
  }

 private:
  bool allows(int32_t token) const { return allowed_.empty() || allowed_[token]; }

  static int32_t largest(const std::vector<float>& values) {
    return static_cast<int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
  }

  static std::vector<int32_t> by_value(const std::vector<float>& values) {
    std::vector<int32_t> ids(values.size());
    std::iota(ids.begin(), ids.end(), 0);
    std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) { return values[a] > values[b]; });
    return ids;
  }

  void weigh(float most) {
    std::vector<float> weights;
    for (const float x : logits_) {
      const float below = x - most, exponent = below * how_.inverse_temperature;
      weights.push_back(exponent < how_.floor ? 0.0f : static_cast<float>(std::exp(static_cast<double>(exponent))));
    }
    if (how_.top_k == 0 && how_.top_p == 1) {
      order_.resize(weights.size());
      std::iota(order_.begin(), order_.end(), 0);
      order_.erase(std::remove_if(order_.begin(), order_.end(), [&](int32_t id) { return !allows(id); }), order_.end());
    } else {
      order_ = by_value(weights);
      order_.erase(std::remove_if(order_.begin(), order_.end(), [&](int32_t id) { return !allows(id); }), order_.end());
      if (how_.top_k > 0) order_.resize(std::min(order_.size(), static_cast<size_t>(how_.top_k)));
    }
    double mass = 0, kept = 0;
    for (const int32_t id : order_) mass += weights[id];
    for (const int32_t id : order_) {
      if (how_.top_p < 1 && !upto_.empty() && kept >= how_.top_p * mass) break;
      upto_.push_back(kept += weights[id]);
    }
    order_.resize(upto_.size());
  }

  const ctx_sample_row how_;
  const std::vector<float> raw_;
  std::vector<float> logits_;
  const std::vector<bool> allowed_;
  bool numbers_ = true;
  std::vector<int32_t> order_;
  std::vector<double> upto_;  // sums of weights
};

}  // namespace reference
}  // namespace contexture
