// diag(s) . W, compiled once per ISA and without contraction.
#include "kernels/fold-inl.h"
