#include "cpu/kernel_table.h"
#include "cpu/simd_avx512.h"

namespace contexture {
namespace avx512 {
#include "cpu/vector_math.h"
#include "cpu/prepare_rows.h"
#include "cpu/decode_attention.h"
#include "cpu/prefill_attention.h"
#include "cpu/elementwise_rows.h"
#include "cpu/add_products.h"
#include "cpu/int8_product.h"
#include "cpu/retrieval_rows.h"
#include "cpu/descriptor_rows.h"
#include "cpu/codec_rows.h"
}  // namespace avx512

const KernelTable& avx512_kernels() {
  static constexpr KernelTable table = {
      avx512::prepare_rows, avx512::decode_part, avx512::merge_parts, avx512::prefill_tile, avx512::block_sum,
      avx512::block_sum_int8, avx512::add_products, avx512::int8_product, avx512::swiglu_row, avx512::pack_query,
      avx512::append_key_rows, avx512::score_keys, avx512::weigh_positions, avx512::largest, avx512::describe_piece,
      avx512::score_pieces, avx512::encode_key_rows, avx512::encode_value_rows, avx512::decode_key_rows,
      avx512::decode_value_rows};
  return table;
}

}  // namespace contexture
