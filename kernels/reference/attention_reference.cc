#include "attention_reference.h"

#include <algorithm>
#include <cmath>

namespace contexture {
namespace {

void norm_and_rotate(const ReferenceShape& s, const float* x, const float* weight, int position, std::vector<double>& out) {
  const int dim = s.head_dim, half = dim / 2;
  std::vector<double> n(x, x + dim);
  if (weight != nullptr) {
    double squares = 0;
    for (double v : n) squares += v * v;
    const double inverse = 1.0 / std::sqrt(squares / dim + s.norm_epsilon);
    for (int d = 0; d < dim; ++d) n[d] *= inverse * weight[d];
  }
  out.resize(dim);
  for (int i = 0; i < half; ++i) {
    const double c = s.rope_cos[size_t(position) * half + i], sn = s.rope_sin[size_t(position) * half + i];
    out[i] = n[i] * c - n[i + half] * sn;
    out[i + half] = n[i + half] * c + n[i] * sn;
  }
}

}  // namespace

float round_to_half(float value) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent - 11, -24));
  const double rounded = std::nearbyint(double(value) / unit) * unit;
  return std::fabs(rounded) > 65504.0 ? std::copysign(HUGE_VALF, value) : float(rounded);
}

std::vector<float> reference_attention(const ReferenceShape& s, const ReferenceSequence& seq, int first_token) {
  const int dim = s.head_dim, group = s.num_heads / s.kv_heads;
  const size_t width = size_t(s.num_heads + 2 * s.kv_heads) * dim;
  std::vector<std::vector<double>> keys(size_t(seq.tokens) * s.kv_heads), values(keys.size());
  for (int t = 0; t < seq.tokens; ++t) {
    for (int h = 0; h < s.kv_heads; ++h) {
      const float* k = seq.qkv.data() + t * width + size_t(s.num_heads + h) * dim;
      const float* v = k + size_t(s.kv_heads) * dim;
      auto& key = keys[size_t(t) * s.kv_heads + h];
      auto& value = values[size_t(t) * s.kv_heads + h];
      norm_and_rotate(s, k, s.k_norm, t, key);
      value.assign(v, v + dim);
      if (s.half_storage) {
        for (double& x : key) x = round_to_half(float(x));
        for (double& x : value) x = round_to_half(float(x));
      }
    }
  }
  std::vector<float> out;
  out.reserve(size_t(seq.tokens - first_token) * s.num_heads * dim);
  std::vector<double> query, weights;
  for (int t = first_token; t < seq.tokens; ++t) {
    const int oldest = s.window > 0 ? std::max(0, t - s.window + 1) : 0;
    for (int h = 0; h < s.num_heads; ++h) {
      norm_and_rotate(s, seq.qkv.data() + t * width + size_t(h) * dim, s.q_norm, t, query);
      weights.assign(size_t(t + 1), 0.0);
      double most = -HUGE_VAL, sum = 0;
      for (int i = oldest; i <= t; ++i) {
        double dot = 0;
        for (int d = 0; d < dim; ++d) dot += query[d] * keys[size_t(i) * s.kv_heads + h / group][d];
        weights[i] = dot * s.scale;
        most = std::max(most, weights[i]);
      }
      for (int i = oldest; i <= t; ++i) sum += weights[i] = std::exp(weights[i] - most);
      for (int d = 0; d < dim; ++d) {
        double total = 0;
        for (int i = oldest; i <= t; ++i) total += weights[i] * values[size_t(i) * s.kv_heads + h / group][d];
        out.push_back(float(total / sum));
      }
    }
  }
  return out;
}

}  // namespace contexture
