#define CONVFUSE_ISA baseline
#include "kernels/fold-inl.h"
