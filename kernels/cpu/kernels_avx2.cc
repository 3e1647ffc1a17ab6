#include "cpu/kernel_table.h"
#include "cpu/simd_avx2.h"

namespace contexture {
namespace avx2 {
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
}  // namespace avx2

const KernelTable& avx2_kernels() {
  static constexpr KernelTable table = {
      avx2::prepare_rows, avx2::decode_part, avx2::merge_parts, avx2::prefill_tile, avx2::block_sum,
      avx2::block_sum_int8, avx2::add_products, avx2::int8_product, avx2::swiglu_row, avx2::pack_query,
      avx2::append_key_rows, avx2::score_keys, avx2::weigh_positions, avx2::largest, avx2::describe_piece,
      avx2::score_pieces, avx2::encode_key_rows, avx2::encode_value_rows, avx2::decode_key_rows,
      avx2::decode_value_rows};
  return table;
}

}  // namespace contexture
