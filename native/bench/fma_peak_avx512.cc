#define CONVFUSE_ISA avx512
#include "bench/fma_peak-inl.h"
