// The entry point that ONNX Runtime calls when a session's options name this library.
#include <cstdio>
#include <cstdlib>

#include "op.h"

extern "C" __attribute__((visibility("default"))) ort::Status* RegisterCustomOps(ort::SessionOptions* options,
                                                                                 const ort::ApiBase* base) {
  using namespace contexture::ops;
  const ort::Api* table = base->GetApi(ort::kApiVersion);
  if (table == nullptr) {  // without a table not even an error can be made
    std::fprintf(stderr, "contexture: ONNX Runtime %s does not know API version %u\n", base->GetVersionString(),
                 ort::kApiVersion);
    std::abort();
  }
  api = table;
  ort::CustomOpDomain* domain = nullptr;  // lives as long as the process: sessions keep pointing to it
  ort::Status* status = api->CreateCustomOpDomain("contexture", &domain);
  for (const ort::CustomOp* op : {paged_attention_op(), block_sum_op(), swiglu_op()})
    if (status == nullptr) status = api->CustomOpDomain_Add(domain, op);
  if (status == nullptr) status = api->AddCustomOpDomain(options, domain);
  return status;
}
