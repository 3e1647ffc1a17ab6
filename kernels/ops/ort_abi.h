// The part of the ONNX Runtime C interface that our operations use, declared anew.
//
// OrtApi is a table of function pointers that newer runtimes only append to; OrtCustomOp is one that a library fills in
// and whose `version` tells the runtime how many members it may read. Only used slots have a name; `Unused` fills the
// gaps, and each named slot's place is asserted below.
#pragma once

#include <cstddef>
#include <cstdint>

namespace contexture {
namespace ort {

// The oldest table that has every slot below is 17 (KernelContext_ParallelFor); 18 is what was tested.
constexpr uint32_t kApiVersion = 18;

struct Status;
struct Value;
struct SessionOptions;
struct TensorInfo;
struct KernelInfo;
struct KernelContext;
struct CustomOpDomain;
struct ShapeInferContext;
struct CustomOp;

enum ErrorCode : int { kFail = 1, kInvalidArgument = 2 };
enum ElementType : int { kFloat = 1, kInt8 = 3, kInt64 = 7 };
enum MemoryKind : int { kDefaultMemory = 0 };
enum Presence : int { kRequired = 0, kOptional = 1 };

using Unused = void (*)();

struct Api {
  Status* (*CreateStatus)(ErrorCode code, const char* message);
  Unused unused1[25];
  Status* (*CreateCustomOpDomain)(const char* name, CustomOpDomain** domain);
  Status* (*CustomOpDomain_Add)(CustomOpDomain* domain, const CustomOp* op);
  Status* (*AddCustomOpDomain)(SessionOptions* options, CustomOpDomain* domain);
  Unused unused29[22];
  Status* (*GetTensorMutableData)(Value* value, void** data);
  Unused unused52[8];
  Status* (*GetTensorElementType)(const TensorInfo* info, ElementType* type);
  Status* (*GetDimensionsCount)(const TensorInfo* info, size_t* rank);
  Status* (*GetDimensions)(const TensorInfo* info, int64_t* dims, size_t rank);
  Unused unused63[2];
  Status* (*GetTensorTypeAndShape)(const Value* value, TensorInfo** info);
  Unused unused66[19];
  Status* (*KernelInfoGetAttribute_float)(const KernelInfo* info, const char* name, float* value);
  Status* (*KernelInfoGetAttribute_int64)(const KernelInfo* info, const char* name, int64_t* value);
  Unused unused87[1];
  Status* (*KernelContext_GetInputCount)(const KernelContext* context, size_t* count);
  Unused unused89[1];
  Status* (*KernelContext_GetInput)(const KernelContext* context, size_t index, const Value** value);
  Status* (*KernelContext_GetOutput)(KernelContext* context, size_t index, const int64_t* dims, size_t rank,
                                     Value** value);
  Unused unused92[1];
  void (*ReleaseStatus)(Status* status);
  Unused unused94[5];
  void (*ReleaseTensorTypeAndShapeInfo)(TensorInfo* info);
  Unused unused100[174];
  Status* (*KernelContext_ParallelFor)(const KernelContext* context, void (*fn)(void* data, size_t index), size_t total,
                                       size_t num_batch, void* data);
};

#define CONTEXTURE_ORT_SLOT(member, index) \
  static_assert(offsetof(Api, member) == (index) * sizeof(void*), "place of OrtApi::" #member)
CONTEXTURE_ORT_SLOT(CreateStatus, 0);
CONTEXTURE_ORT_SLOT(CreateCustomOpDomain, 26);
CONTEXTURE_ORT_SLOT(CustomOpDomain_Add, 27);
CONTEXTURE_ORT_SLOT(AddCustomOpDomain, 28);
CONTEXTURE_ORT_SLOT(GetTensorMutableData, 51);
CONTEXTURE_ORT_SLOT(GetTensorElementType, 60);
CONTEXTURE_ORT_SLOT(GetDimensionsCount, 61);
CONTEXTURE_ORT_SLOT(GetDimensions, 62);
CONTEXTURE_ORT_SLOT(GetTensorTypeAndShape, 65);
CONTEXTURE_ORT_SLOT(KernelInfoGetAttribute_float, 85);
CONTEXTURE_ORT_SLOT(KernelInfoGetAttribute_int64, 86);
CONTEXTURE_ORT_SLOT(KernelContext_GetInputCount, 88);
CONTEXTURE_ORT_SLOT(KernelContext_GetInput, 90);
CONTEXTURE_ORT_SLOT(KernelContext_GetOutput, 91);
CONTEXTURE_ORT_SLOT(ReleaseStatus, 93);
CONTEXTURE_ORT_SLOT(ReleaseTensorTypeAndShapeInfo, 99);
CONTEXTURE_ORT_SLOT(KernelContext_ParallelFor, 274);
#undef CONTEXTURE_ORT_SLOT

struct ApiBase {
  const Api* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

// The number behind a group of members is the op version that brought them.
struct CustomOp {
  uint32_t version;
  void* (*CreateKernel)(const CustomOp*, const Api*, const KernelInfo*);
  const char* (*GetName)(const CustomOp*);
  const char* (*GetExecutionProviderType)(const CustomOp*);
  ElementType (*GetInputType)(const CustomOp*, size_t index);
  size_t (*GetInputTypeCount)(const CustomOp*);
  ElementType (*GetOutputType)(const CustomOp*, size_t index);
  size_t (*GetOutputTypeCount)(const CustomOp*);
  void (*KernelCompute)(void* kernel, KernelContext*);
  void (*KernelDestroy)(void* kernel);
  Presence (*GetInputCharacteristic)(const CustomOp*, size_t index);
  Presence (*GetOutputCharacteristic)(const CustomOp*, size_t index);
  MemoryKind (*GetInputMemoryType)(const CustomOp*, size_t index);  // 13
  int (*GetVariadicInputMinArity)(const CustomOp*);                 // 14
  int (*GetVariadicInputHomogeneity)(const CustomOp*);
  int (*GetVariadicOutputMinArity)(const CustomOp*);
  int (*GetVariadicOutputHomogeneity)(const CustomOp*);
  Status* (*CreateKernelV2)(const CustomOp*, const Api*, const KernelInfo*, void** kernel);  // 16
  Status* (*KernelComputeV2)(void* kernel, KernelContext*);
  Status* (*InferOutputShape)(const CustomOp*, ShapeInferContext*);  // 17, may be null
  int (*GetStartVersion)(const CustomOp*);                           // 17
  int (*GetEndVersion)(const CustomOp*);
  size_t (*GetMayInplace)(int** inputs, int** outputs);  // 18, may be null
  void (*ReleaseMayInplace)(int* inputs, int* outputs);
  size_t (*GetAliasMap)(int** inputs, int** outputs);
  void (*ReleaseAliasMap)(int* inputs, int* outputs);
};
static_assert(offsetof(CustomOp, CreateKernel) == 8 && offsetof(CustomOp, KernelDestroy) == 72 &&
                  offsetof(CustomOp, GetInputMemoryType) == 96 && offsetof(CustomOp, CreateKernelV2) == 136 &&
                  offsetof(CustomOp, InferOutputShape) == 152 && offsetof(CustomOp, GetMayInplace) == 176 &&
                  sizeof(CustomOp) == 208,
              "layout of OrtCustomOp, version 18");

}  // namespace ort
}  // namespace contexture
