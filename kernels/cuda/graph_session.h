// A graph of this library's operations as a session of ONNX Runtime on the device, run with tensors at fixed places.
//
// Idea: ONNX Runtime's Java API can neither bind memory of a device nor replay captured graphs, so sessions are made here,
// from the table of functions that the operations were registered with. A run that names a graph is captured the second
// time and replayed from then on, if nothing about it changes but what its tensors hold.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ops/ort_abi.h"

namespace contexture {
namespace cuda {

class GraphSession {
 public:
  // library: the path of this one. Throws InvalidArgument where the operations are not registered yet, std::runtime_error
  // with the runtime's words.
  GraphSession(const std::string& graph, const std::string& library);
  ~GraphSession();
  GraphSession(const GraphSession&) = delete;
  GraphSession& operator=(const GraphSession&) = delete;

  class Binding;

  static constexpr int64_t kPlain = -1;  // a run that is not captured
  // Returns when the device is done. graph: below 2^31.
  void run(const Binding& binding, int64_t graph);

 private:
  void release();

  ort::Env* env_ = nullptr;
  ort::Session* session_ = nullptr;
  ort::MemoryInfo *device_ = nullptr, *host_ = nullptr;
};

// Tensors bound to a session's inputs and outputs.
class GraphSession::Binding {
 public:
  explicit Binding(GraphSession& session);
  ~Binding();
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;

  using Dims = std::initializer_list<int64_t>;
  void input(const char* name, const int64_t* on_device, Dims dims);
  void input(const char* name, const float* on_device, Dims dims);
  void output(const char* name, float* on_device, Dims dims);
  void output(const char* name, int64_t* on_device, Dims dims);
  // The id of a pool, which operations read on the host.
  void input_id(const char* name, const int64_t* id);

  const ort::IoBinding* get() const { return binding_; }

 private:
  ort::Value* tensor(ort::MemoryInfo* memory, void* data, Dims dims, ort::ElementType type, size_t bytes);

  GraphSession& session_;
  ort::IoBinding* binding_ = nullptr;
  std::vector<ort::Value*> values_;
};

// Which runs of a bucket of rows are captured. The first takes all memory that later ones will want, so it is a plain one;
// the second is captured, later ones are replayed. A layout is whatever else a captured graph depends on.
class CapturedRuns {
 public:
  // Runs a bucket's binding: plainly until that has gone well once in this layout, by its graph from then on.
  void run(GraphSession& session, const GraphSession::Binding& binding, int32_t bucket, int32_t layout) {
    const auto known = graphs_.find({bucket, layout});
    session.run(binding, known == graphs_.end() ? GraphSession::kPlain : known->second);
    if (known == graphs_.end()) graphs_.emplace(std::pair{bucket, layout}, static_cast<int64_t>(graphs_.size()) + 1);
  }

 private:
  std::map<std::pair<int32_t, int32_t>, int64_t> graphs_;
};

}  // namespace cuda
}  // namespace contexture
