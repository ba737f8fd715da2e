#define CONVFUSE_ISA baseline
#include "bench/fma_peak-inl.h"
