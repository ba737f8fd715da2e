#define CONVFUSE_ISA avx2
#include "bench/fma_peak-inl.h"
