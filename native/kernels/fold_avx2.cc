#define CONVFUSE_ISA avx2
#include "kernels/fold-inl.h"
