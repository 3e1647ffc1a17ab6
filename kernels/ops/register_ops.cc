#include "ops/op_support.h"

// The runtime calls this by name when a session's options name the library.
extern "C" __attribute__((visibility("default"))) contexture::ort::Status* RegisterCustomOps(
    contexture::ort::SessionOptions* options, const contexture::ort::ApiBase* base) {
  using namespace contexture;
  return register_ops(options, base,
                      {paged_attention_op(), block_correction_op(), int8_product_op(), int8_rows_op(), swiglu_op(),
                       retrieval_append_op(), retrieval_select_op()});
}
