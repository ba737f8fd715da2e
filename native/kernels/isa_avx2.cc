#define CONVFUSE_ISA avx2
#define CONVFUSE_ISA_NAME "avx2"
#include "kernels/all-inl.h"
