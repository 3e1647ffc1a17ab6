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

struct Env;
struct Session;
struct RunOptions;
struct IoBinding;
struct MemoryInfo;
struct CudaOptions;
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
enum ElementType : int { kFloat = 1, kUint8 = 2, kInt8 = 3, kInt64 = 7, kHalf = 10, kBrainFloat = 16 };
enum MemoryKind : int { kHostInput = -2, kDefaultMemory = 0 };
enum Presence : int { kRequired = 0, kOptional = 1 };

using Unused = void (*)();

struct Api {
  Status* (*CreateStatus)(ErrorCode code, const char* message);
  Unused unused1[1];
  const char* (*GetErrorMessage)(const Status* status);
  Status* (*CreateEnv)(int log_level, const char* log_id, Env** env);
  Unused unused4[3];
  Status* (*CreateSession)(const Env* env, const char* path, const SessionOptions* options, Session** session);
  Unused unused8[2];
  Status* (*CreateSessionOptions)(SessionOptions** options);
  Unused unused11[15];
  Status* (*CreateCustomOpDomain)(const char* name, CustomOpDomain** domain);
  Status* (*CustomOpDomain_Add)(CustomOpDomain* domain, const CustomOp* op);
  Status* (*AddCustomOpDomain)(SessionOptions* options, CustomOpDomain* domain);
  Unused unused29[10];
  Status* (*CreateRunOptions)(RunOptions** options);
  Unused unused40[9];
  Status* (*CreateTensorWithDataAsOrtValue)(const MemoryInfo* memory, void* data, size_t bytes, const int64_t* dims,
                                            size_t rank, ElementType type, Value** value);
  Unused unused50[1];
  Status* (*GetTensorMutableData)(Value* value, void** data);
  Unused unused52[8];
  Status* (*GetTensorElementType)(const TensorInfo* info, ElementType* type);
  Status* (*GetDimensionsCount)(const TensorInfo* info, size_t* rank);
  Status* (*GetDimensions)(const TensorInfo* info, int64_t* dims, size_t rank);
  Unused unused63[2];
  Status* (*GetTensorTypeAndShape)(const Value* value, TensorInfo** info);
  Unused unused66[2];
  Status* (*CreateMemoryInfo)(const char* name, int allocator, int device, MemoryKind kind, MemoryInfo** info);
  Unused unused69[16];
  Status* (*KernelInfoGetAttribute_float)(const KernelInfo* info, const char* name, float* value);
  Status* (*KernelInfoGetAttribute_int64)(const KernelInfo* info, const char* name, int64_t* value);
  Unused unused87[1];
  Status* (*KernelContext_GetInputCount)(const KernelContext* context, size_t* count);
  Unused unused89[1];
  Status* (*KernelContext_GetInput)(const KernelContext* context, size_t index, const Value** value);
  Status* (*KernelContext_GetOutput)(KernelContext* context, size_t index, const int64_t* dims, size_t rank,
                                     Value** value);
  void (*ReleaseEnv)(Env* env);
  void (*ReleaseStatus)(Status* status);
  void (*ReleaseMemoryInfo)(MemoryInfo* info);
  void (*ReleaseSession)(Session* session);
  void (*ReleaseValue)(Value* value);
  void (*ReleaseRunOptions)(RunOptions* options);
  Unused unused98[1];
  void (*ReleaseTensorTypeAndShapeInfo)(TensorInfo* info);
  void (*ReleaseSessionOptions)(SessionOptions* options);
  Unused unused101[32];
  Status* (*RunWithBinding)(Session* session, const RunOptions* options, const IoBinding* binding);
  Status* (*CreateIoBinding)(Session* session, IoBinding** binding);
  void (*ReleaseIoBinding)(IoBinding* binding);
  Status* (*BindInput)(IoBinding* binding, const char* name, const Value* value);
  Status* (*BindOutput)(IoBinding* binding, const char* name, const Value* value);
  Unused unused138[27];
  Status* (*AddRunConfigEntry)(RunOptions* options, const char* key, const char* value);
  Unused unused166[27];
  Status* (*KernelContext_GetGPUComputeStream)(const KernelContext* context, void** stream);
  Unused unused194[10];
  Status* (*SessionOptionsAppendExecutionProvider_CUDA_V2)(SessionOptions* options, const CudaOptions* cuda);
  Status* (*CreateCUDAProviderOptions)(CudaOptions** cuda);
  Status* (*UpdateCUDAProviderOptions)(CudaOptions* cuda, const char* const* keys, const char* const* values,
                                       size_t count);
  Unused unused207[1];
  void (*ReleaseCUDAProviderOptions)(CudaOptions* cuda);
  Unused unused209[19];
  Status* (*RegisterCustomOpsLibrary_V2)(SessionOptions* options, const char* path);
  Unused unused229[45];
  Status* (*KernelContext_ParallelFor)(const KernelContext* context, void (*fn)(void* data, size_t index), size_t total,
                                       size_t num_batch, void* data);
};

#define CONTEXTURE_ORT_SLOT(member, index) \
  static_assert(offsetof(Api, member) == (index) * sizeof(void*), "place of OrtApi::" #member)
CONTEXTURE_ORT_SLOT(CreateStatus, 0);
CONTEXTURE_ORT_SLOT(GetErrorMessage, 2);
CONTEXTURE_ORT_SLOT(CreateEnv, 3);
CONTEXTURE_ORT_SLOT(CreateSession, 7);
CONTEXTURE_ORT_SLOT(CreateSessionOptions, 10);
CONTEXTURE_ORT_SLOT(CreateCustomOpDomain, 26);
CONTEXTURE_ORT_SLOT(CustomOpDomain_Add, 27);
CONTEXTURE_ORT_SLOT(AddCustomOpDomain, 28);
CONTEXTURE_ORT_SLOT(CreateRunOptions, 39);
CONTEXTURE_ORT_SLOT(CreateTensorWithDataAsOrtValue, 49);
CONTEXTURE_ORT_SLOT(GetTensorMutableData, 51);
CONTEXTURE_ORT_SLOT(GetTensorElementType, 60);
CONTEXTURE_ORT_SLOT(GetDimensionsCount, 61);
CONTEXTURE_ORT_SLOT(GetDimensions, 62);
CONTEXTURE_ORT_SLOT(GetTensorTypeAndShape, 65);
CONTEXTURE_ORT_SLOT(CreateMemoryInfo, 68);
CONTEXTURE_ORT_SLOT(KernelInfoGetAttribute_float, 85);
CONTEXTURE_ORT_SLOT(KernelInfoGetAttribute_int64, 86);
CONTEXTURE_ORT_SLOT(KernelContext_GetInputCount, 88);
CONTEXTURE_ORT_SLOT(KernelContext_GetInput, 90);
CONTEXTURE_ORT_SLOT(KernelContext_GetOutput, 91);
CONTEXTURE_ORT_SLOT(ReleaseEnv, 92);
CONTEXTURE_ORT_SLOT(ReleaseStatus, 93);
CONTEXTURE_ORT_SLOT(ReleaseMemoryInfo, 94);
CONTEXTURE_ORT_SLOT(ReleaseSession, 95);
CONTEXTURE_ORT_SLOT(ReleaseValue, 96);
CONTEXTURE_ORT_SLOT(ReleaseRunOptions, 97);
CONTEXTURE_ORT_SLOT(ReleaseTensorTypeAndShapeInfo, 99);
CONTEXTURE_ORT_SLOT(ReleaseSessionOptions, 100);
CONTEXTURE_ORT_SLOT(RunWithBinding, 133);
CONTEXTURE_ORT_SLOT(CreateIoBinding, 134);
CONTEXTURE_ORT_SLOT(ReleaseIoBinding, 135);
CONTEXTURE_ORT_SLOT(BindInput, 136);
CONTEXTURE_ORT_SLOT(BindOutput, 137);
CONTEXTURE_ORT_SLOT(AddRunConfigEntry, 165);
CONTEXTURE_ORT_SLOT(KernelContext_GetGPUComputeStream, 193);
CONTEXTURE_ORT_SLOT(SessionOptionsAppendExecutionProvider_CUDA_V2, 204);
CONTEXTURE_ORT_SLOT(CreateCUDAProviderOptions, 205);
CONTEXTURE_ORT_SLOT(UpdateCUDAProviderOptions, 206);
CONTEXTURE_ORT_SLOT(ReleaseCUDAProviderOptions, 208);
CONTEXTURE_ORT_SLOT(RegisterCustomOpsLibrary_V2, 228);
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
