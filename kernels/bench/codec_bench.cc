#include <cstdio>
#include <numeric>
#include <random>
#include <vector>

#include "bench/support.h"
#include "capi/kv_pool.h"
#include "contexture/block_codec.h"
#include "cpu/run_items.h"

namespace contexture {

void time_block_codec(const SpinningThreads& threads, int repeats) {
  constexpr int32_t kTokens = 4096, kBlock = 16, kGroupLayers = 3;
  PoolGeometry g;
  g.layers = 30, g.kv_heads = 3, g.head_dim = 64, g.page_tokens = 32, g.pages = kTokens / 32, g.dtype = KvDtype::kF16;
  KvPool pool(g);
  std::mt19937 random(7);
  auto* halves = static_cast<uint16_t*>(pool.data());
  for (int64_t i = 0; i < g.pool_bytes() / 2; ++i) halves[i] = static_cast<uint16_t>(random() & 0xbfff);  // below 2
  std::vector<int32_t> pages(static_cast<size_t>(g.pages));
  std::iota(pages.begin(), pages.end(), 0);
  std::shuffle(pages.begin(), pages.end(), random);
  std::vector<int32_t> layers(static_cast<size_t>(g.layers));
  std::iota(layers.begin(), layers.end(), 0);
  const char* names[] = {"f16", "int8", "int4", "int8 keys, int4 values"};
  for (int32_t format = 0; format < 4; ++format) {
    const auto codec = static_cast<BlockFormat>(format);
    const int64_t bytes = block_bytes(g, codec, kGroupLayers, kBlock);
    const size_t blocks = static_cast<size_t>(kTokens / kBlock) * g.kv_heads * (g.layers / kGroupLayers);
    std::vector<uint16_t> stored(blocks * static_cast<size_t>(bytes) / 2);
    const auto place = [&](size_t i) {
      const auto head = static_cast<int32_t>(i % g.kv_heads);
      const auto group = static_cast<int32_t>(i / g.kv_heads % (g.layers / kGroupLayers));
      const auto block = static_cast<int32_t>(i / g.kv_heads / (g.layers / kGroupLayers));
      return BlockPlace{g, layers.data() + group * kGroupLayers, kGroupLayers, head, pages.data(), block * kBlock, kBlock};
    };
    const double encode = best_seconds(repeats, [&] {
      run_items(threads, false, blocks, [&](size_t i) {
        encode_block(place(i), codec, pool.data(), stored.data() + i * bytes / 2, active_isa());
      });
    });
    const double decode = best_seconds(repeats, [&] {
      run_items(threads, false, blocks, [&](size_t i) {
        decode_block(place(i), codec, stored.data() + i * bytes / 2, pool.data(), active_isa());
      });
    });
    const double whole = static_cast<double>(g.pool_bytes()) * 1e-9;
    std::printf("stored blocks of %d tokens and %d layers, %s: %.3f of f16; encode %.2f, decode %.2f GB/s of f16\n", kBlock,
                kGroupLayers, names[format], static_cast<double>(blocks) * bytes / g.pool_bytes(), whole / encode,
                whole / decode);
  }
}

}  // namespace contexture
