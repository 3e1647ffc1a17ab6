// The part of ONNX Runtime's C interface that a CPU custom op needs, declared by us: the headers come in no package.
//
// The interface is two tables of function pointers. OrtApi only ever grows at its end, so a slot keeps its number; we ask
// for the version below and name only the slots in use. OrtCustomOp is filled in by us, and its version says how many
// members the runtime may read. Offsets are asserted here and exercised by the tests of the Java side.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ort {

constexpr uint32_t kApiVersion = 18;

struct Status;
struct SessionOptions;
struct CustomOpDomain;
struct KernelInfo;
struct KernelContext;
struct Value;
struct TensorInfo;
struct CustomOp;

enum ErrorCode : int { kFail = 1, kInvalidArgument = 2 };
enum ElementType : int { kFloat = 1, kInt64 = 7 };
enum MemoryType : int { kDefaultMemory = 0 };
enum Characteristic : int { kRequired = 0, kOptional = 1 };

using Unused = void (*)();

struct Api {
  Status* (*CreateStatus)(ErrorCode, const char* message);  // slot 0
  Unused unused1[25];
  Status* (*CreateCustomOpDomain)(const char* name, CustomOpDomain** out);  // 26
  Status* (*CustomOpDomain_Add)(CustomOpDomain*, const CustomOp*);          // 27
  Status* (*AddCustomOpDomain)(SessionOptions*, CustomOpDomain*);           // 28
  Unused unused29[22];
  Status* (*GetTensorMutableData)(Value*, void** out);  // 51
  Unused unused52[9];
  Status* (*GetDimensionsCount)(const TensorInfo*, size_t* out);             // 61
  Status* (*GetDimensions)(const TensorInfo*, int64_t* dims, size_t count);  // 62
  Unused unused63[2];
  Status* (*GetTensorTypeAndShape)(const Value*, TensorInfo** out);  // 65
  Unused unused66[19];
  Status* (*KernelInfoGetAttribute_float)(const KernelInfo*, const char* name, float* out);    // 85
  Status* (*KernelInfoGetAttribute_int64)(const KernelInfo*, const char* name, int64_t* out);  // 86
  Unused unused87[1];
  Status* (*KernelContext_GetInputCount)(const KernelContext*, size_t* out);  // 88
  Unused unused89[1];
  Status* (*KernelContext_GetInput)(const KernelContext*, size_t index, const Value** out);  // 90
  Status* (*KernelContext_GetOutput)(KernelContext*, size_t index, const int64_t* dims, size_t rank,
                                     Value** out);  // 91
  Unused unused92[1];
  void (*ReleaseStatus)(Status*);  // 93
  Unused unused94[5];
  void (*ReleaseTensorTypeAndShapeInfo)(TensorInfo*);  // 99
  Unused unused100[174];
  // Shares [0, total) among the session's own threads; batches 0 lets idle threads take the next index.
  Status* (*KernelContext_ParallelFor)(const KernelContext*, void (*fn)(void*, size_t), size_t total, size_t batches,
                                       void* data);  // 274
};

#define CTX_SLOT(member, number) \
  static_assert(offsetof(Api, member) == (number) * sizeof(void*), "slot of " #member)
CTX_SLOT(CreateCustomOpDomain, 26);
CTX_SLOT(AddCustomOpDomain, 28);
CTX_SLOT(GetTensorMutableData, 51);
CTX_SLOT(GetDimensionsCount, 61);
CTX_SLOT(GetTensorTypeAndShape, 65);
CTX_SLOT(KernelInfoGetAttribute_float, 85);
CTX_SLOT(KernelInfoGetAttribute_int64, 86);
CTX_SLOT(KernelContext_GetInputCount, 88);
CTX_SLOT(KernelContext_GetInput, 90);
CTX_SLOT(KernelContext_GetOutput, 91);
CTX_SLOT(ReleaseStatus, 93);
CTX_SLOT(ReleaseTensorTypeAndShapeInfo, 99);
CTX_SLOT(KernelContext_ParallelFor, 274);
#undef CTX_SLOT

struct ApiBase {
  const Api* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

// The number after a member is the table version from which the runtime reads it.
struct CustomOp {
  uint32_t version;
  void* (*CreateKernel)(const CustomOp*, const Api*, const KernelInfo*);
  const char* (*GetName)(const CustomOp*);
  const char* (*GetExecutionProviderType)(const CustomOp*);
  ElementType (*GetInputType)(const CustomOp*, size_t);
  size_t (*GetInputTypeCount)(const CustomOp*);
  ElementType (*GetOutputType)(const CustomOp*, size_t);
  size_t (*GetOutputTypeCount)(const CustomOp*);
  void (*KernelCompute)(void* kernel, KernelContext*);
  void (*KernelDestroy)(void* kernel);
  Characteristic (*GetInputCharacteristic)(const CustomOp*, size_t);
  Characteristic (*GetOutputCharacteristic)(const CustomOp*, size_t);
  MemoryType (*GetInputMemoryType)(const CustomOp*, size_t);  // 13
  int (*GetVariadicInputMinArity)(const CustomOp*);           // 14
  int (*GetVariadicInputHomogeneity)(const CustomOp*);
  int (*GetVariadicOutputMinArity)(const CustomOp*);
  int (*GetVariadicOutputHomogeneity)(const CustomOp*);
  Status* (*CreateKernelV2)(const CustomOp*, const Api*, const KernelInfo*, void** kernel);  // 16
  Status* (*KernelComputeV2)(void* kernel, KernelContext*);
  Status* (*InferOutputShape)(const CustomOp*, void* context);  // 17, may be null
  int (*GetStartVersion)(const CustomOp*);
  int (*GetEndVersion)(const CustomOp*);
  size_t (*GetMayInplace)(int** inputs, int** outputs);  // 18, may be null
  void (*ReleaseMayInplace)(int* inputs, int* outputs);
  size_t (*GetAliasMap)(int** inputs, int** outputs);
  void (*ReleaseAliasMap)(int* inputs, int* outputs);
};
static_assert(offsetof(CustomOp, KernelCompute) == 64 && offsetof(CustomOp, CreateKernelV2) == 136 &&
                  sizeof(CustomOp) == 208,
              "OrtCustomOp of version 18");

}  // namespace ort
