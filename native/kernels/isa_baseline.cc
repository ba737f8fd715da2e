#define CONVFUSE_ISA baseline
#define CONVFUSE_ISA_NAME "baseline"
#include "kernels/all-inl.h"
