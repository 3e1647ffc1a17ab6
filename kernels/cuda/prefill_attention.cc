#include "cuda/prefill_attention.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/prefill_kernels.h"

namespace contexture {
namespace cuda {

void append_tiles(const PrefillTile& chunk, std::vector<PrefillTile>* tiles) {
  for (int32_t row = 0; row < chunk.rows; row += kPrefillTileRows)
    tiles->push_back(
        {chunk.first_row + row, std::min(kPrefillTileRows, chunk.rows - row), chunk.position + row, chunk.page_offset});
}

void put_longest_first(std::vector<PrefillTile>* tiles) {
  std::stable_sort(tiles->begin(), tiles->end(),
                   [](const PrefillTile& a, const PrefillTile& b) { return a.position + a.rows > b.position + b.rows; });
}

const std::vector<PrefillKernel>& prefill_kernels() {
  static const std::vector<PrefillKernel> kernels = {
#ifdef CONTEXTURE_FLASHINFER_HOPPER
      {"flashinfer_hopper", flashinfer_hopper_prefill_takes, flashinfer_hopper_prefill},
#endif
#ifdef CONTEXTURE_FLASHINFER
      {"flashinfer", flashinfer_prefill_takes, flashinfer_prefill},
#endif
      {"tiled", [](const PrefillAttention&) { return true; }, tiled_prefill}};
  return kernels;
}

void prefill_attention(const PrefillAttention& p, cudaStream_t stream) {
  if (p.num_heads < 1 || p.num_heads % p.geometry.kv_heads != 0)
    throw std::invalid_argument("num_heads is " + std::to_string(p.num_heads) + "; it must be a multiple of the " +
                                std::to_string(p.geometry.kv_heads) + " KV heads");
  if (p.tile_count == 0) return;
  const std::vector<PrefillKernel>& kernels = prefill_kernels();
  std::find_if(kernels.begin(), kernels.end(), [&](const PrefillKernel& kernel) { return kernel.takes(p); })->run(p, stream);
}

}  // namespace cuda
}  // namespace contexture
