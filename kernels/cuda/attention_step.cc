#include "cuda/attention_step.h"

#include <tuple>

#include "cuda/decode_attention.h"
#include "cuda/prefill_attention.h"
#include "cuda/prepare_rows.h"

namespace contexture {
namespace cuda {

void run_attention(DevicePool& pool, const AttentionStep& a, cudaStream_t stream) {
  const DevicePool::LayerKv kv = pool.layer(a.layer);
  // What is kept on the device of a layer in host memory; no lists where the layer attends to everything all the same.
  const DeviceSelection resident = kv.on_host ? pool.resident_selection(a.layer) : DeviceSelection{};
  const bool keeps = resident.row_of_sequence != nullptr;
  const int32_t rows = pool.run_rows(), group = pool.layer_group(a.layer);

  PrepareRows p;
  p.geometry = pool.geometry(), p.pool = kv.pages, p.num_heads = a.num_heads, p.rows = rows;
  p.qkv = a.qkv, p.positions = pool.positions(), p.slots = pool.slots();
  p.rope_cos = a.rope_cos, p.rope_sin = a.rope_sin, p.q_norm = a.q_norm, p.k_norm = a.k_norm;
  p.norm_epsilon = a.norm_epsilon, p.q = pool.queries(a.num_heads), p.element = pool.element();
  if (keeps) {
    p.also = kv.resident, p.also_row = pool.loaded_rows(), p.also_slots = pool.elastic()->own_slots();
    p.also_lists = resident.groups * resident.kv_heads, p.also_first = group * resident.kv_heads;
    p.also_one_list = resident.kv_heads == 1;
    pool.wait(a.layer, stream);
  }
  prepare_rows(p, stream);

  DecodeAttention d;
  d.geometry = p.geometry, d.pool = kv.pages, d.layer_group = group, d.num_heads = a.num_heads, d.scale = a.scale;
  d.tables = pool.row_tables(), d.selection = pool.selection(a.layer);
  d.q = p.q, d.out = a.out, d.splits = pool.splits(), d.partial = pool.partial(a.num_heads);
  d.element = pool.element();
  if (pool.has_single_rows()) {
    if (keeps) {
      d.tables = pool.dense_tables();  // and rows whose lists came from the host
      decode_attention(d, stream);
      d.pool = kv.resident, d.tables = pool.selected_tables(), d.selection = resident;
    }
    decode_attention(d, stream);
  }

  PrefillAttention chunks;
  chunks.geometry = p.geometry, chunks.pool = kv.pages, chunks.num_heads = a.num_heads, chunks.scale = a.scale;
  chunks.tile_count = pool.tile_count(), chunks.tiles = pool.tiles(), chunks.pages = pool.row_tables().pages;
  chunks.rows = rows, chunks.q = p.q, chunks.out = a.out, chunks.element = pool.element();
  if (kv.on_host && chunks.tile_count > 0) std::tie(chunks.pool, chunks.pages) = pool.stage(a.layer, stream);
  prefill_attention(chunks, stream);
}

}  // namespace cuda
}  // namespace contexture
