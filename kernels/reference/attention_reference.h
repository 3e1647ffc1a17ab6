// Attention as its definition says it: no pages, no tiles, double precision. The oracle of the fast kernels.
#pragma once

#include <vector>

namespace contexture {

struct ReferenceSequence {
  // [tokens, (num_heads + 2 kv_heads) * head_dim], all tokens from position 0 on
  std::vector<float> qkv;
  int tokens;
};

struct ReferenceShape {
  int num_heads;
  int kv_heads;
  int head_dim;
  float scale;
  int window;
  float norm_epsilon;
  const float* rope_cos;
  const float* rope_sin;
  const float* q_norm;
  const float* k_norm;
  bool half_storage;  // keys and values are rounded to fp16 as the pool does
};

// Output rows [first_token, tokens): [tokens - first_token, num_heads * head_dim]
std::vector<float> reference_attention(const ReferenceShape& shape, const ReferenceSequence& sequence,
                                       int first_token);

// Round to nearest even.
float round_to_half(float value);

}  // namespace contexture
