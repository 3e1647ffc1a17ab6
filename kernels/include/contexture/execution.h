// How a kernel runs on the CPU: on whose threads and with which instructions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace contexture {

enum class Isa : int32_t { kPortable = 0, kAvx2 = 1, kAvx512 = 2 };

// The best variant that the CPU has and the build contains, or a lower one named by CONTEXTURE_ISA. Decided once.
Isa active_isa();
bool isa_available(Isa isa);
const char* isa_name(Isa isa);

// Calls fn(context, i) once for every i in [0, count), in any order, on any threads, and returns when all are done.
class ParallelFor {
 public:
  virtual ~ParallelFor() = default;
  virtual void run(size_t count, void (*fn)(void* context, size_t index), void* context) const = 0;
};

class SerialFor final : public ParallelFor {
 public:
  void run(size_t count, void (*fn)(void*, size_t), void* context) const override {
    for (size_t i = 0; i < count; ++i) fn(context, i);
  }
};

struct Execution {
  const ParallelFor& parallel;
  Isa isa = active_isa();
};

}  // namespace contexture
