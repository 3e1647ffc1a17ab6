#include "reference/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cpu/half.h"

namespace contexture {
namespace reference {

std::vector<double> norm_and_rotate(const float* x, const float* weight, double epsilon, const float* cos,
                                    const float* sin, int32_t head_dim) {
  std::vector<double> y(x, x + head_dim);
  if (weight != nullptr) {
    double squares = 0;
    for (const double value : y) squares += value * value;
    const double inverse = 1.0 / std::sqrt(squares / head_dim + epsilon);
    for (int32_t i = 0; i < head_dim; ++i) y[i] *= inverse * weight[i];
  }
  const int32_t half = head_dim / 2;
  std::vector<double> out(head_dim);
  for (int32_t i = 0; i < half; ++i) {
    out[i] = y[i] * cos[i] - y[half + i] * sin[i];
    out[half + i] = y[half + i] * cos[i] + y[i] * sin[i];
  }
  return out;
}

double round_to_half(double x) {
  if (std::isnan(x) || x == 0) return x;
  if (std::fabs(x) >= 65520) return std::copysign(std::numeric_limits<double>::infinity(), x);
  const int exponent = std::max(std::ilogb(x), -14);
  const double ulp = std::ldexp(1.0, exponent - 10);
  return std::nearbyint(x / ulp) * ulp;
}

double pool_value(const PoolGeometry& geometry, const void* pool, int32_t layer, int64_t slot, int32_t kv_head,
                  int32_t what, int32_t i) {
  const char* row = static_cast<const char*>(pool) + geometry.key_row_offset(layer, slot, kv_head) +
                    what * geometry.value_offset();
  if (geometry.dtype == KvDtype::kF32) return reinterpret_cast<const float*>(row)[i];
  return half_to_float(reinterpret_cast<const uint16_t*>(row)[i]);
}

std::vector<double> attention_row(const AttentionParams& params, const StepView& step, int32_t seq, int32_t row) {
  const PoolGeometry& g = params.geometry;
  const int32_t group = params.num_heads / g.kv_heads;
  const int64_t in_width = static_cast<int64_t>(params.num_heads + 2 * g.kv_heads) * g.head_dim;
  const int32_t* pages = step.pages + step.page_offsets[seq];
  const int32_t position = step.context_len[seq] + row - step.row_offsets[seq];
  const int32_t first = params.window > 0 ? std::max(0, position - params.window + 1) : 0;
  const auto slot_of = [&](int32_t key) {
    return static_cast<int64_t>(pages[key / g.page_tokens]) * g.page_tokens + key % g.page_tokens;
  };
  std::vector<double> out(static_cast<size_t>(params.num_heads) * g.head_dim);
  std::vector<double> k, v;
  for (int32_t head = 0; head < params.num_heads; ++head) {
    if (head % group == 0) {
      k.clear();
      v.clear();
      std::vector<int32_t> keys(static_cast<size_t>(position) + 1);
      std::iota(keys.begin(), keys.end(), 0);
      const StepSelection& chosen = step.selection;
      const int64_t list = chosen.list(seq, params.layer, head / group);
      const bool chunk = step.row_offsets[seq + 1] - step.row_offsets[seq] > 1;
      if (list >= 0 && !(chunk && params.window > 0)) {
        const int32_t* positions = chosen.positions + list * chosen.stride;
        keys.assign(positions, positions + chosen.counts[list]);
        for (int32_t own = step.context_len[seq]; chunk && own <= position; ++own) keys.push_back(own);
      }
      for (const int32_t key : keys)
        for (int32_t i = 0; i < g.head_dim && key >= first; ++i) {
          k.push_back(pool_value(g, params.pool, params.layer, slot_of(key), head / group, 0, i));
          v.push_back(pool_value(g, params.pool, params.layer, slot_of(key), head / group, 1, i));
        }
    }
    const std::vector<double> q =
        norm_and_rotate(params.qkv + row * in_width + head * g.head_dim, params.q_norm, params.norm_epsilon,
                        params.rope_cos + static_cast<int64_t>(position) * (g.head_dim / 2),
                        params.rope_sin + static_cast<int64_t>(position) * (g.head_dim / 2), g.head_dim);
    std::vector<double> weights;
    double highest = -std::numeric_limits<double>::infinity();
    for (size_t at = 0; at < k.size(); at += g.head_dim) {
      double score = 0;
      for (int32_t i = 0; i < g.head_dim; ++i) score += q[i] * k[at + i];
      weights.push_back(score * params.scale);
      highest = std::max(highest, weights.back());
    }
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp(weight - highest);
    double* result = out.data() + static_cast<int64_t>(head) * g.head_dim;
    for (size_t key = 0; key < weights.size(); ++key)
      for (int32_t i = 0; i < g.head_dim; ++i) result[i] += weights[key] / sum * v[key * g.head_dim + i];
  }
  return out;
}

std::vector<double> rounded_to_steps(std::vector<double> x, double steps) {
  double largest = 0;
  for (const double v : x) largest = std::max(largest, std::fabs(v));
  for (double& v : x)
    if (largest > 0) v = std::round(v * steps / largest) * largest / steps;
  return x;
}

std::vector<double> position_weights(const std::vector<std::vector<double>>& scores, bool mean) {
  std::vector<double> weights(scores[0].size());
  for (const std::vector<double>& head : scores) {
    const double highest = *std::max_element(head.begin(), head.end());
    double sum = 0;
    for (const double score : head) sum += std::exp(score - highest);
    for (size_t i = 0; i < head.size(); ++i) {
      const double p = std::exp(head[i] - highest) / sum;
      weights[i] = mean ? weights[i] + p / static_cast<double>(scores.size()) : std::max(weights[i], p);
    }
  }
  return weights;
}

std::vector<int32_t> selected_positions(const SelectionRule& rule, int32_t position, const std::vector<float>& weights,
                                        const std::vector<int32_t>& block_ends) {
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  std::vector<int32_t> chosen;  // of the middle
  for (int32_t p = first; p < last; ++p) chosen.push_back(p);
  int32_t room = rule.budget - rule.sink - rule.recent;
  const auto weight = [&](int32_t p) { return weights[static_cast<size_t>(p - first)]; };
  if (rule.unit != SelectionRule::kTokens && room < last - first) {
    std::vector<std::vector<int32_t>> blocks(1);
    for (const int32_t p : chosen) {
      if (!blocks.back().empty() && std::binary_search(block_ends.begin(), block_ends.end(), p)) blocks.emplace_back();
      blocks.back().push_back(p);
    }
    const auto score = [&](const std::vector<int32_t>& block) {
      float sum = 0, top = 0;
      for (const int32_t p : block) sum += weight(p), top = std::max(top, weight(p));
      if (rule.pooling == SelectionRule::kMax) return top;
      return rule.pooling == SelectionRule::kMean ? sum / static_cast<float>(block.size()) : sum;
    };
    std::stable_sort(blocks.begin(), blocks.end(), [&](const auto& a, const auto& b) { return score(a) > score(b); });
    int32_t open = rule.unit == SelectionRule::kBlocks ? room
                                                       : std::max(rule.residency, rule.budget) - rule.sink - rule.recent;
    chosen.clear();
    for (const std::vector<int32_t>& block : blocks)
      if (static_cast<int32_t>(block.size()) <= open) {
        open -= static_cast<int32_t>(block.size());
        chosen.insert(chosen.end(), block.begin(), block.end());
      }
    std::sort(chosen.begin(), chosen.end());
  }
  std::stable_sort(chosen.begin(), chosen.end(), [&](int32_t a, int32_t b) { return weight(a) > weight(b); });
  if (static_cast<int32_t>(chosen.size()) > room) chosen.resize(static_cast<size_t>(room));
  for (int32_t p = 0; p < first; ++p) chosen.push_back(p);
  for (int32_t p = last; p <= position; ++p) chosen.push_back(p);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<double> block_sum(const std::vector<float>& x, int64_t block) {
  std::vector<double> sums(x.size() / block);
  for (size_t i = 0; i < x.size(); ++i) sums[i / block] += x[i];
  return sums;
}

std::vector<double> block_sum_int8(const std::vector<float>& x, int64_t block) {
  std::vector<double> sums(x.size() / block);
  for (size_t b = 0; b < sums.size(); ++b) {
    float highest = 0;
    for (int64_t i = 0; i < block; ++i) highest = std::max(highest, std::fabs(x[b * block + i]));
    if (highest == 0) continue;
    for (int64_t i = 0; i < block; ++i)
      sums[b] += std::nearbyint(x[b * block + i] * (127.0f / highest)) * (highest / 127.0);
  }
  return sums;
}

std::vector<double> swiglu(const std::vector<float>& gate_up, int64_t rows, int64_t width) {
  std::vector<double> y;
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t i = 0; i < width; ++i) {
      const double gate = gate_up[t * 2 * width + i];
      y.push_back(gate / (1 + std::exp(-gate)) * gate_up[t * 2 * width + width + i]);
    }
  return y;
}

}  // namespace reference
}  // namespace contexture
