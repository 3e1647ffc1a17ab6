#include <cstdio>
#include <cstdlib>

#include "ops/op_support.h"

// The runtime calls this by name when a session's options name the library.
extern "C" __attribute__((visibility("default"))) contexture::ort::Status* RegisterCustomOps(
    contexture::ort::SessionOptions* options, const contexture::ort::ApiBase* base) {
  using namespace contexture;
  const ort::Api* api = base->GetApi(ort::kApiVersion);
  if (api == nullptr) {  // without the table not even a status can be made
    std::fprintf(stderr, "contexture: ONNX Runtime %s is too old; API version %u (1.18) or newer is needed\n",
                 base->GetVersionString(), ort::kApiVersion);
    std::abort();
  }
  set_ort_api(api);
  return guarded_op("RegisterCustomOps", [&] {
    ort::CustomOpDomain* domain = nullptr;  // sessions refer to it, so it lives as long as the process
    check(api->CreateCustomOpDomain("contexture", &domain));
    for (const ort::CustomOp* op : {paged_attention_op(), block_correction_op(), int8_product_op(), int8_rows_op(),
                                    swiglu_op(), retrieval_append_op(), retrieval_select_op()})
      check(api->CustomOpDomain_Add(domain, op));
    check(api->AddCustomOpDomain(options, domain));
  });
}
