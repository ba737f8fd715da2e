#define CONVFUSE_ISA neon
#define CONVFUSE_ISA_NAME "neon"
#include "kernels/all-inl.h"
