// The paged kernels against the plain reference, over shapes, storage types, batch mixes and chunkings.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <thread>

#include "attention_reference.h"
#include "pool.h"

namespace contexture {
namespace {

struct Shape {
  int kv_heads, group, head_dim, page_tokens;
  KvType type;
  int window = 0;
  bool norms = false;
};

std::string describe(const Shape& s) {
  return "kv_heads " + std::to_string(s.kv_heads) + " group " + std::to_string(s.group) + " dim " +
         std::to_string(s.head_dim) + " page " + std::to_string(s.page_tokens) +
         (s.type == KvType::kF16 ? " f16" : " f32") + " window " + std::to_string(s.window) +
         (s.norms ? " norms" : "");
}

Parallel shuffled_threads() {
  return {[](void*, size_t count, void (*fn)(void*, size_t), void* arg) {
            std::thread back([&] {
              for (size_t i = count; i-- > count / 2;) fn(arg, i);
            });
            for (size_t i = count / 2; i-- > 0;) fn(arg, i);
            back.join();
          },
          nullptr};
}

class Fixture {
 public:
  Fixture(const Shape& shape, int max_tokens, int seed) : shape_(shape), random_(seed) {
    const int half = shape.head_dim / 2;
    cos_.resize(size_t(max_tokens) * half);
    sin_.resize(cos_.size());
    for (int p = 0; p < max_tokens; ++p)
      for (int i = 0; i < half; ++i) {
        const double angle = p * std::pow(10000.0, -double(i) / half);
        cos_[size_t(p) * half + i] = float(std::cos(angle));
        sin_[size_t(p) * half + i] = float(std::sin(angle));
      }
    if (shape.norms) {
      q_norm_ = floats(size_t(shape.head_dim), 1.0f);
      k_norm_ = floats(size_t(shape.head_dim), 1.0f);
    }
  }

  std::vector<float> floats(size_t count, float spread) {
    std::normal_distribution<float> normal(0.0f, spread);
    std::vector<float> out(count);
    for (float& x : out) x = normal(random_);
    return out;
  }

  int heads() const { return shape_.kv_heads * shape_.group; }
  size_t width() const { return size_t(heads() + 2 * shape_.kv_heads) * shape_.head_dim; }
  float scale() const { return 1.0f / std::sqrt(float(shape_.head_dim)); }

  ReferenceSequence sequence(int tokens) { return {floats(size_t(tokens) * width(), 1.0f), tokens}; }

  std::shared_ptr<Pool> pool(int pages) const {
    return std::make_shared<Pool>(
        KvLayout{2, shape_.kv_heads, shape_.head_dim, shape_.page_tokens, pages, shape_.type});
  }

  std::vector<float> expected(const ReferenceSequence& s, int first) const {
    return reference_attention({heads(), shape_.kv_heads, shape_.head_dim, scale(), shape_.window, 1e-6f, cos_.data(),
                                sin_.data(), norm(q_norm_), norm(k_norm_), shape_.type == KvType::kF16},
                               s, first);
  }

  struct Rows {
    const ReferenceSequence* sequence;
    int begin, end;
    std::vector<int32_t> pages;
  };

  // Runs one step on layer 1; the rows' outputs one after the other.
  std::vector<float> run(Pool& pool, const std::vector<Rows>& step, const Parallel& parallel) const {
    std::vector<int32_t> query, context, offsets{0}, pages;
    std::vector<float> qkv;
    for (const Rows& r : step) {
      query.push_back(r.end - r.begin);
      context.push_back(r.begin);
      pages.insert(pages.end(), r.pages.begin(), r.pages.end());
      offsets.push_back(int32_t(pages.size()));
      qkv.insert(qkv.end(), r.sequence->qkv.begin() + r.begin * width(), r.sequence->qkv.begin() + r.end * width());
    }
    pool.set_step(int(step.size()), query.data(), context.data(), offsets.data(), pages.data());
    std::vector<float> out(size_t(pool.step_rows()) * heads() * shape_.head_dim, NAN);
    AttentionParams p{};
    p.layout = &pool.layout();
    p.pool = pool.memory();
    p.layer = 1;
    p.num_heads = heads();
    p.scale = scale();
    p.window = shape_.window;
    p.norm_epsilon = 1e-6f;
    p.rope_cos = cos_.data();
    p.rope_sin = sin_.data();
    p.q_norm = norm(q_norm_);
    p.k_norm = norm(k_norm_);
    p.sequences = pool.step().data();
    p.num_sequences = int(pool.step().size());
    p.qkv = qkv.data();
    p.out = out.data();
    paged_attention(p, pool.scratch(), parallel);
    return out;
  }

  // Pages in an order of their own, so that a wrong table shows.
  std::vector<int32_t> pages(int tokens, int first, int step) const {
    std::vector<int32_t> out((tokens + shape_.page_tokens - 1) / shape_.page_tokens);
    for (size_t i = 0; i < out.size(); ++i) out[i] = first + int(out.size() - 1 - i) * step;
    return out;
  }

 private:
  static const float* norm(const std::vector<float>& w) { return w.empty() ? nullptr : w.data(); }

  Shape shape_;
  std::mt19937 random_;
  std::vector<float> cos_, sin_, q_norm_, k_norm_;
};

// Float accumulation over up to a thousand keys: some 1e-6 relative to values of order one. An fp16 key that lies between
// two numbers may round differently in float and in double, one part in 2048 of that key.
float tolerance(const Shape& s) { return s.type == KvType::kF16 ? 4e-3f : 2e-5f; }

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, float bound) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_TRUE(std::isfinite(actual[i])) << "at " << i;
    ASSERT_NEAR(actual[i], expected[i], bound * (1.0f + std::fabs(expected[i]))) << "at " << i;
  }
}

TEST(PagedAttention, PrefillMatchesTheReferenceOverShapes) {
  int seed = 1;
  for (int dim : {16, 64, 80, 96, 128, 256})
    for (int group : {1, 3, 4, 7, 16})
      for (KvType type : {KvType::kF32, KvType::kF16})
        for (int tokens : {1, 15, 16, 17, 65, 131}) {
          const Shape shape{2, group, dim, tokens % 2 == 0 ? 8 : 32, type};
          SCOPED_TRACE(describe(shape) + " tokens " + std::to_string(tokens));
          Fixture f(shape, 160, seed++);
          const ReferenceSequence s = f.sequence(tokens);
          const auto pool = f.pool(64);
          expect_near(f.run(*pool, {{&s, 0, tokens, f.pages(tokens, 3, 2)}}, serial()), f.expected(s, 0),
                      tolerance(shape));
        }
}

TEST(PagedAttention, DecodeMatchesTheReferenceAtPartAndTileEdges) {
  int seed = 1000;
  for (int tokens : {2, 255, 256, 257, 511, 512, 513, 1000})
    for (int group : {1, 3, 7})
      for (KvType type : {KvType::kF32, KvType::kF16}) {
        const Shape shape{1, group, 64, 16, type};
        SCOPED_TRACE(describe(shape) + " tokens " + std::to_string(tokens));
        Fixture f(shape, 1024, seed++);
        const ReferenceSequence s = f.sequence(tokens);
        const auto pages = f.pages(tokens, 0, 1);
        const auto pool = f.pool(64);
        f.run(*pool, {{&s, 0, tokens - 1, pages}}, serial());
        expect_near(f.run(*pool, {{&s, tokens - 1, tokens, pages}}, shuffled_threads()), f.expected(s, tokens - 1),
                    tolerance(shape));
      }
}

TEST(PagedAttention, WindowAndHeadNorms) {
  int seed = 2000;
  for (int window : {0, 1, 7, 64, 100, 300})
    for (bool norms : {false, true}) {
      const Shape shape{2, 2, 64, 16, KvType::kF32, window, norms};
      SCOPED_TRACE(describe(shape));
      Fixture f(shape, 512, seed++);
      const ReferenceSequence s = f.sequence(401);
      const auto pages = f.pages(401, 1, 1);
      const auto pool = f.pool(64);
      expect_near(f.run(*pool, {{&s, 0, 400, pages}}, serial()),
                  [&] {
                    auto all = f.expected(s, 0);
                    all.resize(all.size() - size_t(f.heads()) * 64);
                    return all;
                  }(),
                  tolerance(shape));
      expect_near(f.run(*pool, {{&s, 400, 401, pages}}, serial()), f.expected(s, 400), tolerance(shape));
    }
}

TEST(PagedAttention, ChunksOfAPrefillEqualTheWholeToTheBit) {
  for (KvType type : {KvType::kF32, KvType::kF16}) {
    const Shape shape{3, 3, 64, 16, type};
    Fixture f(shape, 512, 7);
    const int tokens = 300;
    const ReferenceSequence s = f.sequence(tokens);
    const auto pages = f.pages(tokens, 0, 3);
    const auto whole_pool = f.pool(64), chunk_pool = f.pool(64);
    const auto whole = f.run(*whole_pool, {{&s, 0, tokens, pages}}, serial());
    std::vector<float> chunked;
    for (const auto& [begin, end] : std::vector<std::pair<int, int>>{{0, 2}, {2, 37}, {37, 64}, {64, 203}, {203, 300}}) {
      const auto part = f.run(*chunk_pool, {{&s, begin, end, pages}}, shuffled_threads());
      chunked.insert(chunked.end(), part.begin(), part.end());
    }
    ASSERT_EQ(whole, chunked);
  }
}

TEST(PagedAttention, ABatchOfPrefillAndDecodeEqualsSingleRunsToTheBit) {
  for (KvType type : {KvType::kF32, KvType::kF16}) {
    const Shape shape{3, 3, 64, 16, type};
    Fixture f(shape, 1024, 11);
    const std::vector<int> lengths{600, 33, 270, 90};
    std::vector<ReferenceSequence> s;
    for (int n : lengths) s.push_back(f.sequence(n));
    std::vector<std::vector<int32_t>> pages;
    int first = 0;
    for (int n : lengths) {
      pages.push_back(f.pages(n, first, 1));
      first += int(pages.back().size());
    }
    const auto pool = f.pool(first);
    f.run(*pool, {{&s[0], 0, 599, pages[0]}}, serial());
    f.run(*pool, {{&s[2], 0, 269, pages[2]}}, serial());
    f.run(*pool, {{&s[3], 0, 50, pages[3]}}, serial());
    const auto batch = f.run(*pool,
                             {{&s[0], 599, 600, pages[0]},
                              {&s[1], 0, 33, pages[1]},
                              {&s[2], 269, 270, pages[2]},
                              {&s[3], 50, 90, pages[3]}},
                             shuffled_threads());
    std::vector<float> singles;
    const std::vector<std::pair<int, int>> rows{{599, 600}, {0, 33}, {269, 270}, {50, 90}};
    for (size_t i = 0; i < s.size(); ++i) {
      const auto part = f.run(*pool, {{&s[i], rows[i].first, rows[i].second, pages[i]}}, serial());
      singles.insert(singles.end(), part.begin(), part.end());
    }
    ASSERT_EQ(batch, singles);
  }
}

}  // namespace
}  // namespace contexture
