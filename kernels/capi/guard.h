// How functions of the C interface end: a code, and the reason of a failure in words.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <string>

#include "capi/checks.h"
#include "capi/contexture.h"
#include "capi/registry.h"

namespace contexture {

// Of this thread's last failing call.
inline std::string& last_error() {
  thread_local std::string text;
  return text;
}

inline int32_t fail(int32_t code, const char* function, const char* reason) noexcept {
  try {
    last_error() = std::string(function) + ": " + reason;
  } catch (const std::exception&) {  // no memory for the text
    last_error().clear();
  }
  return code;
}

// Runs the body and turns exceptions into codes.
template <class Body>
int32_t guarded(const char* function, const Body& body) noexcept {
  try {
    body();
    return CTX_OK;
  } catch (const UnknownPool& e) {
    return fail(CTX_UNKNOWN_POOL, function, e.what());
  } catch (const InvalidArgument& e) {
    return fail(CTX_INVALID_ARGUMENT, function, e.what());
  } catch (const NoRoom& e) {
    return fail(CTX_NO_ROOM, function, e.what());
  } catch (const DeviceFailure& e) {
    return fail(CTX_DEVICE_FAILED, function, e.what());
  } catch (const std::bad_alloc&) {
    return fail(CTX_OUT_OF_MEMORY, function, "out of memory");
  } catch (const std::exception& e) {
    return fail(CTX_INVALID_ARGUMENT, function, e.what());
  }
}

// A body on a pool that nobody else uses meanwhile.
template <class Pool, class Body>
int32_t on_pool(const char* function, int64_t id, const Body& body) noexcept {
  return guarded(function, [&] {
    const auto pool = Registry<Pool>::instance().find(id);
    const std::lock_guard<std::mutex> lock(pool->mutex());
    body(*pool);
  });
}

}  // namespace contexture
