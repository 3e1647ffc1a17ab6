// The C interface over the device's pool: the same functions as of the library for CPUs, as far as they make sense here.
#include <memory>
#include <string>

#include "capi/guard.h"
#include "cuda/bound_session.h"
#include "cuda/device_pool.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int kLeastCapability = 9;  // for which the kernels are compiled

bool usable(const cudaDeviceProp& properties) { return properties.major >= kLeastCapability; }

std::string describe(const cudaDeviceProp& p) {
  return std::string(p.name) + " (compute capability " + std::to_string(p.major) + "." + std::to_string(p.minor) + ", " +
         std::to_string(p.totalGlobalMem >> 20) + " MiB)";
}

int devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

int usable_devices() {
  cudaDeviceProp properties{};
  return devices() > 0 && cudaGetDeviceProperties(&properties, 0) == cudaSuccess && usable(properties) ? 1 : 0;
}

// The device in use, or why there is none and what to do.
std::string device_report() {
  int count = 0, driver = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess)
    return driver == 0 ? "no NVIDIA driver was found: install one of version 580 or later"
                       : "the NVIDIA driver is for CUDA " + std::to_string(driver / 1000) + "." +
                             std::to_string(driver % 1000 / 10) + ", but 13.0 is needed: install driver 580 or later";
  if (error != cudaSuccess) return cudaGetErrorString(error);
  cudaDeviceProp properties{};
  if (count == 0) return "the driver sees no device: check that this process, or container, may use one";
  const cudaError_t asked = cudaGetDeviceProperties(&properties, 0);
  if (asked != cudaSuccess) return cudaGetErrorString(asked);
  return usable(properties) ? describe(properties)
                            : describe(properties) + " is too old: compute capability " + std::to_string(kLeastCapability) +
                                  ".0 is needed, or a build with CUDA_ARCH for it";
}

}  // namespace
}  // namespace cuda
}  // namespace contexture

using contexture::guarded;
using contexture::on_pool;
using contexture::cuda::BoundSession;
using contexture::cuda::DevicePool;
using contexture::cuda::DevicePoolRegistry;
using contexture::cuda::SessionRegistry;

extern "C" {

int32_t ctx_abi_version(void) { return 6; }

const char* ctx_isa(void) { return "cuda"; }

const char* ctx_last_error(void) { return contexture::last_error().c_str(); }

int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                        int32_t dtype) {
  int64_t id = 0;
  guarded("ctx_pool_create", [&] {
    contexture::PoolGeometry geometry;
    geometry.layers = layers, geometry.kv_heads = kv_heads, geometry.head_dim = head_dim;
    geometry.page_tokens = page_tokens, geometry.pages = pages, geometry.dtype = static_cast<contexture::KvDtype>(dtype);
    id = DevicePoolRegistry::instance().add(std::make_shared<DevicePool>(geometry));
  });
  return id;
}

int32_t ctx_pool_destroy(int64_t pool) {
  return guarded("ctx_pool_destroy", [&] { DevicePoolRegistry::instance().remove(pool); });
}

int64_t ctx_pool_bytes(int64_t pool) {
  int64_t bytes = 0;
  guarded("ctx_pool_bytes", [&] { bytes = DevicePoolRegistry::instance().find(pool)->geometry().pool_bytes(); });
  return bytes;
}

// A device gives all of a pool's memory at once.
int32_t ctx_pool_pretouch(int64_t pool, int32_t) {
  return on_pool<DevicePool>("ctx_pool_pretouch", pool, [](DevicePool&) {});
}

int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                     const int32_t* page_offsets, const int32_t* pages) {
  return on_pool<DevicePool>("ctx_step_set", pool,
                             [&](DevicePool& kv) { kv.set_step(num_seqs, query_len, context_len, page_offsets, pages); });
}

int32_t ctx_step_select(int64_t pool, int32_t groups, const int32_t* group_of_layer, int32_t rows, const int32_t* sequences,
                        int32_t kv_heads, int32_t stride, const int32_t* counts, const int32_t* positions,
                        int32_t first_dense_layers) {
  return on_pool<DevicePool>("ctx_step_select", pool, [&](DevicePool& kv) {
    kv.set_selection({groups, group_of_layer, rows, sequences, kv_heads, stride, counts, positions, first_dense_layers});
  });
}

int32_t ctx_step_keep_queries(int64_t pool, int32_t) {
  return on_pool<DevicePool>("ctx_step_keep_queries", pool, [](DevicePool&) {
    throw contexture::InvalidArgument("a device's runs keep no queries: descriptors select on CPUs only");
  });
}

int32_t ctx_step_queries(int64_t pool, int32_t, float*) { return ctx_step_keep_queries(pool, 0); }

int32_t ctx_pool_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots) {
  return on_pool<DevicePool>("ctx_pool_copy", pool, [&](DevicePool& kv) { kv.copy_page(from_page, to_page, slots); });
}

int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) {
  return on_pool<DevicePool>("ctx_pool_read", pool,
                             [&](DevicePool& kv) { kv.read_row(layer, page, slot_in_page, kv_head, what, out); });
}

int64_t ctx_session_create(const char* graph, const char* library, int64_t pool, int64_t vocabulary, int64_t features) {
  int64_t id = 0;
  guarded("ctx_session_create", [&] {
    id = SessionRegistry::instance().add(
        std::make_shared<BoundSession>(BoundSession::Model{graph, library, pool, vocabulary, features}));
  });
  return id;
}

int32_t ctx_session_destroy(int64_t session) {
  return guarded("ctx_session_destroy", [&] { SessionRegistry::instance().remove(session); });
}

int32_t ctx_session_run(int64_t session, const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count) {
  return on_pool<BoundSession>("ctx_session_run", session,
                               [&](BoundSession& bound) { bound.run(tokens, rows, wanted, wanted_count); });
}

const float* ctx_session_logits(int64_t session) {
  const float* logits = nullptr;
  on_pool<BoundSession>("ctx_session_logits", session, [&](BoundSession& bound) { logits = bound.logits(); });
  return logits;
}

const float* ctx_session_features(int64_t session) {
  const float* features = nullptr;
  on_pool<BoundSession>("ctx_session_features", session, [&](BoundSession& bound) { features = bound.features(); });
  return features;
}

int64_t ctx_session_replays(int64_t session) {
  int64_t replays = 0;
  on_pool<BoundSession>("ctx_session_replays", session, [&](BoundSession& bound) { replays = bound.replays(); });
  return replays;
}

int32_t ctx_device_count(void) { return contexture::cuda::usable_devices(); }

const char* ctx_device_report(void) {
  static thread_local std::string report;
  report = contexture::cuda::device_report();
  return report.c_str();
}

}  // extern "C"
