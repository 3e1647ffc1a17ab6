#include "cpu/kernel_table.h"
#include "cpu/simd_portable.h"

namespace contexture {
namespace portable {
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
}  // namespace portable

const KernelTable& portable_kernels() {
  static constexpr KernelTable table = {
      portable::prepare_rows, portable::decode_part, portable::merge_parts, portable::prefill_tile,
      portable::block_sum, portable::block_sum_int8, portable::add_products, portable::int8_product,
      portable::swiglu_row, portable::pack_query, portable::append_key_rows, portable::score_keys,
      portable::weigh_positions, portable::largest, portable::describe_piece, portable::score_pieces, portable::encode_key_rows, portable::encode_value_rows, portable::decode_key_rows,
      portable::decode_value_rows};
  return table;
}

}  // namespace contexture
