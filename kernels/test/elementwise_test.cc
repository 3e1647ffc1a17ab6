#include <gtest/gtest.h>

#include "contexture/elementwise.h"
