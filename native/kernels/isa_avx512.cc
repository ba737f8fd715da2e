#define CONVFUSE_ISA avx512
#define CONVFUSE_ISA_NAME "avx512"
#include "kernels/all-inl.h"
