#define CONVFUSE_ISA neon
#include "bench/fma_peak-inl.h"
