#include "cuda/retrieval.h"

#include <stdexcept>
#include <string>

#include "cuda/retrieval_work.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kMostDim = 256;

int32_t chunks(const SelectDeviceRows& s) { return (s.most_positions + kChunkTokens - 1) / kChunkTokens; }
int64_t score_stride(const SelectDeviceRows& s) { return static_cast<int64_t>(chunks(s)) * kChunkTokens; }

Workspace workspace(const SelectDeviceRows& s) {
  const int64_t stride = score_stride(s), lists = static_cast<int64_t>(s.rows) * s.geometry.lists();
  float* weights = s.workspace + lists * s.geometry.heads_per_list() * stride;
  auto* parts = reinterpret_cast<float2*>(weights + lists * stride);
  auto* block_scores = reinterpret_cast<float*>(parts + lists * chunks(s) * s.geometry.heads_per_list());
  auto* kept_tokens = reinterpret_cast<int32_t*>(block_scores + lists * s.most_blocks);
  return {s.workspace, weights, parts, block_scores, kept_tokens, stride, chunks(s)};
}

ScoreArgs score_args(const SelectDeviceRows& s) {
  check_geometry(s.geometry);
  return {s, workspace(s), s.geometry.list_bytes(), s.geometry.page_bytes(), s.geometry.scales_offset()};
}

}  // namespace

void check_geometry(const DeviceKeyGeometry& g) {
  if (g.head_dim < 2 || g.head_dim % 2 != 0 || g.head_dim > kMostDim)
    throw std::invalid_argument("head_dim is " + std::to_string(g.head_dim) + "; it must be even and at most 256");
  if (g.heads_per_list() < 1 || g.heads_per_list() > kMostHeadsPerList)
    throw std::invalid_argument("a list has " + std::to_string(g.heads_per_list()) + " query heads; it must have 1 to 16");
  if (g.page_tokens % kGroupKeys != 0)
    throw std::invalid_argument("page_tokens is " + std::to_string(g.page_tokens) + "; it must be a multiple of 8");
}

size_t workspace_floats(const SelectDeviceRows& s) {
  const int64_t lists = static_cast<int64_t>(s.rows) * s.geometry.lists();
  const int64_t of_positions = score_stride(s) * (s.geometry.heads_per_list() + 1);
  const int64_t of_chunks = 2 * static_cast<int64_t>(chunks(s)) * s.geometry.heads_per_list();
  const int64_t of_blocks = s.most_blocks > 0 ? s.most_blocks + 1 : 0;
  return static_cast<size_t>(lists * (of_positions + of_chunks + of_blocks));
}

void score_keys(const SelectDeviceRows& args, cudaStream_t stream) {
  if (args.rows > 0) launch_scores(score_args(args), stream);
}

void score_and_select(const SelectDeviceRows& args, cudaStream_t stream) {
  if (args.rows == 0) return;
  const ScoreArgs a = score_args(args);
  launch_scores(a, stream);
  if (args.most_blocks > 0) launch_blocks(a, stream);
  launch_selection(a, stream);
}

}  // namespace cuda
}  // namespace contexture
