#include <gtest/gtest.h>

#include "capi/contexture.h"

TEST(CApi, StalePoolIsAnError) {
  const int64_t pool = ctx_pool_create(1, 1, 64, 16, 4, 0);
  ASSERT_GT(pool, 0);
  EXPECT_EQ(ctx_pool_bytes(pool), 2 * 4 * 16 * 64 * 4);
  EXPECT_EQ(ctx_pool_destroy(pool), 0);
  EXPECT_EQ(ctx_pool_destroy(pool), CTX_UNKNOWN_POOL);
}
